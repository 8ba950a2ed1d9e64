"""Machines and sites as the lab vCenter has them, read as the program reads them."""

from dataclasses import replace

import pytest
from pyVmomi import vim

from infra.estate.model import HighAvailability
from infra.observed.errors import GoneError, UnreachableError, VsphereFault
from infra.observed.inventory import availability, read_vsphere
from infra.observed.vsphere import datastore_of, find_vm, find_vm_at, make_view, snapshot_disks, vm_view, vm_views
from infra.observed.vsphere_session import VsphereSession
from tests.fakes.lab_vcenter import DATACENTER, ODD_SIZE, RUNNING, STOPPED, lab_vcenter

GIB = 1 << 30


@pytest.fixture(scope="module")
def vcenter(toolchain, tmp_path_factory):
    with lab_vcenter(toolchain.vcenter, tmp_path_factory.mktemp("vcenter")) as started:
        yield started


def test_a_running_machine_is_seen_whole(vcenter):
    view = vcenter.view("db-01")

    assert (view.power, view.cut_off, view.template) == ("on", False, False)
    assert (view.cpus, view.memory, view.firmware, view.hardware) == (2, 4 * GIB, "bios", "vmx-19")
    assert [(d.label, d.unit, d.capacity) for d in view.disks] == [("Hard disk 1", 0, 64 << 20), ("Hard disk 2", 1, 40 * GIB + GIB // 2)]
    assert all(d.flat and d.thin and d.mode == "persistent" and d.change_id for d in view.disks)
    assert (view.tools_running, view.ip, view.host_name) == (True, "10.0.0.9", "db-01")
    assert view.datastore == "fast"


def test_a_machine_that_is_off_says_so(vcenter):
    view = vcenter.view("off-01")

    assert (view.power, view.tools_running, view.ip) == ("off", False, "")
    assert view.nics[0].start_connected


def test_is_found_by_uuid_and_by_path(vcenter):
    view = vcenter.view(RUNNING)

    assert find_vm(vcenter.session, uuid=view.uuid) == view.moref
    assert find_vm_at(vcenter.session, f"/{DATACENTER}/vm/City/nobody") == ""
    with pytest.raises(GoneError, match="no virtual machine has the uuid"):
        find_vm(vcenter.session, uuid="42000000-0000-4000-8000-000000000000")


def test_a_machine_that_vanished_is_told_by_name(vcenter):
    with pytest.raises(GoneError, match="vm-9999 does not exist"):
        vm_view(vcenter.session, "vm-9999")


def test_an_expired_session_is_renewed_without_a_word(vcenter):
    before = vcenter.session.cookie()
    assert vcenter.control.expire_sessions() >= 1

    assert vcenter.view(RUNNING).power == "on"
    assert vcenter.session.cookie() != before


def test_renewing_happens_once_for_all_threads(vcenter):
    stale = vcenter.session.cookie()
    vcenter.control.expire_sessions()
    vcenter.session.renew(stale)
    fresh = vcenter.session.cookie()
    vcenter.session.renew(stale)

    assert vcenter.session.cookie() == fresh != stale


def test_a_stale_change_is_refused_as_such(vcenter):
    stale = vcenter.view(RUNNING).change_version
    vcenter.reconfigure(RUNNING, annotation="changed by somebody")
    with pytest.raises(VsphereFault) as caught:
        vcenter.reconfigure(RUNNING, changeVersion=stale, annotation="and by us")
    assert caught.value.fault == "ConcurrentAccess"


def test_a_card_that_is_cut_off_is_seen(vcenter):
    moref = vcenter.moref(STOPPED)
    devices = vcenter.session.properties(vim.VirtualMachine, [moref], ["config.hardware.device"])[moref]["config.hardware.device"]
    card = next(d for d in devices if isinstance(d, vim.vm.device.VirtualEthernetCard))
    card.connectable.startConnected = card.connectable.connected = False
    change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=card)
    vcenter.reconfigure(STOPPED, deviceChange=[change])

    assert vcenter.view(STOPPED).cut_off


def test_a_snapshot_has_its_own_disks(vcenter):
    snapshot = vcenter.snapshot(RUNNING)
    view = vcenter.view(RUNNING)
    frozen = snapshot_disks(vcenter.session, snapshot)

    assert [s.moref for s in view.snapshots] == [snapshot]
    assert frozen[0].capacity == ODD_SIZE
    assert frozen[0].change_id != view.disks[0].change_id or frozen[0].file != view.disks[0].file
    task = vcenter.session.call_on(vim.VirtualMachine, view.moref, lambda vm: vm.RemoveAllSnapshots_Task())
    vcenter.session.wait_task(task, what="remove snapshots")
    assert vcenter.view(RUNNING).snapshots == ()


def test_a_site_is_seen_whole(vcenter):
    found = read_vsphere(vcenter.session, DATACENTER)

    assert [c.name for c in found.clusters] == ["east", "west"]
    assert [(h.cores, h.mhz, h.usable) for h in found.clusters[0].hosts] == [(8, 2500, True), (16, 2500, True)]
    assert found.clusters[0].ha.admission == "percentage"
    assert (found.clusters[1].ha.admission, found.clusters[1].drs) == ("slots", False)
    assert {d.name: d.capacity for d in found.datastores} == {"fast": 500 * GIB, "small": 10 * GIB}
    assert all(0 < d.free <= d.capacity and d.accessible for d in found.datastores)
    machine = found.machine(vcenter.view("app-01").uuid)
    assert (machine.cluster, machine.path) == ("west", f"/{DATACENTER}/vm/City/app-01")
    assert len(vm_views(vcenter.session)) == len(found.machines)


def test_a_datacenter_that_is_not_there_is_named(vcenter):
    with pytest.raises(GoneError, match="no datacenter Valley"):
        read_vsphere(vcenter.session, "Valley")


def test_closing_twice_is_closing_once(vcenter):
    session = VsphereSession(vcenter.endpoint)
    session.cookie()
    session.close()
    session.close()


def test_a_vcenter_that_is_away_says_where_it_was_looked_for(vcenter):
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:9 does not answer") as caught:
        VsphereSession(replace(vcenter.endpoint, address="127.0.0.1:9")).cookie()
    assert "endpoint" in caught.value.next_step


def test_a_machine_without_any_property_is_still_a_view():
    view = make_view("vm-1", {})

    assert (view.moref, view.disks, view.snapshots, view.power) == ("vm-1", (), (), "suspended")
    assert view.cut_off


def test_a_datastore_path_has_two_parts():
    assert datastore_of("[nvme-01] permits-db-01/permits-db-01_1.vmdk") == ("nvme-01", "permits-db-01/permits-db-01_1.vmdk")


def das(policy=None, *, enabled=True, control=True):
    return vim.cluster.DasConfigInfo(enabled=enabled, admissionControlEnabled=control, admissionControlPolicy=policy)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, HighAvailability(enabled=False, admission="disabled")),
        (das(enabled=False), HighAvailability(enabled=False, admission="disabled")),
        (das(control=False), HighAvailability(admission="disabled")),
        (das(vim.cluster.FailoverLevelAdmissionControlPolicy(failoverLevel=2)), HighAvailability(admission="slots", host_failures=2)),
        (
            das(vim.cluster.FailoverResourcesAdmissionControlPolicy(cpuFailoverResourcesPercent=25, memoryFailoverResourcesPercent=30)),
            HighAvailability(admission="percentage", cpu_percent=25, memory_percent=30),
        ),
        (
            das(
                vim.cluster.FailoverResourcesAdmissionControlPolicy(
                    cpuFailoverResourcesPercent=1, memoryFailoverResourcesPercent=1, failoverLevel=1, autoComputePercentages=True
                )
            ),
            HighAvailability(admission="percentage", host_failures=1),
        ),
    ],
)
def test_admission_control_is_told_in_the_estate_s_words(config, expected):
    assert availability(config) == expected
