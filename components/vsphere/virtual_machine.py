"""The vSphere part of a server: one virtual machine with all its disks and cards.

It creates or adopts; it never attaches a foreign disk (such a disk could never be grown and would be orphaned). A disk's label is the
device's own: under another label the plugin takes the disk for a new one and replaces it by an empty one, protected or not. So a label
that differs from the one the stack knows is refused here, before anything is declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
import pulumi_vsphere as vsphere

from components.base import ChildOptions, State
from components.machine import DiskPlan, MachinePlan
from infra.errors import InclineError
from infra.naming import annotation
from infra.outputs import VsphereFoundation, foundation_id, tag_id_key
from infra.tags import required_tags, tag_category

TYPE = "vsphere:index/virtualMachine:VirtualMachine"
MIB = 1 << 20
# The version of the machines of this city (ESXi 7.0 U2 and later); naming it keeps a newer host from raising it silently.
HARDWARE_VERSION = 19
# A machine that is made here has empty disks, so no guest will ever report an address. An adopted one keeps the plugin's default, which
# its import writes down: another value would be an update, and every update of a virtual machine ends with a power-on.
NO_WAIT = 0


def declare_virtual_machine(plan: MachinePlan, foundation: VsphereFoundation, children: ChildOptions) -> vsphere.VirtualMachine:
    """The server's virtual machine, child `<server>-vm`."""
    server, attachment, site = plan.server, plan.attachment, plan.machine.site
    name = f"{server.name}-vm"
    disks = _disks(plan)
    if plan.state is State.ACTIVE:
        _refuse_other_labels(server.name, disks, plan.stack.disk_labels(TYPE, name))
    return vsphere.VirtualMachine(
        name,
        name=server.name,
        resource_pool_id=foundation_id(foundation.pools, "cluster", attachment.cluster, site),
        datastore_id=foundation_id(foundation.datastores, "datastore", attachment.datastore, site),
        folder=foundation.folder,
        num_cpus=server.size.cpus,
        memory=server.size.memory // MIB,
        guest_id=server.os.guest_id,
        firmware=server.os.firmware,
        efi_secure_boot_enabled=server.os.secure_boot,
        enable_logging=True,  # vSphere's own default, which the plugin would switch off
        hardware_version=HARDWARE_VERSION,
        annotation=annotation(server, plan.service),
        scsi_type="pvscsi",
        disks=disks,
        network_interfaces=[
            {"network_id": foundation_id(foundation.networks, "network", nic.network, site), "adapter_type": "vmxnet3"}
            for nic in attachment.nics
        ],
        tags=_tags(plan, foundation),
        wait_for_guest_net_timeout=None if plan.machine.import_id else NO_WAIT,
        opts=children.adopted(plan.stack.import_id(TYPE, name, plan.machine.import_id), protect=True),
    )


def _disks(plan: MachinePlan) -> list[dict[str, Any]]:
    """In the order of their unit numbers, as the plugin reads them back."""
    declared = [_disk(plan, disk) for disk in plan.disks]
    return sorted(declared, key=lambda each: int(each["unit_number"]))


def _disk(plan: MachinePlan, disk: DiskPlan) -> dict[str, Any]:
    record = disk.record
    if plan.machine.import_id and record in plan.machine.disks and not record.label:
        raise InclineError(
            f"{plan.server.name}: the placement does not know the label of disk {disk.name}",
            code="INC-7012",
            details=("a machine is adopted with its devices' own labels, or the plugin replaces its disks by empty ones",),
            next_step="incline estate settle --observe",
        )
    return {
        "label": record.label or f"Hard disk {disk.position + 1}",
        "size": disk.size_gib,
        "unit_number": disk.position if record.unit_number is None else record.unit_number,
        "thin_provisioned": True,
    }


def _refuse_other_labels(server: str, declared: Iterable[Mapping[str, Any]], owned: Mapping[int, str]) -> None:
    labels = {int(disk["unit_number"]): str(disk["label"]) for disk in declared}
    wrong = [f'unit {unit} is "{label}", declared {_said(labels.get(unit))}' for unit, label in owned.items() if labels.get(unit) != label]
    if wrong:
        raise InclineError(
            f"{server}: the labels of its disks are not the machine's own",
            code="INC-7013",
            details=(*wrong, "under another label the plugin replaces the disk by an empty one, even on a protected machine"),
            next_step=f"restore estate/placements/{server}.yaml, or read the machine again with  incline estate settle --observe",
        )


def _said(label: str | None) -> str:
    return f'"{label}"' if label else "nothing"


def _tags(plan: MachinePlan, foundation: VsphereFoundation) -> list[pulumi.Input[str]]:
    wanted = plan.server.tags | required_tags(plan.service)
    if plan.state is State.HELD:  # a held machine keeps the tags it has; one that the city no longer knows must not stop the program
        wanted = {key: value for key, value in wanted.items() if tag_id_key(tag_category(key), value) in foundation.tags}
    keys = [tag_id_key(tag_category(key), value) for key, value in sorted(wanted.items())]
    return [foundation_id(foundation.tags, "tag", key, plan.machine.site) for key in keys]
