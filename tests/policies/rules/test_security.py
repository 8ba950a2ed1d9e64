"""Security and tagging rules: both sides of every threshold, bounds with unknowns, and what must never turn."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.estate.model import Estate
from infra.tags import required_tags
from policies.controls import CONTROLS
from policies.evidence import (
    DatabaseEvidence,
    Evidence,
    InstanceSettings,
    LinkEvidence,
    PortEvidence,
    ServerEvidence,
    ServiceEvidence,
    Unknown,
    VolumeEvidence,
    VsphereSettings,
)
from policies.examples.case import NOW, Case
from policies.examples.ground import ESTATE
from policies.examples.security import CASES
from policies.readers.estate import read_estate
from policies.rule import Parameters, Rule
from policies.rules import RULES
from policies.rules.migration import MIGRATION
from policies.rules.security import SECURITY
from policies.rules.security.admin_ports import ADMIN_PORTS
from policies.rules.security.encryption import ENCRYPTION
from policies.rules.security.exposure import EXPOSURE
from policies.rules.security.hardened_start import HARDENED_START
from policies.rules.security.machine_settings import MACHINE_SETTINGS
from policies.rules.security.public_addresses import PUBLIC_ADDRESSES
from policies.rules.tagging import TAGGING
from policies.rules.tagging.required_tags import REQUIRED_TAGS, promises
from policies.verdict import Outcome, Severity, Verdict
from tests.policies.builders import TAGS, city, server
from tests.policies.rules.aws_town import instance
from tests.policies.rules.test_migration import AWAY, SINCE, held, landing, move, on_trial, source, town

LACK = Unknown("a datum", "the reader lacks it")
DB = "server/permits-db-01"
BY_ID = {rule.id: rule for rule in RULES}
HARD = VsphereSettings(
    firmware="efi",
    secure_boot=True,
    hardware_version=19,
    encrypted=True,
    vmotion_encryption="required",
    logging=True,
    nonpersistent_disks=(),
    devices=(),
)


def all_of(rule: Rule, evidence: Evidence) -> list[Verdict]:
    return list(rule.check(rule, evidence, Parameters(rule, evidence.standards.rules.get(rule.id, {}))))


def judge(rule: Rule, evidence: Evidence, target: str = DB) -> Verdict:
    (found,) = [v for v in all_of(rule, evidence) if v.target == target]
    return found


def with_parameters(evidence: Evidence, rule: str, **values: Any) -> Evidence:
    return replace(evidence, standards=evidence.standards.model_copy(update={"rules": {rule: values}}))


def port(cidr: str | Unknown, first: int | Unknown = 22, last: int | Unknown | None = None, **changes: Any) -> PortEvidence:
    plain = PortEvidence(target=DB, first=first, last=first if last is None else last, protocol="tcp", cidr=cidr, server="permits-db-01")
    return replace(plain, **changes)


def offering(*ports: PortEvidence) -> Evidence:
    return city(ports=ports)


def virtual(**changes: Any) -> Evidence:
    return city(servers=(server("permits-db-01", vsphere=replace(HARD, **changes)),))


def cloud(**changes: Any) -> Evidence:
    return city(servers=(instance("permits-db-01", service="permits", instance=InstanceSettings(**changes)),))


@pytest.mark.parametrize("case", CASES, ids=[f"{c.rule}-{c.outcome}-{i}" for i, c in enumerate(CASES)])
def test_examples_hold(case: Case) -> None:
    judged = judge(BY_ID[case.rule], case.evidence(), case.target)

    assert judged.outcome is case.outcome
    assert bool(judged.missing) == (case.outcome is Outcome.UNDETERMINED)


def test_controls_are_all_published() -> None:
    assert {c for rule in (*SECURITY, *TAGGING, *MIGRATION) for c in rule.controls} <= set(CONTROLS)


class TestAdminPorts:
    """SEC-001: private ranges of /8 or narrower, public ones of /24 or narrower (/48 with IPv6)."""

    @pytest.mark.parametrize(
        ("cidr", "outcome"),
        [
            ("10.0.0.0/8", Outcome.PASS),
            ("172.16.0.0/12", Outcome.PASS),
            ("0.0.0.0/0", Outcome.FAIL),
            ("0.0.0.0/1", Outcome.FAIL),
            ("8.0.0.0/7", Outcome.FAIL),
            ("203.0.113.0/24", Outcome.PASS),
            ("203.0.112.0/23", Outcome.FAIL),
            ("203.0.113.7/32", Outcome.PASS),
            ("::/0", Outcome.FAIL),
            ("0::0/0", Outcome.FAIL),
            ("2000::/3", Outcome.FAIL),
            ("2001:db8:1::/48", Outcome.PASS),
            ("2001:db8::/47", Outcome.FAIL),
            ("fd00::/8", Outcome.PASS),
            ("not a range", Outcome.FAIL),
        ],
    )
    def test_ranges(self, cidr: str, outcome: Outcome) -> None:
        assert judge(ADMIN_PORTS, offering(port(cidr))).outcome is outcome

    @pytest.mark.parametrize(
        ("changes", "touched"),
        [
            ({"first": 22, "last": 22}, True),
            ({"first": 20, "last": 21}, False),
            ({"first": 23, "last": 3388}, False),
            ({"first": 23, "last": 3389}, True),
            ({"first": 0, "last": 65535}, True),
            ({"first": 0, "last": 0, "protocol": "-1"}, True),
            ({"first": 0, "last": 0, "protocol": "all"}, True),
            ({"first": 22, "last": 22, "protocol": "icmp"}, False),
            ({"first": 3389, "last": 3389, "protocol": "udp"}, True),
            ({"first": 22, "last": 22, "protocol": "6"}, True),
        ],
    )
    def test_ports_and_protocols(self, changes: dict[str, Any], touched: bool) -> None:
        verdicts = all_of(ADMIN_PORTS, offering(port("0.0.0.0/0", **changes)))
        assert [v.outcome for v in verdicts] == [Outcome.FAIL if touched else Outcome.NOT_APPLICABLE]

    @pytest.mark.parametrize(
        ("first", "last", "cidr", "outcome"),
        [
            (LACK, 21, "0.0.0.0/0", Outcome.NOT_APPLICABLE),  # it ends below 22, wherever it begins
            (LACK, 22, "0.0.0.0/0", Outcome.UNDETERMINED),
            (3390, LACK, "0.0.0.0/0", Outcome.NOT_APPLICABLE),
            (3389, LACK, "0.0.0.0/0", Outcome.UNDETERMINED),
            (LACK, LACK, "10.0.0.0/8", Outcome.PASS),  # whatever the ports: the range is narrow
            (LACK, LACK, LACK, Outcome.UNDETERMINED),
            (443, 443, LACK, Outcome.NOT_APPLICABLE),
            (22, 22, LACK, Outcome.UNDETERMINED),
        ],
    )
    def test_bounds(self, first: Any, last: Any, cidr: Any, outcome: Outcome) -> None:
        (judged,) = all_of(ADMIN_PORTS, offering(port(cidr, first, last)))
        assert judged.outcome is outcome
        assert bool(judged.missing) == (outcome is Outcome.UNDETERMINED)

    def test_one_verdict_for_an_object_and_the_worst_wins(self) -> None:
        judged = judge(ADMIN_PORTS, offering(port("10.1.0.0/16"), port(LACK), port("0.0.0.0/0", 3389)))

        assert judged.outcome is Outcome.FAIL
        assert judged.message == f"{DB}: port 3389 is open to 0.0.0.0/0"

    def test_what_was_seen_and_is_declared_is_no_news(self) -> None:
        declared = port("10.1.0.0/16")
        seen = port("10.1.0.0/16", as_of=NOW)
        wide = port("0.0.0.0/0", as_of=NOW)

        assert judge(ADMIN_PORTS, replace(offering(declared), seen_ports=(seen,))).outcome is Outcome.PASS
        assert judge(ADMIN_PORTS, replace(offering(declared), seen_ports=(wide,))).outcome is Outcome.UNDETERMINED

    def test_a_city_with_other_ports(self) -> None:
        evidence = offering(port("0.0.0.0/0", 5985))
        standards = evidence.standards.model_copy(update={"admin_ports": (5985,)})
        assert judge(ADMIN_PORTS, replace(evidence, standards=standards)).outcome is Outcome.FAIL

    @settings(max_examples=200, deadline=None)
    @given(address=st.integers(0, 2**32 - 1), prefix=st.integers(0, 31))
    def test_a_narrower_range_never_turns_pass_into_fail(self, address: int, prefix: int) -> None:
        wide = IPv4Network((address, prefix), strict=False)
        narrow = IPv4Network((address, prefix + 1), strict=False)

        if judge(ADMIN_PORTS, offering(port(str(wide)))).outcome is Outcome.PASS:
            assert judge(ADMIN_PORTS, offering(port(str(narrow)))).outcome is Outcome.PASS

    @settings(max_examples=100, deadline=None)
    @given(first=st.integers(0, 65535), width=st.integers(0, 5000), less=st.integers(0, 5000))
    def test_fewer_ports_never_turn_pass_into_fail(self, first: int, width: int, less: int) -> None:
        (wide,) = all_of(ADMIN_PORTS, offering(port("0.0.0.0/0", first, first + width)))
        (narrow,) = all_of(ADMIN_PORTS, offering(port("0.0.0.0/0", first, first + max(0, width - less))))

        if wide.outcome is not Outcome.FAIL:
            assert narrow.outcome is not Outcome.FAIL


class TestEncryption:
    """SEC-002."""

    def volumes(self, *encrypted: Any) -> Verdict:
        return judge(ENCRYPTION, cloud(volumes=tuple(VolumeEvidence(name=f"v{i}", size=1, encrypted=e) for i, e in enumerate(encrypted))))

    @pytest.mark.parametrize(
        ("encrypted", "outcome"),
        [((True, True), Outcome.PASS), ((True, False), Outcome.FAIL), ((True, LACK), Outcome.UNDETERMINED), ((False, LACK), Outcome.FAIL)],
    )
    def test_volumes(self, encrypted: tuple[Any, ...], outcome: Outcome) -> None:
        assert self.volumes(*encrypted).outcome is outcome

    def data(self, data_class: str, encrypted: Any, **values: Any) -> list[Verdict]:
        services = {"permits": replace(city().services["permits"], data_class=data_class)}
        return all_of(ENCRYPTION, with_parameters(replace(virtual(encrypted=encrypted), services=services), "SEC-002", **values))

    @pytest.mark.parametrize(
        ("data_class", "encrypted", "outcome"),
        [
            ("restricted", True, Outcome.PASS),
            ("restricted", False, Outcome.FAIL),
            ("confidential", LACK, Outcome.UNDETERMINED),
            ("internal", False, Outcome.NOT_APPLICABLE),
        ],
    )
    def test_virtual_disks_by_class_of_data(self, data_class: str, encrypted: Any, outcome: Outcome) -> None:
        assert [v.outcome for v in self.data(data_class, encrypted)] == [outcome]

    def test_an_array_that_encrypts_by_itself(self) -> None:
        assert [v.outcome for v in self.data("restricted", False, encrypted_datastores="general-01")] == [Outcome.PASS]

    def test_a_city_that_asks_for_more(self) -> None:
        assert [v.outcome for v in self.data("internal", False, data_classes="internal restricted")] == [Outcome.FAIL]

    @pytest.mark.parametrize(("encrypted", "outcome"), [(True, Outcome.PASS), (False, Outcome.FAIL), (LACK, Outcome.UNDETERMINED)])
    def test_links_and_databases(self, encrypted: Any, outcome: Outcome) -> None:
        line = LinkEvidence(name="line", sites=("a", "b"), mbit_s=1, latency_ms=1, paths=1, encrypted=encrypted)
        base = DatabaseEvidence(
            site=AWAY,
            name="rds",
            service="permits",
            multi_az=True,
            deletion_protection=True,
            retention_days=7,
            public=False,
            encrypted=encrypted,
        )
        evidence = city(links=(line,), databases=(base,))

        assert judge(ENCRYPTION, evidence, "link/line").outcome is outcome
        assert judge(ENCRYPTION, evidence, "database/rds").outcome is outcome

    def test_held_machines_and_strangers_are_left_alone(self) -> None:
        unsafe = InstanceSettings(volumes=(VolumeEvidence(name="v", size=1, encrypted=False),))
        evidence = city(
            servers=(instance("a-01", service="permits", held=True, instance=unsafe), instance("b-01", service="", instance=unsafe))
        )
        assert [v.outcome for v in all_of(ENCRYPTION, evidence)] == [Outcome.NOT_APPLICABLE]

    @settings(max_examples=60, deadline=None)
    @given(encrypted=st.lists(st.sampled_from([True, False, LACK]), min_size=1, max_size=8))
    def test_encrypting_one_more_never_turns_pass_into_fail(self, encrypted: list[Any]) -> None:
        rank = [Outcome.FAIL, Outcome.UNDETERMINED, Outcome.PASS]
        assert rank.index(self.volumes(*encrypted[:-1], True).outcome) >= rank.index(self.volumes(*encrypted).outcome)


class TestHardenedStart:
    """SEC-003."""

    @pytest.mark.parametrize(
        ("changes", "outcome"),
        [
            ({}, Outcome.PASS),
            ({"hardware_version": 15}, Outcome.PASS),
            ({"hardware_version": 14}, Outcome.FAIL),
            ({"hardware_version": LACK}, Outcome.UNDETERMINED),
            ({"secure_boot": False}, Outcome.FAIL),
            ({"secure_boot": LACK}, Outcome.UNDETERMINED),
            ({"secure_boot": LACK, "hardware_version": 14}, Outcome.FAIL),
            ({"firmware": "bios", "secure_boot": False}, Outcome.PASS),
            ({"firmware": LACK}, Outcome.UNDETERMINED),
        ],
    )
    def test_virtual_machines(self, changes: dict[str, Any], outcome: Outcome) -> None:
        assert judge(HARDENED_START, virtual(**changes)).outcome is outcome

    def test_a_city_that_gave_up_bios(self) -> None:
        assert judge(HARDENED_START, with_parameters(virtual(firmware="bios"), "SEC-003", require_uefi=True)).outcome is Outcome.FAIL

    @pytest.mark.parametrize(("only", "outcome"), [(True, Outcome.PASS), (False, Outcome.FAIL), (LACK, Outcome.UNDETERMINED)])
    def test_instances(self, only: Any, outcome: Outcome) -> None:
        assert judge(HARDENED_START, cloud(imdsv2_only=only)).outcome is outcome

    def test_undetermined_names_the_setting_and_the_machine(self) -> None:
        judged = judge(HARDENED_START, city(servers=(server("permits-db-01", vsphere=VsphereSettings(firmware="efi")),)))
        why = "neither a resource of the stack nor a live look tells"
        assert judged.missing == (f"hardware version of permits-db-01 ({why})", f"Secure Boot of permits-db-01 ({why})")

    @settings(max_examples=60, deadline=None)
    @given(version=st.integers(4, 25), newer=st.integers(0, 10))
    def test_newer_hardware_never_turns_pass_into_fail(self, version: int, newer: int) -> None:
        if judge(HARDENED_START, virtual(hardware_version=version)).outcome is Outcome.PASS:
            assert judge(HARDENED_START, virtual(hardware_version=version + newer)).outcome is Outcome.PASS


class TestMachineSettings:
    """SEC-004."""

    @pytest.mark.parametrize(
        ("changes", "outcome"),
        [
            ({}, Outcome.PASS),
            ({"vmotion_encryption": "opportunistic"}, Outcome.PASS),
            ({"vmotion_encryption": "disabled"}, Outcome.FAIL),
            ({"vmotion_encryption": LACK}, Outcome.UNDETERMINED),
            ({"logging": False}, Outcome.FAIL),
            ({"logging": LACK}, Outcome.UNDETERMINED),
            ({"nonpersistent_disks": ("Hard disk 2",)}, Outcome.FAIL),
            ({"nonpersistent_disks": LACK}, Outcome.UNDETERMINED),
            ({"devices": ("usb",)}, Outcome.FAIL),
            ({"devices": LACK}, Outcome.UNDETERMINED),
            ({"devices": LACK, "logging": False}, Outcome.FAIL),
        ],
    )
    def test_settings(self, changes: dict[str, Any], outcome: Outcome) -> None:
        judged = judge(MACHINE_SETTINGS, virtual(**changes))
        assert (judged.outcome, judged.blocks) == (outcome, False)

    def test_a_device_that_a_city_needs(self) -> None:
        assert (
            judge(MACHINE_SETTINGS, with_parameters(virtual(devices=("usb",)), "SEC-004", allowed_devices="usb serial")).outcome
            is Outcome.PASS
        )

    def test_a_stricter_city(self) -> None:
        strict = with_parameters(virtual(vmotion_encryption="opportunistic"), "SEC-004", vmotion="required")
        assert judge(MACHINE_SETTINGS, strict).outcome is Outcome.FAIL


class TestPublicAddresses:
    """SEC-005."""

    @pytest.mark.parametrize(
        ("edge", "public", "outcome"),
        [
            (False, False, Outcome.PASS),
            (False, True, Outcome.FAIL),
            (False, LACK, Outcome.UNDETERMINED),
            (True, True, Outcome.PASS),
            (True, LACK, Outcome.PASS),
        ],
    )
    def test_instances(self, edge: bool, public: Any, outcome: Outcome) -> None:
        machine = instance("permits-db-01", service="permits", edge=edge, instance=InstanceSettings(public_address=public))
        assert judge(PUBLIC_ADDRESSES, city(servers=(machine,))).outcome is outcome

    @pytest.mark.parametrize(("public", "outcome"), [(True, Outcome.FAIL), (False, Outcome.PASS), (LACK, Outcome.UNDETERMINED)])
    def test_databases(self, public: Any, outcome: Outcome) -> None:
        base = DatabaseEvidence(
            site=AWAY,
            name="rds",
            service="permits",
            multi_az=True,
            deletion_protection=True,
            retention_days=7,
            public=public,
            encrypted=True,
        )
        assert judge(PUBLIC_ADDRESSES, city(databases=(base,)), "database/rds").outcome is outcome


class TestExposure:
    """SEC-006: the server declares port 5432 for 10.20.0.0/16."""

    def trial(self, *seen: PortEvidence, declared: tuple[PortEvidence, ...] | None = None, public: Any = False, **changes: Any) -> Verdict:
        before = (port("10.20.0.0/16", 5432),) if declared is None else declared
        target = landing(as_of=NOW, instance=InstanceSettings(instance_type="m5a.xlarge", public_address=public), **changes)
        at_target = tuple(replace(p, site=AWAY, as_of=NOW) for p in seen)
        evidence = town(held(), target, moves=(on_trial(),), ports=before, seen_ports=at_target)
        return judge(EXPOSURE, evidence, "move/permits-db-01")

    @pytest.mark.parametrize(
        ("seen", "outcome"),
        [
            (port("10.20.0.0/16", 5432), Outcome.PASS),
            (port("10.20.3.0/24", 5432), Outcome.PASS),
            (port("10.20.0.0/15", 5432), Outcome.FAIL),
            (port("10.20.0.0/16", 5433), Outcome.FAIL),
            (port("10.20.0.0/16", 5432, 5433), Outcome.FAIL),
            (port("10.20.0.0/16", 5432, protocol="udp"), Outcome.FAIL),
            (port("10.20.0.0/16", 5432, protocol="-1"), Outcome.FAIL),
            (port("::/0", 5432), Outcome.FAIL),
            (port(LACK, 5432), Outcome.UNDETERMINED),
            (port("10.20.0.0/16", LACK, 5432), Outcome.UNDETERMINED),
        ],
    )
    def test_what_was_seen_against_what_was_declared(self, seen: PortEvidence, outcome: Outcome) -> None:
        assert self.trial(seen).outcome is outcome

    def test_nothing_open_is_not_wider(self) -> None:
        assert self.trial().outcome is Outcome.PASS

    def test_two_halves_cover_the_whole(self) -> None:
        halves = (port("10.20.0.0/17", 5432), port("10.20.128.0/17", 5432))
        assert self.trial(port("10.20.0.0/16", 5432), declared=halves).outcome is Outcome.PASS
        assert self.trial(port("10.20.0.0/16", 5432), declared=halves[:1]).outcome is Outcome.FAIL

    def test_an_unknown_range_before_leaves_it_open(self) -> None:
        assert self.trial(port("10.0.0.0/8", 5432), declared=(port(LACK, 5432),)).outcome is Outcome.UNDETERMINED

    @pytest.mark.parametrize(
        ("public", "edge", "outcome"),
        [(True, False, Outcome.FAIL), (False, False, Outcome.PASS), (LACK, False, Outcome.UNDETERMINED), (True, True, Outcome.PASS)],
    )
    def test_a_public_address_behind_an_open_range(self, public: Any, edge: bool, outcome: Outcome) -> None:
        everybody = port("0.0.0.0/0", 443)
        assert self.trial(everybody, declared=(everybody,), public=public, edge=edge).outcome is outcome

    def test_private_ranges_make_a_public_address_harmless(self) -> None:
        assert self.trial(port("10.20.0.0/16", 5432), public=True).outcome is Outcome.PASS

    def test_a_stack_that_closes_the_range_counts_more_than_an_older_look(self) -> None:
        narrow = port("10.20.0.0/16", 5432, site=AWAY, urn="urn:pulumi:rule")
        assert self.trial(port("0.0.0.0/0", 5432), declared=(port("10.20.0.0/16", 5432), narrow)).outcome is Outcome.PASS

    def test_before_the_move_the_declaration_stands_for_both_sides(self) -> None:
        evidence = town(source(), moves=(move(),), ports=(port("10.20.0.0/16", 5432),))
        assert judge(EXPOSURE, evidence, "move/permits-db-01").outcome is Outcome.PASS

    def test_on_trial_and_unseen_is_undetermined(self) -> None:
        evidence = town(held(), landing(), moves=(on_trial(held_since=SINCE),), ports=(port("10.20.0.0/16", 5432),))
        assert judge(EXPOSURE, evidence, "move/permits-db-01").outcome is Outcome.UNDETERMINED

    @settings(max_examples=100, deadline=None)
    @given(prefix=st.integers(8, 31), first=st.integers(5000, 5432), last=st.integers(5432, 6000), narrower=st.integers(0, 400))
    def test_a_narrower_opening_never_turns_pass_into_fail(self, prefix: int, first: int, last: int, narrower: int) -> None:
        wide = port(f"10.20.0.0/{prefix}", first, last)
        narrow = port(f"10.20.0.0/{prefix + 1}", min(5432, first + narrower), max(5432, last - narrower))

        if self.trial(wide, declared=(port("10.20.0.0/14", 5100, 5600),)).outcome is Outcome.PASS:
            assert self.trial(narrow, declared=(port("10.20.0.0/14", 5100, 5600),)).outcome is Outcome.PASS


class TestRequiredTags:
    """TAG-001."""

    def test_every_absent_tag_is_named(self) -> None:
        judged = judge(REQUIRED_TAGS, city(servers=(server("permits-db-01", tags={"owner": "", "service": "permits"}),)))
        assert (judged.outcome, judged.message) == (Outcome.FAIL, "permits-db-01 on downtown lacks the tags owner, tier")

    def test_a_value_that_is_not_the_estates(self) -> None:
        judged = judge(REQUIRED_TAGS, city(servers=(server("permits-db-01", tags={**TAGS, "tier": "bronze"}),)))
        assert judged.message == "permits-db-01 on downtown says tier bronze, the estate says gold"

    @pytest.mark.parametrize(
        ("more", "outcome"),
        [({}, Outcome.UNDETERMINED), ({"tier": "bronze"}, Outcome.FAIL), ({"service": ""}, Outcome.FAIL)],
    )
    def test_one_unknown_value_is_neither_absent_nor_does_it_void_the_others(self, more: dict[str, str], outcome: Outcome) -> None:
        judged = judge(REQUIRED_TAGS, city(servers=(server("permits-db-01", tags={**TAGS, "owner": LACK, **more}),)))

        assert judged.outcome is outcome
        assert "owner" not in judged.message or outcome is Outcome.UNDETERMINED
        assert ("tag owner of permits-db-01" in str(judged.missing)) is (outcome is Outcome.UNDETERMINED)

    def test_unknown_tags(self) -> None:
        assert judge(REQUIRED_TAGS, city(servers=(server("permits-db-01", tags=LACK),))).outcome is Outcome.UNDETERMINED

    def test_a_held_source_that_says_otherwise_is_told_and_does_not_block(self) -> None:
        old = server("permits-db-01", site="northside", held=True, tags={**TAGS, "owner": "Courts"})
        judged = judge(REQUIRED_TAGS, city(servers=(server("permits-db-01"), old)))

        assert (judged.outcome, judged.severity, judged.blocks) == (Outcome.FAIL, Severity.MEDIUM, False)
        assert "its held source on northside says Courts" in judged.message

    def test_a_lacking_tag_blocks_beside_it(self) -> None:
        old = server("permits-db-01", site="northside", held=True, tags={**TAGS, "owner": "Courts"})
        judged = judge(REQUIRED_TAGS, city(servers=(server("permits-db-01", tags={"owner": "Permits", "service": "permits"}), old)))
        assert judged.blocks

    def test_a_machine_that_nobody_declared_is_told_and_does_not_block(self) -> None:
        stranger = server("permits-db-01", service="", tags={})
        assert (judge(REQUIRED_TAGS, city(servers=(stranger,))).severity) is Severity.MEDIUM

    def test_the_values_are_those_that_the_stacks_write(self) -> None:
        estate = Estate.model_validate(ESTATE)
        for name, service in read_estate(estate, NOW.date()).services.items():
            assert promises(service) == required_tags(estate.services[name])

    @settings(max_examples=60, deadline=None)
    @given(tags=st.dictionaries(st.sampled_from(["owner", "service", "tier"]), st.sampled_from(["", "x", "permits", "Permits", "gold"])))
    def test_one_more_right_tag_never_turns_pass_into_fail(self, tags: dict[str, str]) -> None:
        before: ServerEvidence = server("permits-db-01", tags=tags)
        after = replace(before, tags={**tags, "tier": "gold"})
        if judge(REQUIRED_TAGS, city(servers=(before,))).outcome is Outcome.PASS:
            assert judge(REQUIRED_TAGS, city(servers=(after,))).outcome is Outcome.PASS


def test_services_without_a_class_of_data_are_compared_by_what_they_say() -> None:
    bare = ServiceEvidence(name="permits", owner="Permits", tier=city().services["permits"].tier, rto_minutes=60, rpo_minutes=60)
    evidence = city(services={"permits": bare}, servers=(server("permits-db-01", tags={**TAGS, "data-class": "public"}),))
    assert judge(REQUIRED_TAGS, evidence).outcome is Outcome.PASS
