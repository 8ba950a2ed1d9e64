"""The vSphere part of a redundancy group: a DRS rule that keeps machines on different hosts."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_vsphere as vsphere

from components.base import ChildOptions


def declare_anti_affinity(
    name: str, *, cluster_id: pulumi.Input[str], machine_ids: Sequence[pulumi.Input[str]], children: ChildOptions
) -> vsphere.ComputeClusterVmAntiAffinityRule:
    """A rule of one cluster. It is not mandatory: after the loss of hosts HA must be allowed to start both on the last one."""
    return vsphere.ComputeClusterVmAntiAffinityRule(
        name,
        name=name,
        compute_cluster_id=cluster_id,
        virtual_machine_ids=list(machine_ids),
        mandatory=False,
        enabled=True,
        opts=children.plain(),
    )
