"""An EC2 instance as a machine of the inventory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from infra.estate.model import GIB
from infra.guest_systems import system_id
from infra.observed.aws_instances import Raw, tags
from migration.discover.model import FoundDisk, FoundMachine, FoundNic

_MIB = 1 << 20
_FIRMWARE = {"legacy-bios": "bios", "uefi": "efi", "uefi-preferred": "efi"}
_VAGUE = frozenset({"", "linux", "windows", "other"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What an instance's ids mean: volumes, images, names of subnets; processors, memory and architecture by type."""

    site: str
    source: str
    as_of: datetime
    volumes: Mapping[str, Raw]
    images: Mapping[str, Raw]
    subnets: Mapping[str, str]
    sizes: Mapping[str, tuple[int, int, str]]


def found_instance(raw: Raw, region: Region) -> FoundMachine:
    """The machine."""
    instance_id, kind, carried = str(raw["InstanceId"]), str(raw.get("InstanceType", "")), tags(raw)
    cpus, memory, architecture = region.sizes.get(kind, (0, 0, ""))
    image = region.images.get(str(raw.get("ImageId", "")), {})
    nics = tuple(_nics(raw, region))
    billing = str(raw.get("PlatformDetails") or raw.get("Platform") or "")
    told = str(image.get("Name") or "")
    return FoundMachine(
        key=f"{region.site}/{instance_id}",
        name=carried.get("Name") or instance_id,
        site=region.site,
        kind="aws",
        source=region.source,
        as_of=region.as_of,
        uuid=instance_id,
        cpus=_cpus(raw) or cpus,
        memory=memory,
        power=_power(raw),
        os=_system(told, str(image.get("Description") or ""), billing),
        os_config=told or billing,
        firmware=_firmware(raw),
        instance_type=kind,
        zone=str((raw.get("Placement") or {}).get("AvailabilityZone", "")),
        dns_name=str(raw.get("PrivateDnsName") or ""),
        addresses=tuple(dict.fromkeys(address for nic in nics for address in nic.addresses)),
        disks=tuple(_disks(raw, region.volumes)),
        nics=nics,
        booted=raw.get("LaunchTime") if _power(raw) == "on" else None,
        tags={key: value for key, value in carried.items() if key != "Name"},
        architecture=str(raw.get("Architecture") or architecture),
        billing=billing,
        product_codes=tuple(str(code["ProductCodeId"]) for code in raw.get("ProductCodes") or ()),
        profile=str((raw.get("IamInstanceProfile") or {}).get("Arn") or ""),
    )


def _cpus(raw: Raw) -> int:
    """CpuOptions may switch some of a type's processors off."""
    options: Mapping[str, Any] = raw.get("CpuOptions") or {}
    return int(options.get("CoreCount") or 0) * int(options.get("ThreadsPerCore") or 0)


def _power(raw: Raw) -> Literal["on", "off"]:
    return "on" if str((raw.get("State") or {}).get("Name")) in {"running", "pending"} else "off"


def _firmware(raw: Raw) -> str:
    told = str(raw.get("CurrentInstanceBootMode") or raw.get("BootMode") or "")
    return _FIRMWARE.get(told, "")


def _system(*texts: str) -> str:
    """The first text that names a version; else the first that names anything."""
    found = [system_id(text) for text in texts if text]
    return next((each for each in found if each not in _VAGUE), next((each for each in found if each), ""))


def _nics(raw: Raw, region: Region) -> Iterator[FoundNic]:
    cards = raw.get("NetworkInterfaces") or ()
    for card in sorted(cards, key=lambda c: int((c.get("Attachment") or {}).get("DeviceIndex", 0))):
        subnet = str(card.get("SubnetId", ""))
        private = [str(each["PrivateIpAddress"]) for each in card.get("PrivateIpAddresses") or ()] or [
            str(card.get("PrivateIpAddress", ""))
        ]
        others = [str(each["Ipv6Address"]) for each in card.get("Ipv6Addresses") or ()]
        yield FoundNic(
            label=f"eth{int((card.get('Attachment') or {}).get('DeviceIndex', 0))}",
            network=region.subnets.get(subnet, subnet),
            mac=str(card.get("MacAddress", "")),
            addresses=tuple(address for address in (*private, *others) if address),
            adapter=str(card.get("InterfaceType") or "ena"),
            connected=True,
        )


def _disks(raw: Raw, volumes: Mapping[str, Raw]) -> Iterator[FoundDisk]:
    for device in raw.get("BlockDeviceMappings") or ():
        volume = str((device.get("Ebs") or {}).get("VolumeId", ""))
        told = volumes.get(volume)
        if told is None:
            continue
        throughput = told.get("Throughput")
        yield FoundDisk(
            label=str(device["DeviceName"]),
            size=int(told["Size"]) * GIB,
            uuid=volume,
            sharing="multi-attach" if told.get("MultiAttachEnabled") else "",
            kind=str(told.get("VolumeType", "")),
            iops=None if told.get("Iops") is None else float(told["Iops"]),
            throughput=None if throughput is None else float(throughput) * _MIB,
            encrypted=bool(told.get("Encrypted")),
        )
