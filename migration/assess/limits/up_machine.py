"""Limits of the machine itself on the way up: firmware, devices, cards, tools, and the EC2 type that would hold it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra.guest_systems import split
from migration.assess.limits.machine import ENGINE
from migration.assess.limits.rule import ReadinessRule
from migration.assess.subject import Subject, size_text
from migration.discover.model import Metric

_PASSTHROUGH = {"pci-passthrough", "vgpu", "sriov", "scsi-passthrough", "nvdimm"}
_PORTS = {"serial", "parallel", "floppy", "cd"}
_MANUAL_MAC = re.compile(r"^00:50:56:[0-3][0-9a-f]:", re.IGNORECASE)
_VMWARE_MAC = re.compile(r"^(00:50:56|00:0c:29|00:05:69|00:1c:14)", re.IGNORECASE)


def _devices(s: Subject, kinds: set[str]) -> list[str]:
    """Devices of these kinds; the inventory writes them `kind: label`."""
    return [device for device in s.machine.devices if device.partition(":")[0].strip().lower() in kinds]


def _passthrough(s: Subject) -> Iterator[str]:
    for device in _devices(s, _PASSTHROUGH):
        yield f"is bound to its host by {device}"


def _usb(s: Subject) -> Iterator[str]:
    for device in _devices(s, {"usb"}):
        yield f"has a USB device ({device.partition(':')[2].strip() or 'no label'})"


def _ports(s: Subject) -> Iterator[str]:
    found = _devices(s, _PORTS)
    if found:
        yield f"has devices that EC2 does not have: {'; '.join(found[:4])}" + (" ..." if len(found) > 4 else "")


def _tpm(s: Subject) -> Iterator[str]:
    if _devices(s, {"tpm"}):
        yield "has a virtual TPM, whose keys stay behind"


def _secure_boot(s: Subject) -> Iterator[str]:
    if s.machine.secure_boot:
        yield "starts with Secure Boot; its image carries no UEFI variables, so EC2 starts it without"


def _tools(s: Subject) -> Iterator[str]:
    told = s.machine.tools.lower()
    if s.machine.power == "on" and ("notinstalled" in told.replace(" ", "") or "notrunning" in told.replace(" ", "")):
        yield f"guest tools: {s.machine.tools}; nothing tells what runs inside, and its shutdown is a power cut"


def _fault_tolerance(s: Subject) -> Iterator[str]:
    if s.machine.fault_tolerance:
        yield "is protected by Fault Tolerance: no snapshot can be taken of it"


def _mac(s: Subject) -> Iterator[str]:
    for nic in s.machine.nics:
        if nic.mac and (_MANUAL_MAC.match(nic.mac) or not _VMWARE_MAC.match(nic.mac)):
            yield f"{nic.label or 'a card'} has the hand-made address {nic.mac}; a licence may be tied to it, and EC2 gives another"


def _second_card(s: Subject) -> Iterator[str]:
    if len(s.machine.nics) > 1:
        yield f"has {len(s.machine.nics)} network cards; an instance is made with one"


def _cards(s: Subject) -> Iterator[str]:
    if s.instance is not None and len(s.machine.nics) > s.instance.max_nics:
        yield f"has {len(s.machine.nics)} network cards; {s.instance.name} takes {s.instance.max_nics}"


def _no_type(s: Subject) -> Iterator[str]:
    if s.instance is None and s.machine.cpus > 0 and s.machine.memory > 0:
        yield f"no current EC2 type holds {s.machine.cpus} processors and {size_text(s.machine.memory)} with its firmware and cards"


def _boot_mode(s: Subject) -> Iterator[str]:
    mode = "uefi" if s.efi else "legacy-bios"
    if s.instance is not None and s.machine.firmware and mode not in s.instance.boot_modes:
        yield f"boots by {mode}; {s.instance.name} starts {' and '.join(sorted(s.instance.boot_modes))} only"


def _other_processor(s: Subject) -> Iterator[str]:
    if s.instance is not None and "x86_64" not in s.instance.architectures:
        yield f"is an x86 machine; {s.instance.name} is {' and '.join(sorted(s.instance.architectures))}"
    elif s.instance is not None and not s.instance.nitro:
        yield f"{s.instance.name} is older than the Nitro generation, which images are made for"


def _operations(s: Subject) -> Iterator[str]:
    seen = s.usage.get(Metric.IOPS)
    if seen is not None and s.instance is not None and 0 < s.instance.ebs_iops < seen.p99:
        yield f"its disks did {seen.p99:,.0f} operations a second (p99); {s.instance.name} does {s.instance.ebs_iops:,.0f} all day"


def _windows(s: Subject) -> Iterator[str]:
    if split(s.system)[0] == "windows":
        yield f"{s.system}: AWS's NVMe and ENA drivers must be in it before the first start on EC2"


def _windows_licence(s: Subject) -> Iterator[str]:
    if split(s.system)[0] == "windows":
        yield f"{s.system}: an image registered from snapshots carries no Windows licence of AWS"


RULES: tuple[ReadinessRule, ...] = (
    ReadinessRule(
        code="RDY-032",
        title="a virtual TPM",
        direction="up",
        blocks=False,
        remedy="suspend BitLocker and have the recovery keys at hand; NitroTPM begins empty",
        source="Amazon EC2 User Guide: NitroTPM; vSphere Security: vTPM",
        check=_tpm,
    ),
    ReadinessRule(
        code="RDY-033",
        title="Secure Boot",
        direction="up",
        blocks=False,
        remedy="accept a start without it, or enrol keys on EC2 afterwards (UefiData of the image)",
        source="Amazon EC2 User Guide: UEFI Secure Boot",
        check=_secure_boot,
    ),
    ReadinessRule(
        code="RDY-034",
        title="a passed-through device or GPU",
        direction="up",
        blocks=True,
        remedy="remove the device, or choose an accelerated instance type and install its driver: a rebuild, not a copy",
        source="vSphere: machines with passthrough devices take no snapshot",
        check=_passthrough,
    ),
    ReadinessRule(
        code="RDY-035",
        title="a USB device",
        direction="up",
        blocks=True,
        remedy="replace a licence dongle by a licence server or a USB-over-network device, then remove it",
        source="EC2 has no USB devices",
        check=_usb,
    ),
    ReadinessRule(
        code="RDY-036",
        title="serial, parallel, floppy or CD devices",
        direction="up",
        blocks=False,
        remedy="find out what uses it; disconnect and remove it",
        source="EC2 has none of these devices",
        check=_ports,
    ),
    ReadinessRule(
        code="RDY-037",
        title="guest tools do not run",
        direction="up",
        blocks=False,
        remedy="install or start open-vm-tools or VMware Tools, then discover again",
        source=f"{ENGINE}: a clean shutdown and a quiet file system need them",
        check=_tools,
    ),
    ReadinessRule(
        code="RDY-038",
        title="Fault Tolerance",
        direction="up",
        blocks=True,
        remedy="turn Fault Tolerance off; on AWS a second instance in another zone takes its place",
        source="vSphere Availability: no snapshots with Fault Tolerance",
        check=_fault_tolerance,
    ),
    ReadinessRule(
        code="RDY-039",
        title="a hand-made MAC address",
        direction="up",
        blocks=False,
        remedy="ask the maker of the software whether its licence is tied to the address, and have a new one issued",
        source="VMware: 00:50:56:00 to 00:50:56:3f are set by hand",
        check=_mac,
    ),
    ReadinessRule(
        code="RDY-040",
        title="no EC2 type holds it",
        direction="up",
        blocks=True,
        remedy="divide the machine, size it by what it uses, or write instance_type: for a special type (high memory)",
        source="the catalogue of EC2 types, us-east-1",
        check=_no_type,
    ),
    ReadinessRule(
        code="RDY-041",
        title="the type does not start its firmware",
        direction="up",
        blocks=True,
        remedy="choose another instance_type",
        source="Amazon EC2 User Guide: boot modes",
        check=_boot_mode,
    ),
    ReadinessRule(
        code="RDY-042",
        title="the type has another processor or is too old",
        direction="up",
        blocks=True,
        remedy="choose a current x86 instance_type",
        source="Amazon EC2 User Guide: Nitro-based instances",
        check=_other_processor,
    ),
    ReadinessRule(
        code="RDY-043",
        title="more cards than the type takes",
        direction="up",
        blocks=True,
        remedy="choose a larger instance_type, or give up cards",
        source="Amazon EC2 User Guide: network interfaces for each type",
        check=_cards,
    ),
    ReadinessRule(
        code="RDY-044",
        title="several network cards",
        direction="up",
        blocks=False,
        remedy="decide which address it keeps; networks that were kept apart by cards are kept apart by security groups",
        source="Incline's stack makes one network interface for each instance",
        check=_second_card,
    ),
    ReadinessRule(
        code="RDY-045",
        title="disks busier than the type's connection",
        direction="up",
        blocks=False,
        remedy="choose a type with more EBS operations, or a larger one of the family",
        source="Amazon EC2 User Guide: EBS-optimized instances; measured operations",
        check=_operations,
    ),
    ReadinessRule(
        code="RDY-046",
        title="Windows without AWS's drivers",
        direction="up",
        blocks=False,
        remedy="install the AWS NVMe and ENA drivers (AWS PV and ENA packages) before the first copy",
        source="Amazon EC2 User Guide: Windows on Nitro needs boot-start NVMe and ENA drivers",
        check=_windows,
    ),
    ReadinessRule(
        code="RDY-047",
        title="Windows without a licence at the target",
        direction="up",
        blocks=False,
        remedy="bring licences with the right to move (dedicated hosts for most), or convert the licence type (License Manager) after it",
        source="Amazon EC2 User Guide: RegisterImage gives no billing code for Windows",
        check=_windows_licence,
    ),
)
