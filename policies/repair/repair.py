"""Repairs of a failed capacity rule: searched, then proven by judging the changed evidence with every rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from policies.evaluate import Result, evaluate
from policies.evidence import Evidence
from policies.repair.change import Change, apply_all
from policies.repair.ground import Reach
from policies.repair.proposals import for_target
from policies.repair.search import Trial
from policies.rule import Rule
from policies.rules import RULES
from policies.verdict import Outcome, Verdict

CAPACITY = "CAP-"
PROOFS_A_FAMILY = 6
"""So many candidates of a family are put to the whole rule set before the family is given up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repair:
    """A change that makes a failed rule pass.

    Args:
        text: one line, what to do.
        notes: what to know about it, such as why a machine gets no smaller.
        steps: for each change the edit or the command.
        proof: the rule's verdict after the changes: a pass.
    """

    text: str
    steps: tuple[str, ...]
    notes: tuple[str, ...]
    changes: tuple[Change, ...]
    proof: Verdict


def repair(
    evidence: Evidence,
    verdict: Verdict,
    reach: Reach = Reach(),  # noqa: B008 - frozen
    *,
    rules: Sequence[Rule] = RULES,
    failing: frozenset[tuple[str, str]] | None = None,
) -> tuple[Repair, ...]:
    """The smallest repair of each kind, those first that cost nothing. Empty where none is known or none holds.

    Args:
        evidence: what the verdict was about.
        verdict: a failed verdict of a capacity rule.
        reach: what may be used beyond the evidence.
        rules: all rules; no repair makes a capacity rule fail that did not fail before, and what else it does is in its notes.
        failing: what fails before, as (rule, target), where it is known already.
    """
    rule = next((r for r in rules if r.id == verdict.rule), None)
    if rule is None or not rule.id.startswith(CAPACITY) or verdict.outcome not in {Outcome.FAIL, Outcome.WAIVED}:
        return ()
    plain = replace(evidence, waivers=())
    before = failing if failing is not None else fails(evaluate(plain, rules))
    trial = Trial(plain, rule, verdict.target, _narrow(verdict.target))
    found = []
    for family in for_target(verdict.target):
        proven = (
            _proven(plain, changes, verdict, rules, before)
            for changes in islice(family(plain, trial, verdict.target, reach), PROOFS_A_FAMILY)
        )
        best = _best(mended for mended in proven if mended is not None)
        if best is not None:
            found.append(best)
    return tuple(found)


def _best(proven: Iterator[tuple[Repair, int]]) -> Repair | None:
    """The first, which is the smallest; or one of as many changes that makes no rule of any kind fail."""
    first: Repair | None = None
    for mended, new in proven:
        if first is None:
            first = mended
        if len(mended.changes) > len(first.changes):
            break
        if not new:
            return mended
    return first


def fails(result: Result) -> frozenset[tuple[str, str]]:
    """What fails in a result, waived or not."""
    return frozenset((v.rule, v.target) for v in result.verdicts if v.outcome in {Outcome.FAIL, Outcome.WAIVED})


def _proven(
    evidence: Evidence, changes: tuple[Change, ...], verdict: Verdict, rules: Sequence[Rule], before: frozenset[tuple[str, str]]
) -> tuple[Repair, int] | None:
    """The repair, and how many rules of other families newly fail by it. None: the rule does not pass, or a capacity rule newly fails."""
    after = evaluate(apply_all(evidence, changes), rules)
    proof = next((v for v in after.verdicts if (v.rule, v.target) == (verdict.rule, verdict.target)), None)
    new = sorted(fails(after) - before)
    if proof is None or proof.outcome is not Outcome.PASS or any(rule.startswith(CAPACITY) for rule, _ in new):
        return None
    notes = [c.note for c in changes if c.note] + [f"after it {rule} fails for {target}" for rule, target in new]
    mended = Repair(
        text="; ".join(c.words for c in changes),
        steps=tuple(c.how for c in changes),
        notes=tuple(dict.fromkeys(notes)),
        changes=changes,
        proof=proof,
    )
    return mended, len(new)


def _narrow(target: str) -> Callable[[Evidence], Evidence]:
    """For a cluster, only that cluster and its machines: the search judges hundreds of variants, the proof judges all of the evidence."""

    def narrowed(evidence: Evidence) -> Evidence:
        clusters = tuple(c for c in evidence.clusters if c.target == target)
        if not clusters:
            return evidence
        return replace(evidence, clusters=clusters, servers=evidence.in_cluster(clusters[0]) + evidence.unplaced(clusters[0].site))

    return narrowed
