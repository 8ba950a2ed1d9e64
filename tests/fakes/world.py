"""Two sites in memory with their machines, the faults that a test wishes for, and the estate that describes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.errors import InclineError
from infra.estate.model import (
    Attachment,
    AwsSite,
    Backup,
    Cluster,
    Credentials,
    Datastore,
    DiskRecord,
    Estate,
    Host,
    Machine,
    Network,
    Nic,
    OperatingSystem,
    Placement,
    Server,
    Service,
    Size,
    Standards,
    TierStandard,
    VsphereSite,
)
from migration.control.interface import Lease
from tests.fakes.disks import SparseDisk

GIB = 1 << 30
IDENTITY = b"INCLINE-GUEST-01 permits-db-01"


class Killed(BaseException):
    """The process is gone: nothing catches it, as nothing catches kill -9."""


class BrokenError(InclineError):
    """A site that fails as sites fail."""


@dataclass
class Vm:
    uuid: str
    disks: dict[str, SparseDisk]
    uuids: dict[str, str]
    power: str = "on"
    connected: bool = True
    lease: Lease | None = None
    tracking: bool = True
    made_by: str = ""
    snapshots: dict[str, dict[str, SparseDisk]] = field(default_factory=dict)
    history: dict[str, SparseDisk] = field(default_factory=dict)


@dataclass
class Volume:
    disk: SparseDisk
    device: str
    snapshot: str = ""
    instance: str = ""


@dataclass
class Instance:
    image: str
    power: str = "on"
    group: str = "server"
    lease: Lease | None = None


@dataclass
class Snapshot:
    disk: SparseDisk
    done: bool = False
    name: str = ""
    token: str = ""


@dataclass
class Fault:
    """Breaks the n-th effect: `before` it happens, `after` it happened, or kills the process after it happened."""

    at: int = -1
    mode: str = ""
    fired: bool = False


@dataclass
class World:
    """What is really there."""

    vms: dict[str, Vm] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    images: dict[str, list[DiskRecord]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    fault: Fault = field(default_factory=Fault)
    counter: int = 0
    alive_together: bool = False

    def fresh(self, prefix: str) -> str:
        self.counter += 1
        return f"{prefix}-{self.counter:04x}"

    @contextmanager
    def effect(self, name: str) -> Iterator[None]:
        """Around everything that changes the world."""
        number = len(self.effects)
        self.effects.append(name)
        mine = number == self.fault.at and not self.fault.fired
        if mine and self.fault.mode == "before":
            self.fault.fired = True
            raise BrokenError(f"{name} failed", code="INC-6999")
        yield
        self._watch()
        if mine:
            self.fault.fired = True
            if self.fault.mode == "after":
                raise BrokenError(f"{name} failed after it had happened", code="INC-6999")
            if self.fault.mode == "kill":
                raise Killed(name)

    def _watch(self) -> None:
        vm = any(v.power == "on" and v.connected for v in self.vms.values())
        instance = any(i.power == "on" and i.group == "server" for i in self.instances.values())
        self.alive_together = self.alive_together or (vm and instance)

    def facts(self) -> dict[str, object]:
        """Everything that a rollback must bring back, and nothing that it may leave behind."""
        return {
            "vms": {
                n: (v.uuid, v.power, v.connected, v.lease, v.tracking, sorted(v.snapshots), {k: d.blocks for k, d in v.disks.items()})
                for n, v in self.vms.items()
            },
            "instances": {n: (i.power, i.group, i.lease) for n, i in self.instances.items()},
            "volumes": {n: v.disk.blocks for n, v in self.volumes.items()},
            "snapshots": sorted(self.snapshots),
            "images": sorted(self.images),
        }


@dataclass
class FakeClock:
    time: datetime = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=10)
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


SERVER = "permits-db-01"
DISKS = {"system": GIB, "data": GIB // 2}


def make_world() -> World:
    """One running VM with two disks, one of an odd size."""
    disks = {name: SparseDisk(size) for name, size in DISKS.items()}
    for number, disk in enumerate(disks.values()):
        disk.write(1 << 20, IDENTITY + bytes([number]))
        for block in (40, 41, 900, 1000):
            disk.write(block << 19, bytes([number + 1, block % 251]) * 4096)
    disks["data"].write(DISKS["data"] - 4096, b"t" * 4096)
    world = World()
    world.vms[SERVER] = Vm(uuid="vm-uuid", disks=disks, uuids={n: f"uuid-{n}" for n in disks})
    return world


def make_estate() -> Estate:
    """The smallest estate in which that VM can go up and come back."""
    service = Service.model_validate(
        {"name": "permits", "title": "Permits", "owner": "Permits office", "tier": "gold", "rto_minutes": 60, "rpo_minutes": 60}
        | {"data_class": "internal", "cost_centre": "4711"}
    )
    server = Server(
        name=SERVER,
        service="permits",
        site="downtown",
        size=Size(cpus=2, memory=4 * GIB),
        os=OperatingSystem(id="debian-12", family="linux", guest_id="debian12_64Guest"),
        disks=tuple({"name": n, "size": s} for n, s in DISKS.items()),  # type: ignore[arg-type]
        at={
            "downtown": Attachment(nics=(Nic(network="apps", address="10.20.4.15"),), cluster="data", datastore="ds"),  # type: ignore[arg-type]
            "aws-east": Attachment(nics=(Nic(network="east-a", address="10.60.1.15"),)),  # type: ignore[arg-type]
        },
    )
    records = tuple(
        DiskRecord(name=n, size=s, uuid=f"uuid-{n}", label=f"Hard disk {i + 1}", unit_number=i, file=f"[ds] {SERVER}/{n}.vmdk")
        for i, (n, s) in enumerate(DISKS.items())
    )
    machine = Machine(site="downtown", import_id=f"/Downtown/vm/Three Rivers/{SERVER}", uuid="vm-uuid", disks=records)
    backup = Backup(interval_minutes=60, retention_days=7)
    standard = TierStandard(rto_minutes=60, rpo_minutes=60, backup=backup)
    return Estate(
        name="three-rivers",
        title="Three Rivers",
        generation=7,
        sites={"downtown": _downtown(), "aws-east": _aws_east()},
        links={},
        services={"permits": service},
        servers={SERVER: server},
        standards=Standards(required_tags=("owner",), tiers={"gold": standard, "silver": standard, "bronze": standard}),  # type: ignore[dict-item]
        placements={SERVER: Placement(server=SERVER, generation=7, origin="adopted", machine=machine)},
    )


def _downtown() -> VsphereSite:
    return VsphereSite(
        kind="vsphere",
        name="downtown",
        title="Downtown",
        endpoint="vcenter.example:443",
        datacenter="Downtown",
        credentials=Credentials(),
        clusters=(Cluster(name="data", hosts=(Host(name="h1", cores=8, mhz=2000, memory=64 * GIB),), datastores=("ds",)),),
        datastores=(Datastore(name="ds", capacity=1 << 40),),
        networks=(Network(name="apps", cidr="10.20.4.0/24"),),  # type: ignore[arg-type]
    )


def _aws_east() -> AwsSite:
    return AwsSite(
        kind="aws",
        name="aws-east",
        title="AWS east",
        account="123456789012",
        region="us-east-1",
        credentials=Credentials(),
        vpc_cidr="10.60.0.0/16",  # type: ignore[arg-type]
        zones=("us-east-1a",),
        networks=(Network(name="east-a", cidr="10.60.1.0/24", zone="us-east-1a"),),  # type: ignore[arg-type]
    )


@dataclass
class FakeEstateStore:
    """The estate's files, in memory, with their generation."""

    estate: Estate
    root: Path = Path("estate")
    commits: list[str] = field(default_factory=list)
    world: World = field(default_factory=World)

    def load(self) -> Estate:
        return self.estate

    def write_placement(self, placement: Placement) -> Placement:
        old = self.estate.placements.get(placement.server)
        if old is not None and old == placement.model_copy(update={"generation": old.generation}):
            return old
        with self.world.effect("write_placement"):
            generation = self.estate.generation + 1
            fresh = placement.model_copy(update={"generation": generation})
            placements = {**self.estate.placements, placement.server: fresh}
            self.estate = self.estate.model_copy(update={"placements": placements, "generation": generation})
        return fresh

    def set_server_site(self, server: str, site: str) -> None:
        with self.world.effect("set_server_site"):
            changed = self.estate.servers[server].model_copy(update={"site": site})
            self.estate = self.estate.model_copy(update={"servers": {**self.estate.servers, server: changed}})

    def commit(self, message: str) -> str:
        self.commits.append(message)
        return "0000000"
