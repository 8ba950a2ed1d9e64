"""A datacenter of the example estate, discovered on the lab vCenter: whole, and again after changes."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyVmomi import vim

from infra.endpoints import Endpoint
from infra.estate.load import load_estate
from infra.observed.errors import GoneError
from infra.observed.vsphere import find_vm
from infra.observed.vsphere_session import VsphereSession
from lab.vcenter.inventory import build_inventory, standing
from migration.discover.vsphere import read_site
from tests.lab.vcenter.stage import PASSWORD, USER, Stage

pytestmark = pytest.mark.lab
NOW = datetime(2026, 11, 25, 21, tzinfo=UTC)
GIB = 1 << 30


@pytest.fixture(scope="module")
def estate():
    return load_estate(Path("estate"))


@pytest.fixture(scope="module")
def stage(toolchain, tmp_path_factory, estate):
    started = Stage(toolchain.vcenter, tmp_path_factory.mktemp("vcenter"), build_inventory(estate)).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def session(stage):
    opened = VsphereSession(
        Endpoint(site="downtown", address=stage.ready["host"], ca_file=stage.ready["ca_file"], user=USER, password=PASSWORD)
    )
    yield opened
    opened.close()


def look(session, known=None, **more):
    return read_site(session, "Downtown", "downtown", known=known, now=NOW, **more)


def by_key(inventory):
    return {each.key: each for each in inventory.machines}


def reconfigure(session, moref, **fields):
    session.wait_task(
        session.call_on(vim.VirtualMachine, moref, lambda vm: vm.ReconfigVM_Task(vim.vm.ConfigSpec(**fields))), what="reconfigure"
    )


def test_all_servers_of_the_site_are_found_as_the_estate_has_them(session, estate):
    found = {each.name: each for each in look(session).machines if not each.template}
    expected = {server.name: server for server, _ in standing(estate, "downtown")}

    assert found.keys() == expected.keys()
    for name, server in expected.items():
        each = found[name]
        assert (each.cpus, each.memory) == (server.size.cpus, server.size.memory), name
        assert each.os, name
        assert server.os.id.startswith(each.os), name  # ubuntu64Guest is any Ubuntu
        assert [disk.size for disk in each.disks] == [disk.size for disk in server.disks], name
        assert each.tags["service"] == server.service, name
        assert each.source == "vCenter 127.0.0.1, datacenter Downtown"
        assert each.cluster, name
        assert each.host, name
        assert each.folder == "Three Rivers", name


def test_places_are_found_too(session, estate):
    site, found = estate.sites["downtown"], look(session)

    assert {cluster.name for cluster in found.clusters} == {cluster.name for cluster in site.clusters}
    assert {(h.name, h.cores, h.memory) for h in found.hosts} == {(h.name, h.cores, h.memory) for c in site.clusters for h in c.hosts}
    assert {store.name for store in found.datastores} >= {name for cluster in site.clusters for name in cluster.datastores}
    assert {network.name for network in site.networks} <= {network.name for network in found.networks}
    assert all(network.vlan is not None for network in found.networks if network.switch.startswith("dvs"))
    assert all(machine.nics[0].network in {network.name for network in found.networks} for machine in found.machines if machine.nics)
    assert found.findings == ()


def test_a_second_look_reads_the_devices_of_what_changed_and_finds_the_same(session):
    first = look(session)
    assert look(session, by_key(first)) == first

    changed = first.machines[0]
    # What cannot have come from the vCenter shows what was taken from before.
    marked = {key: replace(each, devices=("mark: from before",)) for key, each in by_key(first).items()}
    reconfigure(session, changed.moref, numCPUs=changed.cpus + 1)
    again = by_key(look(session, marked))

    assert again[changed.key].cpus == changed.cpus + 1
    assert again[changed.key].devices == ()
    assert all(each.devices == ("mark: from before",) for key, each in again.items() if key != changed.key)
    reconfigure(session, changed.moref, numCPUs=changed.cpus)


def test_power_and_guest_are_new_at_every_look(session):
    before = next(each for each in look(session).machines if each.power == "on" and each.addresses)
    session.wait_task(session.call_on(vim.VirtualMachine, before.moref, lambda vm: vm.PowerOff()), what="off")
    after = by_key(look(session, by_key(look(session))))[before.key]

    assert (after.power, after.addresses, after.nics[0].addresses, after.disks) == ("off", (), (), before.disks)
    session.wait_task(session.call_on(vim.VirtualMachine, before.moref, lambda vm: vm.PowerOn()), what="on")


def test_snapshots_and_custom_attributes_are_found(session):
    each = look(session).machines[0]
    moref = find_vm(session, uuid=each.uuid)
    task = session.call_on(
        vim.VirtualMachine, moref, lambda vm: vm.CreateSnapshot_Task(name="before 50%25", description="", memory=False, quiesce=False)
    )
    snapshot = session.wait_task(task, what="snapshot")
    field = session.call(lambda si: si.RetrieveContent().customFieldsManager.AddFieldDefinition("owner", vim.VirtualMachine))
    session.call(lambda si: si.RetrieveContent().customFieldsManager.SetField(vim.VirtualMachine(moref, si._stub), field.key, "Parks"))
    again = by_key(look(session, by_key(look(session))))[each.key]

    assert [(shot.name, shot.created is not None) for shot in again.snapshots] == [("before 50%", True)]
    assert again.custom == {"owner": "Parks"}
    session.wait_task(session.call_on(vim.vm.Snapshot, snapshot._moId, lambda s: s.RemoveSnapshot_Task(False)), what="remove")


def test_a_datacenter_that_is_not_there_is_told_with_those_that_are(session):
    with pytest.raises(GoneError, match="has no datacenter Uptown") as caught:
        read_site(session, "Uptown", "downtown")
    assert (caught.value.code, caught.value.details[0][:7]) == ("INC-6014", "it has:")


def test_tags_that_cannot_be_read_are_a_finding_and_those_known_stay(stage, session):
    first = look(session)
    stage.control.faults({"method": "rest:POST", "fault": "HTTP503"})
    again = look(session, by_key(first))
    stage.control.calm()

    assert [each.code for each in again.findings] == ["DSC-006"]
    assert {each.key: each.tags for each in again.machines} == {each.key: each.tags for each in first.machines}


def test_an_agent_of_vsphere_is_left_out_and_told(session):
    each = look(session).machines[0]
    reconfigure(session, each.moref, managedBy=vim.ext.ManagedByInfo(extensionKey="com.vmware.vim.eam", type="cluster-agent"))
    again = look(session)
    reconfigure(session, each.moref, managedBy=vim.ext.ManagedByInfo(extensionKey="", type=""))

    assert each.key not in by_key(again)
    assert [(finding.code, finding.where) for finding in again.findings] == [("DSC-018", f"downtown: {each.name}")]
    assert each.key in by_key(look(session))


def test_progress_is_told(session):
    told = []
    found = look(session, watch=told.append)

    assert told[-1] == len(found.machines)
