"""What a real vCenter answers and the plain simulator does not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl

from tests.lab.vcenter.stage import GIB, PASSWORD, USER, Client


def test_references_may_name_a_base_type(visitor: Client) -> None:
    cluster = visitor.find(vim.ClusterComputeResource, "east")
    as_base = vim.ComputeResource(cluster._moId, visitor.si._stub)
    assert visitor.read(as_base, "name") == "east"
    assert visitor.read(as_base, "environmentBrowser").QueryConfigOption(None, None).version


def test_switches_are_vmwares(visitor: Client) -> None:
    switch = visitor.find(vim.DistributedVirtualSwitch, "dvs-Hill")
    assert isinstance(switch, vim.dvs.VmwareDistributedVirtualSwitch)
    assert switch.config.uplinkPortPolicy.uplinkPortName == ["uplink1", "uplink2"]
    assert visitor.content.dvSwitchManager.QueryDvsByUuid(switch.uuid) == switch
    with pytest.raises(vim.fault.NotFound):
        visitor.content.dvSwitchManager.QueryDvsByUuid("no-such-switch")
    group = visitor.find(vim.dvs.DistributedVirtualPortgroup, "apps")
    assert group.config.defaultPortConfig.vlan.vlanId == 12
    made = visitor.done(
        switch.CreateDVPortgroup_Task(vim.dvs.DistributedVirtualPortgroup.ConfigSpec(name="new", type="earlyBinding", numPorts=8))
    )
    assert made.name == "new"
    assert made in visitor.find(vim.ClusterComputeResource, "east").network
    visitor.done(made.Destroy_Task())


def test_cluster_configuration_is_merged_not_dropped(client: Client) -> None:
    cluster = client.find(vim.ClusterComputeResource, "east")
    das = cluster.configurationEx.dasConfig
    assert (das.enabled, das.admissionControlPolicy.memoryFailoverResourcesPercent, das.hostMonitoring) == (True, 25, "enabled")
    spec = vim.cluster.ConfigSpecEx(dasConfig=vim.cluster.DasConfigInfo(vmMonitoring="vmMonitoringOnly"))
    spec.drsConfig = vim.cluster.DrsConfigInfo(vmotionRate=5)
    client.done(cluster.ReconfigureComputeResource_Task(spec, True))
    after = cluster.configurationEx
    assert (after.dasConfig.enabled, after.dasConfig.vmMonitoring, after.dasConfig.hostMonitoring) == (True, "vmMonitoringOnly", "enabled")
    assert (after.drsConfig.enabled, after.drsConfig.vmotionRate, after.drsConfig.defaultVmBehavior) == (True, 5, "fullyAutomated")


def test_hosts_have_their_sizes(visitor: Client) -> None:
    host = visitor.find(vim.HostSystem, "esx-2")
    assert (host.hardware.cpuInfo.numCpuCores, host.hardware.memorySize, host.summary.hardware.cpuMhz) == (16, 128 * GIB, 2500)
    east = visitor.find(vim.ClusterComputeResource, "east")
    assert (east.summary.totalCpu, east.summary.totalMemory, east.summary.numHosts) == (24 * 2500, 192 * GIB, 2)
    assert host.summary.quickStats.overallMemoryUsage > 0
    store = visitor.find(vim.Datastore, "fast")
    assert (store.summary.type, store.summary.capacity) == ("VMFS", 500 * GIB)
    assert store.summary.freeSpace < 456 * GIB
    store.RefreshDatastore()
    assert store.summary.capacity == 500 * GIB


def test_a_cluster_can_be_destroyed_when_it_is_empty(client: Client) -> None:
    cluster = client.find(vim.ClusterComputeResource, "west")
    with pytest.raises(vim.fault.ResourceInUse):
        client.done(cluster.Destroy_Task())
    client.done(client.vm("app-01").PowerOffVM_Task())
    client.done(client.vm("app-01").Destroy_Task())
    client.done(cluster.Destroy_Task())
    with pytest.raises(StopIteration):
        client.find(vim.ClusterComputeResource, "west")


def test_upgrading_to_the_same_version_does_nothing(visitor: Client) -> None:
    vm = visitor.vm("off-01")
    visitor.done(vm.UpgradeVM_Task("vmx-19"))
    assert vm.config.version == "vmx-19"


def test_rules_of_a_cluster(client: Client) -> None:
    cluster = client.find(vim.ClusterComputeResource, "east")
    for name in ("apart", "apart-too"):
        rule = vim.cluster.AntiAffinityRuleSpec(name=name, enabled=True, vm=[client.vm("db-01"), client.vm("off-01")])
        spec = vim.cluster.ConfigSpecEx(rulesSpec=[vim.cluster.RuleSpec(operation="add", info=rule)])
        client.done(cluster.ReconfigureComputeResource_Task(spec, True))
    assert [each.name for each in cluster.configurationEx.rule] == ["apart", "apart-too"]
    assert len({each.key for each in cluster.configurationEx.rule}) == 2


def test_tag_categories_answer_the_types_as_given(visitor: Client) -> None:
    base, trust = visitor.stage.ready["url"], visitor.stage.ready["ca_file"]
    with requests.Session() as http:
        http.verify, http.trust_env = trust, False
        key = http.post(f"{base}/rest/com/vmware/cis/session", auth=(USER, PASSWORD)).json()["value"]
        http.headers["vmware-api-session-id"] = key
        spec = {"name": "made", "description": "", "cardinality": "SINGLE", "associable_types": ["urn:vim25:VirtualMachine"]}
        made = http.post(f"{base}/rest/com/vmware/cis/tagging/category", json={"create_spec": spec}).json()["value"]
        found = http.get(f"{base}/rest/com/vmware/cis/tagging/category/id:{made}").json()["value"]
        assert found["associable_types"] == ["VirtualMachine"]
        http.delete(f"{base}/rest/com/vmware/cis/tagging/category/id:{made}")
        assert http.post(f"{base}/rest/com/vmware/cis/session", auth=(USER, "wrong")).status_code == 401


def test_vsan_is_answered(visitor: Client) -> None:
    question = '<Envelope><Body><VsanClusterGetConfig xmlns="urn:vsan"/></Body></Envelope>'
    answer = requests.post(f"{visitor.stage.ready['url']}/vsanHealth", data=question, verify=visitor.stage.ready["ca_file"], timeout=10)
    assert "VsanClusterGetConfigResponse" in answer.text
    assert "<enabled>false</enabled>" in answer.text


def test_wrong_credentials(shared: object, visitor: Client) -> None:
    with pytest.raises(vim.fault.InvalidLogin):
        visitor.stage.login("guess")


def test_property_reads_without_a_login_are_refused(visitor: Client) -> None:
    vm = visitor.vm("db-01")
    stranger = visitor.stage.login()
    mine = vim.VirtualMachine(vm._moId, stranger.si._stub)
    assert mine.name == "db-01"
    stranger.content.sessionManager.Logout()
    with pytest.raises(vim.fault.NotAuthenticated):
        _ = mine.name


def test_machines_move_between_pools_of_a_cluster(client: Client) -> None:
    root = client.find(vim.ClusterComputeResource, "east").resourcePool
    vm = client.vm("db-01")
    root.MoveIntoResourcePool([vm])
    assert (vm.resourcePool, vm in root.vm, vm in root.resourcePool[0].vm) == (root, True, False)
    with pytest.raises(vmodl.fault.InvalidArgument):
        client.find(vim.ClusterComputeResource, "west").resourcePool.MoveIntoResourcePool([vm])


def test_many_clients_wait_for_their_tasks_at_once(client: Client) -> None:
    """Each login hears of its own task, though all use the common property collector."""

    def work(number: int) -> int:
        mine = client.stage.login()
        vm = mine.vm("off-01" if number % 2 else "app-01")
        for _ in range(3):
            WaitForTask(vm.CreateSnapshot("s", "", False, False), si=mine.si)
        return number

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(work, range(4), timeout=60)) == [0, 1, 2, 3]
