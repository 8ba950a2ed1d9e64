"""What a vCenter really has, as the capacity snapshot keeps it; read from the lab's vCenter as the program reads any."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pyVmomi import vim

from infra.estate.model import Cluster, Datastore, Host, Network
from infra.observed.errors import GoneError, RestRefusedError
from infra.observed.vsphere_capacity import read_vsphere_capacity
from infra.observed.vsphere_ha import high_availability
from infra.observed.vsphere_machines import Surroundings, observed_machines
from infra.observed.vsphere_performance import Performance, Question
from infra.observed.vsphere_rest import VsphereRest
from infra.observed.who import Roster
from tests.fakes.estates import estate, on_vsphere, placement, server, vsphere_site
from tests.fakes.lab_vcenter import RUNNING, STOPPED, lab_vcenter

GIB = 1 << 30


@pytest.fixture(scope="module")
def vcenter(toolchain, tmp_path_factory):
    with lab_vcenter(toolchain.vcenter, tmp_path_factory.mktemp("vcenter")) as started:
        yield started


@pytest.fixture(scope="module")
def site():
    hosts = (Host(name="esx-1", cores=8, mhz=2500, memory=64 * GIB),)
    return vsphere_site(
        "downtown",
        datacenter="Hill",
        clusters=(Cluster(name="east", hosts=hosts, datastores=("fast",)),),
        datastores=(Datastore(name="fast", capacity=500 * GIB),),
        networks=(Network(name="apps", cidr="10.0.0.0/24"),),
    )


@pytest.fixture(scope="module")
def city(vcenter, site):
    """db-01 by the uuid that its placement knows, app-01 by its name; off-01's placement knows another machine."""
    places = [
        placement("db-01", machine=on_vsphere("db-01", uuid=vcenter.view("db-01").uuid)),
        placement("app-01", machine=on_vsphere("app-01", uuid="")),
        placement("off-01", machine=on_vsphere("off-01", uuid="another")),
    ]
    servers = tuple(server(name) for name in ("app-01", "db-01", "off-01"))
    return estate(*places, servers=servers, sites={"downtown": site})


@pytest.fixture
def look(vcenter, site, city):
    return lambda: read_vsphere_capacity(vcenter.session, site, city)


def machine(seen, name):
    return next(m for m in seen.machines if m.name == name)


def test_clusters_hosts_and_pools(look):
    seen = look()

    east, west = seen.clusters
    assert (east.name, east.drs, west.drs) == ("east", True, False)
    assert [(h.name, h.cores, h.mhz, h.memory, h.numa_nodes, h.usable) for h in east.hosts] == [
        ("esx-1", 8, 2500, 64 * GIB, 2, True),
        ("esx-2", 16, 2500, 128 * GIB, 2, True),
    ]
    assert [(p.name, p.parent, p.memory_reservation, p.expandable) for p in east.pools] == [("city", "", 0, True)]
    assert (east.ha.admission, east.ha.host_failures, west.ha.admission) == ("percentage", 1, "slots")
    assert east.ha.host_monitoring is True
    assert east.ha.isolation_response is None, "nobody set it"


def test_datastores_and_networks(look):
    seen = look()

    assert {(d.name, d.capacity, d.accessible) for d in seen.datastores} == {("fast", 500 * GIB, True), ("small", 10 * GIB, True)}
    assert {n.name: n.cidr for n in seen.networks} == {"VM Network": "", "apps": "10.0.0.0/24", "mgmt": ""}, "uplinks are no networks"
    assert all(n.free is None for n in seen.networks)


def test_a_machine_with_its_place_and_size(look, vcenter):
    seen = machine(look(), "db-01")

    assert (seen.server, seen.uuid, seen.cluster, seen.datastore) == ("db-01", vcenter.view("db-01").uuid, "east", "fast")
    assert seen.host in {"esx-1", "esx-2"}
    assert (seen.running, seen.cpus, seen.memory, seen.pool) == (True, 2, 4 * GIB, "city")
    assert seen.disks == (64 << 20, 40 * GIB + GIB // 2)
    assert (seen.firmware, seen.hardware_version, seen.secure_boot, seen.encrypted) == ("bios", 19, False, False)
    assert (seen.nonpersistent_disks, seen.devices, seen.restart_priority, seen.nics_connected) == ((), (), None, True)
    assert (seen.networks, seen.tags) == (("apps",), {"tier": "gold"})


def test_whose_machine_it_is(look):
    seen = look()

    assert machine(seen, "app-01").server == "app-01", "by name, as its placement knows no uuid"
    assert machine(seen, "off-01").server == "", "a name alone is not enough where the placement knows another machine"
    assert machine(seen, STOPPED).server == ""
    assert "template-01" not in {m.name for m in seen.machines}


def test_use_is_told_of_running_machines_only(look):
    seen = look()

    used = machine(seen, "db-01").usage
    assert 0.3 * 2 * 2500 < used.cpu_mhz_p95 < 2 * 2500
    assert 0.5 * 4 * GIB < used.memory_p95 < 4 * GIB
    assert used.iops_p95 > 10
    assert used.throughput_p95 == pytest.approx(used.iops_p95 * 16 * 1024, rel=0.1)
    assert used.days == pytest.approx(7, abs=0.1)
    assert machine(seen, "off-01").usage is None


def test_a_year_of_daily_demand(look):
    cpu, memory = look().clusters[0].history

    assert (cpu.resource, memory.resource) == ("cpu", "memory")
    assert 364 <= len(cpu.days) <= 365
    days = [d.day for d in cpu.days]
    assert days == sorted(set(days))
    assert days[-1] == datetime.now(UTC).date() - timedelta(days=1)
    assert memory.days[0].value < memory.days[-1].value, "it grows"
    space = next(d for d in look().datastores if d.name == "fast").history[0]
    assert space.resource == "space"


def test_two_looks_tell_the_same(look):
    first, second = look(), look()

    assert first.model_copy(update={"taken_at": second.taken_at}) == second


def test_settings_that_a_hardened_machine_has(vcenter, look):
    devices = [
        vim.vm.device.VirtualDeviceSpec(operation="add", device=vim.vm.device.VirtualFloppy(key=-1, backing=_floppy())),
        vim.vm.device.VirtualDeviceSpec(operation="add", device=vim.vm.device.VirtualSerialPort(key=-2, backing=_serial())),
    ]
    vcenter.reconfigure(
        RUNNING,
        deviceChange=devices,
        migrateEncryption="required",
        flags=vim.vm.FlagInfo(enableLogging=True),
        cpuAllocation=vim.ResourceAllocationInfo(reservation=500),
        memoryAllocation=vim.ResourceAllocationInfo(reservation=1024),
    )

    seen = machine(look(), RUNNING)

    assert seen.devices == ("floppy", "serial")
    assert seen.logging is True
    assert (seen.cpu_reservation_mhz, seen.memory_reservation) == (500, GIB)


def test_a_priority_of_its_own(vcenter, look):
    found = vcenter.session.of_type(vim.ClusterComputeResource, ["name"])
    cluster = next(m for m, v in found.items() if v["name"] == "east")
    own = vim.cluster.DasVmConfigSpec(
        operation="add",
        info=vim.cluster.DasVmConfigInfo(
            key=vim.VirtualMachine(vcenter.moref("app-01")),  # no other test asks what this machine's is
            dasSettings=vim.cluster.DasVmSettings(restartPriority="high"),
        ),
    )
    spec = vim.cluster.ConfigSpecEx(dasVmConfigSpec=[own])
    task = vcenter.session.call_on(vim.ClusterComputeResource, cluster, lambda c: c.ReconfigureComputeResource_Task(spec, True))
    vcenter.session.wait_task(task, what="priority")

    assert machine(look(), "app-01").restart_priority == "high"
    assert machine(look(), "db-01").restart_priority is None


def test_a_host_that_failed_is_away_and_its_machines_stand_elsewhere(vcenter, look):
    before = machine(look(), "db-01").host
    try:
        report = vcenter.control.host(before, "fail")
        seen = look()
    finally:
        vcenter.control.host(before, "recover")

    assert {(h.name, h.usable, h.connection) for h in seen.clusters[0].hosts if h.name == before} == {(before, False, "notResponding")}
    assert {"machine": "db-01", "to": machine(seen, "db-01").host} in report["moved"]
    assert machine(seen, "db-01").host != before
    assert all(h.usable for h in look().clusters[0].hosts)


def test_a_login_that_may_not_read_tags_leaves_them_unknown(vcenter, look):
    vcenter.control.faults({"method": "rest:POST", "fault": "HTTP503"})
    try:
        seen = look()
    finally:
        vcenter.control.calm()

    assert {m.tags for m in seen.machines} == {None}
    assert "tags" in seen.missing


def test_the_rest_login_is_refused_with_a_wrong_password(vcenter):
    wrong = VsphereRest(replace(vcenter.endpoint, password="wrong"), vcenter.session.tls)
    with pytest.raises(RestRefusedError, match="401"), wrong:
        pass


def test_a_datacenter_that_is_not_there(vcenter, site, city):
    with pytest.raises(GoneError, match="no datacenter Valley"):
        read_vsphere_capacity(vcenter.session, site.model_copy(update={"datacenter": "Valley"}), city)


def test_a_counter_that_is_not_stored_is_absent(vcenter):
    asked = Question(
        kind=vim.VirtualMachine,
        morefs=[vcenter.moref("db-01")],
        counters={"cpu.usagemhz.average": "", "no.such.counter": ""},
        interval_s=1800,
        since=datetime.now(UTC) - timedelta(days=1),
    )

    series = Performance(vcenter.session).read(asked)[vcenter.moref("db-01")]

    assert series.of("no.such.counter") == []
    assert len(series.of("cpu.usagemhz.average")) in {47, 48}


def test_a_counter_manager_that_answers_nothing_leaves_use_unknown(vcenter, look):
    vcenter.control.faults({"method": "QueryPerf", "fault": "NoPermission"})
    try:
        seen = look()
    finally:
        vcenter.control.calm()

    assert {m.usage for m in seen.machines} == {None}
    assert not seen.clusters[0].history
    assert {"usage", "history"} <= set(seen.missing)


def around(city):
    nothing: dict = {}
    return Surroundings(
        hosts=nothing,
        clusters=nothing,
        pools=nothing,
        networks=nothing,
        priorities=nothing,
        tags=None,
        usage=nothing,
        roster=Roster(city, "downtown"),
    )


def test_a_machine_whose_configuration_cannot_be_read_has_no_settings(city):
    (seen,) = observed_machines({"vm-1": {"name": "orphan", "runtime.powerState": "poweredOff"}}, around(city))

    assert (seen.name, seen.server, seen.running, seen.cpus, seen.disks) == ("orphan", "", False, 0, ())
    unknown = (seen.encrypted, seen.devices, seen.nonpersistent_disks, seen.nics_connected, seen.logging, seen.secure_boot, seen.tags)
    assert set(unknown) == {None}


@pytest.mark.parametrize(
    ("home", "disks", "encrypted"), [(True, [True, True], True), (True, [True, False], False), (False, [False], False), (True, [], True)]
)
def test_encrypted_means_every_disk(city, home, disks, encrypted):
    key = vim.encryption.CryptoKeyId(keyId="a-key")
    flat = vim.vm.device.VirtualDisk.FlatVer2BackingInfo
    devices = [
        vim.vm.device.VirtualDisk(key=2000 + n, backing=flat(diskMode="persistent", keyId=key if each else None))
        for n, each in enumerate(disks)
    ]
    values = {"name": "m", "config.uuid": "u", "config.hardware.device": devices, **({"config.keyId": key} if home else {})}

    assert observed_machines({"vm-1": values}, around(city))[0].encrypted is encrypted


def test_disks_that_forget_and_video_that_is_too_much_are_named(city):
    forgets = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(diskMode="independent_nonpersistent")
    label = vim.Description(label="Hard disk 2", summary="")
    devices = [
        vim.vm.device.VirtualDisk(key=2001, unitNumber=1, capacityInKB=4, backing=forgets, deviceInfo=label),
        vim.vm.device.VirtualVideoCard(key=500, enable3DSupport=True),
        vim.vm.device.VirtualParallelPort(key=10000),
    ]

    (seen,) = observed_machines({"vm-1": {"name": "m", "config.uuid": "u", "config.hardware.device": devices}}, around(city))

    assert seen.nonpersistent_disks == ("Hard disk 2",)
    assert seen.devices == ("parallel", "3d-video")
    assert seen.disks == (4096,)
    assert seen.nics_connected is False


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"hostMonitoring": "disabled"}, {"host_monitoring": False}),
        ({"vmComponentProtecting": "disabled"}, {"pdl_response": "disabled", "apd_response": "disabled"}),
        (
            {"vmComponentProtecting": "enabled", "defaultVmSettings": ("restartAggressive", "restartConservative")},
            {"pdl_response": "restartAggressive", "apd_response": "restartConservative", "isolation_response": "shutdown"},
        ),
        ({"option": "true"}, {"respects_anti_affinity": True}),
        ({"option": "false"}, {"respects_anti_affinity": False}),
    ],
)
def test_what_ha_does_is_told_in_the_estate_s_words(changes, expected):
    das = vim.cluster.DasConfigInfo(enabled=True, admissionControlEnabled=False)
    for name, value in changes.items():
        if name == "option":
            das.option = [vim.option.OptionValue(key="das.respectVmVmAntiAffinityRules", value=value)]
        elif name == "defaultVmSettings":
            pdl, apd = value
            storage = vim.cluster.VmComponentProtectionSettings(vmStorageProtectionForPDL=pdl, vmStorageProtectionForAPD=apd)
            das.defaultVmSettings = vim.cluster.DasVmSettings(isolationResponse="shutdown", vmComponentProtectionSettings=storage)
        else:
            setattr(das, name, value)

    told = high_availability(das)

    assert {name: getattr(told, name) for name in expected} == expected


def _floppy():
    return vim.vm.device.VirtualFloppy.RemoteDeviceBackingInfo(deviceName="")


def _serial():
    return vim.vm.device.VirtualSerialPort.URIBackingInfo(serviceURI="tcp://:1", direction="server")
