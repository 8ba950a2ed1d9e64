"""Repairs of every failing example of a capacity rule: each one holds, and most rules have one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.estate.model import Estate
from policies.evaluate import evaluate
from policies.examples.case import Case
from policies.examples.cases import all_cases
from policies.repair import Repair, apply_all, fails, reach_of, repair
from policies.verdict import Outcome

FAILING = [c for c in all_cases() if c.rule.startswith("CAP-") and c.outcome is Outcome.FAIL]
MENDED = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 17}
"""The rules of whose failing examples at least one can be repaired by a change that is known.

An old snapshot (18) is taken anew; slow volumes (16) need a type that the ground's zones do not offer; a member more (14) makes the others
larger than is right for them (17).
"""


def repairs_of(case: Case) -> tuple[Repair, ...]:
    evidence = case.evidence()
    verdict = next(v for v in evaluate(evidence).verdicts if (v.rule, v.target) == (case.rule, case.target))
    return repair(evidence, verdict, reach_of(Estate.model_validate(case.documents()[0])))


@pytest.mark.parametrize("case", FAILING, ids=lambda c: f"{c.rule} {c.says[:40]}")
def test_what_is_proposed_for_an_example_holds(case: Case) -> None:
    evidence = replace(case.evidence(), waivers=())
    before = fails(evaluate(evidence))

    for each in repairs_of(case):
        after = evaluate(apply_all(evidence, each.changes))
        assert next(v.outcome for v in after.verdicts if (v.rule, v.target) == (case.rule, case.target)) is Outcome.PASS
        assert not [new for new in fails(after) - before if new[0].startswith("CAP-")]
        assert each.text
        assert len(each.steps) == len(each.changes)


def test_most_rules_have_a_repair() -> None:
    mended = {int(case.rule.removeprefix("CAP-")) for case in FAILING if repairs_of(case)}

    assert mended >= MENDED
