"""Limits on the way down: what an instance has that vSphere has not, and what vSphere can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra.guest_systems import split
from migration.assess.limits.machine import ENGINE
from migration.assess.limits.rule import ReadinessRule
from migration.assess.subject import TIB, Subject, size_text, type_of

VSPHERE = "vSphere 8.0 configuration maximums"
MOST_CPUS = 768
MOST_MEMORY = 24 * TIB
MOST_DISK = 62 * TIB
MOST_NICS = 10
MOST_DISKS = 256
"""Four PVSCSI controllers of 64 disks each, from virtual hardware 14 on."""
DISKS_OF_STACK = 15
_REMOTE = re.compile(r"^fs-[0-9a-f]+|\.efs\.|amznfsx|\.fsx\.", re.IGNORECASE)


def _instance_store(s: Subject) -> Iterator[str]:
    kind = type_of(s.machine)
    if kind is not None and kind.instance_store:
        yield f"{kind.name} has an instance store, which no snapshot holds: what is on it is lost when the instance stops"


def _arm(s: Subject) -> Iterator[str]:
    kind = type_of(s.machine)
    if s.machine.architecture == "arm64" or (kind is not None and "x86_64" not in kind.architectures):
        yield f"runs on {s.machine.instance_type or 'a type'} with an arm64 processor; the hosts are x86"


def _accelerated(s: Subject) -> Iterator[str]:
    kind = type_of(s.machine)
    if kind is not None and kind.accelerated:
        yield f"{kind.name} has an accelerator, which the hosts have not"


def _profile(s: Subject) -> Iterator[str]:
    if s.machine.profile:
        yield f"uses the role of {s.machine.profile.rpartition('/')[2]}: credentials from the metadata service end with the move"


def _multi_attach(s: Subject) -> Iterator[str]:
    for disk in s.machine.disks:
        if disk.sharing and disk.sharing.lower() not in {"none", "sharingnone", "nosharing"}:
            yield f"{disk.label} ({disk.uuid or 'volume'}) is attached to several instances"


def _marketplace(s: Subject) -> Iterator[str]:
    if s.machine.product_codes:
        yield f"carries the marketplace code {', '.join(s.machine.product_codes)}: its licence is a part of AWS's bill"


def _included(s: Subject) -> Iterator[str]:
    told = s.machine.billing
    if told and told.lower() not in {"linux/unix", "linux"}:
        yield f"its licence is AWS's ({told}) and does not come along"
    elif not told and split(s.system)[0] == "windows":
        yield f"{s.system}: a licence that AWS includes does not come along"


def _firmware(s: Subject) -> Iterator[str]:
    if s.machine.firmware.lower() in {"", "uefi-preferred"}:
        yield f"how it boots is {s.machine.firmware or 'not told'}; the virtual machine must be made with the same firmware"


def _secure_boot(s: Subject) -> Iterator[str]:
    if s.machine.secure_boot or any("tpm" in device.lower() for device in s.machine.devices):
        yield "uses Secure Boot or a NitroTPM, whose keys stay behind"


def _remote(s: Subject) -> Iterator[str]:
    for partition in s.machine.partitions:
        if _REMOTE.search(partition.path):
            yield f"mounts {partition.path}, a file system of AWS that stays there"


def _scaled(s: Subject) -> Iterator[str]:
    group = s.machine.tags.get("aws:autoscaling:groupName", "")
    if group:
        yield f"belongs to the Auto Scaling group {group}, which replaces it when it stops"


def _unplaced(s: Subject) -> Iterator[str]:
    known = {disk.volume_id for disk in s.placement.machine.disks if disk.volume_id} if s.placement else set()
    for disk in s.machine.disks:
        if known and disk.uuid.startswith("vol-") and disk.uuid not in known:
            yield f"volume {disk.uuid} at {disk.label} is not in its placement"


def _interfaces(s: Subject) -> Iterator[str]:
    if 1 < len(s.machine.nics) <= MOST_NICS:
        yield f"has {len(s.machine.nics)} network interfaces; one can be moved"


def _drivers(s: Subject) -> Iterator[str]:
    if s.placement is not None and s.placement.origin == "moved":
        return
    yield "was not brought here from vSphere by Incline: its PVSCSI and VMXNET3 drivers have never been needed"


def _host(s: Subject) -> Iterator[str]:
    if not s.hosts:
        return
    cores, memory = max(host.cores for host in s.hosts), max(host.memory for host in s.hosts)
    threads = max((host.threads or host.cores) for host in s.hosts)
    if s.machine.memory > memory or s.machine.cpus > max(threads, cores):
        have = f"{cores} cores and {size_text(memory)}"
        yield f"has {s.machine.cpus} processors and {size_text(s.machine.memory)}; the largest host of {s.target} has {have}"


def _datastore(s: Subject) -> Iterator[str]:
    room = [store.free for store in s.datastores if store.accessible and store.free is not None]
    if room and s.machine.provisioned > max(room):
        yield f"needs {size_text(s.machine.provisioned)}; the emptiest datastore of {s.target} has {size_text(max(room))} free"


def _room(s: Subject) -> Iterator[str]:
    if s.host == "" and s.machine.power == "on" and not any(_host(s)):
        yield f"no host of {s.target} has room for it today, with what stands there and all that comes with it"


def _cpus(s: Subject) -> Iterator[str]:
    if s.machine.cpus > MOST_CPUS:
        yield f"has {s.machine.cpus} processors; {MOST_CPUS} is the most"


def _memory(s: Subject) -> Iterator[str]:
    if s.machine.memory > MOST_MEMORY:
        yield f"has {size_text(s.machine.memory)} of memory; {size_text(MOST_MEMORY)} is the most"


def _disk(s: Subject) -> Iterator[str]:
    for disk in s.machine.disks:
        if disk.size > MOST_DISK:
            yield f"{disk.label} has {size_text(disk.size)}; {size_text(MOST_DISK)} is the most"


def _nics(s: Subject) -> Iterator[str]:
    if len(s.machine.nics) > MOST_NICS:
        yield f"has {len(s.machine.nics)} network interfaces; {MOST_NICS} is the most"


def _disks(s: Subject) -> Iterator[str]:
    if len(s.machine.disks) > MOST_DISKS:
        yield f"has {len(s.machine.disks)} disks; 4 controllers take {MOST_DISKS}"


def _disks_of_stack(s: Subject) -> Iterator[str]:
    if DISKS_OF_STACK < len(s.machine.disks) <= MOST_DISKS:
        yield f"has {len(s.machine.disks)} disks; the stack makes one controller, which takes {DISKS_OF_STACK}"


RULES: tuple[ReadinessRule, ...] = (
    ReadinessRule(
        code="RDY-060",
        title="an instance store",
        direction="down",
        blocks=False,
        remedy="move what is needed on it to a volume first; the move carries volumes only",
        source="Amazon EC2 User Guide: instance store data is lost on stop",
        check=_instance_store,
    ),
    ReadinessRule(
        code="RDY-061",
        title="an arm64 machine",
        direction="down",
        blocks=True,
        remedy="rebuild it for x86",
        source="the catalogue of EC2 types; ESXi on x86 hosts",
        check=_arm,
    ),
    ReadinessRule(
        code="RDY-062",
        title="a GPU or another accelerator",
        direction="down",
        blocks=True,
        remedy="put GPUs into a host and rebuild it there, or leave it",
        source="the catalogue of EC2 types",
        check=_accelerated,
    ),
    ReadinessRule(
        code="RDY-063",
        title="an instance role",
        direction="down",
        blocks=False,
        remedy="give it credentials of another kind (IAM Roles Anywhere), and look for what asks 169.254.169.254",
        source="Amazon EC2 User Guide: IAM roles for EC2",
        check=_profile,
    ),
    ReadinessRule(
        code="RDY-064",
        title="a volume attached to several instances",
        direction="down",
        blocks=True,
        remedy="take the shared volume to a file service first",
        source="Amazon EBS User Guide: Multi-Attach",
        check=_multi_attach,
    ),
    ReadinessRule(
        code="RDY-065",
        title="a marketplace image",
        direction="down",
        blocks=True,
        remedy="buy the software from its maker and rebuild it, or leave it",
        source="AWS Marketplace: images with product codes run on AWS only",
        check=_marketplace,
    ),
    ReadinessRule(
        code="RDY-066",
        title="a licence that AWS includes",
        direction="down",
        blocks=False,
        remedy="have licences of your own for the host before it starts there",
        source="Microsoft Product Terms; Amazon EC2 User Guide: billing information of images",
        check=_included,
    ),
    ReadinessRule(
        code="RDY-067",
        title="firmware not certain",
        direction="down",
        blocks=False,
        remedy="look inside (/sys/firmware/efi, or msinfo32) and write firmware: of the server in the estate",
        source="Amazon EC2 User Guide: boot modes; uefi-preferred leaves it to the type",
        check=_firmware,
    ),
    ReadinessRule(
        code="RDY-068",
        title="a file system of AWS",
        direction="down",
        blocks=False,
        remedy="copy its content to a file service at the target (DataSync) and change the mount; it is not part of the move",
        source="EFS and FSx are reached by network, not by volume",
        check=_remote,
    ),
    ReadinessRule(
        code="RDY-069",
        title="larger than the largest host",
        direction="down",
        blocks=True,
        remedy="size it by what it uses, or buy a larger host",
        source="vSphere: a machine stands on one host",
        check=_host,
    ),
    ReadinessRule(
        code="RDY-070",
        title="too many processors",
        direction="down",
        blocks=True,
        remedy="divide the machine",
        source=VSPHERE,
        check=_cpus,
    ),
    ReadinessRule(
        code="RDY-071",
        title="too much memory",
        direction="down",
        blocks=True,
        remedy="divide the machine",
        source=VSPHERE,
        check=_memory,
    ),
    ReadinessRule(
        code="RDY-072",
        title="a disk larger than any virtual disk",
        direction="down",
        blocks=True,
        remedy="split the volume before it is moved",
        source=VSPHERE,
        check=_disk,
    ),
    ReadinessRule(
        code="RDY-073",
        title="too many network interfaces",
        direction="down",
        blocks=True,
        remedy="give up interfaces",
        source=VSPHERE,
        check=_nics,
    ),
    ReadinessRule(
        code="RDY-074",
        title="more disks than four controllers take",
        direction="down",
        blocks=True,
        remedy="merge volumes",
        source=VSPHERE,
        check=_disks,
    ),
    ReadinessRule(
        code="RDY-075",
        title="more disks than the stack declares",
        direction="down",
        blocks=True,
        remedy="merge volumes",
        source="Incline's stack makes one PVSCSI controller",
        check=_disks_of_stack,
    ),
    ReadinessRule(
        code="RDY-076",
        title="several network interfaces",
        direction="down",
        blocks=True,
        remedy="detach all but one before the move",
        source=ENGINE,
        check=_interfaces,
    ),
    ReadinessRule(
        code="RDY-077",
        title="volumes that the placement does not know",
        direction="down",
        blocks=True,
        remedy="detach them, or record them: incline estate settle --observe",
        source=ENGINE,
        check=_unplaced,
    ),
    ReadinessRule(
        code="RDY-078",
        title="made by an Auto Scaling group",
        direction="down",
        blocks=True,
        remedy="take it out of the group first, or build the service another way at the target",
        source="Amazon EC2 Auto Scaling User Guide",
        check=_scaled,
    ),
    ReadinessRule(
        code="RDY-079",
        title="no datastore has room",
        direction="down",
        blocks=True,
        remedy="make room, or add a datastore; a server's disks stand on one",
        source=ENGINE,
        check=_datastore,
    ),
    ReadinessRule(
        code="RDY-080",
        title="VMware's drivers never used",
        direction="down",
        blocks=False,
        remedy="see that every initramfs has vmw_pvscsi and vmxnet3 (dracut, update-initramfs); Windows: install VMware Tools first",
        source="no vendor publishes a list; by how Linux and Windows boot",
        check=_drivers,
    ),
    ReadinessRule(
        code="RDY-081",
        title="Secure Boot or NitroTPM",
        direction="down",
        blocks=False,
        remedy="suspend disk encryption that is bound to it and have the recovery keys at hand",
        source="Amazon EC2 User Guide: NitroTPM",
        check=_secure_boot,
    ),
    ReadinessRule(
        code="RDY-082",
        title="no host has room today",
        direction="down",
        blocks=False,
        remedy="move others away first or later (incline plan make counts every night), or add a host",
        source="what the hosts say that they have and carry",
        check=_room,
    ),
)
