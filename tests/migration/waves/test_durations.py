"""Forecasts of durations, by hand: what binds, what MIG-002 would say, and what measured moves change."""

from __future__ import annotations

import pytest

from migration.moves import DiskRound, MoveRecord, MoveState, Round
from migration.waves import durations
from migration.waves.durations import History, Rate, estimate, history, pace, rate, together, window_hours
from policies.rules.migration.downtime import DOWNTIME
from tests.fakes.estates import estate as some_estate
from tests.fakes.wave_plans import GIB, candidate, programme

LINE = Rate(link="hall-cloud", speed=100e6, hours=7.0, source="estate", mbit_s=1000, share_percent=80)


def test_the_first_copy_is_bound_by_the_link() -> None:
    found = estimate(candidate(disks=(50 * GIB, 50 * GIB)), LINE, pace(programme(), None))

    assert found.binds == "link hall-cloud"
    assert found.seed.p50 == pytest.approx(100 * GIB / 100e6 / 3600)
    assert (found.seed.p10, found.seed.p90) == (pytest.approx(found.seed.p50 * 0.8), pytest.approx(found.seed.p50 * 1.6))
    assert "assumed" in found.source


def test_or_by_its_largest_disk_or_its_host_on_a_fast_line() -> None:
    fast = Rate(link="x", speed=10e9, hours=24.0, source="estate", mbit_s=1e6, share_percent=100)
    ours = pace(programme(), None)

    assert estimate(candidate(disks=(300 * GIB, GIB), host=""), fast, ours).binds == "its largest disk"
    assert estimate(candidate(disks=(50 * GIB,) * 8), fast, ours).binds == "host esx-1"


def test_or_by_the_block_quota_of_ebs() -> None:
    fast = Rate(link="x", speed=10e9, hours=24.0, source="estate", mbit_s=1e6, share_percent=100)
    ours = pace(programme(throttles={"disk_mb_s": 5000, "host_mb_s": 5000}), None)

    found = estimate(candidate(disks=(100 * GIB,)), fast, ours)

    assert "block quota" in found.binds
    assert found.seed.p50 * 3600 == pytest.approx(100 * GIB / (1000 * 512 * 1024))


def test_the_downtime_is_what_mig_002_counts() -> None:
    """1 % of 100 GiB at 100 MB/s, 3 min power-off, 10 min start, 15 min checks."""
    found = estimate(candidate(disks=(100 * GIB,)), LINE, pace(programme(), None))

    assert found.downtime_minutes.p50 == pytest.approx(1.0 * GIB / 100e6 / 60 + 28)
    assert estimate(candidate(windows=True), LINE, pace(programme(), None)).downtime_minutes.p50 > 63


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("changed_percent_per_hour", durations.CHANGED_PERCENT_PER_HOUR),
        ("sync_hours", durations.SYNC_HOURS),
        ("streams", durations.STREAMS),
        ("stop_minutes", durations.STOP_MINUTES),
        ("boot_minutes", durations.BOOT_MINUTES),
        ("boot_minutes_windows", durations.BOOT_MINUTES_WINDOWS),
        ("checks_minutes", durations.CHECKS_MINUTES),
    ],
)
def test_the_defaults_are_the_rules(name: str, ours: float) -> None:
    assert DOWNTIME.parameters[name].default == ours


def test_the_estates_parameters_of_the_rule_go_before_them() -> None:
    town = some_estate()
    standards = town.standards.model_copy(update={"rules": {"MIG-002": {"checks_minutes": 60}}})
    found = estimate(candidate(), LINE, pace(programme(), town.model_copy(update={"standards": standards})))

    assert found.downtime_minutes.p50 > 73


def test_servers_of_a_night_share_the_link_and_end_with_the_slowest() -> None:
    one, other = candidate(disks=(100 * GIB,)), candidate("desk-app-01", disks=(100 * GIB,), windows=True)
    found = together((one, other), LINE, pace(programme(), None))

    assert found.seed_bytes == 200 * GIB
    assert found.downtime_minutes.p50 == pytest.approx(2.0 * GIB / 100e6 / 60 + 63)


@pytest.mark.parametrize(("window", "hours"), [("", 24.0), ("22:00-05:00", 7.0), ("09:00-17:30", 8.5), ("never", 24.0)])
def test_hours_of_a_window(window: str, hours: float) -> None:
    assert window_hours(window) == hours


def test_bandwidth_by_hour_goes_before_the_estates_window() -> None:
    hours = [{"begins": "22:00", "ends": "00:00", "mbit_s": 500}, {"begins": "00:00", "ends": "04:00", "mbit_s": 2000}]
    found = rate(pace(programme(links=[{"between": ["hall", "cloud"], "share_percent": 50, "hours": hours}]), None), None, "hall", "cloud")

    assert found is not None
    assert found.hours == 6.0
    assert found.mbit_s == pytest.approx((2 * 500 + 4 * 2000) / 6)
    assert found.bytes_per_night == pytest.approx((2 * 500 + 4 * 2000) * 1e6 / 8 * 0.5 * 3600)


def test_a_long_line_is_bound_by_its_latency() -> None:
    found = rate(pace(programme(links=[{"between": ["a", "b"], "mbit_s": 100000, "latency_ms": 100}]), None), None, "a", "b")

    assert found is not None
    assert found.speed == pytest.approx(64 * 512 * 1024 / 0.1)


def test_a_long_line_gains_nothing_from_bandwidth_that_its_latency_holds() -> None:
    """64 blocks in flight over 80 ms are 419 MB/s: of the 875 MB/s after midnight that much counts, and not their mean with the evening."""
    hours = [{"begins": "20:00", "ends": "00:00", "mbit_s": 1000}, {"begins": "00:00", "ends": "04:00", "mbit_s": 10000}]
    link = {"between": ["a", "b"], "latency_ms": 80, "hours": hours}
    found = rate(pace(programme(links=[link]), None), None, "a", "b")

    most = 64 * 512 * 1024 / 0.08
    assert found is not None
    assert found.bytes_per_night == pytest.approx((4 * 1e9 / 8 * 0.7 + 4 * most) * 3600)
    assert found.gigabit == pytest.approx(0.7 * 1e9 / 8 * 4 / 8)
    full = rate(pace(programme(links=[{"between": ["a", "b"], "mbit_s": 10000, "latency_ms": 80}]), None), None, "a", "b")
    assert full is not None
    assert full.gigabit == 0


def test_the_share_of_a_link_is_the_rules_where_the_programme_says_none() -> None:
    town = some_estate()
    standards = town.standards.model_copy(update={"rules": {"MIG-002": {"link_share_percent": 40}}})
    ours = pace(programme(links=[{"between": ["a", "b"], "mbit_s": 1000}]), town.model_copy(update={"standards": standards}))

    assert (rate(ours, None, "a", "b") or LINE).share_percent == 40


def test_two_sites_that_nobody_joined_have_no_rate() -> None:
    assert rate(pace(programme(), None), None, "a", "b") is None


def _record(server: str, *rounds: tuple[str, str, int]) -> MoveRecord:
    """A move with rounds of (begun, ended, bytes)."""
    return MoveRecord(
        id="m",
        server=server,
        source="hall",
        target="cloud",
        direction="up",
        state=MoveState.SYNCED,
        created="",
        owner="",
        placement_before={},
        site_before="hall",
        rounds=tuple(
            Round(
                number=n, kind="seed", point="", points={}, bases={}, started=f"2026-11-25T{begun}:00+00:00",
                finished=f"2026-11-25T{ended}:00+00:00", disks={"data": DiskRound("data", 1, 1, 0, size)},
            )
            for n, (begun, ended, size) in enumerate(rounds, 1)
        ),
    )  # fmt: skip


def test_rounds_of_real_moves_tell_rates_and_change() -> None:
    found = history([_record("desk-db-01", ("10:00", "10:10", 60 * GIB), ("12:00", "12:01", 4 * GIB))])

    assert found.rates == (60 * GIB / 600, 4 * GIB / 60)
    assert found.changed == {"desk-db-01": 2.0 * GIB}


def test_measured_rates_make_the_spread_and_measured_change_the_last_copy() -> None:
    known = History(rates=(50e6, 60e6, 80e6, 100e6, 110e6), changed={"desk-db-01": 7.0 * GIB})
    found = estimate(candidate(disks=(100 * GIB,)), LINE, pace(programme(), None, known))

    assert found.final_bytes == 7 * GIB
    assert found.seed.p50 == pytest.approx(100 * GIB / 80e6 / 3600)
    assert found.seed.p10 < found.seed.p50 < found.seed.p90
    assert "5 measured rounds" in found.source


def test_a_server_that_hardly_writes_has_a_small_last_copy() -> None:
    found = estimate(candidate(disks=(100 * GIB,), writes=1000.0), LINE, pace(programme(), None))

    assert found.final_bytes == 3_600_000
