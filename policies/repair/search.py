"""Searching for the smallest change: one, then two, then a greedy set that is made minimal. Every answer was judged by the rule itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from policies.evidence import Evidence
from policies.repair.change import Change, apply_all
from policies.rule import Parameters, Rule
from policies.verdict import Outcome, Verdict

Found = Iterator[tuple[Change, ...]]
"""Sets of changes after which the rule passes, smallest first."""
PAIRS_UP_TO = 40
"""So many changes are tried in every pair; of more, the search is greedy."""


class Trial:
    """One rule and one object that fails it; says whether it passes after changes."""

    def __init__(self, evidence: Evidence, rule: Rule, target: str, narrow: Callable[[Evidence], Evidence]) -> None:
        self._evidence = narrow(evidence)
        self._rule = rule
        self._target = target
        self._parameters = Parameters(rule, evidence.standards.rules.get(rule.id, {}))

    def passes(self, changes: Sequence[Change]) -> bool:
        """Whether the rule's own verdict about the object is a pass after the changes."""
        verdict = self.verdict(apply_all(self._evidence, changes))
        return verdict is not None and verdict.outcome is Outcome.PASS

    def verdict(self, evidence: Evidence) -> Verdict | None:
        """What the rule says about the object on this evidence."""
        return next((v for v in self._rule.check(self._rule, evidence, self._parameters) if v.target == self._target), None)


def fewest(trial: Trial, changes: Sequence[Change]) -> Found:
    """The sets of changes that make the rule pass, smallest first: single ones; failing that pairs; failing that one greedy set."""
    ordered = sorted(changes, key=lambda c: (c.size, c.subject, c.words))
    found = False
    for change in ordered:
        if trial.passes([change]):
            found = True
            yield (change,)
    if found:
        return
    if len(ordered) <= PAIRS_UP_TO:
        pairs = [pair for pair in combinations(ordered, 2) if pair[0].subject != pair[1].subject]
        for pair in sorted(pairs, key=lambda p: (p[0].size + p[1].size, p[0].subject, p[1].subject)):
            if trial.passes(pair):
                found = True
                yield pair
    if not found and (greedy := _greedy(trial, ordered)):
        yield greedy


def least(low: int, high: int, passes: Callable[[int], bool]) -> int | None:
    """The smallest number above `low` and up to `high` for which it passes, if it passes at `high`; what passes keeps passing above."""
    if not passes(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if passes(middle):
            high = middle
        else:
            low = middle
    return high


def _greedy(trial: Trial, ordered: Sequence[Change]) -> tuple[Change, ...]:
    """The largest changes first until the rule passes; then without those that are not needed, and smaller ones where they do."""
    chosen: list[Change] = []
    for change in reversed(ordered):
        if all(change.subject != other.subject for other in chosen):
            chosen.append(change)
            if trial.passes(chosen):
                return tuple(_smaller(trial, _needed(trial, chosen), ordered))
    return ()


def _needed(trial: Trial, chosen: list[Change]) -> list[Change]:
    for change in sorted(chosen, key=lambda c: c.size):
        without = [c for c in chosen if c is not change]
        if without and trial.passes(without):
            chosen = without
    return chosen


def _smaller(trial: Trial, chosen: list[Change], ordered: Sequence[Change]) -> list[Change]:
    """Each change replaced by the smallest that still does; one pass, so the answer is small but not proven the smallest."""
    for place in range(len(chosen)):
        taken = {c.subject for n, c in enumerate(chosen) if n != place}
        for change in ordered:
            if change.size >= chosen[place].size:
                break
            swapped = [*chosen[:place], change, *chosen[place + 1 :]]
            if change.subject not in taken and trial.passes(swapped):
                chosen = swapped
                break
    return chosen
