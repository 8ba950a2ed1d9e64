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
MOST_CHANGES = 8
"""A repair of more changes is a plan, and no longer the smallest change that anybody would look at."""
VARIANTS = 3
SINGLES_UP_TO = 100
"""So many changes are tried one by one; of more, the smallest that is enough is found by halving."""
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
    if len(ordered) > PAIRS_UP_TO and not trial.passes(largest(ordered)):
        return
    found = False
    for change in ordered if len(ordered) <= SINGLES_UP_TO else _likely(trial, ordered):
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
    if not found:
        yield from _sets(trial, ordered)


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


def largest(ordered: Sequence[Change]) -> list[Change]:
    """The largest changes of different things, as many as a repair may have: where these are not enough, hardly any other set is."""
    chosen: dict[str, Change] = {}
    for change in reversed(ordered):
        if change.subject not in chosen and len(chosen) < MOST_CHANGES:
            chosen[change.subject] = change
    return list(chosen.values())


def _likely(trial: Trial, ordered: Sequence[Change]) -> Sequence[Change]:
    """Of very many changes those from the smallest that is enough, found by halving: a larger one is mostly enough too."""
    first = least(-1, len(ordered) - 1, lambda n: trial.passes([ordered[n]]))
    return ordered[first : first + VARIANTS] if first is not None else ()


def _sets(trial: Trial, ordered: Sequence[Change]) -> Found:
    """A greedy set, made small; then others of as many changes without one of its members, should somebody object to that one."""
    first = _greedy(trial, ordered)
    if not first:
        return
    yield tuple(_smaller(trial, first, ordered))
    for refused in first[:VARIANTS]:
        other = _greedy(trial, [c for c in ordered if c.subject != refused.subject])
        if other and len(other) <= len(first):
            yield tuple(other)


def _greedy(trial: Trial, ordered: Sequence[Change]) -> list[Change]:
    """The largest changes first until the rule passes, then without those that are not needed."""
    chosen: list[Change] = []
    for change in reversed(ordered):
        if all(change.subject != other.subject for other in chosen):
            chosen.append(change)
            if trial.passes(chosen):
                return _needed(trial, chosen)
        if len(chosen) == MOST_CHANGES:
            break
    return []


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
