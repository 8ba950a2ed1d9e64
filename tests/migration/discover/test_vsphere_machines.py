"""Machines from property values: what is told, what is taken from before, what is odd."""

from datetime import UTC, datetime

import pytest

from infra.observed.soap.answer import Found
from migration.discover.model import FoundDisk, FoundMachine, FoundNic, Gravity
from migration.discover.vsphere_findings import findings_of, left_out
from migration.discover.vsphere_machines import Context, machine, snapshot_ids, stands_for, with_sizes
from migration.discover.vsphere_places import Places

NOW = datetime(2026, 11, 25, 21, tzinfo=UTC)
PLACES = Places(
    datacenter="Hill",
    hosts=(),
    clusters=(),
    datastores=(),
    networks=(),
    host_names={"host-1": "esx-1"},
    cluster_of_host={"host-1": "east"},
    pool_names={"resgroup-2": "city"},
    folder_paths={"group-v3": "City/Old"},
    network_names={},
    custom_fields={101: "owner"},
)
CONTEXT = Context(site="hill", source="vCenter hill", now=NOW, places=PLACES)
FULL = {
    "name": "db%2f01",
    "parent": "group-v3",
    "resourcePool": "resgroup-2",
    "config.instanceUuid": "5000",
    "config.uuid": "4200",
    "config.changeVersion": "v1",
    "config.guestId": "debian12_64Guest",
    "config.guestFullName": "Debian GNU/Linux 12 (64-bit)",
    "config.version": "vmx-19",
    "config.hardware.numCPU": 4,
    "config.hardware.numCoresPerSocket": 2,
    "config.hardware.memoryMB": 8192,
    "config.memoryAllocation.reservation": 1024,
    "config.createDate": datetime(1970, 1, 1, tzinfo=UTC),
    "runtime.powerState": "poweredOn",
    "runtime.connectionState": "connected",
    "runtime.host": "host-1",
    "runtime.faultToleranceState": "running",
    "guest.ipAddress": "10.0.0.9",
    "guest.net": [{"kind": "", "macAddress": "00:50:56:AA:00:01", "ipAddress": ["10.0.0.9", "fe80::1"]}, {"kind": "", "network": "x"}],
    "guest.disk": [{"kind": "", "diskPath": "/", "capacity": 100, "freeSpace": 40}],
    "customValue": [{"kind": "", "key": 101, "value": "Ann"}, {"kind": "", "key": 102, "value": "x"}, {"kind": "", "key": 103}],
}
CARD = FoundNic(label="Network adapter 1", mac="00:50:56:aa:00:01")


def found(moref="vm-1", missing=None, **more):
    return Found(moref, "VirtualMachine", {key: value for key, value in (FULL | more).items() if value is not None}, missing or {})


def made(each, known=None):
    return machine(each, known, CONTEXT)


def test_a_machine_is_told_in_the_models_units():
    each = made(found())

    assert (each.key, each.name, each.uuid, each.moref, each.version) == ("hill/5000", "db/01", "4200", "vm-1", "v1")
    assert (each.cpus, each.sockets, each.memory, each.memory_reservation) == (4, 2, 8 << 30, 1 << 30)
    assert (each.datacenter, each.cluster, each.host, each.folder, each.pool) == ("Hill", "east", "esx-1", "City/Old", "city")
    assert (each.os, each.hardware_version, each.power) == ("debian-12", 19, "on")
    assert each.addresses == ("10.0.0.9", "fe80::1")
    assert [(p.path, p.capacity, p.free) for p in each.partitions] == [("/", 100, 40)]
    assert each.custom == {"owner": "Ann", "102": "x"}
    assert (each.created, each.fault_tolerance, each.encrypted) == (None, True, False)


def test_devices_come_from_before_and_the_rest_is_new():
    before = FoundMachine(
        key="hill/5000",
        name="old",
        site="hill",
        kind="vsphere",
        source="",
        as_of=NOW,
        power="off",
        disks=(FoundDisk(label="Hard disk 1", size=7),),
        nics=(CARD,),
        devices=("usb: USB 1",),
        version="v1",
        moref="vm-1",
    )
    each = made(found(), before)

    assert (each.disks, each.devices, each.power, each.name) == (before.disks, before.devices, "on", "db/01")
    assert [nic.addresses for nic in each.nics] == [("10.0.0.9", "fe80::1")]


def test_a_machine_without_configuration_is_known_by_its_id_and_is_a_finding():
    values = {"name": "lost", "runtime.connectionState": "inaccessible", "runtime.powerState": "poweredOff"}
    pair = Found("vm-9", "VirtualMachine", values, {})
    each = made(pair)

    assert (each.key, each.cpus, each.encrypted, each.secure_boot) == ("hill/vm-9", 0, None, None)
    assert [(f.code, f.gravity) for f in findings_of([(each, pair)])] == [("DSC-003", Gravity.WARNING), ("DSC-004", Gravity.ERROR)]


@pytest.mark.parametrize(
    ("more", "code", "what"),
    [
        ({"config.hardware.numCPU": 0}, "DSC-005", "no processor"),
        ({"config.hardware.memoryMB": 0}, "DSC-005", "no memory"),
        ({"config.hardware.device": [{"kind": "VirtualDisk", "key": 2000}]}, "DSC-005", "2000 has no size"),
        ({"runtime.connectionState": "orphaned"}, "DSC-003", "the vCenter calls it orphaned"),
    ],
)
def test_odd_answers_are_findings_with_a_remedy(more, code, what):
    each = found(**more)
    (finding,) = findings_of([(made(each), each)])

    assert (finding.code, finding.what, finding.where, bool(finding.remedy)) == (code, what, "hill: machine db/01", True)


def test_a_good_machine_has_no_findings():
    assert findings_of([(made(found()), found())]) == ()


def test_doubled_names_are_one_finding_each_and_templates_do_not_count():
    pairs = [(made(each), each) for each in (found(), found("vm-2", parent="group-v9"), found("vm-3", **{"config.template": True}))]
    (finding,) = findings_of(pairs)

    assert (finding.code, finding.what) == ("DSC-001", "2 machines have this name, in the folders /, City/Old")


def test_what_a_login_may_not_read_is_one_finding_for_all_machines():
    pairs = [(made(each), each) for each in (found(f"vm-{i}", {"config.keyId": "NoPermission"}, name=f"m{i}") for i in range(5))]
    (finding,) = findings_of(pairs)

    assert (finding.code, finding.gravity, finding.where) == ("DSC-007", Gravity.WARNING, "hill: config.keyId")
    assert finding.what == "not readable (NoPermission) of m0, m1, m2 and 2 more"


@pytest.mark.parametrize(
    ("managed", "what"),
    [
        (("com.vmware.vim.eam", "cluster-agent"), "agents"),
        (("VirtualCenter", "vcls-entity"), "agents"),
        (("com.vmware.vcDr-site-a", "placeholderVm"), "placeholders"),
        (("com.vmware.vcDr", "testVm"), ""),
        (("com.vmware.vApp", ""), ""),
        (("", ""), ""),
    ],
)
def test_machines_that_nobody_moves_are_known_by_who_manages_them(managed, what):
    said = stands_for({"config.managedBy": {"kind": "", "extensionKey": managed[0], "type": managed[1]}})

    assert said.split(" ")[0] == what
    assert stands_for({}) == ""


def test_machines_left_out_are_one_finding_for_each_kind():
    (finding,) = left_out("hill", {"agents": ["vCLS-3", "vCLS-1", "vCLS-2", "vCLS-4"]})

    assert (finding.code, finding.where, finding.what) == ("DSC-018", "hill: vCLS-1, vCLS-2, vCLS-3 and 1 more", "4 agents")


def node(name, *children):
    return {"kind": "", "snapshot": f"snapshot-{name}", "name": name, "createTime": NOW, "childSnapshotList": list(children)}


def chain(*files):
    return [{"kind": "", "chain": [{"kind": "", "fileKey": [file]} for file in files]}]


def test_a_snapshot_is_as_large_as_its_own_files_and_what_was_written_after_it():
    tree = found(snapshot={"kind": "", "rootSnapshotList": [node("one", node("two"))]})
    layout = {
        "file": [{"kind": "", "key": key, "size": size} for key, size in ((1, 1000), (2, 30), (3, 7), (10, 5), (11, 6), (12, 100))],
        "disk": chain(1, 2, 3),
        "snapshot": [
            {"kind": "", "key": "snapshot-one", "dataKey": 10, "memoryKey": -1, "disk": chain(1)},
            {"kind": "", "key": "snapshot-two", "dataKey": 11, "memoryKey": 12, "disk": chain(1, 2)},
        ],
    }
    each = with_sizes(made(tree), snapshot_ids(tree.values), layout)

    assert [(shot.name, shot.size) for shot in each.snapshots] == [("one", 30 + 5), ("two", 7 + 6 + 100)]


def test_a_snapshot_of_which_the_layout_says_nothing_has_no_size():
    tree = found(snapshot={"kind": "", "rootSnapshotList": [node("one")]})

    assert [shot.size for shot in with_sizes(made(tree), snapshot_ids(tree.values), {}).snapshots] == [None]
