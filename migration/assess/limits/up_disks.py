"""Limits of disks on the way up: what a snapshot can hold still, what a block reader can read, what EBS can hold."""

from __future__ import annotations

from collections.abc import Iterator

from migration.assess.limits.machine import ENGINE
from migration.assess.limits.rule import ReadinessRule
from migration.assess.subject import TIB, Subject, size_text

EC2_ATTACHMENTS = 28
GP3_MOST = 16 * TIB
EBS_MOST = 64 * TIB
MBR_MOST = 2 * TIB
CBT_SINCE = 7


def _attachments(s: Subject) -> Iterator[str]:
    disks, nics = len(s.machine.disks), max(1, len(s.machine.nics))
    if disks + nics > EC2_ATTACHMENTS:
        yield f"{disks} disks and {nics} cards are {disks + nics} attachments; most Nitro types take {EC2_ATTACHMENTS}"


def _large(s: Subject) -> Iterator[str]:
    for disk in s.machine.disks:
        if GP3_MOST < disk.size <= EBS_MOST:
            yield f"{disk.label} has {size_text(disk.size)}; gp3 holds {size_text(GP3_MOST)} everywhere, io2 {size_text(EBS_MOST)}"


def _too_large(s: Subject) -> Iterator[str]:
    for disk in s.machine.disks:
        if disk.size > EBS_MOST:
            yield f"{disk.label} has {size_text(disk.size)}; {size_text(EBS_MOST)} is the most that EBS holds"


def _boot(s: Subject) -> Iterator[str]:
    first = s.machine.disks[0] if s.machine.disks else None
    if first is not None and not s.efi and first.size > MBR_MOST:
        yield f"boots by BIOS from {first.label} of {size_text(first.size)}, which may have {size_text(MBR_MOST)} at most"


def _raw(s: Subject) -> Iterator[str]:
    for disk in s.machine.disks:
        if disk.raw:
            yield f"{disk.label} is a raw device: it cannot be read by blocks"


def _independent(s: Subject) -> Iterator[str]:
    for disk in s.machine.disks:
        if disk.mode and disk.mode.lower() != "persistent":
            yield f"{disk.label} is {disk.mode}: no snapshot holds it still"


def _shared(s: Subject) -> Iterator[str]:
    for disk in s.machine.disks:
        if disk.sharing and disk.sharing.lower() not in {"none", "sharingnone", "nosharing"}:
            yield f"{disk.label} is shared with other machines ({disk.sharing})"
    for device in s.machine.devices:
        if device.partition(":")[0].strip().lower() == "shared-bus":
            yield f"its bus is shared with other machines ({device.partition(':')[2].strip()})"


def _snapshots(s: Subject) -> Iterator[str]:
    foreign = [each for each in s.machine.snapshots if not each.name.startswith("incline-")]
    if foreign:
        oldest = min((each.created for each in foreign if each.created), default=None)
        names = ", ".join(each.name or "unnamed" for each in foreign[:3]) + (" ..." if len(foreign) > 3 else "")
        since = f", oldest of {oldest:%Y-%m-%d}" if oldest else ""
        yield f"has {len(foreign)} snapshot{'s' if len(foreign) > 1 else ''} ({names}){since}"


def _consolidate(s: Subject) -> Iterator[str]:
    if s.machine.consolidate:
        yield "its disks need consolidation"


def _tracking(s: Subject) -> Iterator[str]:
    version = s.machine.hardware_version
    if s.machine.tracking is False and not (version is not None and version < CBT_SINCE):
        yield "its disks do not record their changes (CBT is off)"


def _hardware(s: Subject) -> Iterator[str]:
    version = s.machine.hardware_version
    if version is not None and version < CBT_SINCE:
        yield f"has hardware version {version}; disks record their changes from version {CBT_SINCE} on"


def _encrypted(s: Subject) -> Iterator[str]:
    disks = [disk.label for disk in s.machine.disks if disk.encrypted]
    if s.machine.encrypted or disks:
        yield f"{', '.join(disks) if disks else 'the machine'} is encrypted by vSphere: what is read from outside is cipher"


RULES: tuple[ReadinessRule, ...] = (
    ReadinessRule(
        code="RDY-020",
        title="too many disks and cards",
        direction="up",
        blocks=True,
        remedy="merge disks, or choose an instance type with an own limit for volumes and check it there",
        source="Amazon EC2 User Guide: 28 attachments on most Nitro types, shared by cards and volumes",
        check=_attachments,
    ),
    ReadinessRule(
        code="RDY-021",
        title="a disk larger than gp3 holds everywhere",
        direction="up",
        blocks=False,
        remedy="take io2, or gp3 where the region has its larger volumes; or split the disk",
        source="Amazon EBS User Guide: gp3 to 16 TiB (newer regions 64), io2 Block Express to 64 TiB",
        check=_large,
    ),
    ReadinessRule(
        code="RDY-022",
        title="a disk larger than any EBS volume",
        direction="up",
        blocks=True,
        remedy="split the disk before it is moved",
        source="Amazon EBS User Guide, volume constraints: 64 TiB",
        check=_too_large,
    ),
    ReadinessRule(
        code="RDY-023",
        title="a boot disk over 2 TiB with BIOS",
        direction="up",
        blocks=True,
        remedy="convert the machine to UEFI and GPT, or move the data to another disk",
        source="Amazon EBS User Guide, volume constraints: MBR addresses 2 TiB",
        check=_boot,
    ),
    ReadinessRule(
        code="RDY-024",
        title="a raw device mapping",
        direction="up",
        blocks=True,
        remedy="copy it to a virtual disk (Storage vMotion of a virtual mode RDM does), then discover again",
        source=f"{ENGINE}; AWS VM Import/Export User Guide: RDM is not taken",
        check=_raw,
    ),
    ReadinessRule(
        code="RDY-025",
        title="an independent disk",
        direction="up",
        blocks=True,
        remedy="set its mode to Dependent while the machine is off",
        source=f"{ENGINE}; vSphere: snapshots leave independent disks out",
        check=_independent,
    ),
    ReadinessRule(
        code="RDY-026",
        title="a shared disk",
        direction="up",
        blocks=True,
        remedy="take the cluster's shared disk to a file service or to io2 with multi-attach, and move its members by themselves",
        source="vSphere: machines with shared buses or multi-writer disks take no snapshot",
        check=_shared,
    ),
    ReadinessRule(
        code="RDY-027",
        title="snapshots of others",
        direction="up",
        blocks=False,
        remedy="remove them before the night, or wait for the backup that made them; the move refuses to start while they are there",
        source=f"{ENGINE}; kubev2v/forklift#2397: warm copies are unsafe with them",
        check=_snapshots,
    ),
    ReadinessRule(
        code="RDY-028",
        title="disks need consolidation",
        direction="up",
        blocks=False,
        remedy="consolidate its disks in vCenter; the move refuses to start before",
        source=ENGINE,
        check=_consolidate,
    ),
    ReadinessRule(
        code="RDY-029",
        title="change tracking is off",
        direction="up",
        blocks=False,
        remedy="nothing: the move turns it on, and the snapshot after it makes it work; without it a later round reads whole disks",
        source="VMware Virtual Disk Programming Guide: CBT needs a stun cycle, which a snapshot is",
        check=_tracking,
    ),
    ReadinessRule(
        code="RDY-030",
        title="hardware version without change tracking",
        direction="up",
        blocks=True,
        remedy="upgrade the virtual hardware (machine off, snapshot or backup first)",
        source="VMware KB 1020128: change tracking from hardware version 7 on",
        check=_hardware,
    ),
    ReadinessRule(
        code="RDY-031",
        title="encrypted by vSphere",
        direction="up",
        blocks=True,
        remedy="decrypt its storage policy first; EBS encrypts it again with the account's key",
        source="vSphere Security: virtual machine encryption",
        check=_encrypted,
    ),
)
