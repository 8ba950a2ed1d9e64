"""The mathematics below the rules, at each limit and just beyond; all numbers are worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from policies.admission import Capacity, percentage, slots
from policies.availability import Element, Link, at_least
from policies.packing import EXACT_MACHINES, Load, Room, failure_cases, misfits, place
from policies.parts import Part
from policies.recovery import Assumptions, Disruption, Estimate, in_turn, recover
from policies.verdict import Severity
from policies.waivers import LONGEST, standing
from tests.policies.builders import TODAY, waiver
from tests.policies.test_recovery import PERHAPS, READ, backup, on_hill, times, world


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize(("longer", "counts"), [(0, True), (1, False)])
def test_a_waiver_may_live_as_long_as_its_severity_allows_and_no_day_longer(severity: Severity, longer: int, counts: bool) -> None:
    created = date(2026, 11, 20)
    written = waiver(created=created.isoformat(), expires=(created + LONGEST[severity] + timedelta(days=longer)).isoformat())

    assert standing(written, severity, TODAY).counts is counts


@pytest.mark.parametrize(("created", "counts"), [("2026-11-25", True), ("2026-11-26", False)])
def test_a_waiver_counts_from_its_first_day(created: str, counts: bool) -> None:
    assert standing(waiver(created=created, expires="2026-12-01"), Severity.HIGH, TODAY).counts is counts


@pytest.mark.parametrize("host", [Capacity(9, 0), Capacity(0, 9)])
def test_one_resource_of_which_there_is_none_is_no_capacity(host: Capacity) -> None:
    with pytest.raises(ValueError, match="without capacity"):
        percentage([host], [])


@pytest.mark.parametrize(("machines", "failures"), [(4, 1), (5, 0)])
def test_slots_that_are_left_must_be_as_many_as_are_needed(machines: int, failures: int) -> None:
    """Three hosts of two slots: without one, four are left."""
    assert slots([Capacity(64, 64)] * 3, [Capacity(32, 32)] * machines).failover_capacity == failures


class TestPacking:
    @pytest.mark.parametrize(("cpus", "memory", "binding"), [(4, 8, ""), (4.001, 8, "cpu"), (4, 8.001, "memory")])
    def test_a_machine_fills_a_host_to_the_last(self, cpus: float, memory: float, binding: str) -> None:
        assert "".join(m.binding for m in misfits([Room("h", 4, 8)], [Load("m", cpus, memory)])) == binding

    def test_the_way_that_leaves_fewest_without_a_place_is_given(self) -> None:
        """46 do not fit into 35. By the least full host three machines are left over, by the tightest two."""
        rooms = [Room("h1", 99, 13), Room("h2", 99, 12), Room("h3", 99, 10)]
        loads = [Load(f"m{n}", 0, size) for n, size in enumerate((7, 3, 7, 5, 8, 9, 7))]

        assert len(misfits(rooms, loads)) == 2

    @pytest.mark.parametrize(("full", "placed"), [(0, True), (EXACT_MACHINES - 6, True), (EXACT_MACHINES - 5, False)])
    def test_all_arrangements_of_few_machines_are_tried(self, full: int, placed: bool) -> None:
        """6 + 3 + 3 and 4 + 4 + 4 fill two hosts of 12, which no order by size finds; each further machine fills a host of its own."""
        sizes = [12] * full + [6, 4, 4, 4, 3, 3]
        rooms = [Room(f"h{n}", 99, 12) for n in range(full + 2)]

        assert (not misfits(rooms, [Load(f"m{n}", 0, size) for n, size in enumerate(sizes)])) is placed

    def test_what_is_left_is_told_of_the_best_way(self) -> None:
        placed = place([Room("h", 4, 8)], [Load("m", 1, 3)])

        assert placed.hole() == (5, 3)

    def test_a_host_of_as_many_cores_and_less_memory_is_no_worse_a_failure(self) -> None:
        rooms = [Room("large", 8, 16), Room("lean", 8, 8)]

        assert [case.failed[0].name for case in failure_cases(rooms, 1)] == ["large"]


class TestRecovery:
    def software(self, members: int, failover: float, restart: float) -> float:
        machines = tuple(on_hill(f"db-{n}") for n in range(members))
        assume = replace(Assumptions(), failover_minutes=failover, restart_minutes=restart)
        found = recover(Part("db", machines), Disruption.SOFTWARE, replace(world(*machines), assumptions=assume))
        return times(found)[0]

    def test_another_member_takes_over_only_where_there_is_one_and_it_is_quicker(self) -> None:
        assert self.software(2, failover=3, restart=7) == 3
        assert self.software(2, failover=7, restart=3) == 3
        assert self.software(1, failover=3, restart=7) == 7

    def test_what_is_lacking_is_told_where_it_makes_a_difference(self) -> None:
        """Beside a member on the same site, who takes over within 5 minutes, a restart of 10 or of 60 makes none."""
        alone, other = on_hill("db-01"), on_hill("db-02")
        single = recover(Part("db", (alone,)), Disruption.HARDWARE, world(alone, restart=PERHAPS))
        double = recover(Part("db", (alone, other)), Disruption.HARDWARE, world(alone, other, restart=PERHAPS))

        assert single.lacks
        assert not double.lacks
        assert double.best == double.worst

    @pytest.mark.parametrize(("mbit", "unprepared"), [(0, 120), (1000, 0)])
    def test_a_line_of_nothing_carries_nothing(self, mbit: float, unprepared: int) -> None:
        """1 Gbit/s at four fifths, 100 MB/s, to the prepared place; without a line, at 200 MB/s beside the copy, unprepared."""
        db = replace(on_hill(), places=("cloud",))
        found = recover(Part("db", (db,)), Disruption.SITE, world(db, jobs=(backup("db-01", "dale"),), mbit=mbit))

        assert times(found)[0] == pytest.approx(30 + unprepared + 10 + (READ if unprepared else 2 * READ))

    def test_restores_are_read_one_after_another_and_the_slowest_of_all_counts(self) -> None:
        first, second = Estimate(50, 1, "first", reading=10), Estimate(60, 2, "second", reading=10)

        assert in_turn([first, second]).rto == 70
        assert in_turn([first, second, Estimate(70, 0, "slow")]).rto == 70
        assert in_turn([first, second, Estimate(71, 0, "slow")]).path == "slow"


@pytest.mark.parametrize(("needed", "chance"), [(0, 1.0), (1, 0.75), (2, 0.25), (3, 0.0)])
def test_so_many_of_two_halves(needed: int, chance: float) -> None:
    assert at_least(needed, [0.5, 0.5]) == pytest.approx(chance)
    assert Link("part", (Element("a", 0.5, "s"),), 1).available(frozenset({"s"})) == pytest.approx(0.5)
