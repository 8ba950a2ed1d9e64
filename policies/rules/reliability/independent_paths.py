"""REL-009: sites whose services need one another are connected by two independent paths."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from policies.evidence import Evidence, LinkEvidence
from policies.parts import Parts
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number

Pair = tuple[str, str]


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every pair of sites across which a service needs another, or its own other half."""
    links: dict[Pair, list[LinkEvidence]] = defaultdict(list)
    for link in evidence.links:
        links[_pair(*link.sites)].append(link)
    needed, unplaced = _crossings(evidence)
    for pair, who in sorted(needed.items()):
        yield _judge(rule, pair, who, links, parameters)
    for service, lacks in unplaced:
        target = evidence.services[service].target
        message = f"service {service} needs services of which no machine is known: which links it hangs on is open"
        yield rule.verdict(Outcome.UNDETERMINED, target, message, missing=lacks, source=evidence.services[service].source)
    if not needed and not unplaced:
        yield rule.not_applicable("no service needs anything at another site")


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def _crossings(evidence: Evidence) -> tuple[dict[Pair, list[str]], list[tuple[str, tuple[str, ...]]]]:
    """By pair of sites, who needs whom over it; and the services whose needs cannot be placed."""
    parts = Parts(evidence)
    sites = {name: {m.site for part in parts.of(name) for m in part.members} for name in evidence.services}
    managed = {d.service for d in evidence.databases}
    found: dict[Pair, list[str]] = defaultdict(list)
    unplaced = []
    for name, service in sorted(evidence.services.items()):
        here = sites[name]
        ordered = sorted(here)
        for n, one in enumerate(ordered):
            for other in ordered[n + 1 :]:
                found[one, other].append(f"{name} stands on both")
        lacks = []
        for needed in service.depends_on:
            there = sites.get(needed, set())
            if here and not there and needed not in managed:
                lacks.append(f"machines of service {needed} (the reader found none)")
            for site in sorted(here - there):
                for other in sorted(there):
                    found[_pair(site, other)].append(f"{name} needs {needed}")
        if lacks:
            unplaced.append((name, tuple(lacks)))
    return found, unplaced


def _judge(rule: Rule, pair: Pair, who: list[str], links: dict[Pair, list[LinkEvidence]], parameters: Parameters) -> Verdict:
    direct = links.get(pair, [])
    wanted = int(parameters.number("paths"))
    paths = sum(link.paths for link in direct)
    target = direct[0].target if direct else f"link/{pair[0]}-{pair[1]}"
    source = direct[0].source if direct else ""
    reason = f"{who[0]}{f' and {len(who) - 1} more' if len(who) > 1 else ''}"
    facts = (
        *(Fact(name=f"paths of {link.name}", value=link.paths, source=link.source) for link in direct),
        Fact(name="needs across", value=len(who)),
        *(Fact(name="who", value=text) for text in who[:5]),
    )
    formula = f"paths between {pair[0]} and {pair[1]}: {' + '.join(str(link.paths) for link in direct) or '0'} = {paths} >= {wanted}"
    between = f"between {pair[0]} and {pair[1]}"
    if paths >= wanted:
        message = f"{format_number(paths)} independent paths {between} ({reason})"
        return rule.verdict(Outcome.PASS, target, message, facts=facts, formula=formula, source=source)
    if not direct and (over := _detour(pair, links)):
        message = f"no link {between} is declared ({reason}); traffic may go over {over}"
        lacks = (f"route {between} (whether it goes over {over}, and by how many independent paths, the estate does not say)",)
        return rule.verdict(Outcome.UNDETERMINED, target, message, facts=facts, formula=formula, source=source, missing=lacks)
    has = f"{paths} path{'' if paths == 1 else 's'}" if direct else "no link"
    message = f"{has} {between}, {wanted} independent ones are needed ({reason})"
    return rule.verdict(Outcome.FAIL, target, message, facts=facts, formula=formula, source=source)


def _detour(pair: Pair, links: dict[Pair, list[LinkEvidence]]) -> str:
    """A site that has a link to both; empty where there is none."""
    sites = sorted({site for each in links for site in each} - set(pair))
    return next((site for site in sites if links.get(_pair(pair[0], site)) and links.get(_pair(site, pair[1]))), "")


INDEPENDENT_PATHS = Rule(
    id="REL-009",
    name="independent-paths",
    title="Sites whose services need one another are connected by two independent paths",
    severity=Severity.HIGH,
    controls=("NIST 800-53 CP-8(2)",),
    formula="for every pair of sites that a hard dependency crosses: sum of `paths` of the links between them >= 2",
    source="AWS Well-Architected REL02-BP02; AWS Site-to-Site VPN, two tunnels a connection; NIST 800-53 CP-8(2)",
    remedy="add a second tunnel or carrier and write it as `paths` of the link; or place a member of what is needed on the same site",
    parameters={
        "paths": Parameter(default=2, reason="one path is a single point of failure; a VPN connection has two tunnels, so two cost nothing")
    },
    needs=("links and their paths", "hard dependencies of services", "sites of machines"),
    check=check,
)
