"""Faults, expiring sessions and slow power: on demand only."""

from __future__ import annotations

import time

import pytest
import requests
from pyVmomi import vim

from lab.control import LabControl, LabControlError
from tests.lab.vcenter.stage import Client


def test_the_token_is_needed(visitor: Client) -> None:
    ready = visitor.stage.ready
    with pytest.raises(LabControlError, match="403"):
        LabControl(url=ready["url"], token="wrong", ca_file=ready["ca_file"]).state()
    assert requests.get(f"{ready['url']}/lab/state", verify=ready["ca_file"], timeout=10).status_code == 403


def test_faults_by_method_object_count_and_skip(client: Client) -> None:
    control = client.stage.control
    control.faults({"method": "CreateSnapshot_Task", "object": "db-01", "fault": "SnapshotFault", "count": 2, "skip": 1})
    client.snapshot(client.vm("app-01"))
    client.snapshot(client.vm("db-01"))
    for _ in range(2):
        with pytest.raises(vim.fault.SnapshotFault):
            client.snapshot(client.vm("db-01"))
    client.snapshot(client.vm("db-01"))
    control.calm()
    assert control.fault_hits() == []


def test_a_task_may_fail_after_its_call_succeeded(client: Client) -> None:
    client.stage.control.faults({"method": "PowerOffVM_Task", "fault": "TaskInProgress", "task": True, "count": 1})
    vm = client.vm("db-01")
    task = vm.PowerOffVM_Task()
    with pytest.raises(vim.fault.TaskInProgress):
        client.done(task)
    assert vm.runtime.powerState == "poweredOn"
    client.done(vm.PowerOffVM_Task())


def test_sessions_end_when_told(client: Client) -> None:
    assert client.stage.control.expire_sessions() >= 1
    with pytest.raises(vim.fault.NotAuthenticated):
        client.si.CurrentTime()
    assert client.folder("db-01/db-01-flat.vmdk", method="HEAD").status_code == 401
    assert client.stage.login().vm("db-01").name == "db-01"


def test_sessions_end_by_idling(client: Client) -> None:
    client.stage.control.settings(session_ttl_s=0.3)
    client.si.CurrentTime()
    time.sleep(0.6)
    with pytest.raises(vim.fault.NotAuthenticated):
        client.si.CurrentTime()


def test_power_takes_its_time_and_reads_do_not_wait(client: Client) -> None:
    client.stage.control.settings(power_delay_s=1.0)
    vm = client.vm("db-01")
    begin = time.monotonic()
    task = vm.PowerOffVM_Task()
    assert vm.runtime.powerState == "poweredOn"
    assert time.monotonic() - begin < 0.8
    client.done(task)
    assert 1.0 <= time.monotonic() - begin < 3.0
    assert vm.runtime.powerState == "poweredOff"
