"""MIG-007: a server runs on one side only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.evidence import Evidence, MoveEvidence, ServerEvidence, Unknown
from policies.rule import Parameters, Rule
from policies.rules.decide import Grounds, decide
from policies.rules.migration.sides import ahead, source_of, standing, target_of
from policies.verdict import Fact, Severity, Verdict

NOTHING = "no server has two machines: no move is on trial, and no snapshot shows a second one"


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every held source, and one for every second machine of a server that nobody declared."""
    trials = [m for m in evidence.moves if not ahead(m)]
    strangers = [s for s in evidence.servers if not s.service and s.as_of is not None]
    if not trials and not strangers:
        yield rule.not_applicable(NOTHING)
        return
    machines, judged = standing(evidence), False
    for move in trials:
        judged = True
        grounds = _held(move, source_of(move, machines), target_of(move, machines))
        yield decide(rule, move, f"the held source of {move.server} on {move.source_site}", grounds, "is off and cut off")
    for own, twin in _twins(strangers, evidence.servers):
        judged = True
        yield decide(rule, own, own.name, _twin(own, twin), f"runs on {own.site} only; its second machine on {twin.site} is off")
    if not judged:
        yield rule.not_applicable(NOTHING)


def _held(move: MoveEvidence, source: ServerEvidence | None, target: ServerEvidence | None) -> Grounds:
    if source is None:
        return Grounds(formulas=["no source stands any more, so that none can run"])
    where = f"{move.server} on {move.source_site}"
    if source.as_of is None or (move.held_since is not None and source.as_of < move.held_since):
        return Grounds(missing=[f"power state and cards of {where} (nobody looked since the cut-over; take a capacity snapshot)"])
    cut_off = _cut_off(source)
    grounds = Grounds(facts=[_fact("running", source.running, source), _fact("cut off", cut_off, source)])
    grounds.formulas.append(f"running {_said(source.running)} = no and cut off {_said(cut_off)} = yes")
    if source.running is True:
        both = " while the target runs too" if target is not None and target.running is True else ""
        grounds.problems.append(f"is running{both}: two machines answer to one name, and what one writes the other never sees")
    if cut_off is False:
        grounds.problems.append("is still connected: whoever starts it starts a second copy on the network")
    grounds.lacks_of(f"power state of {where}", source.running)
    grounds.lacks_of(f"cards of {where}", cut_off)
    return grounds


def _cut_off(source: ServerEvidence) -> bool | Unknown:
    """No card is connected on vSphere; the security group has no rules on AWS."""
    if source.kind == "aws":
        return source.instance.closed if source.instance else Unknown(f"security group of {source.name}", "the reader shows none")
    connected = source.vsphere.nics_connected if source.vsphere else Unknown(f"cards of {source.name}", "the reader shows none")
    return connected if isinstance(connected, Unknown) else not connected


def _twins(strangers: list[ServerEvidence], servers: Iterable[ServerEvidence]) -> Iterator[tuple[ServerEvidence, ServerEvidence]]:
    """Machines that bear a server's name where the estate does not place it, each with the server's own machine."""
    if not strangers:
        return
    own = {s.name: s for s in servers if s.service and not s.held}
    for twin in strangers:
        server = own.get(twin.name.partition("@")[0])
        if server is not None:
            yield server, twin


def _twin(own: ServerEvidence, twin: ServerEvidence) -> Grounds:
    grounds = Grounds(facts=[_fact(f"running on {own.site}", own.running, own), _fact(f"running on {twin.site}", twin.running, twin)])
    grounds.formulas.append(f"running on {own.site} {_said(own.running)}, second machine on {twin.site} {_said(twin.running)} = no")
    if twin.running is True:
        grounds.problems.append(f"has a second machine that runs on {twin.site}, where the estate does not place it")
    grounds.lacks_of(f"power state of {twin.name} on {twin.site}", twin.running)
    return grounds


def _said(value: bool | Unknown) -> str:
    return "not known" if isinstance(value, Unknown) else ("yes" if value else "no")


def _fact(name: str, value: bool | Unknown, server: ServerEvidence) -> Fact:
    return Fact(name=name, value=_said(value), source=server.source, as_of=server.as_of)


ONE_SIDE = Rule(
    id="MIG-007",
    name="one-side",
    title="A server runs on one side only",
    severity=Severity.CRITICAL,
    side="move",
    controls=("NIST 800-53 CP-10", "NIST 800-53 CM-8"),
    needs=("power state and cards of the held source, from a snapshot taken after the cut-over",),
    formula="the held source is off, and no card of it is connected (vSphere) or its security group has no rules (AWS)",
    source="the rule of every fence: two writers behind one name lose data without a sign of it",
    remedy="switch the second machine off and disconnect its cards now, then look which one served: `incline move status`",
    check=check,
)
