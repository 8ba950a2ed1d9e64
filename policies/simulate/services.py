"""What stopped machines mean for services, and those for the services that depend on them.

A part of a service (a redundancy group with its stand-bys, or a single machine) works while one member runs. A service that depends on
another is no better than it; one that only uses another goes on with less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from infra.wording import listed
from policies.evidence import Evidence, ServiceEvidence
from policies.parts import Part, parts_of
from policies.recovery import Assumptions
from policies.simulate.outcome import Fates, ServiceFate, State, Way
from policies.simulate.recovery import Ready, by_name


@dataclass(frozen=True, slots=True)
class _Unit:
    """A part of a service: a redundancy group or a single machine. `minutes` None: it does not come back by itself."""

    state: State | None
    minutes: float | None = 0.0
    loses: int = 0
    because: str = ""


def service_fates(evidence: Evidence, fates: Fates, times: Mapping[str, Ready], assumed: Assumptions) -> tuple[ServiceFate, ...]:
    """The services that the fates of machines touch, worst first."""
    own = {name: _own(evidence, service, fates, times, assumed) for name, service in evidence.services.items()}
    return spread(evidence, {name: fate for name, fate in own.items() if fate})


def spread(evidence: Evidence, own: Mapping[str, ServiceFate]) -> tuple[ServiceFate, ...]:
    """The services with what comes to them from those that they depend on, worst first. Circles end where nothing gets worse."""
    known = dict(own)
    for _ in evidence.services:
        before = dict(known)
        for service in evidence.services.values():
            fate = _with_needs(service, own.get(service.name), known)
            if fate is not None:
                known[service.name] = fate
        if known == before:
            break
    return tuple(sorted(known.values(), key=lambda f: (f.state.rank, f.rto_minutes, f.name)))


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


def promised_by_tier(evidence: Evidence, fate: ServiceFate) -> ServiceFate:
    """The fate held against what the service's tier promises at most, where that is longer than the service's own promise."""
    standard = evidence.standards.tiers.get(evidence.services[fate.name].tier)
    if standard is None:
        return fate
    rto, rpo = max(fate.rto_minutes, standard.rto_minutes), max(fate.rpo_minutes, standard.rpo_minutes)
    return replace(fate, rto_minutes=rto, rpo_minutes=rpo)


def _own(
    evidence: Evidence, service: ServiceEvidence, fates: Fates, times: Mapping[str, Ready], assumed: Assumptions
) -> ServiceFate | None:
    stopped = frozenset(fates.stopped)
    units = [_unit(evidence, part, stopped, fates, times, assumed) for part in parts_of(evidence, service.name)]
    hit = [unit for unit in units if unit.state is not None]
    if not hit:
        return None
    worst = min(hit, key=lambda u: u.state.rank if u.state else len(State))
    state = worst.state or State.DEGRADED
    because = [u.because for u in hit if u.state is state]
    minutes = None if state is State.DOWN else max((u.minutes or 0.0 for u in hit), default=0.0)
    return fate_of(service, state, because, minutes, max(u.loses for u in hit))


def _unit(evidence: Evidence, part: Part, stopped: frozenset[str], fates: Fates, times: Mapping[str, Ready], assumed: Assumptions) -> _Unit:
    gone = [m for m in part.members if m.name in stopped]
    if not gone:
        return _Unit(None)
    names = [m.name for m in gone]
    if len(gone) < len(part.members):
        left = {m.site for m in part.members if m.name not in stopped}
        because = f"{listed(names)} of group {part.name}"
        if left & {m.site for m in gone}:
            return _Unit(State.DEGRADED, assumed.failover_minutes, because=because)
        return _Unit(State.DEGRADED, assumed.site_failover_minutes, int(assumed.replication_lag_minutes), because)
    back = by_name(times, names)
    if not back:
        return _Unit(State.DOWN, None, because=listed(names))
    minutes, first = back[0]
    return _Unit(State.INTERRUPTED, minutes, _loss(evidence, fates, first), listed(names))


def _loss(evidence: Evidence, fates: Fates, name: str) -> int:
    """Minutes of data that a machine restored from a copy lacks at worst: the interval of its most frequent job."""
    ways = {r.name: r.way for r in fates.restarted}
    if ways[name] not in {Way.BACKUP, Way.SNAPSHOT}:
        return 0
    return min((job.interval_minutes for job in evidence.backups_of.get(name, ())), default=0)


def _with_needs(service: ServiceEvidence, fate: ServiceFate | None, known: Mapping[str, ServiceFate]) -> ServiceFate | None:
    """A service's own fate with what its dependencies do to it."""
    for needed in service.depends_on:
        fate = _through(service, fate, needed, known.get(needed))
    for used in service.uses:
        theirs = known.get(used)
        if fate is None and theirs is not None and theirs.state is not State.DEGRADED:
            fate = fate_of(service, State.DEGRADED, (f"uses {used}, which is {theirs.state}",), 0.0)
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
