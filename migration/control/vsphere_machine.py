"""Make the machine that a move down fills: off, cut off, in the very shape in which the site's stack will adopt it.

Adoption must show no difference, so everything that the component declares is set here alike: name, folder, pool, sizes, guest id,
firmware, note, controller, labels, cards and tags. Whose it is stands in its extraConfig until the move ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyVmomi import vim

from infra.endpoints import Endpoint
from infra.estate.model import Attachment, DiskRecord, Estate, Machine, Server, VsphereSite
from infra.naming import annotation
from infra.observed.vsphere import VmView, find_vm_at, vm_view
from infra.observed.vsphere_session import VsphereSession
from infra.tags import required_tags, vsphere_tags
from migration.control.interface import ControlError
from migration.control.tagging import attach_tags

MADE_KEY = "incline.made-by"
HARDWARE = "vmx-19"  # what the estate's machines have; 13 is the least that disks written back need
CONTROLLER_KEY = 1000
CONTROLLER_UNIT = 7  # the SCSI controller's own; disks skip it, and Pulumi does not count it
FIRST_NIC_KEY = 4000


def build(
    session: VsphereSession,
    endpoint: Endpoint,
    site: VsphereSite,
    estate: Estate,
    server: Server,
    sizes: Mapping[str, int],
    move: str,
) -> Machine:
    """The machine of this move; made when it is not there yet, tagged in any case.

    Raises:
        ControlError: another machine has the server's name.
    """
    found = find_made(session, site, server, move)
    if found is None:
        if find_vm_at(session, inventory_path(site, server)):
            raise ControlError(
                f"{server.name}: {inventory_path(site, server)} exists already and is not this move's",
                code="INC-2210",
                next_step="rename or remove that machine, then run the same command again",
            )
        _create(session, site, estate, server, sizes, move)
        found = find_made(session, site, server, move)
    if found is None:
        raise ControlError(f"{server.name}: its machine was made and is not there", code="INC-2211")
    tags = vsphere_tags(required_tags(estate.services[server.service]))
    attach_tags(session.tls, endpoint, find_vm_at(session, inventory_path(site, server)), tags)
    return found


def find_made(session: VsphereSession, site: VsphereSite, server: Server, move: str) -> Machine | None:
    """The machine that this move made; None when there is none, or when it is somebody else's."""
    path = inventory_path(site, server)
    moref = find_vm_at(session, path)
    if not moref:
        return None
    view = vm_view(session, moref)
    if view.extra_config.get(MADE_KEY) != move:
        return None
    return Machine(site=site.name, import_id=path, uuid=view.uuid, disks=_records(server, view))


def inventory_path(site: VsphereSite, server: Server) -> str:
    """Where the server's machine stands in the inventory: its import id."""
    return f"/{site.datacenter}/vm/{site.folder}/{server.name}"


def _records(server: Server, view: VmView) -> tuple[DiskRecord, ...]:
    pairs = zip(server.disks, sorted(view.disks, key=lambda d: d.unit), strict=True)
    return tuple(
        DiskRecord(name=disk.name, size=live.capacity, label=live.label, uuid=live.uuid, unit_number=index, file=live.file)
        for index, (disk, live) in enumerate(pairs)
    )


def _create(session: VsphereSession, site: VsphereSite, estate: Estate, server: Server, sizes: Mapping[str, int], move: str) -> None:
    at = server.at[site.name]
    pool_name = next(c.resource_pool for c in site.clusters if c.name == at.cluster)
    folder = _find(session, f"/{site.datacenter}/vm/{site.folder}")
    pool = _find(session, f"/{site.datacenter}/host/{at.cluster}/Resources/{pool_name}")
    spec = vim.vm.ConfigSpec(
        name=server.name,
        annotation=annotation(server, estate.services[server.service]),
        guestId=server.os.guest_id,
        firmware=server.os.firmware,
        bootOptions=vim.vm.BootOptions(efiSecureBootEnabled=bool(server.os.secure_boot)),
        flags=vim.vm.FlagInfo(enableLogging=True),
        numCPUs=server.size.cpus,
        memoryMB=server.size.memory >> 20,
        version=HARDWARE,
        files=vim.vm.FileInfo(vmPathName=f"[{at.datastore}]"),
        changeTrackingEnabled=True,
        extraConfig=[vim.option.OptionValue(key=MADE_KEY, value=move)],
        deviceChange=[_controller(), *_disks(server, sizes, at), *_cards(session, site, at)],
    )
    task = session.call_on(
        vim.Folder,
        folder,
        lambda f: f.CreateVM_Task(config=spec, pool=vim.ResourcePool(pool, f._stub)),  # noqa: SLF001 - pyVmomi
    )
    session.wait_task(task, what=f"create {server.name}")


def _controller() -> Any:
    device = vim.vm.device.ParaVirtualSCSIController(key=CONTROLLER_KEY, busNumber=0, sharedBus="noSharing")
    return vim.vm.device.VirtualDeviceSpec(operation="add", device=device)


def _disks(server: Server, sizes: Mapping[str, int], at: Attachment) -> list[Any]:
    return [
        vim.vm.device.VirtualDeviceSpec(
            operation="add",
            fileOperation="create",
            device=vim.vm.device.VirtualDisk(
                key=-100 - index,
                controllerKey=CONTROLLER_KEY,
                unitNumber=index if index < CONTROLLER_UNIT else index + 1,
                capacityInKB=sizes[disk.name] >> 10,
                capacityInBytes=sizes[disk.name],
                backing=vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
                    fileName=f"[{at.datastore}]", diskMode="persistent", thinProvisioned=True
                ),
            ),
        )
        for index, disk in enumerate(server.disks)
    ]


def _cards(session: VsphereSession, site: VsphereSite, at: Attachment) -> list[Any]:
    cards = []
    for index, nic in enumerate(at.nics):
        card = vim.vm.device.VirtualVmxnet3(
            key=FIRST_NIC_KEY + index,
            addressType="generated",
            backing=_network(session, site, nic.network),
            connectable=vim.vm.device.VirtualDevice.ConnectInfo(startConnected=False, connected=False, allowGuestControl=True),
        )
        cards.append(vim.vm.device.VirtualDeviceSpec(operation="add", device=card))
    return cards


def _network(session: VsphereSession, site: VsphereSite, name: str) -> Any:
    moref = _find(session, f"/{site.datacenter}/network/{name}")
    group = vim.dvs.DistributedVirtualPortgroup
    if not moref.startswith("dvportgroup"):
        return vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=name)
    switch = session.properties(group, [moref], ["config.distributedVirtualSwitch"])[moref]["config.distributedVirtualSwitch"]
    switch_id = str(switch._moId)  # noqa: SLF001 - pyVmomi has no public name for it
    uuid = session.properties(vim.DistributedVirtualSwitch, [switch_id], ["uuid"])[switch_id]["uuid"]
    port = vim.dvs.PortConnection(portgroupKey=moref, switchUuid=uuid)
    return vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)


def _find(session: VsphereSession, path: str) -> str:
    found = find_vm_at(session, path)
    if not found:
        raise ControlError(f"vCenter of {session.site} has no {path}", code="INC-2212", next_step="bring up the site's foundation stack")
    return found
