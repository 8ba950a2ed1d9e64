"""Sizes of single machines: from raw samples, from stored percentiles, and from nothing."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.errors import InclineError
from migration.assess.sizing import Measured, size_fleet, size_up
from migration.assess.sizing_peers import ENOUGH, curves, public_curve
from migration.assess.sizing_risk import risks
from migration.assess.sizing_rules import POLICIES, SizingRules
from migration.assess.sizing_use import hours_each, use_of_percentiles, use_of_series
from migration.discover.model import FoundMachine, FoundNic, Metric, Percentiles

GIB = 1 << 30
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def machine(cpus=8, gib=32, **more) -> FoundMachine:
    fields = {"key": "downtown/1", "name": "permits", "site": "downtown", "kind": "vsphere", "source": "test", "as_of": NOW, **more}
    return FoundMachine(cpus=cpus, memory=gib * GIB, **fields)


def percentiles(
    metric: Metric, *values: float, days: float = 60, samples: int = 17_280, expected: int = 17_280, interval_s: int = 300
) -> Percentiles:
    mean, p50, p90, p95, p99, most = values
    return Percentiles(
        machine="downtown/1",
        metric=metric,
        interval_s=interval_s,
        samples=samples,
        expected=expected,
        first=NOW - timedelta(days=days),
        last=NOW,
        mean=mean,
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        maximum=most,
    )


def quiet(**more) -> Measured:
    usage = {
        Metric.CPU_PERCENT: percentiles(Metric.CPU_PERCENT, 3, 2, 5, 6, 8, 11),
        Metric.MEMORY: percentiles(Metric.MEMORY, *(x * GIB for x in (2, 2, 2.5, 2.6, 2.8, 3.0))),
    }
    return Measured(usage=usage | more)


def flat(cores: float, gib: float) -> Measured:
    return Measured(series=(np.full(500, cores), np.full(500, gib)))


def test_a_quiet_machine_becomes_smaller_and_says_why():
    sizing = size_up(machine(), quiet())
    assert sizing.saving > 0.5
    assert sizing.chosen in sizing.frontier
    assert sizing.provisioned in sizing.frontier
    assert "CPU p99 0.6" in sizing.why
    assert "100% of the samples" in sizing.basis
    assert [o.usd_month for o in sizing.frontier] == sorted(o.usd_month for o in sizing.frontier)


def test_flat_use_gets_the_exact_cover():
    for policy in ("frontier", "max"):
        sizing = size_up(machine(), flat(1.2, 6.0), rules=SizingRules(policy=policy))
        assert (sizing.chosen.cpus, sizing.chosen.memory) == (2, 8 * GIB)


def test_flat_use_of_all_it_has_keeps_its_size():
    sizing = size_up(machine(), flat(8, 32))
    assert sizing.chosen == sizing.provisioned
    assert "at the limit" in sizing.why


def test_more_is_given_only_when_more_was_used():
    assert size_up(machine(4, 8), flat(4.2, 8)).saving == 0
    grown = size_up(machine(4, 8), flat(7.5, 30))
    assert grown.chosen.cpus >= 8
    assert grown.saving < 0


@pytest.mark.parametrize(
    ("found", "measured", "why"),
    [
        (machine(power="off"), quiet(), "it is off"),
        (machine(), Measured(), "neither CPU nor memory"),
        (machine(), Measured(usage={Metric.MEMORY: percentiles(Metric.MEMORY, *[GIB] * 6, days=2)}), "2.0 days"),
        (machine(), Measured(usage={Metric.MEMORY: percentiles(Metric.MEMORY, *[GIB] * 6, samples=100)}), "only 1% of the samples"),
        (machine(), Measured(usage={Metric.MEMORY: percentiles(Metric.MEMORY, *[GIB] * 6, interval_s=86_400)}), "means of 24 hours"),
        (machine(), Measured(series=(np.full(9, np.nan), np.ones(9))), "no sample has both"),
    ],
)
def test_without_enough_measurements_a_machine_keeps_its_size(found, measured, why):
    sizing = size_up(found, measured)
    assert sizing.chosen == sizing.provisioned
    assert sizing.basis == "as provisioned"
    assert why in sizing.why


def test_a_week_of_samples_is_a_week_though_the_last_begins_an_interval_before_its_end():
    week = {Metric.MEMORY: percentiles(Metric.MEMORY, *[GIB] * 6, days=7 - 300 / 86_400)}
    assert "keeps its size" not in size_up(machine(), Measured(usage=week)).why


def test_the_longer_the_mean_the_more_hours_it_may_hide():
    found = [hours_each(300, peaks=False), hours_each(1800, peaks=False), hours_each(7200, peaks=False), hours_each(3600, peaks=True)]
    assert found == [6, 12, 25, 1]
    assert hours_each(300, peaks=True) == pytest.approx(5.7, abs=0.1)


def test_memory_that_nobody_measured_keeps_its_size():
    usage = {Metric.CPU_PERCENT: percentiles(Metric.CPU_PERCENT, 3, 2, 5, 6, 8, 11)}
    sizing = size_up(machine(), Measured(usage=usage))
    assert sizing.chosen.memory >= 32 * GIB
    assert "memory was not measured" in sizing.basis


def test_cards_firmware_and_disks_are_kept_to():
    nics = tuple(FoundNic(label=f"Network adapter {n}") for n in range(1, 5))
    assert size_up(machine(nics=nics), quiet()).chosen.name not in {"c7a.medium", "m7a.medium", "c6a.large"}
    busy = percentiles(Metric.IOPS, 5000, 5000, 8000, 9000, 9500, 12_000)
    assert size_up(machine(firmware="efi"), quiet(**{Metric.IOPS: busy})).chosen.usd_month > size_up(machine(), quiet()).chosen.usd_month


def test_no_type_holds_it():
    assert size_up(machine(2000, 99_999), quiet()) is None


def test_windows_is_paid_by_the_processor():
    linux, windows = size_up(machine(), quiet()), size_up(machine(os="windows-2022"), quiet())
    assert windows.provisioned.usd_month - linux.provisioned.usd_month == pytest.approx(8 * 0.046 * 730)


def test_burstable_types_only_when_asked_for_and_within_their_credits():
    names = {size_up(machine(), quiet(), rules=SizingRules(burstable=on)).chosen.name.startswith("t") for on in (True, False)}
    assert names == {True, False}
    busy = Measured(series=(np.full(500, 3.0), np.full(500, 3.0)))
    assert not size_up(machine(), busy, rules=SizingRules(burstable=True)).chosen.name.startswith("t")


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_chooses_a_point_that_is_shown(policy):
    sizing = size_up(machine(), quiet(), rules=SizingRules(policy=policy))
    assert sizing.chosen in sizing.frontier
    assert sizing.chosen.label


def test_an_unknown_policy_is_told():
    with pytest.raises(InclineError, match="no sizing policy azur") as caught:
        SizingRules(policy="azur")
    assert "azure" in caught.value.next_step


def test_a_fleet_keeps_its_budget_and_learns_from_its_own():
    machines = [machine(4, 16, key=f"downtown/{n}") for n in range(ENOUGH + 5)]
    draw = np.random.default_rng(5)
    measured = {m.key: Measured(series=(draw.gamma(2, 0.3, 900), draw.gamma(3, 0.8, 900))) for m in machines}
    sizes = size_fleet(machines, measured, rules=SizingRules(budget=0.01))
    assert len(sizes) == len(machines)
    assert np.mean([s.chosen.risk for s in sizes.values()]) <= 0.01
    assert all(s.saving >= 0 for s in sizes.values())


series = st.lists(st.tuples(st.floats(-1, 9), st.floats(-1, 40)), min_size=1, max_size=60)


@settings(max_examples=60)
@given(series, st.integers(1, 8), st.integers(1, 32), st.integers(0, 4), st.integers(0, 16))
def test_more_capacity_is_never_more_risk(samples, cpus, gib, more_cpus, more_gib):
    use = use_of_series([c for c, _ in samples], [m for _, m in samples], has_cpus=8, has_memory=32)
    found = risks(use, [(cpus, gib), (cpus + more_cpus, gib + more_gib)], public_curve())
    for part in (found.both, found.cpus, found.memory):
        assert part[1] <= part[0] + 1e-12
        assert 0 <= part[1] <= part[0] <= 1
    assert found.both[0] >= max(found.cpus[0], found.memory[0]) - 1e-9


def test_percentiles_are_kept_when_samples_are_rebuilt():
    use = use_of_percentiles(machine(), quiet().usage)
    assert use.quantile(0.95)[0] == pytest.approx(0.06 * 8, rel=0.02)
    assert use.quantile(0.99)[1] == pytest.approx(2.8, rel=0.02)
    assert float(use.memory.max()) <= 3.0


def test_clocks_turn_megahertz_into_cores():
    usage = {Metric.CPU_MHZ: percentiles(Metric.CPU_MHZ, 1000, 1000, 2000, 2000, 4800, 6000)}
    assert use_of_percentiles(machine(), usage, core_mhz=2400).quantile(0.99)[0] == pytest.approx(2.0, rel=0.02)
    assert use_of_percentiles(machine(), usage) is None


def test_a_machine_among_busy_peers_is_expected_to_become_busy():
    draw = np.random.default_rng(1)
    busy = {str(n): use_of_series(draw.uniform(0, 4, 800), draw.uniform(0, 16, 800), has_cpus=4, has_memory=16) for n in range(ENOUGH)}
    calm = {str(n): use_of_series(draw.uniform(0, 0.2, 800), draw.uniform(0, 1, 800), has_cpus=4, has_memory=16) for n in range(ENOUGH)}
    one = use_of_series(draw.uniform(0, 0.2, 800), draw.uniform(0, 1, 800), has_cpus=4, has_memory=16)
    among = [risks(one, [(1, 4)], curves({"one": one, **fleet})["one"]).both[0] for fleet in (calm, busy)]
    assert among[0] < among[1]
