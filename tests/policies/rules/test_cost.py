"""The budget of a month: what machines cost, counted by hand, and both sides of each limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.estate.model import GIB
from policies.evidence import InstanceSettings, ServerEvidence, VolumeEvidence
from policies.rules.cost.monthly_budget import MONTHLY_BUDGET
from policies.verdict import Outcome
from tests.policies.builders import city
from tests.policies.rules.aws_town import MIB, coming, instance, judge, promise, seen, town


class TestBudget:
    """CST-001. An m5a.xlarge with 100 GiB: 0.172 x 730 + 100 x 0.08 = 133.56 USD."""

    @pytest.mark.parametrize(("budget", "outcome"), [(133.57, Outcome.PASS), (133.55, Outcome.FAIL)])
    def test_budget(self, budget: float, outcome: Outcome) -> None:
        judged = judge(MONTHLY_BUDGET, town(seen("a-01"), budget=budget))

        assert judged.outcome is outcome
        assert "133.56 USD now + 0.00 USD planned = 133.56 USD a month" in judged.formula

    @pytest.mark.parametrize(
        ("machine", "usd"),
        [
            (seen("a-01", os="windows-2022"), 133.56 + 4 * 0.046 * 730),
            (seen("a-01", held=True, running=False), 8.00),
            (seen("a-01", running=False), 8.00),
        ],
    )
    def test_what_a_machine_costs(self, machine: ServerEvidence, usd: float) -> None:
        assert judge(MONTHLY_BUDGET, town(machine, budget=usd + 0.01)).outcome is Outcome.PASS
        assert judge(MONTHLY_BUDGET, town(machine, budget=usd - 0.01)).outcome is Outcome.FAIL

    def test_the_budget_may_be_used_up(self) -> None:
        held = seen("a-01", held=True, running=False)  # 100 GiB x 0.08

        assert judge(MONTHLY_BUDGET, town(held, budget=8.0)).outcome is Outcome.PASS

    def test_ordered_performance_costs(self) -> None:
        fast = VolumeEvidence(name="v", size=100 * GIB, type="gp3", iops=4000.0, throughput=225.0 * MIB)  # + 5 + 4 USD
        machine = seen("a-01", instance=InstanceSettings(instance_type="m5a.xlarge", volumes=(fast,)))

        assert "142.56 USD now" in judge(MONTHLY_BUDGET, town(machine, budget=1000)).formula

    def test_a_move_is_added_and_told_over_three_years(self) -> None:
        evidence = town(seen("a-01"), moves=(coming(instance("db-01")),), promises=(promise("db-01"),), budget=200)
        judged = judge(MONTHLY_BUDGET, evidence)

        assert "133.56 USD now + 133.56 USD planned = 267.12 USD a month > 200.00 USD" in judged.formula
        facts = {fact.name: fact for fact in judged.facts}
        assert facts["move db-01, 3 years on AWS"].value == pytest.approx(133.56 * 36)
        assert "data transfer" in facts["move db-01, 3 years on AWS"].source
        assert "price list, undated" in facts["a month now"].source

    @pytest.mark.parametrize(
        ("rules", "usd"),
        [
            ({"percent": 50}, 2 * 276.88),
            ({"hours_month": 100}, 17.2 + 18.4 + 8 + 9),
            ({"gp3_usd_gib_month": 1}, 276.88 - 8 + 100),
            ({"gp3_usd_iops_month": 1}, 276.88 - 5 + 1000),
            ({"gp3_usd_mib_s_month": 1}, 276.88 - 4 + 100),
            ({"windows_usd_vcpu_hour": 1}, 276.88 - 134.32 + 4 * 730),
        ],
    )
    def test_parameters(self, rules: dict[str, Any], usd: float) -> None:
        fast = VolumeEvidence(name="v", size=100 * GIB, type="gp3", iops=4000.0, throughput=225.0 * MIB)
        machine = seen("a-01", os="windows-2022", instance=InstanceSettings(instance_type="m5a.xlarge", volumes=(fast,)))
        under, over = (judge(MONTHLY_BUDGET, town(machine, budget=each, rules={"CST-001": rules})) for each in (usd + 0.02, usd - 0.02))

        assert (under.outcome, over.outcome) == (Outcome.PASS, Outcome.FAIL)

    def test_years_are_a_parameter(self) -> None:
        evidence = town(moves=(coming(instance("db-01")),), budget=200, rules={"CST-001": {"years": 5}})

        assert any(fact.name == "move db-01, 5 years on AWS" for fact in judge(MONTHLY_BUDGET, evidence).facts)

    def test_a_service_has_its_own_budget(self) -> None:
        permits = replace(city().services["permits"], budget_usd_month=100.0)
        evidence = town(seen("a-01"), services={"permits": permits})

        assert judge(MONTHLY_BUDGET, evidence).target == "service/permits"
        assert judge(MONTHLY_BUDGET, evidence).outcome is Outcome.FAIL

    @pytest.mark.parametrize(("budget", "outcome"), [(133.0, Outcome.FAIL), (500.0, Outcome.UNDETERMINED)])
    def test_an_unknown_price_leaves_a_bound(self, budget: float, outcome: Outcome) -> None:
        assert judge(MONTHLY_BUDGET, town(seen("a-01"), seen("a-02", kind="x8aedz.xlarge"), budget=budget)).outcome is outcome

    def test_without_a_budget_the_sum_is_told_all_the_same(self) -> None:
        judged = judge(MONTHLY_BUDGET, town(seen("a-01")))

        assert judged.outcome is Outcome.NOT_APPLICABLE
        assert "133.56 USD a month" in judged.message

    @given(budget=st.floats(1, 1000), more=st.floats(0, 1000), machines=st.integers(1, 6))
    @settings(max_examples=40, deadline=None)
    def test_more_money_never_turns_pass_into_fail(self, budget: float, more: float, machines: int) -> None:
        servers = [seen(f"a-{n}") for n in range(machines)]
        poor, rich = (judge(MONTHLY_BUDGET, town(*servers, budget=each)) for each in (budget, budget + more))

        assert not (poor.outcome is Outcome.PASS and rich.outcome is Outcome.FAIL)
