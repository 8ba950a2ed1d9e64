"""The estate's typed, frozen model: what people write in YAML and what Incline records beside it.

It owns shapes and the rules that one object can check by itself. What needs two objects to check (a server's network exists on its
site, networks do not overlap) stands in `infra.estate.validate`; reading files with line numbers in `infra.estate.load`.
The model never touches a file, a clock or a client.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from infra.estate.sizes import parse_size

GIB = 1 << 30


class Model(BaseModel):
    """Frozen; an unknown key is an error, so that a typing mistake in YAML is never silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_SIZE_SCHEMA = {
    "description": "bytes, or a text such as 40.5GiB or 512MiB",
    "anyOf": [{"type": "integer", "exclusiveMinimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)? ?(B|KiB|MiB|GiB|TiB)$"}],
}

Bytes = Annotated[int, BeforeValidator(parse_size), Field(gt=0), WithJsonSchema(_SIZE_SCHEMA)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63)]


class Tier(StrEnum):
    """How much a city depends on a service."""

    GOLD = "gold"
    SILVER = "silver"
    BRONZE = "bronze"


class DataClass(StrEnum):
    """How sensitive a service's data is."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


class Lifecycle(StrEnum):
    """Where a service stands in its life."""

    PLANNED = "planned"
    ACTIVE = "active"
    LEGACY = "legacy"
    RETIRING = "retiring"


class Credentials(Model):
    """Names of environment variables that hold a site's credentials; never the credentials themselves."""

    user_env: str = ""
    password_env: str = ""


class Network(Model):
    """A network of a site: a port group on vSphere, a subnet on AWS. `gateway` defaults to the first host address."""

    name: Name
    cidr: IPv4Network
    vlan: int | None = Field(default=None, ge=0, le=4094)
    switch: Literal["standard", "distributed"] = "distributed"
    zone: str = ""
    gateway: IPv4Address | None = None


class Host(Model):
    """An ESXi host as the capacity rules need it."""

    name: str
    cores: int = Field(gt=0)
    mhz: int = Field(gt=0, description="clock of one core")
    memory: Bytes
    numa_nodes: int | None = Field(default=None, gt=0)
    fault_domain: str = Field(default="", description="the half of a stretched cluster, or the rack, that it shares its fate with")


class HighAvailability(Model):
    """vSphere HA of a cluster. Percentages apply to `percentage` admission control; none means computed from `host_failures`.

    None in a setting means that nobody said: rules that need it answer undetermined.
    """

    enabled: bool = True
    admission: Literal["percentage", "slots", "failover-hosts", "disabled"] = "percentage"
    host_failures: int = Field(default=1, ge=0)
    cpu_percent: int | None = Field(default=None, ge=0, le=100)
    memory_percent: int | None = Field(default=None, ge=0, le=100)
    host_monitoring: bool | None = None
    isolation_response: Literal["none", "powerOff", "shutdown"] | None = None
    pdl_response: Literal["disabled", "warning", "restartAggressive"] | None = None
    apd_response: Literal["disabled", "warning", "restartConservative", "restartAggressive"] | None = None
    restart_priority: Literal["disabled", "lowest", "low", "medium", "high", "highest"] | None = None
    performance_tolerance: int | None = Field(
        default=None, ge=0, le=100, description="per cent of performance that may be lost; 100: no warning"
    )
    respects_anti_affinity: bool = Field(default=False, description="HA restarts no machine where that would break a separation rule")


class Pool(Model):
    """A resource pool of a cluster. `parent` is another pool, or empty for the cluster's root."""

    name: str
    parent: str = ""
    cpu_reservation_mhz: int = Field(default=0, ge=0)
    memory_reservation: Annotated[int, BeforeValidator(parse_size), Field(ge=0), WithJsonSchema(_SIZE_SCHEMA)] = 0
    expandable: bool = True


class Cluster(Model):
    """A vSphere cluster, its hosts and the datastores all of them mount."""

    name: Name
    hosts: tuple[Host, ...] = Field(min_length=1)
    datastores: tuple[str, ...] = Field(min_length=1)
    resource_pool: str = "city"
    ha: HighAvailability = HighAvailability()
    drs: bool = True
    role: Literal["general", "database"] = "general"
    stretched: bool = False
    pools: tuple[Pool, ...] = ()


class Datastore(Model):
    """A VMFS datastore."""

    name: str
    capacity: Bytes


class VsphereSite(Model):
    """A data centre run by vCenter. `endpoint` is host[:port]; environment overrides are listed in `infra.endpoints`."""

    kind: Literal["vsphere"]
    name: Name
    title: str
    endpoint: str
    datacenter: str
    folder: str = "Three Rivers"
    ca_file: str = ""
    credentials: Credentials
    clusters: tuple[Cluster, ...] = Field(min_length=1)
    datastores: tuple[Datastore, ...] = Field(min_length=1)
    networks: tuple[Network, ...] = Field(min_length=1)


class AwsSite(Model):
    """A region of an AWS account. `base_images` maps an operating system id to the AMI that new servers start from."""

    kind: Literal["aws"]
    name: Name
    title: str
    account: str = Field(pattern=r"^\d{12}$")
    region: str
    role: str = ""
    endpoint: str = ""
    credentials: Credentials
    vpc_cidr: IPv4Network
    zones: tuple[str, ...] = Field(min_length=1)
    kms_alias: str = "alias/incline"
    networks: tuple[Network, ...] = Field(min_length=1)
    base_images: dict[str, str] = {}


Site = Annotated[VsphereSite | AwsSite, Field(discriminator="kind")]


class Link(Model):
    """The connection between two sites; bandwidth in Mbit/s, `window` an optional nightly allowance such as 22:00-05:00."""

    name: Name
    sites: tuple[Name, Name]
    mbit_s: int = Field(gt=0)
    latency_ms: float = Field(default=10.0, ge=0)
    paths: int = Field(default=1, ge=1)
    window: str = ""
    encrypted: bool | None = Field(default=None, description="whether what travels over it is encrypted (IPsec, MACsec)")


class RecoveryTest(Model):
    """A restore or a failover that was tried and worked."""

    kind: Literal["restore", "failover"]
    on: date


class Service(Model):
    """A service of the city's catalogue, what it promises and what it needs."""

    name: Name
    title: str
    owner: str = Field(description="the department that answers for it")
    tier: Tier
    rto_minutes: int = Field(gt=0)
    rpo_minutes: int = Field(gt=0)
    data_class: DataClass
    cost_centre: str
    lifecycle: Lifecycle = Lifecycle.ACTIVE
    depends_on: tuple[Name, ...] = Field(default=(), description="services it cannot work without")
    uses: tuple[Name, ...] = Field(default=(), description="services it can work without for a while")
    availability_percent: float | None = Field(default=None, gt=0, lt=100, description="promised of a year; none: the tier's")
    budget_usd_month: float | None = Field(default=None, gt=0)
    recovery_tests: tuple[RecoveryTest, ...] = ()


class Size(Model):
    """A server's processor count and memory."""

    cpus: int = Field(gt=0, le=768)
    memory: Bytes


class OperatingSystem(Model):
    """`id` is the catalogue's (debian-12, windows-2022 ...); `guest_id` is vSphere's guest identifier."""

    id: Name
    family: Literal["linux", "windows"]
    guest_id: str
    firmware: Literal["bios", "efi"] = "bios"
    secure_boot: bool | None = Field(default=None, description="efi on vSphere only; none: nobody said")


class Disk(Model):
    """One disk. The first of a server is its boot disk. Sizes are bytes; a target that needs whole GiB rounds up."""

    name: Name
    size: Bytes


class Nic(Model):
    """One network card on one site: the network's name and the address it answers at."""

    network: Name
    address: IPv4Address


class Attachment(Model):
    """Where on one site a server stands or would stand. `cluster` and `datastore` on vSphere; no `instance_type`: from the catalogue."""

    nics: tuple[Nic, ...] = Field(min_length=1)
    cluster: str = ""
    datastore: str = ""
    instance_type: str = ""


class OpenPort(Model):
    """A port that the server offers to a range of addresses."""

    port: int = Field(ge=1, le=65535)
    protocol: Literal["tcp", "udp"] = "tcp"
    source: IPv4Network
    purpose: str


class Backup(Model):
    """A declared backup job: how often, kept how long, and the sites that hold a copy."""

    interval_minutes: int = Field(gt=0)
    retention_days: int = Field(gt=0)
    copies: tuple[Name, ...] = ()


class MoveIntent(Model):
    """What people decided about the next move of a server: the night, how long it may be down, who approved it."""

    on: date
    window_minutes: int = Field(gt=0)
    approved_by: str = ""
    ticket: str = ""
    hold_days: int = Field(default=14, ge=0, description="how long the source stays in place, off, after the cut-over")


class Server(Model):
    """One server: what people intend. Where it really is declared, its placement says."""

    name: Name
    service: Name
    site: Name
    role: str = ""
    size: Size
    os: OperatingSystem
    disks: tuple[Disk, ...] = Field(min_length=1)
    at: dict[Name, Attachment]
    redundancy_group: str = ""
    ports: tuple[OpenPort, ...] = ()
    backup: Backup | None = None
    alarms: tuple[Literal["cpu", "memory", "disk", "reachability"], ...] | None = Field(
        default=None, description="what watches it; none: nobody said"
    )
    edge: bool = Field(default=False, description="it serves the public directly and may hold a public address")
    move: MoveIntent | None = None
    note: str = ""
    tags: dict[str, str] = {}


class DiskRecord(Model):
    """A disk as the machine has it: which device it is and, after a move, the Merkle root of the proof that it arrived whole."""

    name: Name
    size: Bytes
    label: str = Field(default="", description="vSphere: the device's own deviceInfo.label")
    uuid: str = Field(default="", description="vSphere: the backing's uuid")
    unit_number: int | None = Field(default=None, description="vSphere: unit number on the SCSI controller, as Pulumi counts it")
    file: str = Field(default="", description="vSphere: [datastore] path of the descriptor")
    volume_id: str = Field(default="", description="AWS: the EBS volume")
    device: str = Field(default="", description="AWS: the device name, /dev/sda1 for the boot disk")
    snapshot_id: str = Field(default="", description="AWS: the snapshot that the volume was made from")
    merkle_root: str = Field(default="", description="hex; SHA-256 Merkle root over the 512 KiB blocks, see migration.blocks.manifest")


class Machine(Model):
    """The identity of one real machine on one site. Empty fields mean that Pulumi makes it and nothing needs to be adopted."""

    site: Name
    import_id: str = Field(default="", description="vSphere: inventory path for adoption; AWS: empty")
    uuid: str = Field(default="", description="vSphere: config.uuid (BIOS uuid), which is also Pulumi's resource id")
    instance_id: str = Field(default="", description="AWS: the instance, once launched")
    image_id: str = Field(
        default="", description="AWS: the image registered by the move that brought it here; empty: the site's base image"
    )
    disks: tuple[DiskRecord, ...] = ()


class Held(Model):
    """The source of a move that is on trial: still declared, protected, off and cut off."""

    machine: Machine
    since: datetime
    until: datetime | None = None
    move: str


class OpenMove(Model):
    """A move in progress. `fingerprint` is that of the server's entry when the move started: an edit in between is refused."""

    id: str
    target: Name
    since: datetime
    fingerprint: str


class Placement(Model):
    """Where a server is declared, from creation or adoption on. Written by Incline only, one file per server."""

    server: Name
    generation: int = Field(ge=0, description="estate generation in which this record was written")
    origin: Literal["created", "adopted", "moved"]
    machine: Machine
    held: Held | None = None
    move: OpenMove | None = None

    @property
    def site(self) -> str:
        """The site where the machine is declared now."""
        return self.machine.site


class TierStandard(Model):
    """What a tier promises at most and needs at least."""

    rto_minutes: int
    rpo_minutes: int
    backup: Backup
    availability_percent: float | None = Field(default=None, gt=0, lt=100)
    span: Literal["none", "zones", "sites"] = Field(default="none", description="what a service of this tier must be spread over")
    static_stability: bool = Field(default=False, description="it must carry its load without a zone and without starting anything")
    reserved_capacity: bool = Field(default=False, description="where it recovers to, capacity must be reserved or shown to be free")
    recovery_test_days: int | None = Field(default=None, gt=0, description="how old the last recovery test may be")
    vcpu_per_core: float | None = Field(default=None, gt=0)


class Freeze(Model):
    """Days on which nothing may change: for the named services, or for all."""

    begins: date
    ends: date
    reason: str
    services: tuple[Name, ...] = ()


class Standards(Model):
    """The city's standards: required tags, tiers, the ports of administration, thresholds of the rules."""

    required_tags: tuple[str, ...]
    tiers: dict[Tier, TierStandard]
    admin_ports: tuple[int, ...] = (22, 3389)
    freezes: tuple[Freeze, ...] = ()
    budget_usd_month: float | None = Field(default=None, gt=0, description="what all AWS servers together may cost in a month")
    rules: dict[str, dict[str, float | int | str | bool]] = Field(default={}, description="parameters by rule id")


class Waiver(Model):
    """An accepted finding. `expires` stays text here: an unreadable date is a lapsed waiver, never an error that hides it."""

    id: str
    rules: tuple[str, ...] = Field(min_length=1)
    target: str = Field(description="glob over object names, such as cluster/downtown/general or server/permits-*")
    category: Literal["waiver", "mitigated"] = "waiver"
    reason: str = Field(min_length=20)
    requested_by: str
    approved_by: str
    ticket: str
    created: str
    expires: str


class Estate(Model):
    """Everything. Maps are keyed by name and keep the order of the files (sorted by path)."""

    name: Name
    title: str
    generation: int = Field(ge=0)
    sites: dict[str, Site]
    links: dict[str, Link]
    services: dict[str, Service]
    servers: dict[str, Server]
    standards: Standards
    waivers: tuple[Waiver, ...] = ()
    placements: dict[str, Placement] = {}

    def declared_at(self, site: str) -> tuple[Server, ...]:
        """The servers whose placement stands on `site`, in name order. The one answer to "what does this stack declare"."""
        return tuple(self.servers[n] for n, p in sorted(self.placements.items()) if p.site == site and n in self.servers)

    def held_at(self, site: str) -> tuple[Server, ...]:
        """The servers that have a held source on `site`, in name order."""
        return tuple(
            self.servers[n]
            for n, p in sorted(self.placements.items())
            if p.held is not None and p.held.machine.site == site and n in self.servers
        )

    def pending_moves(self) -> tuple[Server, ...]:
        """The servers whose intended site differs from where they are declared."""
        return tuple(s for n, s in sorted(self.servers.items()) if n in self.placements and self.placements[n].site != s.site)
