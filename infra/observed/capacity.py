"""The capacity snapshot: what both sides really have and use at one moment, in one file that needs no credentials to be read again.

It holds no secret: names, sizes, settings and counters only. Sizes are bytes, CPU is MHz, rates are per second. None means that the system
asked does not tell, never zero.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from infra.estate.model import GIB, HighAvailability, Model

Amount = Annotated[int, Field(ge=0)]
"""A size that a damaged file must not turn into its opposite."""
SCHEMA: Literal["incline.capacity/1"] = "incline.capacity/1"


class Usage(Model):
    """What a machine used over `days` days; 95th percentiles of the counters' intervals."""

    cpu_mhz_p95: float | None = None
    memory_p95: float | None = None
    iops_p95: float | None = None
    throughput_p95: float | None = None
    days: float


class Demand(Model):
    """The largest demand of a day."""

    day: date
    value: float


UNITS = {"cpu": ("GHz", 1000.0), "memory": ("GiB", float(GIB)), "space": ("GiB", float(GIB))}
"""How people read each resource of a history: the unit, and what to divide its values by."""


class History(Model):
    """Daily demand for one resource: cpu (MHz), memory (bytes) or space (bytes), oldest first."""

    resource: Literal["cpu", "memory", "space"]
    days: tuple[Demand, ...]


class ObservedHost(Model):
    """An ESXi host. It can run machines when connected and not in maintenance."""

    name: str
    cores: Amount
    mhz: Amount
    memory: Amount
    numa_nodes: int | None = None
    connection: str = "connected"
    maintenance: bool = False

    @property
    def usable(self) -> bool:
        """Connected and not in maintenance."""
        return self.connection == "connected" and not self.maintenance


class ObservedPool(Model):
    """A resource pool below a cluster's root."""

    name: str
    parent: str = ""
    cpu_reservation_mhz: int = 0
    memory_reservation: int = 0
    expandable: bool = False


class ObservedCluster(Model):
    """A cluster with its settings, hosts and pools."""

    name: str
    ha: HighAvailability
    drs: bool
    hosts: tuple[ObservedHost, ...]
    pools: tuple[ObservedPool, ...] = ()
    history: tuple[History, ...] = ()


class ObservedDatastore(Model):
    """A datastore. `uncommitted` is what thin disks may still grow by."""

    name: str
    capacity: Amount
    free: Amount
    uncommitted: int = 0
    accessible: bool = True
    history: tuple[History, ...] = ()


class ObservedNetwork(Model):
    """A subnet or a port group. `free`: addresses that nobody holds."""

    name: str
    cidr: str = ""
    zone: str = ""
    free: int | None = None


class ObservedMachine(Model):
    """A virtual machine. `server` is its name in the estate, empty for one that is not ours."""

    name: str
    server: str
    uuid: str
    cluster: str
    host: str
    datastore: str
    running: bool
    cpus: Amount
    memory: Amount
    disks: tuple[int, ...]
    pool: str = ""
    cpu_reservation_mhz: int = 0
    memory_reservation: int = 0
    firmware: str | None = None
    secure_boot: bool | None = None
    hardware_version: int | None = None
    encrypted: bool | None = None
    vmotion_encryption: str | None = None
    logging: bool | None = None
    nonpersistent_disks: tuple[str, ...] | None = None
    devices: tuple[str, ...] | None = None
    restart_priority: str | None = None
    nics_connected: bool | None = None
    networks: tuple[str, ...] = ()
    tags: dict[str, str] | None = None
    usage: Usage | None = None


class VsphereCapacity(Model):
    """One data centre of a vCenter."""

    kind: Literal["vsphere"] = "vsphere"
    taken_at: AwareDatetime
    source: str
    clusters: tuple[ObservedCluster, ...]
    datastores: tuple[ObservedDatastore, ...]
    networks: tuple[ObservedNetwork, ...] = ()
    machines: tuple[ObservedMachine, ...] = ()
    missing: dict[str, str] = Field(default={}, description="what could not be read (tags, usage, history), and why")


class ObservedVolume(Model):
    """An EBS volume of an instance."""

    id: str
    size: int
    type: str
    encrypted: bool
    iops: float | None = None
    throughput: float | None = None


class ObservedInstance(Model):
    """An EC2 instance. `closed`: its network interfaces have a security group without rules, as a held one must."""

    name: str
    server: str
    instance_id: str
    instance_type: str
    zone: str
    subnet: str
    running: bool
    imdsv2_only: bool | None = None
    public_address: bool
    termination_protection: bool | None = None
    auto_recovery: bool | None = None
    closed: bool | None = None
    volumes: tuple[ObservedVolume, ...] = ()
    tags: dict[str, str] = Field(default={})
    usage: Usage | None = None


class ObservedIngress(Model):
    """A range of ports that a security group opens. `servers` are those behind it."""

    group: str
    protocol: str
    first: int
    last: int
    cidr: str
    servers: tuple[str, ...] = ()


class ObservedQuota(Model):
    """An EC2 quota in vCPUs for families of instance types, and what runs now."""

    code: str
    name: str
    families: tuple[str, ...]
    limit: float
    used: float


class ObservedZone(Model):
    """An availability zone and the types it offers."""

    name: str
    offers: tuple[str, ...]


class ObservedReservation(Model):
    """An on-demand capacity reservation."""

    zone: str
    instance_type: str
    total: int
    free: Amount


class ObservedDatabase(Model):
    """A managed database (RDS)."""

    name: str
    service: str = ""
    multi_az: bool
    deletion_protection: bool
    retention_days: int
    public: bool
    encrypted: bool


class AwsCapacity(Model):
    """One region of an account. None where the account may not ask."""

    kind: Literal["aws"] = "aws"
    taken_at: AwareDatetime
    source: str
    region: str
    zones: tuple[ObservedZone, ...] = ()
    networks: tuple[ObservedNetwork, ...] = ()
    quotas: tuple[ObservedQuota, ...] | None = None
    reservations: tuple[ObservedReservation, ...] | None = None
    instances: tuple[ObservedInstance, ...] = ()
    databases: tuple[ObservedDatabase, ...] = ()
    ingress: tuple[ObservedIngress, ...] = ()
    alarms: dict[str, tuple[str, ...]] | None = Field(default=None, description="what is watched, by server")
    missing: dict[str, str] = Field(
        default={}, description="what could not be read (quotas, reservations, databases, alarms, usage, zones), and why"
    )


SiteCapacity = Annotated[VsphereCapacity | AwsCapacity, Field(discriminator="kind")]


class CapacitySnapshot(Model):
    """All sites that could be asked, at one moment."""

    format: Literal["incline.capacity/1"] = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    estate: str
    taken_at: AwareDatetime
    sites: dict[str, SiteCapacity]

    def taken(self) -> datetime:
        """When the oldest part was taken: a snapshot is as old as its oldest site."""
        return min((site.taken_at for site in self.sites.values()), default=self.taken_at)
