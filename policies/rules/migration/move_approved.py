"""MIG-006: somebody answers for the move, and nothing is frozen on its night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from infra.estate.model import Freeze
from policies.evidence import Evidence, MoveEvidence, Unknown
from policies.rule import Parameter, Parameters, Rule
from policies.rules.decide import Grounds, decide
from policies.rules.migration.sides import NO_MOVES, ahead, source_of, standing, target_of
from policies.verdict import Fact, Severity, Verdict

DONE = "every move is past its cut-over"


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every move whose cut-over is still to come."""
    moves = [m for m in evidence.moves if ahead(m)]
    if not moves:
        yield rule.not_applicable(DONE if evidence.moves else NO_MOVES)
        return
    machines = standing(evidence)
    for move in moves:
        machine = source_of(move, machines) or target_of(move, machines)
        service = machine.service if machine else ""
        grounds = _judge(move, service, evidence.standards.freezes, parameters)
        yield decide(
            rule, move, f"the move of {move.server} to {move.target_site}", grounds, "is approved, and nothing is frozen on its night"
        )


def _judge(move: MoveEvidence, service: str, freezes: tuple[Freeze, ...], parameters: Parameters) -> Grounds:
    grounds = Grounds()
    if isinstance(move.on, Unknown):  # nobody wrote anything about this move, so that nobody refused it either
        grounds.lacks(move.on)
        grounds.missing.append(f"approval of the move of {move.server} (write `move:` with approved_by and ticket)")
        return grounds
    grounds.facts = [
        Fact(name="night", value=str(move.on), source=move.source),
        Fact(name="approved by", value=move.approved_by or "nobody", source=move.source),
        Fact(name="ticket", value=move.ticket or "none", source=move.source),
    ]
    if not move.approved_by:
        grounds.problems.append("is approved by nobody")
    if not move.ticket and parameters.flag("ticket_needed"):
        grounds.problems.append("has no ticket")
    # The window of a night reaches into the next morning.
    nights = (move.on, move.on + timedelta(days=int(parameters.number("nights") - 1)))
    met = [f for f in freezes if _met(f, nights) and (not f.services or service in f.services)]
    grounds.problems += [f"is meant for {move.on}, in the freeze of {f.begins} to {f.ends} ({f.reason})" for f in met]
    if not service and any(f.services and _met(f, nights) for f in freezes):
        grounds.missing.append(f"service of {move.server} (a freeze of that night names services)")
    grounds.formulas.append(f"{move.on} in none of {len(freezes)} freezes; approved by {move.approved_by or 'nobody'}")
    return grounds


def _met(freeze: Freeze, nights: tuple[date, date]) -> bool:
    return freeze.begins <= nights[1] and nights[0] <= freeze.ends


MOVE_APPROVED = Rule(
    id="MIG-006",
    name="move-approved",
    title="A move is approved by its owner and meets no freeze",
    severity=Severity.MEDIUM,
    side="move",
    controls=("NIST 800-53 CM-3",),
    needs=("date, approver and ticket of the move (`move:` of the server)", "freezes of the standards"),
    formula="approved_by and ticket are written, and the night lies in no freeze of its service or of all",
    source="NIST 800-53 CM-3; the city's standards, `freezes:` in estate/standards.yaml",
    remedy="write approved_by and ticket under `move:` of the server, or another night under `on:`",
    check=check,
    parameters={
        "ticket_needed": Parameter(default=True, reason="an approval that cannot be found again is none"),
        "nights": Parameter(default=1, reason="days from `on` that count; 2 where windows reach far into the next morning"),
    },
)
