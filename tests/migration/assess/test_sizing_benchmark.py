"""The figure that the product promises on the traces, held so that it cannot rot."""

import pytest

from bench.sizing import BUDGET, judged, september
from bench.sizing_data import load
from migration.assess.sizing_fleet import choose_fleet


@pytest.fixture(scope="module")
def split():
    return september(load())


def test_traces_are_those_of_the_table(split):
    assert len(split.train) == 323
    assert round(sum(c.usd_month for c in split.provisioned.values())) == 26_741


@pytest.mark.parametrize(
    ("policy", "saving", "hours_over"),
    [
        ("mean", 0.488, 0.0653),
        ("p95", 0.3819, 0.01347),
        ("azure", 0.227, 0.00727),
        ("cpu-p99-memory-max", 0.2784, 0.00165),
        ("max", 0.239, 0.00083),
    ],
)
def test_known_policies_do_as_published(split, policy, saving, hours_over):
    outcome = split.percentile(policy)
    assert outcome.saving == pytest.approx(saving, abs=0.0005)
    assert outcome.hours_over == pytest.approx(hours_over, abs=0.00005)


def test_one_budget_for_the_fleet_saves_more_at_less_risk(split):
    frontiers = split.frontiers()
    choice = choose_fleet(frontiers, BUDGET)
    outcome = judged(choice.chosen, split.provisioned, split.test, choice.risk)
    assert outcome.saving >= 0.31
    assert outcome.hours_over <= 0.0015
    assert choice.risk <= BUDGET
    assert choice.usd_month - choice.usd_least < 0.01 * choice.usd_month
