"""A small data centre for tests: one lab vCenter process and real clients of it."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from pyVim.connect import SmartConnect
from pyVmomi import vim, vmodl

from lab.control import LabControl

USER, PASSWORD, TOKEN = "operator@three-rivers.example", "s3cret", "a-token-for-tests"
MIB, GIB = 1 << 20, 1 << 30


def machine(name: str, disks: list[int], *, cluster: str = "east", seed: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "uuid": f"4200{sum(name.encode()):04x}-0000-4000-8000-00000000{sum(name.encode()) * 7:04x}",
        "folder": "City",
        "cluster": cluster,
        "datastore": "fast",
        "cpus": 2,
        "memory_bytes": 4 * GIB,
        "guest_id": "debian12_64Guest",
        "os": "debian-12",
        "firmware": "bios",
        "annotation": f"{name}, for tests",
        "hostname": name,
        "machine_id": f"machine-{name}",
        "tags": {"incline-tier": "gold"},
        "nics": [{"network": "apps", "address": "10.0.0.9", "mac": ""}],
        "addresses": {"apps": "10.0.0.9", "elsewhere": "10.9.0.9"},
        "disks": [
            {"name": f"d{i}", "label": "", "size_bytes": size, "uuid": f"disk-{name}-{i}", "unit": i, "seed_bytes": seed}
            for i, size in enumerate(disks)
        ],
        "cbt": True,
        "powered_on": True,
    } | more


def inventory() -> dict[str, Any]:
    hosts = [{"name": f"esx-{i}", "cores": 8 * i, "mhz": 2500, "memory_bytes": 64 * GIB * i} for i in (1, 2)]
    ha = {"enabled": True, "admission": "percentage", "host_failures": 1, "cpu_percent": None, "memory_percent": 25}
    return {
        "name": "test-city",
        "datacenters": [
            {
                "name": "Hill",
                "folder": "City",
                "clusters": [
                    {"name": "east", "pool": "city", "ha": ha, "drs": True, "hosts": hosts, "datastores": ["fast", "small"]},
                    {
                        "name": "west",
                        "pool": "city",
                        "ha": ha | {"admission": "slots"},
                        "drs": False,
                        "hosts": [{"name": "esx-9", "cores": 4, "mhz": 3000, "memory_bytes": 32 * GIB}],
                        "datastores": ["fast"],
                    },
                ],
                "datastores": [{"name": "fast", "capacity_bytes": 500 * GIB}, {"name": "small", "capacity_bytes": 10 * GIB}],
                "networks": [
                    {"name": "apps", "vlan": 12, "switch": "distributed"},
                    {"name": "mgmt", "vlan": 0, "switch": "standard"},
                ],
                "vms": [
                    machine("db-01", [64 * MIB, 40 * GIB + GIB // 2], seed=8 * MIB),
                    machine("app-01", [2 * GIB], cluster="west", nics=[{"network": "mgmt", "address": "10.0.0.9", "mac": ""}]),
                    machine("off-01", [1 * GIB], powered_on=False),
                ],
                "templates": [machine("template-01", [1 * GIB], powered_on=False, seed=MIB)],
            }
        ],
        "tag_categories": [{"name": "incline-tier", "tags": ["gold", "silver"]}],
    }


@dataclass
class Stage:
    """One process, restarted at will on the same state folder."""

    program: Path
    folder: Path
    inventory: dict[str, Any] = field(default_factory=inventory)
    process: subprocess.Popen[str] | None = None
    ready: dict[str, str] = field(default_factory=dict)
    started_in: float = 0.0

    def start(self) -> Stage:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("pw", PASSWORD), ("token", TOKEN), ("inventory.json", json.dumps(self.inventory))):
            (self.folder / name).write_text(text)
        command = [str(self.program), "--inventory", "inventory.json", "--state", "state", "--user", USER]
        command += ["--password-file", "pw", "--control-token-file", "token"]
        begin = time.monotonic()
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.stop()
            raise AssertionError((self.folder / "log").read_text()[-2000:])
        self.ready = json.loads(line)
        self.started_in = time.monotonic() - begin
        return self

    def stop(self, *, kill: bool = False) -> None:
        if self.process is None:
            return
        self.process.kill() if kill else self.process.terminate()
        self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    @property
    def control(self) -> LabControl:
        return LabControl(url=self.ready["url"], token=TOKEN, ca_file=self.ready["ca_file"])

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ready["ca_file"])

    def login(self, password: str = PASSWORD) -> Client:
        host, _, port = self.ready["host"].partition(":")
        si = SmartConnect(host=host, port=int(port), user=USER, pwd=password, sslContext=self.trust())
        return Client(self, si)


@dataclass
class Client:
    """A pyVmomi login with the few words that tests need."""

    stage: Stage
    si: Any

    @property
    def content(self) -> Any:
        return self.si.RetrieveContent()

    def find(self, kind: Any, name: str) -> Any:
        view = self.content.viewManager.CreateContainerView(self.content.rootFolder, [kind], True)
        return next(each for each in view.view if each.name == name)

    def vm(self, name: str) -> Any:
        return self.find(vim.VirtualMachine, name)

    def done(self, task: Any) -> Any:
        """The result of a task; its fault is raised. Reads single paths, as `task.info` is not readable for every task."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            state = self.read(task, "info.state")
            if state == "success":
                return self.read(task, "info.result")
            if state == "error":
                raise self.read(task, "info.error")
            time.sleep(0.01)
        raise TimeoutError

    def read(self, obj: Any, path: str) -> Any:
        spec = vmodl.query.PropertyCollector.FilterSpec(
            objectSet=[vmodl.query.PropertyCollector.ObjectSpec(obj=obj)],
            propSet=[vmodl.query.PropertyCollector.PropertySpec(type=type(obj), pathSet=[path])],
        )
        options = vmodl.query.PropertyCollector.RetrieveOptions()
        found = self.content.propertyCollector.RetrievePropertiesEx([spec], options)
        return next((prop.val for each in found.objects for prop in each.propSet), None)

    def disks(self, owner: Any) -> list[Any]:
        """The disks of a machine or of a snapshot."""
        return [each for each in owner.config.hardware.device if isinstance(each, vim.vm.device.VirtualDisk)]

    def snapshot(self, vm: Any, name: str = "round") -> Any:
        return self.done(vm.CreateSnapshot_Task(name, "", False, False))

    def areas(self, vm: Any, snapshot: Any, key: int, change_id: str, *, size: int) -> list[tuple[int, int]]:
        """All pages of a change query."""
        found, start = [], 0
        while start < size:
            page = vm.QueryChangedDiskAreas(snapshot, key, start, change_id)
            found += [(each.start, each.length) for each in page.changedArea]
            assert page.length > 0
            start = page.startOffset + page.length
        return found

    @property
    def cookie(self) -> str:
        return str(self.si._stub.cookie).split(";")[0]

    def folder(self, path: str, *, method: str = "GET", ds: str = "fast", cookie: bool = True, **more: Any) -> requests.Response:
        headers = dict(more.pop("headers", {}))
        if cookie:
            headers["Cookie"] = self.cookie
        query = more.pop("query", f"dcPath=Hill&dsName={quote(ds)}")
        url = f"{self.stage.ready['url']}/folder/{quote(path)}?{query}"
        return requests.request(method, url, headers=headers, verify=self.stage.ready["ca_file"], timeout=30, **more)
