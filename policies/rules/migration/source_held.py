"""MIG-003: the source of a move stays in place, off, for as long as its tier wants to be able to go back."""

from __future__ import annotations

from collections.abc import Iterator

from infra.estate.model import Tier
from policies.evidence import Evidence, MoveEvidence, ServerEvidence, Unknown
from policies.rule import Parameter, Parameters, Rule
from policies.rules.decide import Grounds, decide
from policies.rules.migration.sides import NO_MOVES, Standing, ahead, source_of, standing, target_of
from policies.verdict import Fact, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every move."""
    if not evidence.moves:
        yield rule.not_applicable(NO_MOVES)
        return
    machines = standing(evidence)
    for move in evidence.moves:
        needed = _needed(evidence, move, machines, parameters)
        grounds = _ahead(move, needed) if ahead(move) else _on_trial(move, source_of(move, machines), needed)
        passed = "will be held long enough" if ahead(move) else "is held, off, long enough"
        yield decide(rule, move, f"the source of {move.server} on {move.source_site}", grounds, passed)


def _needed(evidence: Evidence, move: MoveEvidence, machines: Standing, parameters: Parameters) -> int | Unknown:
    """The days its tier asks for; of the gravest tier where the service is not known, so that a pass is certain."""
    machine = source_of(move, machines) or target_of(move, machines)
    service = evidence.services.get(machine.service) if machine else None
    if service is None:
        return max(int(parameters.number(f"hold_days_{tier}")) for tier in Tier)
    return int(parameters.number(f"hold_days_{service.tier}"))


def _ahead(move: MoveEvidence, needed: int | Unknown) -> Grounds:
    grounds = Grounds()
    if isinstance(move.hold_days, Unknown) or isinstance(needed, Unknown):
        grounds.lacks(move.hold_days, needed)
        return grounds
    grounds.facts.append(Fact(name="days held", value=move.hold_days, unit="d", source=move.source))
    grounds.formulas.append(f"{move.hold_days} days held >= {needed} days of its tier")
    if move.hold_days < needed:
        grounds.problems.append(f"will be held {move.hold_days} days, its tier needs {needed}")
    return grounds


def _on_trial(move: MoveEvidence, source: ServerEvidence | None, needed: int | Unknown) -> Grounds:
    if source is None:
        return Grounds(problems=["is gone: nothing is left to go back to, and the trial is not over"])
    grounds = Grounds()
    grounds.add(_length(move, needed))
    if source.as_of is None or (move.held_since and source.as_of < move.held_since):
        grounds.missing.append(f"power state of {move.server} on {move.source_site} (nobody looked since the cut-over)")
    elif isinstance(source.running, Unknown):
        grounds.lacks_of(f"power state of {move.server} on {move.source_site}", source.running)
    else:
        state = "on" if source.running else "off"
        grounds.facts.append(Fact(name="power of the source", value=state, source=source.source, as_of=source.as_of))
        if source.running:
            grounds.problems.append("is running: what it writes now is lost at the rollback, or two machines answer to one name")
    return grounds


def _length(move: MoveEvidence, needed: int | Unknown) -> Grounds:
    grounds = Grounds()
    if move.held_since is None or move.hold_until is None or isinstance(needed, Unknown):
        grounds.formulas.append("held until somebody accepts the move")
        return grounds
    began, until = move.held_since.date(), move.hold_until
    days = (until - began).days
    grounds.formulas.append(f"{began} to {until} = {days} days >= {needed} days of its tier")
    grounds.facts.append(Fact(name="days held", value=days, unit="d", source=move.source))
    if days < needed:
        grounds.problems.append(f"is held until {until}, {days} days after the cut-over; its tier needs {needed}")
    return grounds


SOURCE_HELD = Rule(
    id="MIG-003",
    name="source-held",
    title="The source of a move stays in place, off, for the hold time of its tier",
    severity=Severity.CRITICAL,
    side="move",
    controls=("NIST 800-53 CP-10", "NIST 800-53 CM-3"),
    needs=("hold time of the move", "the held machine and its power state, from a snapshot taken after the cut-over"),
    formula="days from the cut-over to the end of the hold >= the tier's, the machine is there, and it is off",
    source="NIST 800-53 CP-10; every migration service keeps the source until people accept the target",
    remedy="write `hold_days:` under `move:` of the server; switch a source that runs off, and never delete it",
    check=check,
    parameters={
        "hold_days_gold": Parameter(default=14, reason="two weeks see every weekly job twice, and one payroll run"),
        "hold_days_silver": Parameter(default=14, reason="two weeks see every weekly job twice"),
        "hold_days_bronze": Parameter(default=7, reason="one week sees every weekly job once"),
    },
)
