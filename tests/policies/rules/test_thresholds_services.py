"""Reliability and security, at each limit and just beyond, where a changed comparison would go unseen elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infra.estate.model import GIB
from policies.evidence import (
    DatabaseEvidence,
    Evidence,
    InstanceSettings,
    MoveEvidence,
    PortEvidence,
    SnapshotEvidence,
    Unknown,
    VsphereSettings,
)
from policies.examples.case import NOW
from policies.rules.migration.guest_support import GUEST_SUPPORT
from policies.rules.reliability.dependencies_reachable import DEPENDENCIES_REACHABLE
from policies.rules.security.admin_ports import ADMIN_PORTS
from policies.rules.security.exposure import EXPOSURE
from policies.verdict import Outcome, Verdict
from tests.policies.builders import city
from tests.policies.deciding_entries import town as example_town
from tests.policies.rules.test_migration import AWAY, all_of, held, judge, landing, move, on_trial, source
from tests.policies.rules.test_migration import town as moving_town
from tests.policies.rules.test_reliability import judge as judged_of
from tests.policies.rules.test_reliability import link, machine, only, service, town
from tests.policies.rules.test_security import DB, offering, port, with_parameters

LACK = Unknown("a datum", "the reader lacks it")
PASS, FAIL, UNDETERMINED = Outcome.PASS, Outcome.FAIL, Outcome.UNDETERMINED


class TestPaths:
    """REL-009: two independent paths."""

    SPREAD = (machine("app-1", site="hill"), machine("app-2", site="dale"))

    @pytest.mark.parametrize(
        ("links", "outcome"),
        [
            ((link("hill", "dale", 2),), PASS),
            ((link("hill", "dale", 1),), FAIL),
            ((link("hill", "cloud"), link("cloud", "dale")), UNDETERMINED),  # perhaps by way of the cloud
            ((link("hill", "cloud"),), FAIL),  # the cloud leads no further
            ((link("cloud", "dale"),), FAIL),
            ((), FAIL),
        ],
    )
    def test_a_way_over_a_third_site_needs_both_halves(self, links: tuple[Any, ...], outcome: Outcome) -> None:
        assert only("REL-009", town(*self.SPREAD, links=links)).outcome is outcome

    @pytest.mark.parametrize(("managed", "outcomes"), [(True, {PASS}), (False, {PASS, UNDETERMINED})])
    def test_a_need_that_a_managed_database_serves_lacks_no_machine(self, managed: bool, outcomes: set[Outcome]) -> None:
        database = DatabaseEvidence(
            site="cloud",
            name="d",
            service="data",
            multi_az=True,
            deletion_protection=True,
            retention_days=7,
            public=False,
            encrypted=True,
        )
        services = {"app": service(depends_on=("data",)), "data": service("data")}
        evidence = town(*self.SPREAD, services=services, databases=(database,) if managed else ())

        assert {v.outcome for v in judged_of("REL-009", evidence)} == outcomes


class TestDependencies:
    """REL-011: the directory stands on the hill, in the dale and in the cloud."""

    @staticmethod
    def judged(name: str, evidence: Evidence) -> Verdict:
        moves = (MoveEvidence(server=name, source_site="hill", target_site="cloud", state="pending", on=LACK, window_minutes=LACK),)
        (verdict,) = judged_of(DEPENDENCIES_REACHABLE, replace(evidence, moves=moves))
        return verdict

    def test_a_directory_server_that_moves_is_missed_where_it_stood(self) -> None:
        moved = self.judged("identity-dc-01", example_town())

        assert moved.outcome is FAIL
        assert "runs at hill" in moved.message

    def test_another_one_at_its_side_is_enough(self) -> None:
        twin = next(s for s in example_town().servers if s.name == "identity-dc-01")
        evidence = replace(example_town(), servers=(*example_town().servers, replace(twin, name="identity-dc-09")))

        assert self.judged("identity-dc-01", evidence).outcome is PASS

    def test_what_moves_and_is_none_of_the_directory_is_missed_nowhere(self) -> None:
        assert self.judged("records-db-01", example_town()).outcome is PASS

    def test_a_role_that_is_none_of_a_directory_may_stay_on_one_side(self) -> None:
        twin = next(s for s in example_town().servers if s.name == "identity-dc-01")
        evidence = replace(example_town(), servers=(*example_town().servers, replace(twin, name="printer-01", role="printing")))

        assert self.judged("records-db-01", evidence).outcome is PASS


class TestAdminPorts:
    """SEC-001: private ranges of /8 or narrower, public ones of /24 or narrower."""

    @staticmethod
    def judged(seen: PortEvidence, *declared: PortEvidence) -> Outcome:
        (verdict,) = all_of(ADMIN_PORTS, replace(city(), ports=declared, seen_ports=(seen,)))
        return verdict.outcome

    def test_a_wide_opening_that_nobody_declares_is_open(self) -> None:
        assert self.judged(port("0.0.0.0/0")) is UNDETERMINED

    def test_a_narrow_one_is_not(self) -> None:
        assert self.judged(port("10.1.0.0/16"), port("10.2.0.0/16")) is PASS

    def test_one_that_is_declared_is_judged_as_declared(self) -> None:
        assert self.judged(port("10.1.0.0/16"), port("10.1.0.0/16")) is PASS
        assert self.judged(port("0.0.0.0/0"), port("0.0.0.0/0")) is FAIL

    def test_one_that_touches_no_port_of_administration_says_nothing(self) -> None:
        assert self.judged(port("0.0.0.0/0", 443)) is Outcome.NOT_APPLICABLE

    @pytest.mark.parametrize(
        ("cidr", "shortest", "outcome"),
        [
            ("10.0.0.0/16", 16, PASS),
            ("10.0.0.0/15", 16, FAIL),
            ("fd00::/8", 16, PASS),  # private IPv6 is as wide as its owner likes
            ("fe80::/10", 16, PASS),
        ],
    )
    def test_private_ranges(self, cidr: str, shortest: int, outcome: Outcome) -> None:
        evidence = with_parameters(offering(port(cidr)), "SEC-001", shortest_prefix=shortest)
        (verdict,) = [v for v in all_of(ADMIN_PORTS, evidence) if v.target == DB]

        assert verdict.outcome is outcome


class TestGuestSupport:
    """MIG-004: p4d.24xlarge starts legacy BIOS only."""

    @pytest.mark.parametrize(("firmware", "outcome"), [("bios", PASS), ("efi", FAIL)])
    def test_the_type_must_start_the_firmware(self, firmware: str, outcome: Outcome) -> None:
        machine_to_be = landing(firmware=firmware, instance=InstanceSettings(instance_type="p4d.24xlarge"))
        leaving = source(firmware=firmware, vsphere=VsphereSettings(firmware=firmware))

        assert judge(GUEST_SUPPORT, moving_town(leaving, moves=(move(machine=machine_to_be),))).outcome is outcome

    @pytest.mark.parametrize(("firmware", "gibibytes", "outcome"), [("bios", 2048, PASS), ("bios", 2049, FAIL), ("efi", 2049, PASS)])
    def test_a_disk_that_a_bios_boots_from(self, firmware: str, gibibytes: int, outcome: Outcome) -> None:
        machine_to_be = landing(firmware=firmware, disks=(gibibytes * GIB,))

        assert judge(GUEST_SUPPORT, moving_town(source(), moves=(move(machine=machine_to_be),))).outcome is outcome


class TestExposure:
    """SEC-006: port 443 is open to everybody before and after."""

    @pytest.mark.parametrize(("before", "after", "outcome"), [(True, True, PASS), (False, True, FAIL), (False, False, PASS)])
    def test_a_public_address_is_new_where_there_was_none(self, before: bool, after: bool, outcome: Outcome) -> None:
        """From one region to another."""
        everybody = port("0.0.0.0/0", 443)
        leaves = held(site="aws-west", kind="aws", vsphere=None, instance=InstanceSettings(public_address=before))
        comes = landing(as_of=NOW, instance=InstanceSettings(instance_type="m5a.xlarge", public_address=after))
        evidence = moving_town(leaves, comes, moves=(on_trial(source_site="aws-west"),), ports=(everybody,))
        seen = replace(everybody, site=AWAY, as_of=NOW)

        assert judge(EXPOSURE, replace(evidence, seen_ports=(seen,))).outcome is outcome

    def test_on_trial_in_a_data_centre_the_declaration_stands(self) -> None:
        narrow = port("10.20.0.0/16", 5432)
        trial = on_trial(source_site=AWAY, target_site="downtown")
        leaves = landing(held=True, running=False, as_of=NOW)

        assert judge(EXPOSURE, moving_town(leaves, source(as_of=NOW), moves=(trial,), ports=(narrow,))).outcome is PASS
        assert judge(EXPOSURE, moving_town(leaves, moves=(trial,), ports=(narrow,))).outcome is UNDETERMINED


@pytest.mark.parametrize(
    ("site", "part", "outcome"),
    [
        ("cloud", "databases", UNDETERMINED),
        ("cloud", "quotas", Outcome.NOT_APPLICABLE),
        ("elsewhere", "databases", Outcome.NOT_APPLICABLE),
    ],
)
def test_a_region_whose_databases_could_not_be_read_is_open(site: str, part: str, outcome: Outcome) -> None:
    """REL-008."""
    snapshot = SnapshotEvidence(taken_at=NOW, sites=("cloud",), source="s", unread=((site, part, "access denied"),))

    assert only("REL-008", town(snapshot=snapshot)).outcome is outcome
