"""Where a service runs, what it needs and promises, and which loss would break that: for a department head and the person on call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.estate.model import Estate, Server
from infra.wording import counted
from policies.evidence import Evidence, ServerEvidence, ServiceEvidence, Unknown
from policies.parts import Parts
from policies.reports.impact import basis
from policies.reports.words import listed, span
from policies.simulate import Failure, Kind, ServiceFate, State, simulate
from policies.simulate.failure import host_failures


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerRow:
    """One machine of the service and where it stands."""

    name: str
    role: str
    site: str
    place: str
    host: str
    cpus: int | None
    memory_gib: float | None
    addresses: tuple[str, ...]
    group: str
    running: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NeedRow:
    """A service in the chain of those that this one needs, or that need it. `through` is the next in the chain."""

    name: str
    title: str
    owner: str
    sites: tuple[str, ...]
    through: str
    hard: bool
    promise: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureRow:
    """What the loss of something that it stands on would do to it."""

    subject: str
    state: str
    back: str
    loses: str
    promise: str
    kept: bool
    because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Whereabouts:
    """The whole answer. `copies` are held machines and backup copies, `moves` what is under way, each as one line."""

    service: str
    title: str
    answer: str
    owner: str
    tier: str
    lifecycle: str
    data_class: str
    cost_centre: str
    rto_minutes: int
    rpo_minutes: int
    availability_percent: float | None
    promise: tuple[str, ...]
    servers: tuple[ServerRow, ...]
    needs: tuple[NeedRow, ...]
    needed_by: tuple[NeedRow, ...]
    failures: tuple[FailureRow, ...]
    copies: tuple[str, ...]
    moves: tuple[str, ...]
    generated: datetime
    basis: str
    source: str


def build_where(estate: Estate, evidence: Evidence, name: str, generated: datetime) -> Whereabouts:
    """Where the service runs and what it hangs on."""
    service = evidence.services[name]
    machines = tuple(s for s in evidence.by_service.get(name, ()) if not s.held)
    failures = tuple(_failures(evidence, service, machines))
    return Whereabouts(
        service=name,
        title=service.title or name,
        answer=_answer(estate, service, machines, failures),
        owner=service.owner,
        tier=service.tier.value,
        lifecycle=service.lifecycle,
        data_class=service.data_class,
        cost_centre=service.cost_centre,
        rto_minutes=service.rto_minutes,
        rpo_minutes=service.rpo_minutes,
        availability_percent=service.availability_percent,
        promise=tuple(_promise(service)),
        servers=tuple(_server(estate, s) for s in machines),
        needs=tuple(_needs(evidence, service)),
        needed_by=tuple(_needed_by(evidence, name)),
        failures=failures,
        copies=tuple(_copies(evidence, machines)),
        moves=tuple(_moves(evidence, machines)),
        generated=generated,
        basis=basis(evidence),
        source=service.source,
    )


def _answer(estate: Estate, service: ServiceEvidence, machines: tuple[ServerEvidence, ...], failures: tuple[FailureRow, ...]) -> str:
    title = service.title or service.name
    if not machines:
        return f"{title} runs nowhere: the estate has no server of it yet."
    sites: dict[str, int] = {}
    for machine in machines:
        sites[machine.site] = sites.get(machine.site, 0) + 1
    on = " and ".join(f"{n} at {_site(estate, site)}" for site, n in sorted(sites.items(), key=lambda e: -e[1])) if len(sites) > 1 else ""
    where = on or f"{'all ' if len(machines) > 2 else ''}at {_site(estate, next(iter(sites)))}"
    needs = f", and needs {_all(service.depends_on)}" if service.depends_on else ""
    head = f"{title} runs on {counted(len(machines), 'server')}, {where}{needs}; {service.owner} answers for it"
    broken = [f for f in failures if not f.kept]
    if broken:
        names = listed([f.subject.replace("/", " ", 1) for f in broken], 3)
        return f"{head}, and the loss of {names} would break its promise to be back within {broken[0].promise}."
    own = span(service.rto_minutes)
    tier = next((f.promise for f in failures if f.promise != own), "")
    longer = f" ({tier} after the loss of a whole site)" if tier else ""
    return f"{head}, and no single loss breaks its promise to be back within {own}{longer}."


def _all(names: Sequence[str]) -> str:
    """Up to five names, joined as people do."""
    return " and ".join(names) if len(names) < 3 else listed(names, 5)


def _site(estate: Estate, name: str) -> str:
    site = estate.sites.get(name)
    return f"{name} ({site.title})" if site else name


def _promise(service: ServiceEvidence) -> Iterator[str]:
    yield f"back within {span(service.rto_minutes)} after a failure (RTO)"
    yield f"at most {span(service.rpo_minutes)} of data lost (RPO)"
    if service.availability_percent is not None:
        down = (100 - service.availability_percent) / 100 * 365 * 24 * 60
        yield f"available {service.availability_percent:g} % of a year: at most {span(down)} away"


def _server(estate: Estate, server: ServerEvidence) -> ServerRow:
    entry: Server | None = estate.servers.get(server.name)
    at = entry.at.get(server.site) if entry else None
    return ServerRow(
        name=server.name,
        role=server.role,
        site=server.site,
        place=server.cluster or server.zone,
        host=server.host if isinstance(server.host, str) else "",
        cpus=None if isinstance(server.cpus, Unknown) else server.cpus,
        memory_gib=None if isinstance(server.memory, Unknown) else server.memory / (1 << 30),
        addresses=tuple(str(nic.address) for nic in at.nics) if at else (),
        group=server.group,
        running={True: "running", False: "off"}.get(server.running is True, "") if isinstance(server.running, bool) else "not asked",
        source=server.source,
    )


def _row(evidence: Evidence, name: str, through: str, *, hard: bool) -> NeedRow:
    service = evidence.services[name]
    sites = sorted({s.site for s in evidence.by_service.get(name, ()) if not s.held})
    return NeedRow(
        name=name,
        title=service.title or name,
        owner=service.owner,
        sites=tuple(sites),
        through=through,
        hard=hard,
        promise=span(service.rto_minutes),
    )


def _needs(evidence: Evidence, service: ServiceEvidence) -> Iterator[NeedRow]:
    """What it cannot work without, nearest first, each with what leads there; then what it merely uses."""
    met, waiting = {service.name}, [(n, service.name) for n in service.depends_on]
    while waiting:
        name, through = waiting.pop(0)
        if name not in met and name in evidence.services:
            met.add(name)
            yield _row(evidence, name, through, hard=True)
            waiting += [(n, name) for n in evidence.services[name].depends_on]
    for used in service.uses:
        if used not in met and used in evidence.services:
            yield _row(evidence, used, service.name, hard=False)


def _needed_by(evidence: Evidence, name: str) -> Iterator[NeedRow]:
    parts = Parts(evidence)
    for other in evidence.services.values():
        if other.name != name and name in parts.needs(other.name):
            through = name if name in other.depends_on else next(n for n in other.depends_on if name in parts.needs(n))
            yield _row(evidence, other.name, through, hard=True)
        elif name in other.uses:
            yield _row(evidence, other.name, name, hard=False)


def _failures(evidence: Evidence, service: ServiceEvidence, machines: tuple[ServerEvidence, ...]) -> Iterator[FailureRow]:
    """The loss of each thing that it or what it needs stands on; of hosts only the worst, since there are many."""
    needed = {s.name: s for n in Parts(evidence).needs(service.name) for s in evidence.by_service.get(n, ()) if not s.held}
    standing = [*machines, *needed.values()]
    sites = sorted({s.site for s in standing})
    places = [Failure(Kind.SITE, site) for site in sites]
    places += sorted({Failure(Kind.CLUSTER, f"{s.site}/{s.cluster}") for s in standing if s.cluster})
    places += sorted({Failure(Kind.DATASTORE, f"{s.site}/{s.datastore}") for s in standing if s.datastore})
    places += sorted({Failure(Kind.ZONE, f"{s.site}/{s.zone}") for s in standing if s.zone})
    places += [Failure(Kind.LINK, link.name) for link in evidence.links if set(link.sites) & set(sites)]
    known = {f"{c.site}/{c.name}" for c in evidence.clusters} | {f"{d.site}/{d.name}" for d in evidence.datastores}
    known |= {f"{z.site}/{z.name}" for z in evidence.zones}
    for failure in places:
        if failure.kind in {Kind.SITE, Kind.LINK} or failure.name in known:
            fate = _fate(evidence, failure, service.name)
            if fate is not None:
                yield _failure(failure, fate)
    worst = _worst_host(evidence, service.name, {(s.site, s.cluster) for s in standing if s.cluster})
    if worst is not None:
        yield worst


def _worst_host(evidence: Evidence, name: str, clusters: set[tuple[str, str]]) -> FailureRow | None:
    found = [
        (fate, failure)
        for cluster in evidence.clusters
        if (cluster.site, cluster.name) in clusters
        for failure in host_failures(cluster)
        if (fate := _fate(evidence, failure, name)) is not None
    ]
    if not found:
        return None
    fate, failure = min(found, key=lambda each: (each[0].state.rank, -(each[0].minutes or 0.0), each[1]))
    return _failure(failure, fate)


def _fate(evidence: Evidence, failure: Failure, name: str) -> ServiceFate | None:
    return next((s for s in simulate(evidence, failure).services if s.name == name), None)


def _failure(failure: Failure, fate: ServiceFate) -> FailureRow:
    if fate.minutes is None:
        back = "not by itself"
    elif fate.state is State.DEGRADED:
        back = f"others take over in {span(fate.minutes)}" if fate.minutes else "goes on"
    else:
        back = span(fate.minutes)
    return FailureRow(
        subject=str(failure),
        state=fate.state.value,
        back=back,
        loses=span(fate.loses_minutes) if fate.loses_minutes else "nothing",
        promise=span(fate.rto_minutes),
        kept=fate.keeps_time and fate.keeps_data,
        because="; ".join(fate.because[:3]) + ("; ..." if len(fate.because) > 3 else ""),
    )


def _copies(evidence: Evidence, machines: tuple[ServerEvidence, ...]) -> Iterator[str]:
    """Backup copies, and held sources of moves on trial."""
    jobs: dict[tuple[int, tuple[str, ...], int], list[str]] = {}
    bare = []
    for machine in machines:
        for job in evidence.backups_of.get(machine.name, ()):
            jobs.setdefault((job.interval_minutes, job.copies, job.retention_days), []).append(machine.name)
        if not evidence.backups_of.get(machine.name):
            bare.append(machine.name)
    for (interval, copies, days), names in jobs.items():
        where = f"copies at {' and '.join(copies)}" if copies else "no copy on another site"
        yield f"backup every {span(interval)}, {where}, kept {days} days: {listed(names, 6)}"
    if bare:
        yield f"no backup: {listed(bare, 6)}"
    own = {m.name for m in machines}
    for held in evidence.servers:
        if held.held and held.name in own:
            until = next((m.hold_until for m in evidence.moves if m.server == held.name and m.hold_until), None)
            yield f"held at {held.site}, off, {f'until {until}' if until else 'until the move is accepted'}: {held.name}"


def _moves(evidence: Evidence, machines: tuple[ServerEvidence, ...]) -> Iterator[str]:
    own = {m.name for m in machines}
    for move in evidence.moves:
        if move.server in own:
            night = "" if isinstance(move.on, Unknown) else f", planned for {move.on}"
            yield f"{move.server} from {move.source_site} to {move.target_site}: {move.state}{night}"
