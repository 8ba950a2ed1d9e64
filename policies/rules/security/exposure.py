"""SEC-006: a move opens nothing that was closed before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import collapse_addresses

from policies.evidence import Evidence, MoveEvidence, PortEvidence, ServerEvidence, Unknown
from policies.rule import Parameters, Rule
from policies.rules.decide import Grounds, decide
from policies.rules.migration.sides import NO_MOVES, Standing, ahead, source_of, standing, target_of
from policies.rules.security.admin_ports import EVERY_PROTOCOL, Network, network, private
from policies.verdict import Fact, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every move."""
    if not evidence.moves:
        yield rule.not_applicable(NO_MOVES)
        return
    machines = standing(evidence)
    moving = {m.server for m in evidence.moves}
    offers: dict[str, list[PortEvidence]] = {name: [] for name in moving}
    for port in dict.fromkeys((*evidence.asked_ports, *evidence.ports, *evidence.seen_ports)):
        if port.server in moving:
            offers[port.server].append(port)
    for move in evidence.moves:
        grounds = _judge(move, Exposure.of(move, offers[move.server], machines), machines)
        yield decide(rule, move, f"the move of {move.server} to {move.target_site}", grounds, "opens nothing that was closed before")


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a server offers before and after its move. `after` is None where the target stands and nobody looked at it."""

    before: tuple[PortEvidence, ...]
    after: tuple[PortEvidence, ...] | None

    @classmethod
    def of(cls, move: MoveEvidence, offers: Iterable[PortEvidence], machines: Standing) -> Exposure:
        """Before: what is declared, and what was seen at the source. After: what was seen at the target, else what is declared for it."""
        declared: list[PortEvidence] = []
        at_source: list[PortEvidence] = []
        in_stack: list[PortEvidence] = []
        seen: list[PortEvidence] = []
        for port in offers:
            if port.urn and port.site == move.target_site:
                in_stack.append(port)
            elif port.as_of is None and not port.urn:
                declared.append(port)
            else:
                (at_source if port.site == move.source_site else seen).append(port)
        before, target = (*declared, *at_source), machines.get((move.server, move.target_site))
        if in_stack:
            return cls(before, tuple(in_stack))
        if target is not None and target.kind == "aws" and target.as_of is not None:
            return cls(before, tuple(seen))
        if ahead(move) or (target is not None and target.kind != "aws"):
            return cls(before, tuple(declared))
        return cls(before, None)


def _judge(move: MoveEvidence, exposure: Exposure, machines: Standing) -> Grounds:
    if exposure.after is None:
        return Grounds(
            missing=[f"open ports of {move.server} on {move.target_site} (nobody looked at its security groups since the cut-over)"]
        )
    grounds = Grounds(formulas=[f"ranges after: {len(exposure.after)}, each within those before: {len(exposure.before)}"])
    grounds.facts = [
        Fact(name="ranges before", value=len(exposure.before), source=move.source),
        Fact(name="ranges after", value=len(exposure.after), source=move.source),
    ]
    for port in exposure.after:
        _compare(grounds, port, exposure.before)
    _public(grounds, exposure.after, source_of(move, machines), target_of(move, machines))
    return grounds


def _compare(grounds: Grounds, after: PortEvidence, before: tuple[PortEvidence, ...]) -> None:
    """Whether some ranges of before cover one of after: its protocol, its ports and its addresses."""
    if isinstance(after.cidr, Unknown) or isinstance(after.first, Unknown) or isinstance(after.last, Unknown):
        grounds.lacks(after.cidr, after.first, after.last)
        return
    wanted = network(after.cidr)
    covering = [b for b in before if _covers(b, after)]
    if wanted is not None and _within(wanted, [n for b in covering if not isinstance(b.cidr, Unknown) and (n := network(b.cidr))]):
        return
    open_before = [b for b in before if isinstance(b.cidr, Unknown) or isinstance(b.first, Unknown) or isinstance(b.last, Unknown)]
    if open_before:
        for port in open_before:
            grounds.lacks(port.cidr, port.first, port.last)
        return
    grounds.problems.append(f"opens {_said(after)} to {after.cidr}, which was closed before")


def _covers(before: PortEvidence, after: PortEvidence) -> bool:
    if before.protocol.lower() in EVERY_PROTOCOL:
        return True
    numbers = (before.first, before.last, after.first, after.last)
    if before.protocol != after.protocol or any(isinstance(n, Unknown) for n in numbers):
        return False
    first, last, wanted_first, wanted_last = (n for n in numbers if not isinstance(n, Unknown))
    return first <= wanted_first and wanted_last <= last


def _within(wanted: Network, ranges: list[Network]) -> bool:
    same = [r for r in ranges if r.version == wanted.version]
    return any(wanted.subnet_of(each) for each in collapse_addresses(same))  # type: ignore[type-var, arg-type]


def _public(grounds: Grounds, after: tuple[PortEvidence, ...], source: ServerEvidence | None, target: ServerEvidence | None) -> None:
    """A range that reaches beyond private networks is harmless behind a private address, and is not behind a public one."""
    beyond = [p for p in after if not isinstance(p.cidr, Unknown) and not private(p.cidr)]
    if not beyond or target is None or target.instance is None or target.edge:
        return
    had = source is not None and source.instance is not None and source.instance.public_address is True
    if target.instance.public_address is True and not had:
        grounds.problems.append(f"gives it a public address, and {_said(beyond[0])} is open to {beyond[0].cidr}")
    elif not had:
        grounds.lacks_of(f"public address of {target.name} on {target.site}", target.instance.public_address)


def _said(port: PortEvidence) -> str:
    if port.protocol.lower() in EVERY_PROTOCOL:
        return "every port"
    return f"port {port.first}" if port.first == port.last else f"ports {port.first} to {port.last}"


EXPOSURE = Rule(
    id="SEC-006",
    name="exposure",
    title="A server is not more exposed after its move than before",
    severity=Severity.HIGH,
    side="move",
    controls=("NIST 800-53 AC-4",),
    needs=("declared ports of the server", "security groups of both sides, from the stack or a snapshot", "public address of the target"),
    formula="every range open after the move lies within those open before: protocol, ports and addresses; no public address is gained",
    source="NIST 800-53 AC-4: flows are those that were approved, wherever the server stands",
    remedy="narrow the security group to the ranges of `ports:`, or declare the new range there so that somebody approves it",
    check=check,
)
