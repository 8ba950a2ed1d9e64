"""What stopped machines mean for services, and those for the services that depend on them.

A redundancy group works while one member runs; a machine without a group is needed. A machine of the same service on another site that is
named like the group (identity-dc-03 beside the group identity-dc) stands in for it. A service that depends on another is no better than
it; one that only uses another goes on with less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from policies.evidence import Evidence, ServerEvidence, ServiceEvidence
from policies.simulate.outcome import Fates, ServiceFate, State, Way
from policies.simulate.recovery import Ready


@dataclass(frozen=True, slots=True)
class _Unit:
    """A part of a service: a redundancy group or a single machine. `minutes` None: it does not come back by itself."""

    state: State | None
    minutes: float | None = 0.0
    loses: int = 0
    because: str = ""


def service_fates(evidence: Evidence, fates: Fates, times: Mapping[str, Ready]) -> tuple[ServiceFate, ...]:
    """The services that the fates of machines touch, worst first."""
    own = {name: _own(evidence, service, fates, times) for name, service in evidence.services.items()}
    return spread(evidence, {name: fate for name, fate in own.items() if fate})


def spread(evidence: Evidence, own: Mapping[str, ServiceFate]) -> tuple[ServiceFate, ...]:
    """The services with what comes to them from those that they depend on, worst first."""
    known: dict[str, ServiceFate | None] = {}
    for name in evidence.services:
        _resolve(evidence, own, name, known, frozenset())
    found = [fate for fate in known.values() if fate is not None]
    return tuple(sorted(found, key=lambda f: (f.state.rank, f.rto_minutes, f.name)))


def fate_of(service: ServiceEvidence, state: State, because: Iterable[str], minutes: float | None = None, loses: int = 0) -> ServiceFate:
    """A fate with the service's promises."""
    return ServiceFate(
        name=service.name,
        state=state,
        because=tuple(because),
        minutes=minutes,
        rto_minutes=service.rto_minutes,
        loses_minutes=loses,
        rpo_minutes=service.rpo_minutes,
        owner=service.owner,
    )


def _own(evidence: Evidence, service: ServiceEvidence, fates: Fates, times: Mapping[str, Ready]) -> ServiceFate | None:
    stopped = frozenset(fates.stopped)
    machines = [s for s in evidence.by_service.get(service.name, ()) if not s.held and s.running is not False]
    if not any(m.name in stopped for m in machines):
        return None
    units = [_unit(evidence, members, stopped, fates, times) for members in _units(machines)]
    hit = [unit for unit in units if unit.state is not None]
    worst = min(hit, key=lambda u: u.state.rank if u.state else len(State))
    state = worst.state or State.DEGRADED
    because = [u.because for u in hit if u.state is state]
    minutes = None if state is State.DOWN else max((u.minutes or 0.0 for u in hit if u.state is not State.DEGRADED), default=0.0)
    return fate_of(service, state, because, minutes, max(u.loses for u in hit))


def _units(machines: Sequence[ServerEvidence]) -> Iterable[tuple[ServerEvidence, ...]]:
    groups = {m.group for m in machines if m.group}
    grouped: dict[str, list[ServerEvidence]] = {}
    for machine in machines:
        stem = machine.name.rpartition("-")[0]
        key = machine.group or (stem if stem in groups else f"/{machine.name}")
        grouped.setdefault(key, []).append(machine)
    return [tuple(members) for members in grouped.values()]


def stand_ins(evidence: Evidence, names: Iterable[str]) -> tuple[str, ...]:
    """Of these services, the machines that are taken to stand in for a group by their name alone."""
    found = []
    for name in names:
        machines = [m for m in evidence.by_service.get(name, ()) if not m.held and m.running is not False]
        groups = {m.group for m in machines if m.group}
        found += [m.name for m in machines if not m.group and m.name.rpartition("-")[0] in groups]
    return tuple(found)


def _unit(
    evidence: Evidence, members: tuple[ServerEvidence, ...], stopped: frozenset[str], fates: Fates, times: Mapping[str, Ready]
) -> _Unit:
    gone = [m.name for m in members if m.name in stopped]
    if not gone:
        return _Unit(None)
    if len(gone) < len(members):
        group = next(m.group for m in members if m.group)
        return _Unit(State.DEGRADED, because=f"{_listed(gone)} of group {group}")
    back = [(times[name].minutes, name) for name in gone if name in times]
    if not back:
        return _Unit(State.DOWN, None, because=_listed(gone))
    minutes, first = min(back)
    return _Unit(State.INTERRUPTED, minutes, _loss(evidence, fates, first), _listed(gone))


def _loss(evidence: Evidence, fates: Fates, name: str) -> int:
    """Minutes of data that a machine restored from a copy lacks at worst: the interval of its most frequent job."""
    ways = {r.name: r.way for r in fates.restarted}
    if ways[name] not in {Way.BACKUP, Way.SNAPSHOT}:
        return 0
    return min((job.interval_minutes for job in evidence.backups_of.get(name, ())), default=0)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _resolve(
    evidence: Evidence, own: Mapping[str, ServiceFate], name: str, known: dict[str, ServiceFate | None], path: frozenset[str]
) -> ServiceFate | None:
    """A service's fate with its dependencies'; one that depends on itself through others is answered by its own machines."""
    if name in known:
        return known[name]
    service = evidence.services[name]
    fate = own.get(name)
    for needed in service.depends_on:
        if needed in evidence.services and needed not in path:
            fate = _through(service, fate, needed, _resolve(evidence, own, needed, known, path | {name}))
    for used in service.uses:
        if used in evidence.services and used not in path:
            theirs = _resolve(evidence, own, used, known, path | {name})
            if fate is None and theirs is not None and theirs.state is not State.DEGRADED:
                fate = fate_of(service, State.DEGRADED, (f"uses {used}, which is {theirs.state}",), 0.0)
    if not path:
        known[name] = fate
    return fate


def _through(service: ServiceEvidence, fate: ServiceFate | None, needed: str, theirs: ServiceFate | None) -> ServiceFate | None:
    """The worse of a service's own fate and that of one it cannot work without; a degraded one still serves."""
    if theirs is None or theirs.state is State.DEGRADED:
        return fate
    why = f"needs {needed}, which is {theirs.state}"
    if fate is None or theirs.state.rank < fate.state.rank:
        return fate_of(service, theirs.state, (why, *(fate.because if fate else ())), theirs.minutes, fate.loses_minutes if fate else 0)
    if theirs.state is not fate.state:
        return fate
    minutes = None if fate.minutes is None or theirs.minutes is None else max(fate.minutes, theirs.minutes)
    return replace(fate, because=(*fate.because, why), minutes=minutes)
