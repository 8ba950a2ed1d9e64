"""REL-011: what a moved server cannot work without is where it goes, or two paths away; sign-on and names are on both sides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from policies.evidence import Evidence, LinkEvidence, MoveEvidence, ServerEvidence
from policies.parts import Parts, kind_of_role, serves
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict

_WANTED = 2
_REMEDY = "build a member of {what} at {site} first, or give the link a second path"


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every move: pending, open or on trial."""
    roles = tuple(word.strip().lower() for word in parameters.text("directory_roles").split(",") if word.strip())
    parts, links = Parts(evidence), {frozenset(link.sites): link for link in evidence.links}
    servers = {s.name: s for s in evidence.servers if not s.held}
    managed, standing = {d.service for d in evidence.databases}, _Standing(evidence, roles)
    for move in evidence.moves:
        yield _judge(rule, _Move(move, servers.get(move.server), managed, parts, standing), links)
    if not evidence.moves:
        yield rule.not_applicable("no move is pending, open or on trial")


class _Standing:
    """How many machines of each service, and of its directory roles, serve at each site: counted once for all moves."""

    def __init__(self, evidence: Evidence, roles: tuple[str, ...]) -> None:
        self._roles = roles
        self._sites: dict[str, Counter[str]] = defaultdict(Counter)
        self._directory: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._named: dict[str, list[ServerEvidence]] = defaultdict(list)
        for server in evidence.servers:
            if serves(server):
                self._named[server.name].append(server)
                self._sites[server.service][server.site] += 1
                if kind := self._kind(server):
                    self._directory[server.service][kind][server.site] += 1

    def _kind(self, server: ServerEvidence) -> str:
        """Its role, if it is one of a directory."""
        kind = kind_of_role(server)
        return kind if any(role in kind for role in self._roles) else ""

    def sites(self, service: str, without: str) -> set[str]:
        """Where a service has machines, one server left out."""
        left_out = Counter(s.site for s in self._named.get(without, ()) if s.service == service)
        return {site for site, count in self._sites.get(service, {}).items() if count > left_out[site]}

    def directory(self, service: str, without: str) -> dict[str, set[str]]:
        """Where each directory role of a service has machines, one server left out."""
        mine = Counter((self._kind(s), s.site) for s in self._named.get(without, ()) if s.service == service)
        found = {
            kind: {site for site, count in places.items() if count > mine[kind, site]}
            for kind, places in self._directory.get(service, {}).items()
        }
        return {kind: sites for kind, sites in found.items() if sites}


class _Move:
    """A move as its needs see it: who is where once it is done."""

    def __init__(self, move: MoveEvidence, server: ServerEvidence | None, managed: set[str], parts: Parts, standing: _Standing) -> None:
        self.move = move
        self.server = server
        needs = parts.needs(server.service) if server else ()
        self.lacks: list[str] = [] if server else [f"server {move.server} (the reader found none)"]
        self.left_behind: list[str] = []
        self.directory: dict[str, set[str]] = {}
        for name in needs:
            sites = standing.sites(name, move.server)
            if not sites and name not in managed and server and name != server.service:
                self.lacks.append(f"machines of service {name} (the reader found none)")
            if sites and move.target_site not in sites and move.source_site in sites:
                self.left_behind.append(name)
            for kind, places in standing.directory(name, move.server).items():
                self.directory.setdefault(kind, set()).update(places)
        self.roles_absent = sorted(role for role, sites in self.directory.items() if move.target_site not in sites)
        self.roles_gone = sorted(role for role, sites in self.directory.items() if move.source_site not in sites)


def _judge(rule: Rule, seen: _Move, links: dict[frozenset[str], LinkEvidence]) -> Verdict:
    move = seen.move
    link = links.get(frozenset((move.source_site, move.target_site)))
    paths = link.paths if link else 0
    route = f"link {link.name} ({paths} path{'s' if paths != 1 else ''}, {link.latency_ms:g} ms)" if link else "no declared link"
    facts = (
        Fact(name="paths", value=paths, source=link.source if link else ""),
        Fact(name="left behind", value=", ".join(seen.left_behind) or "nothing"),
        *(Fact(name=role, value=", ".join(sorted(sites))) for role, sites in sorted(seen.directory.items())),
    )
    what = f"{move.server} to {move.target_site}"
    formula = f"left behind: {', '.join(seen.left_behind) or 'nothing'}; paths {paths} >= {_WANTED}; roles without a member there: " + (
        ", ".join(seen.roles_absent) or "none"
    )
    far = (*seen.left_behind, *(f"the {role}" for role in seen.roles_absent))
    if far and paths < _WANTED:
        message = f"{what}: {', '.join(far)} can be reached only over {route}"
        remedy = _REMEDY.format(what=far[0], site=move.target_site)
        return rule.verdict(Outcome.FAIL, move.target, message, facts=facts, formula=formula, source=move.source, remedy=remedy)
    if seen.lacks:
        message = f"{what}: where all that it needs runs is not known"
        return rule.verdict(
            Outcome.UNDETERMINED, move.target, message, facts=facts, formula=formula, source=move.source, missing=tuple(seen.lacks)
        )
    one_sided = [(role, move.target_site) for role in seen.roles_absent] + [(role, move.source_site) for role in seen.roles_gone]
    if one_sided:
        named = "; ".join(f"no {role} runs at {site}" for role, site in one_sided)
        message = f"{what}: {named}: sign-on and names hang on {route}"
        remedy = _REMEDY.format(what=one_sided[0][0], site=one_sided[0][1])
        return rule.verdict(
            Outcome.FAIL, move.target, message, facts=facts, formula=formula, source=move.source, severity=Severity.MEDIUM, remedy=remedy
        )
    message = (
        f"{what}: sign-on and names are on both sides; what stays behind is {paths} paths away"
        if far or seen.directory
        else (f"{what}: nothing that it needs stays behind")
    )
    return rule.verdict(Outcome.PASS, move.target, message, facts=facts, formula=formula, source=move.source)


DEPENDENCIES_REACHABLE = Rule(
    id="REL-011",
    name="dependencies-reachable",
    title="What a moved server cannot work without can be reached from both sides",
    severity=Severity.HIGH,
    controls=("NIST 800-53 CP-2(8)",),
    formula="for the service of the server and all it needs: a member at the target, or >= 2 paths to it; sign-on, names, time: a member "
    "on both sides (medium where only that is missing and two paths lead there)",
    source="AWS Prescriptive Guidance, migration of Active Directory and DNS; NIST 800-53 CP-2(8)",
    remedy="build a member of the directory at the target first, or give the link a second path",
    parameters={
        "directory_roles": Parameter(
            default="directory, domain controller, name server, dns, time server, ntp",
            reason="roles without which nothing else starts: no one signs on and no name resolves",
        )
    },
    side="move",
    needs=("moves", "hard dependencies of services", "sites and roles of machines", "links and their paths"),
    check=check,
)
