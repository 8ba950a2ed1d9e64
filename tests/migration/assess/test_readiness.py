"""Every rule of readiness, from both sides of its limit: the nearest machine that passes and the nearest that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.catalogue import instance_type
from infra.estate.model import GIB, DiskRecord, Held, Machine, OpenMove
from migration.assess.limits.registry import ALL
from migration.assess.model import Readiness
from migration.assess.readiness import judge
from migration.assess.readiness_page import page
from migration.assess.subject import TIB, Subject
from migration.discover.model import FoundDatastore, FoundPartition, FoundSnapshot, Metric
from tests.migration.assess.machines import NOW, disk, down, host, instance, measured, moved, nic, server, up, usage, vm


def _disks(count: int, size: int = GIB) -> tuple[Any, ...]:
    return tuple(disk(label=f"Hard disk {n}", size=size) for n in range(1, count + 1))


def _nics(count: int) -> tuple[Any, ...]:
    return tuple(nic(label=f"card {n}") for n in range(1, count + 1))


def _volumes(count: int, size: int = GIB) -> tuple[Any, ...]:
    return tuple(disk(label=f"/dev/sd{n}", size=size, kind="gp3", uuid="", mode="") for n in range(count))


OPEN = OpenMove(id="m1", target="there", since=NOW, fingerprint="f")
HELD = Held(machine=Machine(site="there"), since=NOW, move="m1")
KNOWN = moved(machine=Machine(site="there", disks=(DiskRecord(name="system", size=GIB, volume_id="vol-1"),)))
NOT_FIT = replace(instance_type("m6a.xlarge"), boot_modes=frozenset({"uefi"}))
STORE = FoundDatastore(name="ds", site="here", capacity=TIB, free=40 * GIB)

PASSES: dict[str, Subject] = {
    "RDY-001": up(),
    "RDY-002": up(),
    "RDY-003": up(vm(power="off")),
    "RDY-004": up(vm(cpus=1, memory=1)),
    "RDY-005": up(),
    "RDY-006": up(vm(disks=(disk(size=1),))),
    "RDY-007": up(),
    "RDY-008": up(system="rhel-7-4"),
    "RDY-009": up(vm(os_config="Debian GNU/Linux 12 (64-bit)")),
    "RDY-010": up(server=server()),
    "RDY-011": up(server=server(), with_estate=True),
    "RDY-012": up(placement=moved()),
    "RDY-013": up(vm(nics=(nic(addresses=("10.0.0.5", "fe80::1", "2001:db8::1")),))),
    "RDY-014": up(vm(connection="connected")),
    "RDY-020": up(vm(disks=_disks(27))),
    "RDY-021": up(vm(disks=(disk(size=16 * TIB),), firmware="efi")),
    "RDY-022": up(vm(disks=(disk(size=64 * TIB),), firmware="efi")),
    "RDY-023": up(vm(disks=(disk(size=2 * TIB),))),
    "RDY-024": up(vm(disks=(disk(raw=False),))),
    "RDY-025": up(vm(disks=(disk(mode="persistent"),))),
    "RDY-026": up(vm(disks=(disk(sharing="sharingNone"),))),
    "RDY-027": up(vm(snapshots=(FoundSnapshot(name="incline-seed"),))),
    "RDY-028": up(),
    "RDY-029": up(vm(tracking=None)),
    "RDY-030": up(vm(hardware_version=7)),
    "RDY-031": up(vm(encrypted=False)),
    "RDY-032": up(vm(devices=("usb-controller: xhci",))),
    "RDY-033": up(),
    "RDY-034": up(vm(devices=("sound: HD audio",))),
    "RDY-035": up(vm(devices=("usb-controller: USB controller",))),
    "RDY-036": up(vm(devices=("3d-video: card",))),
    "RDY-037": up(vm(tools="toolsOld")),
    "RDY-038": up(vm(fault_tolerance=False)),
    "RDY-039": up(vm(nics=(nic(mac="00:50:56:40:00:01"),))),
    "RDY-040": up(),
    "RDY-041": up(),
    "RDY-042": up(),
    "RDY-043": up(vm(nics=_nics(instance_type("m6a.xlarge").max_nics))),
    "RDY-044": up(),
    "RDY-045": up(usage=usage(measured(Metric.IOPS, instance_type("m6a.xlarge").ebs_iops))),
    "RDY-046": up(),
    "RDY-047": up(),
    "RDY-060": down(),
    "RDY-061": down(),
    "RDY-062": down(),
    "RDY-063": down(),
    "RDY-064": down(),
    "RDY-065": down(),
    "RDY-066": down(),
    "RDY-067": down(instance(firmware="efi")),
    "RDY-068": down(instance(partitions=(FoundPartition(path="/srv/fs-data", capacity=1),))),
    "RDY-069": down(instance(cpus=32, memory=256 * GIB), hosts=(host(),)),
    "RDY-070": down(instance(cpus=768)),
    "RDY-071": down(instance(memory=24 * TIB)),
    "RDY-072": down(instance(disks=_volumes(1, 62 * TIB))),
    "RDY-073": down(instance(nics=_nics(10))),
    "RDY-074": down(instance(disks=_volumes(256))),
    "RDY-075": down(instance(disks=_volumes(15))),
    "RDY-076": down(),
    "RDY-077": down(placement=KNOWN),
    "RDY-078": down(instance(tags={"aws:autoscaling:other": "x"})),
    "RDY-079": down(datastores=(STORE,)),
    "RDY-080": down(),
    "RDY-081": down(),
    "RDY-082": down(host="esx-1", hosts=(host(),)),
}
FAILS: dict[str, Subject] = {
    "RDY-001": up(vm(template=True)),
    "RDY-002": up(vm(power="off")),
    "RDY-003": up(vm(power="suspended")),
    "RDY-004": up(vm(cpus=0, memory=0)),
    "RDY-005": up(vm(disks=())),
    "RDY-006": up(vm(disks=(disk(size=0),))),
    "RDY-007": up(vm(os=""), system=""),
    "RDY-008": up(system="rhel-7-3"),
    "RDY-009": up(vm(os_config="Debian GNU/Linux 12 (32-bit)")),
    "RDY-010": up(server=server(at={"here": server().at["here"]})),
    "RDY-011": up(with_estate=True),
    "RDY-012": up(placement=moved(move=OPEN)),
    "RDY-013": up(vm(nics=(nic(addresses=("10.0.0.5", "10.0.0.6")),))),
    "RDY-014": up(vm(connection="orphaned")),
    "RDY-020": up(vm(disks=_disks(28))),
    "RDY-021": up(vm(disks=(disk(size=16 * TIB + 1),), firmware="efi")),
    "RDY-022": up(vm(disks=(disk(size=64 * TIB + 1),), firmware="efi")),
    "RDY-023": up(vm(disks=(disk(size=2 * TIB + 1),))),
    "RDY-024": up(vm(disks=(disk(raw=True),))),
    "RDY-025": up(vm(disks=(disk(mode="independent_persistent"),))),
    "RDY-026": up(vm(disks=(disk(sharing="sharingMultiWriter"),))),
    "RDY-027": up(vm(snapshots=(FoundSnapshot(name="before the update"),))),
    "RDY-028": up(vm(consolidate=True)),
    "RDY-029": up(vm(tracking=False)),
    "RDY-030": up(vm(hardware_version=6)),
    "RDY-031": up(vm(encrypted=True)),
    "RDY-032": up(vm(devices=("tpm: Virtual TPM",))),
    "RDY-033": up(vm(secure_boot=True, firmware="efi")),
    "RDY-034": up(vm(devices=("pci-passthrough: NVIDIA A40",))),
    "RDY-035": up(vm(devices=("usb: Aladdin HASP",))),
    "RDY-036": up(vm(devices=("serial: Serial port 1",))),
    "RDY-037": up(vm(tools="toolsNotRunning")),
    "RDY-038": up(vm(fault_tolerance=True)),
    "RDY-039": up(vm(nics=(nic(mac="00:50:56:3f:ff:ff"),))),
    "RDY-040": up(instance=None),
    "RDY-041": up(instance=NOT_FIT),
    "RDY-042": up(instance=instance_type("m6g.xlarge")),
    "RDY-043": up(vm(nics=_nics(instance_type("m6a.xlarge").max_nics + 1))),
    "RDY-044": up(vm(nics=_nics(2))),
    "RDY-045": up(usage=usage(measured(Metric.IOPS, instance_type("m6a.xlarge").ebs_iops + 1))),
    "RDY-046": up(system="windows-2022"),
    "RDY-047": up(system="windows-2022"),
    "RDY-060": down(instance(instance_type="m6id.large")),
    "RDY-061": down(instance(instance_type="m6g.large")),
    "RDY-062": down(instance(instance_type="g4dn.xlarge")),
    "RDY-063": down(instance(profile="arn:aws:iam::123456789012:instance-profile/app")),
    "RDY-064": down(instance(disks=(disk(sharing="multi-attach", kind="io2"),))),
    "RDY-065": down(instance(product_codes=("abc123",))),
    "RDY-066": down(instance(billing="Windows"), system="windows-2022"),
    "RDY-067": down(instance(firmware="uefi-preferred")),
    "RDY-068": down(instance(partitions=(FoundPartition(path="fs-0123456789abcdef0.efs.us-east-1.amazonaws.com:/", capacity=1),))),
    "RDY-069": down(instance(cpus=32, memory=256 * GIB + 1), hosts=(host(),)),
    "RDY-070": down(instance(cpus=769)),
    "RDY-071": down(instance(memory=24 * TIB + 1)),
    "RDY-072": down(instance(disks=_volumes(1, 62 * TIB + 1))),
    "RDY-073": down(instance(nics=_nics(11))),
    "RDY-074": down(instance(disks=_volumes(257))),
    "RDY-075": down(instance(disks=_volumes(16))),
    "RDY-076": down(instance(nics=_nics(2))),
    "RDY-077": down(instance(disks=(disk(label="/dev/sdf", uuid="vol-2"),)), placement=KNOWN),
    "RDY-078": down(instance(tags={"aws:autoscaling:groupName": "web"})),
    "RDY-079": down(datastores=(replace(STORE, free=40 * GIB - 1),)),
    "RDY-080": down(placement=moved(origin="created")),
    "RDY-081": down(instance(secure_boot=True)),
    "RDY-082": down(host="", hosts=(host(),)),
}
RULES = {rule.code: rule for rule in ALL}
every_rule = pytest.mark.parametrize("code", RULES)


def codes(subject: Subject) -> set[str]:
    return {reason.code for reason in judge(subject)[1]}


def test_every_rule_is_shown_from_both_sides() -> None:
    assert set(PASSES) == set(RULES) == set(FAILS)


@every_rule
def test_just_within_the_limit_nothing_is_said(code: str) -> None:
    assert code not in codes(PASSES[code])


@every_rule
def test_just_over_the_limit_it_is_said_with_remedy_and_source(code: str) -> None:
    found = next(reason for reason in judge(FAILS[code])[1] if reason.code == code)

    assert found.what
    assert found.remedy
    assert found.source
    assert found.blocks is RULES[code].blocks


@every_rule
def test_a_rule_speaks_of_its_own_direction_only(code: str) -> None:
    rule, subject = RULES[code], FAILS[code]
    other = replace(subject, direction="down" if subject.direction == "up" else "up")

    if rule.direction != "both":
        assert code not in codes(other)


def test_a_plain_machine_is_ready_both_ways() -> None:
    assert judge(up()) == (Readiness.READY, ())
    assert judge(down()) == (Readiness.READY, ())


def test_what_blocks_makes_not_ready_and_stands_first() -> None:
    state, reasons = judge(up(vm(tracking=False, disks=(disk(raw=True),))))

    assert state is Readiness.NOT_READY
    assert [reason.code for reason in reasons] == ["RDY-024", "RDY-029"]


def test_what_nobody_told_is_no_reason() -> None:
    unknown = vm(firmware="", tools="", hardware_version=None, tracking=None, consolidate=None, secure_boot=None, nics=(nic(mac=""),))

    assert judge(up(unknown)) == (Readiness.READY, ())


def test_the_numbers_stand_in_the_words() -> None:
    [reason] = [r for r in judge(up(vm(disks=_disks(30))))[1] if r.code == "RDY-020"]

    assert reason.what == "30 disks and 1 cards are 31 attachments; most Nitro types take 28"


def test_the_oldest_snapshot_is_dated() -> None:
    old = FoundSnapshot(name="before the update", created=NOW - timedelta(days=100))
    [reason] = [r for r in judge(up(vm(snapshots=(FoundSnapshot(name="b", created=NOW), old))))[1] if r.code == "RDY-027"]

    assert reason.what == "has 2 snapshots (b, before the update), oldest of 2026-08-17"


def test_a_shared_bus_is_a_shared_disk() -> None:
    assert "RDY-026" in codes(up(vm(devices=("shared-bus: SCSI controller 1 physicalSharing",))))


@given(small=st.integers(0, 70 * TIB), more=st.integers(0, 70 * TIB), efi=st.booleans())
def test_a_larger_disk_never_makes_a_machine_more_ready(small: int, more: int, efi: bool) -> None:
    order = list(Readiness)
    firmware = "efi" if efi else "bios"
    # Below one byte the size is not known, which is another thing.
    less, larger = (judge(up(vm(disks=(disk(size=size),), firmware=firmware)))[0] for size in (max(1, small), max(1, small) + more))

    assert order.index(larger) >= order.index(less)


@given(fewer=st.integers(1, 80), more=st.integers(0, 80))
def test_more_disks_never_make_a_machine_more_ready(fewer: int, more: int) -> None:
    order = list(Readiness)
    for make in (lambda n: up(vm(disks=_disks(n))), lambda n: down(instance(disks=_volumes(n)))):
        assert order.index(judge(make(fewer + more))[0]) >= order.index(judge(make(fewer))[0])


def test_the_page_lists_every_rule() -> None:
    """`incline assess --codes > docs/readiness.md` makes it anew."""
    assert (Path(__file__).parents[3] / "docs/readiness.md").read_text(encoding="utf-8") == page()
