"""DRS anti-affinity rules: machines of one cluster on different hosts."""

from __future__ import annotations

import json
from typing import Any

from pyVmomi import vim

from lab.providers.failures import ProviderError
from lab.providers.table import Change, Field, Fields, GeneratedName, Resource
from lab.providers.values import Values
from lab.providers.vsphere.session import VsphereSession, moref
from lab.providers.vsphere.tagging import VsphereWork

_RULES = "configurationEx"


class ComputeClusterVmAntiAffinityRule(Resource[VsphereSession]):
    """One rule; its id is the cluster's and its key there."""

    name = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule"
    upstream = "vsphere/resource_vsphere_compute_cluster_vm_anti_affinity_rule.go"
    generated_name = GeneratedName()
    fields = Fields(
        {
            "computeClusterId": Field(replace=True),
            "name": Field(),
            "virtualMachineIds": Field(unordered=True),
            "enabled": Field(default=True),
            "mandatory": Field(),
        }
    )

    def create(self, work: VsphereWork, inputs: Values) -> str:
        """Add it to the cluster, and find its key by its name."""
        cluster = work.session.ref(vim.ClusterComputeResource, inputs["computeClusterId"])
        if _rule(work, cluster, name=inputs["name"]) is not None:
            raise ProviderError(f"a rule named {inputs['name']} already exists in the cluster {inputs['computeClusterId']}")
        self._reconfigure(work, cluster, "add", _info(work, inputs))
        made = _rule(work, cluster, name=inputs["name"])
        if made is None:
            raise ProviderError(f"the rule {inputs['name']} is not in the cluster's configuration after it was added")
        return f"{inputs['computeClusterId']}:{made.key}"

    def read(self, work: VsphereWork, id_: str, prior: Values) -> Values | None:
        """Find it by its key; machines are told by their uuid."""
        _ = prior
        cluster, key = self._parts(work, id_)
        rule = _rule(work, cluster, key=key)
        if rule is None:
            return None
        machines = work.session.many(list(rule.vm), "config.uuid")
        return {
            "id": id_,
            "computeClusterId": moref(cluster),
            "name": rule.name,
            "enabled": bool(rule.enabled),
            "mandatory": bool(rule.mandatory),
            "virtualMachineIds": sorted(found["config.uuid"] for found in machines.values()),
        }

    def update(self, work: VsphereWork, change: Change) -> None:
        """Edit it in place."""
        cluster, key = self._parts(work, change.id)
        self._reconfigure(work, cluster, "edit", _info(work, change.new, key))

    def delete(self, work: VsphereWork, id_: str, state: Values) -> None:
        """Remove it from the cluster."""
        _ = state
        cluster, key = self._parts(work, id_)
        if _rule(work, cluster, key=key) is not None:
            self._reconfigure(work, cluster, "remove", None, key)

    def locate(self, work: VsphereWork, import_id: str) -> str:
        """Imported by a JSON of the cluster's path and the rule's name."""
        try:
            wanted = json.loads(import_id)
            path, name = wanted["compute_cluster_path"], wanted["name"]
        except (ValueError, KeyError, TypeError) as error:
            raise ProviderError(f'expected {{"compute_cluster_path": ..., "name": ...}} as the id of a rule, got {import_id}') from error
        cluster = work.session.at(path, vim.ClusterComputeResource)
        if cluster is None:
            raise ProviderError(f"compute cluster {path} not found")
        rule = _rule(work, cluster, name=name)
        return f"{moref(cluster)}:{rule.key}" if rule is not None else ""

    @staticmethod
    def _parts(work: VsphereWork, id_: str) -> tuple[Any, int]:
        cluster, _, key = id_.rpartition(":")
        return work.session.ref(vim.ClusterComputeResource, cluster), int(key)

    @staticmethod
    def _reconfigure(work: VsphereWork, cluster: Any, operation: str, info: Any, key: int | None = None) -> None:
        change = vim.cluster.RuleSpec(operation=operation, info=info, removeKey=key)
        spec = vim.cluster.ConfigSpecEx(rulesSpec=[change])
        work.session.run(work.wait, f"{operation} of a rule", lambda: cluster.ReconfigureComputeResource_Task(spec, True))


def _info(work: VsphereWork, inputs: Values, key: int | None = None) -> Any:
    machines = []
    for uuid in inputs["virtualMachineIds"]:
        machine = work.session.machine(uuid)
        if machine is None:
            raise ProviderError(f"virtual machine with UUID {uuid} not found")
        machines.append(machine)
    info = vim.cluster.AntiAffinityRuleSpec(
        name=inputs["name"],
        enabled=bool(inputs.get("enabled", True)),
        mandatory=bool(inputs.get("mandatory", False)),
        userCreated=True,
        vm=machines,
    )
    if key is not None:
        info.key = key
    return info


def _rule(work: VsphereWork, cluster: Any, *, name: str | None = None, key: int | None = None) -> Any:
    found = work.session.properties(cluster, _RULES).get(_RULES)
    for rule in getattr(found, "rule", None) or ():
        if isinstance(rule, vim.cluster.AntiAffinityRuleSpec) and (rule.name == name if name is not None else rule.key == key):
            return rule
    return None
