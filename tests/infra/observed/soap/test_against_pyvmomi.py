"""The reader and pyVmomi read the same lab vCenter: every value must be the same, and so must what is absent."""

from datetime import datetime
from pathlib import Path

import pytest
from pyVmomi import vim, vmodl
from pyVmomi.VmomiSupport import ManagedObject

from infra.endpoints import Endpoint
from infra.estate.load import load_estate
from infra.observed.errors import UnreachableError
from infra.observed.soap.reader import PropertyReader
from infra.observed.soap.shapes import KIND
from infra.observed.vsphere_session import VsphereSession
from lab.control import LabControl
from lab.vcenter.inventory import build_inventory
from migration.discover import vsphere_paths as paths
from tests.lab.vcenter.stage import PASSWORD, USER, Stage

pytestmark = pytest.mark.lab
ONLY = {"deviceInfo": "label", "port": "portgroupKey", "keyId": "keyId"}
"""Data objects of which one field is read."""
TYPES = [
    ("VirtualMachine", vim.VirtualMachine, paths.MACHINE | paths.HEAVY | paths.SNAPSHOT_FILES),
    ("HostSystem", vim.HostSystem, paths.HOST),
    ("ClusterComputeResource", vim.ClusterComputeResource, paths.CLUSTER),
    ("Datastore", vim.Datastore, paths.DATASTORE),
    ("Network", vim.Network, paths.NETWORK),
    ("DistributedVirtualPortgroup", vim.dvs.DistributedVirtualPortgroup, paths.PORT_GROUP),
    ("ResourcePool", vim.ResourcePool, {"name": None, "parent": None}),
    ("Folder", vim.Folder, {"name": None, "parent": None, "childEntity": None, "childType": None, "overallStatus": None}),
]


@pytest.fixture(scope="module")
def stage(toolchain, tmp_path_factory):
    started = Stage(toolchain.vcenter, tmp_path_factory.mktemp("vcenter"), build_inventory(load_estate(Path("estate")))).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def session(stage):
    opened = VsphereSession(
        Endpoint(site="downtown", address=stage.ready["host"], ca_file=stage.ready["ca_file"], user=USER, password=PASSWORD)
    )
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def snapshotted(session):
    """One machine has a tree of snapshots, so that trees are compared too."""
    moref = next(iter(session.of_type(vim.VirtualMachine, ["name"])))
    for name in ("before", "after"):
        task = session.call_on(
            vim.VirtualMachine, moref, lambda vm, name=name: vm.CreateSnapshot_Task(name=name, description="", memory=False, quiesce=False)
        )
        session.wait_task(task, what=name)
    return moref


@pytest.mark.parametrize(("kind", "managed", "wanted"), TYPES, ids=[kind for kind, *_ in TYPES])
def test_both_readers_say_the_same(session, snapshotted, kind, managed, wanted):
    theirs = session.of_type(managed, list(wanted))
    shapes = wanted if all(wanted.values()) else list(wanted)
    with PropertyReader(session, page=7) as reader:
        ours = {each.moref: each.values for each in reader.of_type(kind, shapes)}

    assert ours.keys() == theirs.keys() != set()
    for moref, values in theirs.items():
        assert ours[moref].keys() == values.keys()
        for path, value in values.items():
            assert_same(ours[moref][path], value, f"{moref} {path}")


def assert_same(ours, theirs, where):
    if isinstance(theirs, ManagedObject):
        assert ours == theirs._moId, where
    elif isinstance(theirs, datetime):
        assert abs(ours - theirs).total_seconds() < 0.001, where
    elif isinstance(theirs, vim.NumericRange):
        assert not ours.strip(), where  # a trunk's VLANs: no single one
    elif isinstance(theirs, vmodl.DynamicData):
        assert_same_record(ours, theirs, where)
    elif isinstance(theirs, list):
        kept = [each for each in theirs if getattr(type(each), "_wsdlName", "") not in paths._PLAIN_PARTS]
        assert len(ours) == len(kept), where
        for index, (mine, other) in enumerate(zip(ours, kept, strict=True)):
            assert_same(mine, other, f"{where}[{index}]")
    else:
        assert ours == theirs, where
        assert isinstance(ours, bool | int | float | str), where


def assert_same_record(ours, theirs, where):
    if ours[KIND]:
        assert ours[KIND] == type(theirs)._wsdlName, where
    for name, mine in ours.items():
        if name != KIND:
            other = getattr(theirs, name)
            if name in ONLY:
                other = getattr(other, ONLY[name])
            assert_same(mine, [int(each) for each in other] if name == "fileKey" else _as_told(mine, other), f"{where}.{name}")


def _as_told(mine, other):
    """A VLAN id is read as text, because a trunk's is a range."""
    return [str(other)] if isinstance(mine, list) and isinstance(other, int) else other


def test_an_expired_login_is_renewed_between_pages(stage, session):
    control = LabControl(url=stage.ready["url"], token="a-token-for-tests", ca_file=stage.ready["ca_file"])
    with PropertyReader(session, page=2) as reader:
        everybody = {each.moref for each in reader.of_type("VirtualMachine", ["name"])}
        reading = reader.of_type("VirtualMachine", ["name"])
        told = [next(reading).moref]
        assert control.expire_sessions() >= 1
        told += [each.moref for each in reading]

    assert len(told) == len(set(told))
    assert set(told) == everybody


def test_a_vcenter_that_breaks_off_is_tried_again_and_then_given_up(stage, session):
    with PropertyReader(session) as reader:
        everybody = [each.moref for each in reader.of_type("VirtualMachine", ["name"])]
        stage.control.faults({"method": "soap:RetrievePropertiesEx", "fault": "Disconnect", "count": 1})
        assert [each.moref for each in reader.of_type("VirtualMachine", ["name"])] == everybody
        stage.control.faults({"method": "soap:RetrievePropertiesEx", "fault": "HTTP503"})
        with pytest.raises(UnreachableError, match="broke off 3 times: HTTP 503"):
            list(reader.of_type("VirtualMachine", ["name"]))
        stage.control.calm()
