"""The discovered inventory: machines, hosts, storage, networks, usage and dependencies of a site, whatever told of them.

Every reader (a vCenter, an AWS account, an RVTools workbook, a CSV file) ends here, so that assessment and planning ask one model.
Sizes are bytes, CPU is MHz, rates are per second. None means that the reader does not tell, never zero. Nothing here holds a secret:
annotations and user data, where people leave passwords, are never read.

    reader -> Inventory (+ findings about bad input) -> store -> assess -> plan
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Gravity(StrEnum):
    """How much a finding about the input matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something odd in the input: where it is, what was made of it, and what a person can do.

    Attributes:
        code: stable, such as DSC-012; listed in docs/findings.md.
        where: the object, or file, tab and row.
        what: one line.
        taken: what was taken instead, so that nothing is guessed in silence.
        remedy: what to do about it.
    """

    code: str
    gravity: Gravity
    where: str
    what: str
    taken: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDisk:
    """A disk of a machine. `label` is vSphere's (Hard disk 1) or AWS's device name; `kind` the EBS volume type."""

    label: str
    size: int
    uuid: str = ""
    path: str = ""
    datastore: str = ""
    thin: bool | None = None
    mode: str = ""
    sharing: str = ""
    controller: str = ""
    raw: bool = False
    kind: str = ""
    iops: float | None = None
    throughput: float | None = None
    encrypted: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundNic:
    """A network card with the addresses that the guest or the cloud told."""

    label: str
    network: str = ""
    mac: str = ""
    addresses: tuple[str, ...] = ()
    adapter: str = ""
    connected: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSnapshot:
    """A snapshot of a virtual machine."""

    name: str
    created: datetime | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPartition:
    """A file system as the guest told it."""

    path: str
    capacity: int
    free: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMachine:
    """A virtual machine or an EC2 instance.

    Attributes:
        key: unique and stable in the store: `<site>/<instance uuid or id>`.
        server: its name in the estate; empty for one that the estate does not know.
        os: the estate's operating system id (debian-12, windows-2022), empty when it cannot be told.
        os_config: what the configuration says; os_guest: what the guest said.
        version: moves whenever the configuration changes (changeVersion); what makes a second discovery cheap.
        architecture: x86_64 or arm64.
        connection: vSphere: what vCenter says of its hold on the machine: connected, disconnected, inaccessible, orphaned, invalid.
        encrypted: vSphere: the machine's files are encrypted as a whole. Of AWS, each disk tells.
        billing: AWS: what the image's licence is billed as (PlatformDetails: `Linux/UNIX`, `Windows`, `SQL Server Standard` ...).
        product_codes: AWS: codes of the marketplace that the instance carries.
        profile: AWS: the instance profile whose role the guest may use.
        source: who told: `vCenter downtown`, `RVTools export.xlsx`.
    """

    key: str
    name: str
    site: str
    kind: Literal["vsphere", "aws"]
    source: str
    as_of: datetime
    server: str = ""
    uuid: str = ""
    moref: str = ""
    cpus: int = 0
    memory: int = 0
    sockets: int | None = None
    power: Literal["on", "off", "suspended"] = "on"
    template: bool = False
    os: str = ""
    os_config: str = ""
    os_guest: str = ""
    firmware: str = ""
    secure_boot: bool | None = None
    hardware_version: int | None = None
    tools: str = ""
    datacenter: str = ""
    cluster: str = ""
    host: str = ""
    folder: str = ""
    pool: str = ""
    instance_type: str = ""
    zone: str = ""
    dns_name: str = ""
    addresses: tuple[str, ...] = ()
    disks: tuple[FoundDisk, ...] = ()
    nics: tuple[FoundNic, ...] = ()
    snapshots: tuple[FoundSnapshot, ...] = ()
    partitions: tuple[FoundPartition, ...] = ()
    devices: tuple[str, ...] = ()
    tracking: bool | None = None
    consolidate: bool | None = None
    cpu_reservation_mhz: int | None = None
    memory_reservation: int | None = None
    in_use: int | None = None
    created: datetime | None = None
    booted: datetime | None = None
    version: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    custom: Mapping[str, str] = field(default_factory=dict)
    architecture: str = ""
    connection: str = ""
    fault_tolerance: bool | None = None
    encrypted: bool | None = None
    billing: str = ""
    product_codes: tuple[str, ...] = ()
    profile: str = ""

    @property
    def provisioned(self) -> int:
        """Bytes of all disks together."""
        return sum(disk.size for disk in self.disks)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundHost:
    """An ESXi host."""

    name: str
    site: str
    cluster: str = ""
    datacenter: str = ""
    sockets: int | None = None
    cores: int = 0
    threads: int | None = None
    mhz: int = 0
    memory: int = 0
    cpu_model: str = ""
    vendor: str = ""
    model: str = ""
    version: str = ""
    connection: str = "connected"
    maintenance: bool = False
    cpu_used_mhz: float | None = None
    memory_used: float | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCluster:
    """A vSphere cluster."""

    name: str
    site: str
    datacenter: str = ""
    ha: bool | None = None
    drs: bool | None = None
    host_failures: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDatastore:
    """A datastore."""

    name: str
    site: str
    capacity: int
    free: int | None = None
    kind: str = ""
    accessible: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundNetwork:
    """A port group or a subnet."""

    name: str
    site: str
    cidr: str = ""
    vlan: int | None = None
    switch: str = ""
    zone: str = ""
    free: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundQuota:
    """An account's limit and what of it is used."""

    site: str
    code: str
    name: str
    limit: float
    used: float | None = None


class Metric(StrEnum):
    """What is measured of a machine, with its unit in the name."""

    CPU_MHZ = "cpu_mhz"
    CPU_PERCENT = "cpu_percent"
    MEMORY = "memory_bytes"
    IOPS = "disk_iops"
    DISK_BYTES = "disk_bytes_s"
    NET_BYTES = "net_bytes_s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """What one metric of one machine did between `first` and `last`.

    `expected` is how many samples the span should hold: samples / expected is the coverage that confidence counts. `peaks` says that each
    sample is the largest value of its interval and not an average.
    """

    machine: str
    metric: Metric
    interval_s: int
    samples: int
    expected: int
    first: datetime
    last: datetime
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    maximum: float
    peaks: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One machine (or address) uses another.

    Attributes:
        source, target: machine keys, or `address/10.1.2.3` for what no machine is known at, or `service/permits` for a declared one.
        port: of the target; 0 for a declared dependency.
        confidence: 0 to 1; `why` says how it came about.
        days: on how many different days it was seen. One sighting only is marked by `once`.
        basis: what told: flows, ss, declared.
        answered: data was seen to go both ways.
        both: more than one exporter told of it, such as both machines.
        process: the name of the process that listens, as the target's guest told.
    """

    source: str
    target: str
    port: int = 0
    protocol: str = "tcp"
    connections: int = 0
    bytes: int = 0
    first: datetime | None = None
    last: datetime | None = None
    days: int = 0
    once: bool = False
    confidence: float = 1.0
    why: str = ""
    basis: tuple[str, ...] = ()
    answered: bool = False
    both: bool = False
    process: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What is known of one or more sites, joined."""

    taken_at: datetime
    machines: tuple[FoundMachine, ...] = ()
    hosts: tuple[FoundHost, ...] = ()
    clusters: tuple[FoundCluster, ...] = ()
    datastores: tuple[FoundDatastore, ...] = ()
    networks: tuple[FoundNetwork, ...] = ()
    quotas: tuple[FoundQuota, ...] = ()
    usage: tuple[Percentiles, ...] = ()
    edges: tuple[Edge, ...] = ()
    findings: tuple[Finding, ...] = ()

    def usage_of(self) -> dict[str, dict[Metric, Percentiles]]:
        """Usage by machine key and metric."""
        found: dict[str, dict[Metric, Percentiles]] = {}
        for each in self.usage:
            found.setdefault(each.machine, {})[each.metric] = each
        return found
