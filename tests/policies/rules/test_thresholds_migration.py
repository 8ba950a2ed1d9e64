"""Moves, at each limit and just beyond, where a changed comparison would go unseen elsewhere. All numbers are worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from infra.estate.model import GIB, Freeze, HighAvailability, Tier
from policies.evidence import ClusterEvidence, Evidence, Unknown
from policies.examples.case import NOW
from policies.rules.migration.double_running import DOUBLE_RUNNING
from policies.rules.migration.downtime import DOWNTIME
from policies.rules.migration.move_approved import MOVE_APPROVED
from policies.rules.migration.rollback_capacity import ROLLBACK_CAPACITY
from policies.rules.migration.source_held import SOURCE_HELD
from policies.rules.security.hardened_start import HARDENED_START
from policies.verdict import Outcome
from tests.policies.builders import city, server
from tests.policies.rules.aws_town import quota
from tests.policies.rules.test_migration import AWAY, all_of, freezes, judge, landing, move, source, town

LACK = Unknown("a datum", "the reader lacks it")
EARLY, LATE = date(2026, 12, 5), date(2026, 12, 12)
PASS, FAIL, UNDETERMINED = Outcome.PASS, Outcome.FAIL, Outcome.UNDETERMINED


class TestDoubleRunning:
    """MIG-005: a cluster of three hosts of 256 GiB, one of which may fail; a quota of 100 vCPUs."""

    def to_cluster(self, *nights: date | Unknown, memory: int = 200) -> list[Outcome]:
        (general,) = city().clusters
        north = ClusterEvidence(site="north", name="general", hosts=general.hosts, ha=HighAvailability())
        names = [f"app-{n}" for n in range(len(nights))]
        moves = tuple(
            move(server=name, target_site="north", on=on, machine=server(name, site="north", memory=memory * GIB))
            for name, on in zip(names, nights, strict=True)
        )
        evidence = town(*(server(name, memory=GIB) for name in names), moves=moves, clusters=(general, north))
        return [judge(DOUBLE_RUNNING, evidence, f"move/{name}").outcome for name in names]

    def test_a_night_that_nobody_wrote_may_be_any(self) -> None:
        """Two of 200 GiB fit, three do not: whether the third comes by then is open for each of them."""
        assert self.to_cluster(EARLY, EARLY, LACK) == [UNDETERMINED] * 3

    def test_what_fits_with_all_that_may_come_by_then_passes(self) -> None:
        assert self.to_cluster(EARLY, LACK, LATE)[0] is PASS

    def test_a_machine_that_stands_in_the_cluster_counts_once(self) -> None:
        (general,) = city().clusters
        north = ClusterEvidence(site="north", name="general", hosts=general.hosts, ha=HighAvailability())
        stands = server("permits-db-01", site="north", memory=256 * GIB)
        other = server("other-01", site="north", memory=256 * GIB)
        evidence = town(source(), stands, other, moves=(move(target_site="north", machine=None, state="open"),), clusters=(general, north))

        assert judge(DOUBLE_RUNNING, evidence).outcome is PASS
        assert judge(DOUBLE_RUNNING, replace(evidence, servers=(*evidence.servers, replace(other, name="x", memory=GIB)))).outcome is FAIL

    @pytest.mark.parametrize(("used", "early", "late"), [(92.0, PASS, PASS), (94.0, PASS, FAIL), (96.0, PASS, FAIL), (96.1, FAIL, FAIL)])
    def test_a_quota_is_asked_for_what_comes_by_that_night(self, used: float, early: Outcome, late: Outcome) -> None:
        """Each machine has 4 vCPUs."""
        moves = (move(), move(server="app-02", on=LATE, machine=landing(name="app-02")))
        evidence = town(source(), server("app-02"), moves=moves, quotas=(replace(quota(), site=AWAY, used=used),))

        assert judge(DOUBLE_RUNNING, evidence).outcome is early
        assert judge(DOUBLE_RUNNING, evidence, "move/app-02").outcome is late

    @pytest.mark.parametrize(("used", "outcome"), [(96.0, PASS), (96.1, FAIL)])
    def test_a_machine_that_a_plan_shows_in_a_region_is_not_in_use_yet(self, used: float, outcome: Outcome) -> None:
        stands = town(source(), landing(), moves=(move(machine=None),), quotas=(replace(quota(used=used), site=AWAY),))

        assert judge(DOUBLE_RUNNING, stands).outcome is outcome

    @pytest.mark.parametrize("used", [96.1, 100.0])
    def test_one_that_was_seen_there_is(self, used: float) -> None:
        seen = landing(as_of=NOW, running=True)
        stands = town(source(), seen, moves=(move(machine=None),), quotas=(replace(quota(used=used), site=AWAY),))

        assert judge(DOUBLE_RUNNING, stands).outcome is PASS

    @pytest.mark.parametrize("lack", [{"used": LACK}, {"limit": LACK}])
    def test_half_a_quota_decides_nothing(self, lack: dict[str, Any]) -> None:
        assert judge(DOUBLE_RUNNING, town(quotas=(replace(quota(), site=AWAY, **lack),))).outcome is UNDETERMINED

    @pytest.mark.parametrize(("used", "outcome"), [(96.0, PASS), (96.1, FAIL)])
    def test_the_quota_of_the_types_own_code_decides_before_others_of_its_families(self, used: float, outcome: Outcome) -> None:
        quotas = (quota(0.0, code="L-OTHER", site=AWAY), replace(quota(used=used), site=AWAY))

        assert judge(DOUBLE_RUNNING, town(quotas=quotas)).outcome is outcome

    @pytest.mark.parametrize(("used", "outcome"), [(96.0, PASS), (96.1, FAIL)])
    def test_without_it_one_of_its_families_does(self, used: float, outcome: Outcome) -> None:
        quotas = (quota(0.0, code="L-GPU", families=("g",), site=AWAY), quota(used=used, code="L-OTHER", site=AWAY))

        assert judge(DOUBLE_RUNNING, town(quotas=quotas)).outcome is outcome


class TestRollback:
    """MIG-001."""

    def test_what_runs_still_holds_its_vcpus(self) -> None:
        """Nobody saw whether it runs, but it serves: the full quota has it in."""
        home = move(source_site=AWAY, target_site="downtown", machine=server("permits-db-01"))
        evidence = town(landing(), moves=(home,), quotas=(replace(quota(used=100.0), site=AWAY),))

        assert judge(ROLLBACK_CAPACITY, evidence).outcome is PASS


class TestDowntime:
    """MIG-002: 1 Gbit/s x 70 % = 87.5 MB/s; ten nights of 24 hours carry 75.6 TB."""

    @pytest.mark.parametrize(("size", "outcome"), [(75_600_000_000_000, PASS), (75_600_100_000_000, FAIL)])
    @pytest.mark.parametrize("other", [{"state": "open"}, {"state": "pending", "on": LATE}, {"state": "pending", "on": LACK}])
    def test_only_first_copies_up_to_that_night_are_before_it(self, size: int, outcome: Outcome, other: dict[str, Any]) -> None:
        mine = move(disks=size, changed_per_hour=0.0)
        another = move(server="app-02", disks=GIB, changed_per_hour=0.0, machine=landing(name="app-02"), **other)

        assert judge(DOWNTIME, town(source(), server("app-02"), moves=(mine, another))).outcome is outcome

    def test_a_first_copy_of_the_same_night_is_before_it_by_name(self) -> None:
        mine = move(disks=75_600_000_000_000, changed_per_hour=0.0)
        first = move(server="app-02", disks=GIB, changed_per_hour=0.0, machine=landing(name="app-02"))

        assert judge(DOWNTIME, town(source(), server("app-02"), moves=(mine, first))).outcome is FAIL


class TestSourceHeld:
    """MIG-003: seven days for bronze, fourteen where the tier is not known."""

    @pytest.mark.parametrize(("days", "outcome"), [(7, PASS), (6, FAIL)])
    def test_the_machine_to_come_tells_the_tier_where_the_source_is_not_shown(self, days: int, outcome: Outcome) -> None:
        evidence = town(server("other-01"), moves=(move(hold_days=days),))
        bronze = replace(evidence.services["permits"], tier=Tier.BRONZE)

        assert judge(SOURCE_HELD, replace(evidence, services={"permits": bronze})).outcome is outcome

    @pytest.mark.parametrize(("days", "outcome"), [(14, PASS), (13, FAIL)])
    def test_without_any_the_longest_counts(self, days: int, outcome: Outcome) -> None:
        assert judge(SOURCE_HELD, town(server("other-01"), moves=(move(hold_days=days, machine=None),))).outcome is outcome


class TestApproval:
    """MIG-006: the night is 5 December."""

    @staticmethod
    def judged(evidence: Evidence, begins: date, ends: date, *services: str) -> Outcome:
        freeze = Freeze(begins=begins, ends=ends, reason="year-end accounts", services=services)
        return judge(MOVE_APPROVED, freezes(evidence, freeze)).outcome

    @pytest.mark.parametrize(
        ("begins", "ends", "outcome"),
        [((2026, 12, 5), (2026, 12, 9), FAIL), ((2026, 12, 6), (2026, 12, 9), PASS), ((2026, 12, 1), (2026, 12, 4), PASS)],
    )
    def test_first_and_last_day_of_a_freeze_belong_to_it(self, begins: tuple[int, int, int], ends: Any, outcome: Outcome) -> None:
        assert self.judged(town(), date(*begins), date(*ends)) is outcome

    def test_the_machine_to_come_tells_the_service_where_the_source_is_not_shown(self) -> None:
        assert self.judged(town(server("other-01")), EARLY, EARLY, "permits") is FAIL
        assert self.judged(town(server("other-01")), EARLY, EARLY, "water") is PASS

    def test_a_service_that_nobody_knows_matters_on_the_night_of_a_freeze_only(self) -> None:
        unknown = town(server("other-01"), moves=(move(machine=None),))

        assert self.judged(unknown, EARLY, EARLY, "permits") is UNDETERMINED
        assert self.judged(unknown, LATE, LATE, "permits") is PASS


@pytest.mark.parametrize("machine", [server("a-01", held=True), server("a-01", service="", as_of=NOW)])
def test_how_held_and_strange_machines_start_is_not_judged(machine: Any) -> None:
    (only,) = all_of(HARDENED_START, city(servers=(machine,)))

    assert only.outcome is Outcome.NOT_APPLICABLE
