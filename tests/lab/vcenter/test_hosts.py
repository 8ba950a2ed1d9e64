"""A host fails, rests and comes back; HA and DRS do what a capacity rule has to see."""

from __future__ import annotations

import pytest
from pyVmomi import vim

from lab.control import LabControlError
from tests.lab.vcenter.stage import Client, Stage


def running(control_state: dict[str, object], host: str) -> list[str]:
    machines: list[dict[str, str]] = control_state["machines"]  # type: ignore[assignment]
    return sorted(m["Name"] for m in machines if m["Host"] == host and m["Power"] == "poweredOn")


def test_a_failed_host_loses_its_machines_to_the_others(client: Client) -> None:
    control = client.stage.control
    before = client.vm("db-01").runtime.host.name

    report = control.host(before, "fail")

    host = client.find(vim.HostSystem, before)
    assert client.read(host, "runtime.connectionState") == "notResponding"
    other = {"esx-1": "esx-2", "esx-2": "esx-1"}[before]
    assert report["moved"] == [{"machine": "db-01", "to": other}]
    assert client.vm("db-01").runtime.host.name == other
    assert running(control.state(), before) == []
    summary = client.read(client.find(vim.ClusterComputeResource, "east"), "summary")
    assert summary.numEffectiveHosts == 1
    assert summary.effectiveMemory < summary.totalMemory >> 20

    control.host(before, "recover")

    assert client.read(host, "runtime.connectionState") == "connected"
    assert client.vm("db-01").runtime.host.name == other, "nothing comes back by itself"


def test_where_no_host_is_left_machines_stay_and_are_cut_off(client: Client) -> None:
    report = client.stage.control.host("esx-9", "fail")

    assert report["moved"] == []
    assert report["stuck"] == ["app-01"]
    assert client.read(client.vm("app-01"), "runtime.connectionState") == "disconnected"
    client.stage.control.host("esx-9", "recover")
    assert client.read(client.vm("app-01"), "runtime.connectionState") == "connected"


def test_without_host_monitoring_nobody_restarts_anything(client: Client) -> None:
    cluster = client.find(vim.ClusterComputeResource, "east")
    spec = vim.cluster.ConfigSpecEx(dasConfig=vim.cluster.DasConfigInfo(hostMonitoring="disabled"))
    client.done(cluster.ReconfigureComputeResource_Task(spec, True))
    before = client.vm("db-01").runtime.host.name

    report = client.stage.control.host(before, "fail")

    assert (report["moved"], report["stuck"]) == ([], ["db-01"])


def test_maintenance_evacuates_first(client: Client) -> None:
    before = client.vm("db-01").runtime.host.name

    report = client.stage.control.host(before, "maintain")

    assert [each["machine"] for each in report["moved"]] == ["db-01"]
    assert client.read(client.find(vim.HostSystem, before), "runtime.inMaintenanceMode") is True
    assert client.vm("db-01").runtime.host.name != before


def test_maintenance_without_drs_is_refused(client: Client) -> None:
    with pytest.raises(LabControlError, match="no DRS"):
        client.stage.control.host("esx-9", "maintain")
    assert client.read(client.find(vim.HostSystem, "esx-9"), "runtime.inMaintenanceMode") is False


def test_a_failed_host_is_still_away_after_a_restart(stage: Stage) -> None:
    stage.control.host("esx-1", "fail")
    stage.stop()
    stage.start()

    states = {host["name"]: host["state"] for host in stage.control.hosts()}
    assert states == {"esx-1": "notResponding", "esx-2": "connected", "esx-9": "connected"}


@pytest.mark.parametrize(("name", "action", "words"), [("esx-0", "fail", "no host"), ("esx-1", "explode", "action is")])
def test_what_cannot_be_is_refused(visitor: Client, name: str, action: str, words: str) -> None:
    with pytest.raises(LabControlError, match=words):
        visitor.stage.control.host(name, action)


def test_stored_performance_is_old_first_and_always_the_same(visitor: Client) -> None:
    manager = visitor.content.perfManager
    numbers = {f"{c.groupInfo.key}.{c.nameInfo.key}.{c.rollupType}": c.key for c in manager.perfCounter}
    metric = vim.PerformanceManager.MetricId(counterId=numbers["cpu.usagemhz.average"], instance="")
    asked = vim.PerformanceManager.QuerySpec(entity=visitor.vm("db-01"), metricId=[metric], intervalId=1800, maxSample=5)

    first, second = (manager.QueryPerf([asked])[0] for _ in range(2))

    moments = [sample.timestamp for sample in first.sampleInfo]
    assert len(moments) == 5
    assert moments == sorted(moments)
    assert list(first.value[0].value) == list(second.value[0].value)
    off = vim.PerformanceManager.QuerySpec(entity=visitor.vm("off-01"), metricId=[metric], intervalId=1800, maxSample=5)
    assert list(manager.QueryPerf([off]) or ()) == []


def test_resource_pools_of_the_inventory(stage: Stage) -> None:
    stage.stop()
    east = stage.inventory["datacenters"][0]["clusters"][0]
    east["pools"] = [
        {"name": "inner", "parent": "outer", "cpu_reservation_mhz": 500, "memory_reservation": 1 << 30, "expandable": False},
        {"name": "outer", "parent": "", "cpu_reservation_mhz": 1000, "memory_reservation": 2 << 30, "expandable": True},
    ]
    stage.folder = stage.folder / "anew"
    client = stage.start().login()

    inner = client.find(vim.ResourcePool, "inner")
    assert inner.parent.name == "outer"
    assert inner.config.cpuAllocation.reservation == 500
    assert inner.config.memoryAllocation.reservation == 1024
    assert inner.config.memoryAllocation.expandableReservation is False
    assert client.vm("db-01").resourcePool.name == "city"
