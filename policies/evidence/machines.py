"""Machines: what they have, what they use, how they are set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from policies.evidence.datum import Unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageEvidence:
    """What a machine really used over `days` days, as 95th percentiles. Memory in bytes, disk in operations and bytes per second."""

    cpu_mhz_p95: float | Unknown
    memory_p95: float | Unknown
    iops_p95: float | Unknown
    throughput_p95: float | Unknown
    days: float
    source: str = ""
    as_of: datetime | None = None


NO_USAGE = Unknown("measured use of the machine", "no capacity snapshot holds its performance counters")
UNCOMPARED = Unknown(
    "differences between the machine and its entry in the estate", "nobody looked at the machine; take a capacity snapshot"
)
UNSEEN = Unknown("settings of the machine", "neither a resource of the stack nor a live look tells")


@dataclass(frozen=True, kw_only=True, slots=True)
class VsphereSettings:
    """What only a virtual machine has. `encrypted` speaks of its disks; `devices` names those that a hardened machine does not need."""

    firmware: str | Unknown = UNSEEN
    secure_boot: bool | Unknown = UNSEEN
    hardware_version: int | Unknown = UNSEEN
    encrypted: bool | Unknown = UNSEEN
    vmotion_encryption: str | Unknown = UNSEEN
    logging: bool | Unknown = UNSEEN
    nonpersistent_disks: tuple[str, ...] | Unknown = UNSEEN
    devices: tuple[str, ...] | Unknown = UNSEEN
    restart_priority: str | Unknown = UNSEEN
    nics_connected: bool | Unknown = UNSEEN


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeEvidence:
    """An EBS volume of an instance. `throughput` in bytes per second."""

    name: str
    size: int | Unknown
    encrypted: bool | Unknown = UNSEEN
    type: str | Unknown = UNSEEN
    iops: float | Unknown = UNSEEN
    throughput: float | Unknown = UNSEEN


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceSettings:
    """What only an EC2 instance has. `imdsv2_only`: the metadata service asks for a token. `auto_recovery`: EC2 restarts it elsewhere."""

    instance_type: str | Unknown = UNSEEN
    imdsv2_only: bool | Unknown = UNSEEN
    public_address: bool | Unknown = UNSEEN
    termination_protection: bool | Unknown = UNSEEN
    auto_recovery: bool | Unknown = UNSEEN
    volumes: tuple[VolumeEvidence, ...] | Unknown = UNSEEN
    closed: bool | Unknown = UNSEEN


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenMachine:
    """What a machine was when it was looked at, beside what its declaration will make of it: only this is in what is used by now.

    Args:
        disks: bytes of all its disks together.
        network: the subnet of its first card, where the look tells.
    """

    memory: int | Unknown
    disks: int
    datastore: str = ""
    instance_type: str = ""
    network: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerEvidence:
    """One machine on one site. A held source is a machine too: it must be able to run, or rollback is not real.

    Args:
        group: its redundancy group; members must not share a failure domain.
        tags: those of `standards.required_tags` by name.
        running: whether it is powered on; a held source should not be.
        host: the ESXi host it runs on, where a live look tells.
        protected: Pulumi's `protect` or AWS's termination protection stands between it and a deletion.
        vsphere: settings of a virtual machine; None on AWS. `instance` the reverse.
        edge: people declared that it serves the public directly.
        os: the catalogue's id of its operating system (debian-12).
        places: the sites where the estate gives it a network and an address, so that it may stand there.
        drift: where the machine that was seen is not what the estate declares, in words.
        seen: what it was when it was looked at; None where nobody looked.
    """

    name: str
    site: str
    kind: str
    service: str
    cpus: int | Unknown
    memory: int | Unknown
    disks: tuple[int | Unknown, ...]
    cluster: str = ""
    datastore: str = ""
    zone: str = ""
    networks: tuple[str, ...] = ()
    pool: str = ""
    held: bool = False
    group: str = ""
    tags: Mapping[str, str | Unknown] | Unknown = field(default_factory=dict)
    cpu_reservation_mhz: int | Unknown = 0
    memory_reservation: int | Unknown = 0
    running: bool | Unknown = UNSEEN
    host: str | Unknown = UNSEEN
    protected: bool | Unknown = UNSEEN
    role: str = ""
    os: str = ""
    firmware: str = ""
    edge: bool = False
    places: tuple[str, ...] = ()
    usage: UsageEvidence | Unknown = NO_USAGE
    drift: tuple[str, ...] | Unknown = UNCOMPARED
    vsphere: VsphereSettings | None = None
    instance: InstanceSettings | None = None
    seen: SeenMachine | None = None
    source: str = ""
    urn: str = ""
    as_of: datetime | None = None

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"server/{self.name}"

    @property
    def volumes(self) -> tuple[VolumeEvidence, ...]:
        """Its volumes, or what its disks become: gp3 without extras."""
        given = self.instance.volumes if self.instance else ()
        if not isinstance(given, Unknown) and given:
            return given
        return tuple(VolumeEvidence(name=f"disk {n}", size=size, type="gp3") for n, size in enumerate(self.disks, 1))
