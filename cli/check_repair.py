"""What `incline check --repair` adds to a failed capacity rule: the smallest changes that make it pass, each proven by the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.output import say

if TYPE_CHECKING:
    from infra.estate.model import Estate
    from policies.evaluate import Result
    from policies.evidence import Evidence
    from policies.repair import Repair

MOST = 20
"""Each repair is proven by judging everything again, so only the gravest findings get one."""
Found = dict[tuple[str, str], "tuple[Repair, ...]"]


def repairs(evidence: Evidence, result: Result, estate: Estate | None = None) -> Found:
    """The repairs of every failed capacity rule of a result, by rule and target. `estate` allows moves to other sites and away hosts."""
    from policies.repair import CAPACITY, Reach, fails, reach_of, repair  # noqa: PLC0415 - help stays fast

    reach = reach_of(estate) if estate else Reach()
    failing = fails(result)
    sought = [v for v in result.verdicts if (v.rule, v.target) in failing and v.rule.startswith(CAPACITY)]
    if len(sought) > MOST:
        say(f"repairs are sought for the {MOST} gravest of {len(sought)} failed capacity verdicts")
    found = {(v.rule, v.target): repair(evidence, v, reach, failing=failing) for v in sought[:MOST]}
    return {key: mended for key, mended in found.items() if mended}


def repair_lines(evidence: Evidence, result: Result, estate: Estate | None = None) -> dict[tuple[str, str], tuple[str, ...]]:
    """The same as lines for people, to print below each verdict."""
    return {key: tuple(line for each in mended for line in lines(each)) for key, mended in repairs(evidence, result, estate).items()}


def lines(repair: Repair) -> tuple[str, ...]:
    """One repair: what, how, what to know, and the rule's own words about it afterwards."""
    return (
        f"repair: {repair.text}",
        *(f"  do: {step}" for step in repair.steps),
        *(f"  note: {note}" for note in repair.notes),
        f"  proven: {repair.proof.rule} then passes: {repair.proof.message}",
    )


def repair_data(repair: Repair) -> dict[str, Any]:
    """One repair for `--json`."""
    return {
        "text": repair.text,
        "steps": list(repair.steps),
        "notes": list(repair.notes),
        "proof": {"rule": repair.proof.rule, "target": repair.proof.target, "message": repair.proof.message},
    }
