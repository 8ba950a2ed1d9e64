"""The defaults of parameters, from both sides: what the rules answer with the value that their pages state."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from infra.estate.model import GIB, HighAvailability, Tier
from policies.evidence import ClusterEvidence, DatabaseEvidence, Evidence
from policies.recovery import Assumptions
from policies.rules.capacity.admission_control import ADMISSION_CONTROL
from policies.rules.capacity.right_size import RIGHT_SIZE
from policies.rules.migration.double_running import DOUBLE_RUNNING
from policies.rules.migration.downtime import DOWNTIME
from policies.rules.migration.guest_support import GUEST_SUPPORT
from policies.rules.migration.rollback_capacity import ROLLBACK_CAPACITY
from policies.rules.migration.source_held import SOURCE_HELD
from policies.rules.reliability.recovery_objectives import RECOVERY_OBJECTIVES
from policies.verdict import Outcome
from tests.policies.builders import city, server
from tests.policies.rules import vsphere_town as hall
from tests.policies.rules.test_migration import AWAY, LINK, judge, landing, move, source, town
from tests.policies.rules.test_reliability import instance, only, service
from tests.policies.rules.test_reliability import town as services_town

PASS, FAIL = Outcome.PASS, Outcome.FAIL


def test_recovery_is_estimated_with_the_numbers_that_its_tests_work_out_by_hand() -> None:
    """The tests of `policies.recovery` hold the model to these numbers."""
    defaults = {name: parameter.default for name, parameter in RECOVERY_OBJECTIVES.parameters.items()}

    assert defaults.pop("disaster_promise") == "service"
    assert defaults == asdict(Assumptions())
    assert list(defaults.values()) == [5, 5, 30, 5, 10, 60, 30, 10, 120, 200, 0.8]


@pytest.mark.parametrize(("cpus", "outcome"), [(128, PASS), (129, FAIL)])
def test_four_vcpus_a_core_for_rollback_and_double_running(cpus: int, outcome: Outcome) -> None:
    """A host has 32 cores."""
    (general,) = city().clusters
    north = ClusterEvidence(site="north", name="general", hosts=general.hosts, ha=HighAvailability())
    comes = server("permits-db-01", site="north", cpus=cpus)
    both = town(source(), moves=(move(target_site="north", machine=comes),), clusters=(general, north))

    assert judge(ROLLBACK_CAPACITY, town(source(cpus=cpus))).outcome is outcome
    assert judge(DOUBLE_RUNNING, both).outcome is outcome


@pytest.mark.parametrize(("days", "outcome"), [(14, PASS), (13, FAIL)])
def test_the_source_of_a_silver_service_is_held_two_weeks(days: int, outcome: Outcome) -> None:
    evidence = town(source(), moves=(move(hold_days=days),))
    silver = replace(evidence.services["permits"], tier=Tier.SILVER)

    assert judge(SOURCE_HELD, replace(evidence, services={"permits": silver})).outcome is outcome


@pytest.mark.parametrize(("cards", "outcome"), [(10, PASS), (11, FAIL)])
def test_a_virtual_machine_takes_ten_network_cards(cards: int, outcome: Outcome) -> None:
    comes = server("permits-db-01", os="debian-12", networks=tuple(f"n{n}" for n in range(cards)))
    home = move(source_site=AWAY, target_site="downtown", machine=comes)

    assert judge(GUEST_SUPPORT, town(landing(drift=()), moves=(home,))).outcome is outcome


@pytest.mark.parametrize(("changed", "outcome"), [(64 * 512 * 1024 * 60, PASS), (64 * 512 * 1024 * 60 + 10_000_000, FAIL)])
def test_64_blocks_are_in_flight(changed: int, outcome: Outcome) -> None:
    """Over a second of latency, 64 blocks of 512 KiB a second: what changes in an hour takes a minute; 3 + 1 + 10 + 15 = 29 minutes."""
    slow = replace(LINK, latency_ms=1000.0)
    evidence = town(moves=(move(changed_per_hour=float(changed), window_minutes=29, disks=GIB),), links=(slow,))

    assert judge(DOWNTIME, evidence).outcome is outcome


@pytest.mark.parametrize(("machines", "outcome"), [(5226, PASS), (5227, FAIL)])
def test_a_machine_without_a_reservation_requires_32_mhz(machines: int, outcome: Outcome) -> None:
    """33 % of 249,600 MHz must stay free: 167,232 may be required, which is 5,226 times 32."""
    listed = tuple(server(f"m-{n}", memory=0) for n in range(machines))

    assert hall.verdict(ADMISSION_CONTROL, hall.town(*listed)).outcome is outcome


class TestAvailability:
    """REL-005: on AWS, where the region is up for 99.99 %."""

    @staticmethod
    def promising(percent: float, *databases: DatabaseEvidence) -> Evidence:
        machines = () if databases else (instance("app-1"),)
        services = {"app": service(availability_percent=percent)}
        return services_town(*machines, services=services, databases=databases)

    @pytest.mark.parametrize(("percent", "outcome"), [(99.89, PASS), (99.9, FAIL)])
    def test_an_instance(self, percent: float, outcome: Outcome) -> None:
        """Restarted by nobody, 99.4; by EC2, 99.9 x 99.99 = 99.890."""
        recovered = instance("app-1")
        settings = replace(recovered.instance, auto_recovery=True) if recovered.instance else None
        evidence = replace(self.promising(percent), servers=(replace(recovered, instance=settings),))

        assert only("REL-005", evidence).outcome is outcome

    @pytest.mark.parametrize(
        ("multi_az", "percent", "outcome"),
        [(False, 99.49, PASS), (False, 99.5, FAIL), (True, 99.94, PASS), (True, 99.95, FAIL)],  # 99.490 and 99.940
    )
    def test_a_managed_database(self, multi_az: bool, percent: float, outcome: Outcome) -> None:
        database = DatabaseEvidence(
            site="cloud",
            name="d",
            service="app",
            multi_az=multi_az,
            deletion_protection=True,
            retention_days=7,
            public=False,
            encrypted=True,
        )

        assert only("REL-005", self.promising(percent, database)).outcome is outcome


def test_a_proposed_type_has_a_quarter_of_room() -> None:
    assert RIGHT_SIZE.parameters["headroom_percent"].default == 25
