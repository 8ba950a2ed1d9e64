"""The vSphere types, each with what the contract needs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from pyVmomi import vim

from lab.providers.vsphere.tagging import bring_tags
from tests.lab.providers.case import Case
from tests.lab.providers.engine import Engine, Known
from tests.lab.vcenter.stage import Client

CENTER = "Hill"
MACHINE = "vsphere:index/virtualMachine:VirtualMachine"


@dataclass
class VsphereStage:
    """What stands around the resource under test."""

    engine: Engine
    client: Client
    unique: str = field(default_factory=lambda: f"case-{uuid4().hex[:8]}")
    made: dict[str, Known] = field(default_factory=dict)

    def ask(self, function: str, **arguments: Any) -> Any:
        return self.engine.invoke(f"vsphere:index/{function}:{function}", **arguments)

    @property
    def center(self) -> str:
        return str(self.ask("getDatacenter", name=CENTER)["id"])

    def cluster(self, name: str = "east") -> Any:
        return self.ask("getComputeCluster", name=name, datacenterId=self.center)

    @property
    def pool(self) -> str:
        return str(self.ask("getResourcePool", name=f"/{CENTER}/host/east/Resources/city")["id"])

    def store(self, name: str = "fast") -> str:
        return str(self.ask("getDatastore", name=name, datacenterId=self.center)["id"])

    def network(self, name: str = "apps") -> str:
        return str(self.ask("getNetwork", name=name, datacenterId=self.center)["id"])

    def get(self, key: str, token: str, **inputs: Any) -> Known:
        if key not in self.made:
            self.made[key] = self.engine.create(self.engine.urn(token, key), inputs)
        return self.made[key]

    @property
    def category(self) -> Known:
        kinds = ["VirtualMachine", "Folder", "ResourcePool"]
        return self.get("category", "vsphere:index/tagCategory:TagCategory", cardinality="MULTIPLE", associableTypes=kinds)

    @property
    def category2(self) -> Known:
        return self.get("category2", "vsphere:index/tagCategory:TagCategory", cardinality="SINGLE", associableTypes=["VirtualMachine"])

    def tag(self, name: str = "one") -> str:
        return self.get(f"tag-{name}", "vsphere:index/tag:Tag", name=f"{self.unique}-{name}", categoryId=self.category.id).id

    def machine(self, name: str) -> Known:
        return self.get(name, MACHINE, **machine_inputs(self, name=f"{self.unique}-{name}"))

    def find(self, known: Known) -> Any:
        """The machine, with the other client."""
        return self.client.content.searchIndex.FindByUuid(None, known.id, True, False)

    def reconfigure(self, known: Known, **spec: Any) -> None:
        self.client.done(self.find(known).ReconfigVM_Task(vim.vm.ConfigSpec(**spec)))

    def relocate(self, known: Known, **spec: Any) -> None:
        self.client.done(self.find(known).RelocateVM_Task(vim.vm.RelocateSpec(**spec)))

    def other(self, obj: Any, kind: Any) -> Any:
        return kind(obj, self.client.si._stub)


def machine_inputs(stage: VsphereStage, **more: Any) -> dict[str, Any]:
    return {
        "name": stage.unique,
        "resourcePoolId": stage.pool,
        "datastoreId": stage.store(),
        "folder": "City",
        "numCpus": 2,
        "memory": 2048,
        "guestId": "debian12_64Guest",
        "annotation": "as declared",
        "disks": [disk(1, 1), disk(2, 2)],
        "networkInterfaces": [{"networkId": stage.network()}],
        "waitForGuestNetTimeout": 0,
    } | more


def disk(number: int, size: int, **more: Any) -> dict[str, Any]:
    return {"label": f"Hard disk {number}", "size": size, "unitNumber": number - 1} | more


def _grow(stage: VsphereStage, known: Known) -> None:
    device = stage.client.disks(stage.find(known))[1]
    device.capacityInBytes, device.capacityInKB = 5 << 30, 5 << 20
    stage.reconfigure(known, deviceChange=[vim.vm.device.VirtualDeviceSpec(operation="edit", device=device)])


def _retag(stage: VsphereStage, known: Known) -> None:
    bring_tags(stage.engine.operations.session(), stage.find(known), [stage.tag("two")])


def _destroy(stage: VsphereStage, known: Known) -> None:
    machine = stage.find(known)
    stage.client.done(machine.PowerOffVM_Task())
    stage.client.done(machine.Destroy_Task())


def _rule(stage: VsphereStage, known: Known, operation: str, **change: Any) -> None:
    cluster = stage.other(known.id.split(":")[0], vim.ClusterComputeResource)
    rule = next(each for each in cluster.configurationEx.rule if each.key == int(known.id.split(":")[1]))
    for name, value in change.items():
        setattr(rule, name, value)
    info = {"info": rule} if operation == "edit" else {"removeKey": rule.key}
    spec = vim.cluster.ConfigSpecEx(rulesSpec=[vim.cluster.RuleSpec(operation=operation, **info)])
    stage.client.done(cluster.ReconfigureComputeResource_Task(spec, True))


def _rename_folder(stage: VsphereStage, known: Known) -> None:
    stage.client.done(stage.other(known.id, vim.Folder).Rename_Task(f"{stage.unique}-renamed"))


CASES = [
    Case(
        "vsphere:index/folder:Folder",
        lambda s: {"path": f"City/{s.unique}", "type": "vm", "datacenterId": s.center},
        lambda s: {"path": f"City/{s.unique}-b", "tags": [s.tag()]},
        lambda s: {"type": "network", "datacenterId": "datacenter-99"},
        {"path": _rename_folder},
        lambda s, k: s.client.done(s.other(k.id, vim.Folder).Destroy_Task()),
        lambda s, k: f"/{CENTER}/vm/{k.inputs['path']}",
    ),
    Case(
        "vsphere:index/resourcePool:ResourcePool",
        lambda s: {"name": s.unique, "parentResourcePoolId": s.cluster()["resourcePoolId"], "memoryReservation": 1024},
        lambda s: {"memoryReservation": 2048, "cpuLimit": 4000, "name": f"{s.unique}-b", "tags": [s.tag()]},
        drifts={
            "memoryReservation": lambda s, k: s.other(k.id, vim.ResourcePool).UpdateConfig(None, _smaller(s.other(k.id, vim.ResourcePool))),
        },
        remove=lambda s, k: s.client.done(s.other(k.id, vim.ResourcePool).Destroy_Task()),
        import_id=lambda s, k: f"/{CENTER}/host/east/Resources/{k.inputs['name']}",
    ),
    Case(
        "vsphere:index/tagCategory:TagCategory",
        lambda s: {"name": s.unique, "cardinality": "SINGLE", "associableTypes": ["VirtualMachine"], "description": "a"},
        lambda _: {"description": "b", "cardinality": "MULTIPLE", "associableTypes": ["Folder", "VirtualMachine"]},
        drifts={"description": lambda s, k: _patch(s, f"category/id:{k.id}", {"description": "x"})},
        remove=lambda s, k: _rest(s, "DELETE", f"category/id:{k.id}"),
        import_id=lambda s, k: k.inputs["name"],
    ),
    Case(
        "vsphere:index/tag:Tag",
        lambda s: {"name": s.unique, "categoryId": s.category.id, "description": "a"},
        lambda s: {"description": "b", "name": f"{s.unique}-b"},
        lambda s: {"categoryId": s.category2.id},
        {"description": lambda s, k: _patch(s, f"tag/id:{k.id}", {"description": "x"})},
        lambda s, k: _rest(s, "DELETE", f"tag/id:{k.id}"),
        lambda s, k: json.dumps({"category_name": s.category.inputs["name"], "tag_name": k.inputs["name"]}),
    ),
    Case(
        MACHINE,
        lambda s: machine_inputs(s, tags=[s.tag()]),
        lambda s: {
            "annotation": "as changed",
            "numCpus": 4,
            "memory": 4096,
            "guestId": "ubuntu64Guest",
            "name": f"{s.unique}-b",
            "cpuHotAddEnabled": True,
            "memoryReservation": 512,
            "disks": [disk(1, 1), disk(2, 4), disk(3, 1)],
            "networkInterfaces": [{"networkId": s.network("mgmt")}, {"networkId": s.network()}],
            "tags": [s.tag(), s.tag("two")],
            "extraConfig": {"incline.test": "1"},
            "folder": "",
            "resourcePoolId": s.cluster()["resourcePoolId"],
            "waitForGuestIpTimeout": 0,
        },
        lambda _: {"datastorePath": "elsewhere", "replaceTrigger": "2"},
        {
            "numCpus": lambda s, k: s.reconfigure(k, numCPUs=3),
            "memory": lambda s, k: s.reconfigure(k, memoryMB=3072),
            "annotation": lambda s, k: s.reconfigure(k, annotation="by hand"),
            "disks[1].size": _grow,
            "tags[0]": _retag,
            "folder": lambda s, k: s.client.done(s.client.find(vim.Datacenter, CENTER).vmFolder.MoveIntoFolder_Task([s.find(k)])),
            "resourcePoolId": lambda s, k: s.relocate(k, pool=s.other(s.cluster()["resourcePoolId"], vim.ResourcePool)),
            "name": lambda s, k: s.reconfigure(k, name=f"{s.unique}-by-hand"),
        },
        _destroy,
        lambda s, k: f"/{CENTER}/vm/City/{k.inputs['name']}",
    ),
    Case(
        "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule",
        lambda s: {"name": s.unique, "computeClusterId": s.cluster()["id"], "virtualMachineIds": [s.machine("a").id, s.machine("b").id]},
        lambda s: {"mandatory": True, "enabled": False, "virtualMachineIds": [s.machine("a").id, s.machine("c").id]},
        lambda s: {"computeClusterId": s.cluster("west")["id"]},
        {"enabled": lambda s, k: _rule(s, k, "edit", enabled=False)},
        lambda s, k: _rule(s, k, "remove"),
        lambda s, k: json.dumps({"compute_cluster_path": f"/{CENTER}/host/east", "name": k.inputs["name"]}),
    ),
]


def _smaller(pool: Any) -> Any:
    config = pool.config
    config.memoryAllocation.reservation = 256
    return vim.ResourceConfigSpec(cpuAllocation=config.cpuAllocation, memoryAllocation=config.memoryAllocation)


def _rest(stage: VsphereStage, method: str, path: str, body: Any = None) -> Any:
    return stage.engine.operations.session().rest(method, f"tagging/{path}", body)


def _patch(stage: VsphereStage, path: str, change: dict[str, Any]) -> Any:
    return _rest(stage, "PATCH", path, {"update_spec": change})
