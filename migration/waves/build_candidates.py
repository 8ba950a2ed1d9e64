"""Who may move: what the planner needs to know of each server, from its assessment, the inventory and the estate.

What the estate says of the target (cluster, instance type, the night that people wrote) goes before what an assessment suggests: Pulumi
will make what the estate says, and the rules judge that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatch
from typing import Literal

from infra.catalogue import instance_types, type_for
from infra.errors import InclineError
from infra.estate.model import AwsSite, Estate, Server, VsphereSite
from migration.assess.model import Assessment, Readiness, Strategy
from migration.discover.model import FoundMachine, Inventory, Metric
from migration.waves.programme import Environments

HOLD_DAYS = 14
"""How long a source is held where nobody wrote it: the default of a move's intent."""

_STAYING = {Strategy.RETAIN, Strategy.RETIRE, Strategy.REPURCHASE, Strategy.REFACTOR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A server that may move.

    Attributes:
        machine: its key in the inventory.
        redundancy: its redundancy group.
        disks: bytes of each disk.
        then_cpus, then_memory, then_type: what it will be on the target.
        datastores: disks by datastore of the source.
        saved_usd_month: running cost that the move ends; None where no price is known.
        on: the night that people wrote under `move:`.
        writes: bytes read and written in a second, mean, where somebody measured it.
        running: what is off takes neither memory nor processors, and gives none back.
    """

    server: str
    machine: str
    site: str
    target: str
    direction: Literal["up", "down"]
    service: str = ""
    tier: str = ""
    role: str = ""
    redundancy: str = ""
    environment: Literal["production", "test", "unknown"] = "unknown"
    disks: tuple[int, ...] = ()
    cpus: int = 0
    memory: int = 0
    then_cpus: int = 0
    then_memory: int = 0
    then_type: str = ""
    cluster: str = ""
    host: str = ""
    datastores: tuple[tuple[str, int], ...] = ()
    to_cluster: str = ""
    to_datastore: str = ""
    windows: bool = False
    complexity: int = 1
    saved_usd_month: float | None = None
    then_usd_month: float | None = None
    now_usd_month: float | None = None
    once_usd: float = 0.0
    hold_days: int = HOLD_DAYS
    rto_minutes: int | None = None
    window_minutes: int | None = None
    on: date | None = None
    writes: float | None = None
    running: bool = True

    @property
    def bytes(self) -> int:
        """What must be carried."""
        return sum(self.disks)

    @property
    def production(self) -> bool:
        """Unknown counts as production."""
        return self.environment != "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A server that is in no night, and why."""

    server: str
    why: str
    kind: Literal["retained", "not ready", "staying", "does not fit", "not placed", "rules"]


def from_assessments(
    assessments: Iterable[Assessment], inventory: Inventory, estate: Estate | None, environments: Environments, hold_days: int | None = None
) -> tuple[tuple[Candidate, ...], tuple[LeftOut, ...]]:
    """The servers that may move, in name order, and those that an assessment holds back."""
    machines = {machine.key: machine for machine in inventory.machines}
    usage = inventory.usage_of()
    clusters = {host.name: host.cluster for host in inventory.hosts if host.cluster}
    found, left = list[Candidate](), list[LeftOut]()
    for each in sorted(assessments, key=lambda a: (a.server, a.machine)):
        if why := _held_back(each):
            left.append(why)
            continue
        writes = usage.get(each.machine, {}).get(Metric.DISK_BYTES)
        candidate = _candidate(each, machines.get(each.machine), estate, environments, hold_days, clusters)
        found.append(candidate if writes is None else replace(candidate, writes=writes.mean))
    return _told_apart(found), tuple(left)


def _told_apart(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Machines of one name get their key as name: a plan knows servers by name, and must never move the other one."""
    names = Counter(each.server for each in found)
    return tuple(replace(each, server=each.machine) if names[each.server] > 1 else each for each in found)


def _held_back(each: Assessment) -> LeftOut | None:
    if each.readiness is Readiness.NOT_READY:
        reasons = [f"{reason.what} ({reason.remedy})" if reason.remedy else reason.what for reason in each.reasons if reason.blocks]
        return LeftOut(server=each.server, why="; ".join(reasons) or "its assessment says that it is not ready", kind="not ready")
    if each.strategy in _STAYING:
        return LeftOut(server=each.server, why=f"suggested: {each.strategy.value}. {each.strategy_why}", kind="staying")
    return None


def _candidate(
    each: Assessment,
    machine: FoundMachine | None,
    estate: Estate | None,
    environments: Environments,
    hold_days: int | None,
    clusters: Mapping[str, str],
) -> Candidate:
    server = estate.servers.get(each.server) if estate else None
    cpus, memory, kind = _then(each, server, estate)
    to_cluster, to_datastore = _place(each, server, estate)
    to_cluster = to_cluster or clusters.get(each.sizing.chosen.host if each.sizing and each.direction == "down" else "", "")
    intent = server.move if server else None
    service = estate.services.get(each.service) if estate else None
    return Candidate(
        server=each.server,
        machine=each.machine,
        site=each.site,
        target=each.target,
        direction=each.direction,
        service=each.service,
        tier=each.tier,
        role=server.role if server else "",
        redundancy=server.redundancy_group if server else "",
        environment=_environment(each, environments),
        disks=_disks(each, machine, server),
        cpus=each.cpus,
        memory=each.memory,
        then_cpus=cpus,
        then_memory=memory,
        then_type=kind,
        cluster=_cluster(machine, server, each.site),
        host=machine.host if machine else "",
        datastores=_datastores(machine, server, each.site),
        to_cluster=to_cluster,
        to_datastore=to_datastore,
        windows=server.os.family == "windows" if server else bool(machine and machine.os.startswith("windows")),
        complexity=each.complexity.value,
        saved_usd_month=each.cost.now_usd_month - each.cost.then_usd_month if each.cost else None,
        then_usd_month=each.cost.then_usd_month if each.cost else None,
        now_usd_month=each.cost.now_usd_month if each.cost else None,
        once_usd=each.cost.once_usd if each.cost else 0.0,
        hold_days=hold_days if hold_days is not None else (intent.hold_days if intent else HOLD_DAYS),
        rto_minutes=service.rto_minutes if service else None,
        window_minutes=intent.window_minutes if intent else None,
        on=intent.on if intent else None,
        running=each.power != "off",
    )


def _environment(each: Assessment, environments: Environments) -> Literal["production", "test", "unknown"]:
    if any(fnmatch(each.server.lower(), glob) for glob in environments.test):
        return "test"
    return each.environment


def _disks(each: Assessment, machine: FoundMachine | None, server: Server | None) -> tuple[int, ...]:
    if server is not None:
        return tuple(disk.size for disk in server.disks)
    if machine is not None and machine.disks:
        return tuple(disk.size for disk in machine.disks)
    return (each.bytes,)


def _then(each: Assessment, server: Server | None, estate: Estate | None) -> tuple[int, int, str]:
    """Processors, memory and, on AWS, the type on the target."""
    if each.direction == "down":
        chosen = each.sizing.chosen if each.sizing and server is None else None
        return (chosen.cpus, chosen.memory, "") if chosen else (each.cpus, each.memory, "")
    name = _type(each, server, estate)
    known = instance_types().get(name)
    return (known.cpus, known.memory, name) if known else (each.cpus, each.memory, name)


def _type(each: Assessment, server: Server | None, estate: Estate | None) -> str:
    if server is not None and estate is not None and each.target in server.at and isinstance(estate.sites.get(each.target), AwsSite):
        try:
            return type_for(server, each.target).name
        except InclineError:
            return server.at[each.target].instance_type
    return each.sizing.chosen.name if each.sizing else ""


def _place(each: Assessment, server: Server | None, estate: Estate | None) -> tuple[str, str]:
    """Cluster and datastore on a vSphere target: as written, else the only ones."""
    site = estate.sites.get(each.target) if estate else None
    if not isinstance(site, VsphereSite):
        return "", ""
    if server is not None and each.target in server.at:
        written = server.at[each.target]
        return written.cluster, written.datastore
    if len(site.clusters) != 1:
        return "", ""
    only = site.clusters[0]
    return only.name, only.datastores[0] if len(only.datastores) == 1 else ""


def _cluster(machine: FoundMachine | None, server: Server | None, site: str) -> str:
    if server is not None and site in server.at and server.at[site].cluster:
        return server.at[site].cluster
    return machine.cluster if machine else ""


def _datastores(machine: FoundMachine | None, server: Server | None, site: str) -> tuple[tuple[str, int], ...]:
    if machine is not None and any(disk.datastore for disk in machine.disks):
        counts: dict[str, int] = {}
        for disk in machine.disks:
            if disk.datastore:
                counts[disk.datastore] = counts.get(disk.datastore, 0) + 1
        return tuple(sorted(counts.items()))
    if server is not None and site in server.at and server.at[site].datastore:
        return ((server.at[site].datastore, len(server.disks)),)
    return ()


def by_server(candidates: Iterable[Candidate]) -> Mapping[str, Candidate]:
    """Candidates by the name of their server."""
    return {candidate.server: candidate for candidate in candidates}
