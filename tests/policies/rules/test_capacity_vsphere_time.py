"""Capacity in time: the night of a move, how long it lasts, space, the age of what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from infra.estate.model import GIB
from policies.evidence import MoveEvidence, PromiseEvidence, SeenMachine, ServerEvidence, SnapshotEvidence, Unknown, ZoneEvidence
from policies.rule import Scalar
from policies.rules.capacity.datastore_space import DATASTORE_SPACE
from policies.rules.capacity.move_date_demand import MOVE_DATE_DEMAND
from policies.rules.capacity.snapshot_age import SNAPSHOT_AGE
from policies.rules.capacity.time_remaining import TIME_REMAINING
from policies.verdict import Outcome, Severity, Verdict
from tests.policies.builders import TODAY, city, server
from tests.policies.rules.vsphere_town import FAIL, NONE, NOW, PASS, UNDETERMINED, cluster, projection, promise, town, used, verdict


def move(on: date | Unknown = TODAY + timedelta(days=50), **changes: object) -> MoveEvidence:
    made = server("mover-01", cpus=4, memory=32 * GIB)
    plain = MoveEvidence(
        server="mover-01", source_site="aws-east", target_site="downtown", state="pending", on=on, window_minutes=60, machine=made
    )
    return replace(plain, **changes)


class TestMoveDateDemand:
    """CAP-004: of 499,200 MHz in three hosts, two are left: 166,400 less a tenth is 149,760 MHz; 512 GiB give 460.8."""

    SOURCE = server("mover-01", site="aws-east", kind="aws", cluster="", usage=used(4_760, 32 * GIB))
    MEMORY = projection("cluster/downtown/general", "memory", [0.0] * 5)

    def judged(self, level: Sequence[float], *moves: MoveEvidence, **changes: object) -> Verdict:
        forecasts = (projection("cluster/downtown/general", "cpu", level), self.MEMORY)
        return verdict(MOVE_DATE_DEMAND, town(self.SOURCE, moves=moves or (move(),), forecasts=forecasts, **changes))

    @pytest.mark.parametrize(("mhz", "outcome"), [(145_000, PASS), (145_001, FAIL)])
    def test_what_is_projected_and_what_comes_is_within_the_usable(self, mhz: float, outcome: Outcome) -> None:
        assert self.judged([mhz] * 5).outcome is outcome

    @pytest.mark.parametrize(("days", "outcome"), [(50, PASS), (51, FAIL)])
    def test_the_level_is_that_of_the_night(self, days: int, outcome: Outcome) -> None:
        rising = [140_000.0, 150_000.0, 160_000.0, 170_000.0, 180_000.0]  # 100 MHz a day

        assert self.judged(rising, move(TODAY + timedelta(days=days))).outcome is outcome

    def test_a_move_of_an_earlier_night_counts_and_one_of_a_later_does_not(self) -> None:
        other = server("other-01", cpus=1, usage=used(1_000))

        def another(days: int) -> MoveEvidence:
            return move(TODAY + timedelta(days=days), server="other-01", machine=other)

        assert self.judged([144_500] * 5, move(), another(51)).outcome is PASS
        assert self.judged([144_500] * 5, move(), another(50)).outcome is FAIL

    def test_a_promise_that_is_a_move_counts_from_its_night_only_and_another_at_once(self) -> None:
        assert self.judged([145_000] * 5, promises=(promise("mover-01", cpus=4),)).outcome is PASS
        assert self.judged([145_000] * 5, promises=(promise("other-01", cpus=1),)).outcome is FAIL

    def test_an_unknown_night_is_bounded_by_the_whole_projection(self) -> None:
        lack = Unknown("date of the move of mover-01", "nobody wrote it")
        found = [self.judged(levels, move(lack)) for levels in ([145_000] * 5, [149_761] * 5, [100_000, 200_000])]

        assert [v.outcome for v in found] == [PASS, FAIL, UNDETERMINED]
        assert found[-1].missing == (str(lack),)

    def test_beyond_the_projection_and_without_one_nothing_is_known(self) -> None:
        far = self.judged([1.0] * 5, move(TODAY + timedelta(days=401)))
        none = verdict(MOVE_DATE_DEMAND, town(self.SOURCE, moves=(move(),)))

        assert (far.outcome, none.outcome) == (UNDETERMINED, UNDETERMINED)
        assert "incline capacity snapshot" in none.missing[0]

    def test_the_source_is_judged_too_while_both_run(self) -> None:
        leaving = move(source_site="downtown", target_site="aws-east", machine=None, server="mover-02")
        here = server("mover-02", as_of=NOW, usage=used(1.0))
        forecasts = (projection("cluster/downtown/general", "cpu", [150_000] * 5), self.MEMORY)

        assert verdict(MOVE_DATE_DEMAND, town(here, moves=(leaving,), forecasts=forecasts)).outcome is FAIL

    def test_a_move_that_is_over_or_between_clouds_is_not_judged(self) -> None:
        there = server("mover-01", as_of=NOW)
        elsewhere = move(source_site="aws-west", target_site="aws-east", machine=None)

        assert verdict(MOVE_DATE_DEMAND, town(there, moves=(move(machine=None),))).outcome is NONE
        assert verdict(MOVE_DATE_DEMAND, town(moves=(elsewhere,))).outcome is NONE


class TestTimeRemaining:
    """CAP-005."""

    def judged(self, cpu: Sequence[float], memory: Sequence[float] = (0.0,) * 5, **parameters: Scalar) -> Verdict:
        target = "cluster/downtown/general"
        forecasts = (projection(target, "cpu", cpu), projection(target, "memory", memory))
        return verdict(TIME_REMAINING, town(forecasts=forecasts), target, **parameters)

    @pytest.mark.parametrize(("crossing", "outcome"), [(89.5, PASS), (88.5, FAIL)])
    def test_ninety_days_are_enough_and_eighty_nine_are_not(self, crossing: float, outcome: Outcome) -> None:
        # The first whole day over 149,760 MHz is the one after the crossing: day 90, or 89.
        assert self.judged([0.0, 149_760 * 100 / crossing]).outcome is outcome

    def test_the_worst_resource_counts_and_is_named(self) -> None:
        judged = self.judged([0.0] * 5, [0.0, 1000 * GIB, 1000 * GIB])

        assert judged.outcome is FAIL
        assert "memory lasts 47 days more" in judged.message  # 100 x 460.8 / 1000 is 46.08

    def test_what_is_over_already_lasts_no_day(self) -> None:
        assert "CPU lasts 0 days more" in self.judged([149_761.0] * 5).message

    def test_a_projection_that_ends_before_the_lead_time_decides_nothing(self) -> None:
        assert self.judged([0.0]).outcome is UNDETERMINED
        assert self.judged([0.0], lead_time_days=0).outcome is PASS

    def test_one_unmeasured_resource_does_not_hide_a_certain_failure(self) -> None:
        short = (projection("cluster/downtown/general", "cpu", [200_000.0] * 5),)
        fine = (projection("cluster/downtown/general", "cpu", [0.0] * 5),)

        assert verdict(TIME_REMAINING, town(forecasts=short)).outcome is FAIL
        assert verdict(TIME_REMAINING, town(forecasts=fine)).outcome is UNDETERMINED

    def test_space_of_a_datastore_counts_to_eighty_per_cent(self) -> None:
        store = "datastore/downtown/general-01"
        levels = {outcome: projection(store, "space", [gib * GIB] * 5) for gib, outcome in ((800, PASS), (801, FAIL))}

        for outcome, found in levels.items():
            assert verdict(TIME_REMAINING, town(forecasts=(found,)), store).outcome is outcome


class TestDatastoreSpace:
    """CAP-006: 1,000 GiB."""

    def judged(self, *servers: ServerEvidence, space: int | None = None, promises: tuple[PromiseEvidence, ...] = ()) -> Verdict:
        store = city().datastores[0]
        seen = replace(store, used=space * GIB, as_of=NOW) if space is not None else store
        return verdict(DATASTORE_SPACE, town(*servers, datastores=(seen,), promises=promises))

    @pytest.mark.parametrize(
        ("space", "outcome", "severity"),
        [(800, PASS, Severity.HIGH), (801, FAIL, Severity.MEDIUM), (900, FAIL, Severity.MEDIUM), (901, FAIL, Severity.HIGH)],
    )
    def test_eighty_per_cent_warn_and_ninety_block(self, space: int, outcome: Outcome, severity: Severity) -> None:
        judged = self.judged(space=space)

        assert (judged.outcome, judged.severity) == (outcome, severity)

    def test_a_planned_machine_adds_disks_swap_and_snapshots_and_a_seen_one_nothing(self) -> None:
        planned = server("new", disks=(100 * GIB,), memory=40 * GIB, memory_reservation=10 * GIB)

        assert self.judged(planned, space=660).outcome is PASS  # 660 + 100 + 30 + 10
        assert self.judged(planned, space=661).outcome is FAIL
        assert self.judged(replace(planned, as_of=NOW), space=661).outcome is PASS

    @pytest.mark.parametrize(
        ("was", "space", "outcome"),
        [
            (SeenMachine(memory=20 * GIB, disks=40 * GIB, datastore="general-01"), 714, PASS),  # 60 of disk, 6 for snapshots, 20 of swap
            (SeenMachine(memory=20 * GIB, disks=40 * GIB, datastore="general-01"), 715, FAIL),
            (SeenMachine(memory=80 * GIB, disks=400 * GIB, datastore="general-01"), 800, PASS),  # what gets smaller frees nothing yet
            (SeenMachine(memory=40 * GIB, disks=100 * GIB, datastore="general-02"), 650, PASS),  # all of it comes: 100 + 10 + 40
            (SeenMachine(memory=40 * GIB, disks=100 * GIB, datastore="general-02"), 651, FAIL),
        ],
    )
    def test_what_a_seen_machine_grows_by_or_brings_along_is_planned(self, was: SeenMachine, space: int, outcome: Outcome) -> None:
        machine = server("db-01", disks=(100 * GIB,), memory=40 * GIB, as_of=NOW, seen=was)

        assert self.judged(machine, space=space).outcome is outcome

    def test_a_promise_adds_its_disk_and_swap_once(self) -> None:
        promised = promise("new", memory=20 * GIB, disk=80 * GIB)

        assert self.judged(space=700, promises=(promised,)).outcome is PASS
        assert self.judged(space=701, promises=(promised,)).outcome is FAIL
        assert self.judged(server("new", as_of=NOW), space=701, promises=(promised,)).outcome is PASS

    @pytest.mark.parametrize(("disk", "outcome"), [(1780, PASS), (1781, FAIL)])
    def test_twice_the_capacity_may_be_promised(self, disk: int, outcome: Outcome) -> None:
        # 1,780 + 178 for snapshots + 42 of swap = 2,000
        assert self.judged(server("a", disks=(disk * GIB,), memory=42 * GIB, as_of=NOW), space=100).outcome is outcome

    @pytest.mark.parametrize(("disk", "outcome"), [(690, PASS), (720, UNDETERMINED)])
    def test_unknown_use_is_bounded_by_all_that_is_provisioned(self, disk: int, outcome: Outcome) -> None:
        assert self.judged(server("a", disks=(disk * GIB,), memory=32 * GIB)).outcome is outcome

    def test_an_unknown_disk_is_undetermined_and_hides_no_certain_failure(self) -> None:
        lack = Unknown("size of a disk", "computed")

        assert self.judged(server("a", disks=(lack,))).outcome is UNDETERMINED
        assert self.judged(server("a", disks=(lack,)), space=901).outcome is FAIL
        assert self.judged(server("a", disks=(lack, 3000 * GIB))).outcome is FAIL

    def test_a_datastore_without_capacity_raises_nothing(self) -> None:
        empty = replace(city().datastores[0], capacity=0, used=0)

        assert verdict(DATASTORE_SPACE, town(server("a"), datastores=(empty,))).outcome is FAIL


class TestSnapshotAge:
    """CAP-018."""

    def judged(self, hours: float, site: str = "downtown", **changes: object) -> Verdict:
        taken = NOW - timedelta(hours=hours)
        told = SnapshotEvidence(taken_at=taken, sites=("downtown",), source="capacity.json")
        evidence = town(on=cluster(as_of=taken), snapshot=told, now=NOW, **changes)
        return verdict(SNAPSHOT_AGE, evidence, f"site/{site}")

    @pytest.mark.parametrize(
        ("hours", "outcome", "severity"),
        [
            (23.99, PASS, Severity.CRITICAL),
            (24, FAIL, Severity.MEDIUM),
            (72, FAIL, Severity.MEDIUM),
            (72.01, FAIL, Severity.CRITICAL),
            (-12, PASS, Severity.CRITICAL),
            (-25, UNDETERMINED, Severity.CRITICAL),
        ],
    )
    def test_a_day_is_fresh_and_three_are_too_old(self, hours: float, outcome: Outcome, severity: Severity) -> None:
        judged = self.judged(hours)

        assert (judged.outcome, judged.severity) == (outcome, severity)

    def test_every_site_and_every_cluster_must_be_in_it(self) -> None:
        zone = ZoneEvidence(site="aws-east", name="us-east-1a", offers=frozenset())
        told = SnapshotEvidence(taken_at=NOW, sites=("downtown",), source="capacity.json")
        half = city(clusters=(cluster(as_of=NOW), cluster(name="data")), snapshot=told, now=NOW)

        assert "does not cover it" in self.judged(1, "aws-east", zones=(zone,)).message
        assert "does not show cluster/downtown/data" in verdict(SNAPSHOT_AGE, half).message

    def test_a_site_that_a_look_did_not_reach_is_not_said_to_lack_a_file(self) -> None:
        look = SnapshotEvidence(taken_at=NOW, sites=("aws-east",), source="live")
        unreached = verdict(SNAPSHOT_AGE, city(clusters=(cluster(),), snapshot=look, now=NOW))

        assert unreached.outcome is Outcome.FAIL
        assert "could not be looked at" in unreached.message
        assert "snapshot" not in unreached.message

    def test_without_a_snapshot_each_site_is_undetermined_and_the_command_is_named(self) -> None:
        judged = verdict(SNAPSHOT_AGE, town())

        assert judged.outcome is UNDETERMINED
        assert "incline capacity snapshot" in judged.missing[0]
