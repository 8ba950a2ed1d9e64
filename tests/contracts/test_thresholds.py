"""Every parameter of every rule decides something: in some entry a verdict turns when the parameter alone is moved.

A parameter that turns nothing is dead: a city could set it and nothing would change, and no test would notice a wrong default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import pytest

from policies.evaluate import judge
from policies.evidence import Evidence
from policies.examples.cases import cases_of
from policies.rule import Rule, Scalar
from policies.rules import RULES
from policies.verdict import Severity, Verdict
from tests.policies.deciding_entries import ENTRIES, Entry

Answer = tuple[str, str, Severity]

FACTORS = (0.5, 2, 0.1, 10, 0.01, 100, 0.001, 1000, 100_000)
UP_FROM_NOTHING = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000)
TOLD_ONLY = {
    ("CAP-017", "hours_month"): "the saving is told, the size decides",
    ("CST-001", "years"): "the cost over so many years is told, the month decides",
}

PARAMETERS = [(rule, name) for rule in RULES for name in rule.parameters]


def moved(default: Scalar) -> Iterator[Scalar]:
    """A parameter's other values: strongly smaller and larger, the other answer, fewer words."""
    if isinstance(default, bool):
        yield not default
    elif isinstance(default, str):
        words = default.replace(",", " ").split()
        yield "nothing-of-the-kind"
        yield from (", ".join(w for w in words if w != without) for without in words)
    elif default:
        yield from (default * factor for factor in FACTORS)
    else:
        yield from UP_FROM_NOTHING


@lru_cache(maxsize=1)
def examples(rule: str) -> tuple[Evidence, ...]:
    return tuple(case.evidence() for case in cases_of(rule))


def entries(rule: Rule, name: str) -> Iterator[tuple[Evidence, Scalar | None]]:
    """Where to look: what is written for this parameter alone, else the rule's own examples."""
    written = [e for e in ENTRIES if (e.rule, e.parameter) == (rule.id, name)]
    yield from ((e.evidence(), e.value) for e in written)
    if not written:
        yield from ((evidence, None) for evidence in examples(rule.id))


def with_parameter(evidence: Evidence, rule: Rule, name: str, value: Scalar) -> Evidence:
    rules = {**evidence.standards.rules, rule.id: {**evidence.standards.rules.get(rule.id, {}), name: value}}
    return replace(evidence, standards=evidence.standards.model_copy(update={"rules": rules}))


def answers(verdicts: list[Verdict]) -> list[Answer]:
    """What is answered of each object; how a rule breaks off with an absurd value is no answer of its."""
    return [(v.target, v.outcome, v.severity) for v in verdicts]


def broke_off(verdicts: list[Verdict]) -> bool:
    return any("broke off with an error" in v.message for v in verdicts)


def turns(rule: Rule, name: str) -> bool:
    for evidence, value in entries(rule, name):
        before = judge(rule, evidence)
        for other in [value] if value is not None else moved(rule.parameters[name].default):
            after = judge(rule, with_parameter(evidence, rule, name, other))
            if broke_off(after):
                continue
            told = (rule.id, name) in TOLD_ONLY
            if (before != after) if told else (answers(before) != answers(after)):
                return True
    return False


@pytest.mark.parametrize(("rule", "name"), PARAMETERS, ids=[f"{rule.id}-{name}" for rule, name in PARAMETERS])
def test_moving_the_parameter_turns_a_verdict(rule: Rule, name: str) -> None:
    assert turns(rule, name), f"{rule.id}: {name} decides nothing in any example: it is dead, or an entry for it is missing"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.rule}-{e.parameter}")
def test_an_entry_speaks_of_a_parameter_that_is_there(entry: Entry) -> None:
    assert (entry.rule, entry.parameter) in {(rule.id, name) for rule, name in PARAMETERS}
