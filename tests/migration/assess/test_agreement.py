"""The assessment promises nothing that the engine or the rules would refuse, and prices are the same everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from infra.estate.model import GIB
from infra.observed.vsphere import DiskView, SnapshotView, VmView
from infra.prices import listed_prices
from migration.assess.limits import down, up_disks
from migration.assess.readiness import judge
from migration.assess.subject import TIB
from migration.control.vsphere import VsphereControl
from migration.discover.model import FoundSnapshot
from policies.rules.cost.monthly_budget import MONTHLY_BUDGET
from policies.rules.migration.guest_support import GUEST_SUPPORT
from tests.migration.assess.machines import disk, server, up, vm

Fields = dict[str, Any]
DISK: Fields = {
    "label": "Hard disk 1",
    "key": 2000,
    "unit": 0,
    "controller": 1000,
    "uuid": "u",
    "file": "[ds] vm/vm.vmdk",
    "capacity": GIB,
    "change_id": "",
    "mode": "persistent",
    "flat": True,
    "thin": True,
}
VIEW: Fields = {
    "moref": "vm-1",
    "name": "vm-1",
    "uuid": "u",
    "power": "on",
    "connection": "connected",
    "template": False,
    "cpus": 4,
    "memory": GIB,
    "guest_id": "debian12_64Guest",
    "firmware": "bios",
    "hardware": "vmx-19",
    "annotation": "",
    "change_version": "1",
    "change_tracking": True,
    "consolidation_needed": False,
    "extra_config": {},
    "vmx": "[ds] vm/vm.vmx",
    "host": "host-1",
    "pool": "pool-1",
    "folder": "group-1",
    "nics": (),
    "snapshots": (),
    "tools_status": "toolsOk",
    "tools_running": True,
    "ip": "",
    "host_name": "",
}


class Seen(VsphereControl):
    """The engine's side, looking at a machine that is given and not fetched."""

    def __init__(self, view: VmView) -> None:
        self._given = view

    def _must(self, machine: Any) -> VmView:
        return self._given


def engine(machine: dict[str, Any], disk: dict[str, Any]) -> tuple[str, ...]:
    view = VmView(**{**VIEW, **machine, "disks": (DiskView(**{**DISK, **disk}),)})
    return Seen(view).assess(server(), None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "seen_disk", "found", "code"),
    [
        ({}, {"mode": "independent_persistent"}, {"disks": (disk(mode="independent_persistent"),)}, "RDY-025"),
        ({}, {"mode": "independent_nonpersistent"}, {"disks": (disk(mode="independent_nonpersistent"),)}, "RDY-025"),
        ({}, {"mode": "append"}, {"disks": (disk(mode="append"),)}, "RDY-025"),
        ({}, {"flat": False}, {"disks": (disk(raw=True),)}, "RDY-024"),
        ({"snapshots": (SnapshotView("snapshot-1", "veeam", "", ""),)}, {}, {"snapshots": (FoundSnapshot(name="veeam"),)}, "RDY-027"),
        ({"consolidation_needed": True}, {}, {"consolidate": True}, "RDY-028"),
        ({"template": True}, {}, {"template": True}, "RDY-001"),
        ({"connection": "orphaned"}, {}, {"connection": "orphaned"}, "RDY-014"),
    ],
)
def test_what_the_engine_refuses_is_told_beforehand(
    seen: dict[str, Any], seen_disk: dict[str, Any], found: dict[str, Any], code: str
) -> None:
    assert len(engine(seen, seen_disk)) == 1
    assert code in {reason.code for reason in judge(up(vm(**found)))[1]}


def test_where_the_engine_has_nothing_to_say_nor_has_the_assessment() -> None:
    own = {"snapshots": (SnapshotView("snapshot-1", "incline-seed", "", ""),)}

    assert engine(own, {}) == ()
    assert judge(up(vm(snapshots=(FoundSnapshot(name="incline-seed"),))))[1] == ()


def test_limits_are_those_of_the_rules_on_moves() -> None:
    limits = {name: parameter.default for name, parameter in GUEST_SUPPORT.parameters.items() if name != "keep_secure_boot"}

    assert limits == {
        "ec2_attachments": up_disks.EC2_ATTACHMENTS,
        "ebs_tib": up_disks.GP3_MOST / TIB,
        "vsphere_disks": down.DISKS_OF_STACK,
        "vsphere_nics": down.MOST_NICS,
        "vmdk_tib": down.MOST_DISK / TIB,
    }


def test_prices_are_those_of_the_rule_on_budgets() -> None:
    prices, rule = listed_prices(), MONTHLY_BUDGET.parameters

    assert prices["ebs-gp3-gib-month"].value == rule["gp3_usd_gib_month"].default
    assert prices["ebs-gp3-iops-month"].value == rule["gp3_usd_iops_month"].default
    assert prices["ebs-gp3-mib-s-month"].value == rule["gp3_usd_mib_s_month"].default
    assert prices["windows-vcpu-hour"].value == rule["windows_usd_vcpu_hour"].default
