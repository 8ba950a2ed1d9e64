"""What to do when something has failed: for the person on call, in the order in which it is done. Nothing here that was not worked out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from infra.estate.model import GIB
from policies.evidence import Evidence, ServerEvidence, Unknown
from policies.reports.words import listed
from policies.simulate import Failure, Kind, Outcome, State, Way, simulate
from policies.simulate.links import copies_over

_SHORT = {"memory", "cpu", "reservation"}
_RESTORED = {Way.BACKUP, Way.SNAPSHOT}


def advice(evidence: Evidence, outcome: Outcome, with_drs: Outcome | None) -> Iterator[str]:
    """The steps, first things first."""
    yield from _tell(evidence, outcome)
    yield from _make_room(evidence, outcome, with_drs)
    yield from _restore(evidence, outcome)
    yield from _separate(outcome)
    yield from _moves(evidence, outcome)
    if outcome.failure.kind is Kind.LINK:
        yield from _link(evidence, outcome.failure)


def _tell(evidence: Evidence, outcome: Outcome) -> Iterator[str]:
    owners: dict[str, list[str]] = {}
    for fate in outcome.services:
        if fate.state is not State.DEGRADED:
            owners.setdefault(evidence.services[fate.name].owner, []).append(fate.name)
    if owners:
        yield "tell " + "; ".join(f"{owner} ({listed(names, 4)})" for owner, names in owners.items())


def _make_room(evidence: Evidence, outcome: Outcome, with_drs: Outcome | None) -> Iterator[str]:
    without = outcome.without_place
    if with_drs is not None and len(with_drs.without_place) < len(without):
        still = {w.name for w in with_drs.without_place}
        yield f"let DRS move running machines: {listed([w.name for w in without if w.name not in still], 4)} then find a place"
    short = [w for w in without if w.binding in _SHORT]
    if short and outcome.failure.kind in {Kind.HOST, Kind.HOSTS, Kind.FAULT_DOMAIN}:
        stopped = _enough(evidence, outcome)
        if stopped:
            freed = sum(s.memory for s in stopped if not isinstance(s.memory, Unknown)) / GIB
            yield f"switch off {listed([s.name for s in stopped], 6)} ({freed:,.0f} GiB, least important first): then all find a place"
        yield "for a lasting change, see what the capacity rules propose:  incline check --repair"
    by_binding: dict[str, list[str]] = {}
    for each in without:
        by_binding.setdefault(each.binding, []).append(each.name)
    sources = {s.name: s.source for s in evidence.servers if not s.held}
    for binding, names in by_binding.items():
        step = _STEPS.get(binding)
        if step:
            yield step.format(names=listed(names, 4), source=sources[names[0]])


_STEPS = {
    "separation": "allow {names} beside a member of its group for the time being: switch its anti-affinity rule off in vCenter",
    "high availability": "start {names} by hand on the hosts that are left, and switch vSphere HA on",
    "restart priority": "start {names} by hand: HA is told to leave them off",
    "backup": "there is no copy of {names}: see whether the disks can be saved; for the next time write a backup: ({source})",
    "copy": "the only copies of {names} are gone with it; for the next time write a copy on another site under backup: ({source})",
    "quota": "ask AWS at once for a higher vCPU quota, for {names}",
    "addresses": "free addresses or add a subnet in another zone, for {names}",
    "offer": "choose an instance type that the other zones offer, for {names} ({source})",
    "space": "free space on a datastore that is left, for {names}",
}


def _enough(evidence: Evidence, outcome: Outcome) -> list[ServerEvidence]:
    """The least important machines of the cluster without which all that must restart does; none where even all of them are not enough."""
    site, _, rest = outcome.failure.name.partition("/")
    cluster = rest.partition("/")[0]
    gone = set(outcome.stopped)
    promised = {name: (s.tier.value != "bronze", s.tier.value == "gold") for name, s in evidence.services.items()}
    running = [
        s
        for s in evidence.servers
        if (s.site, s.cluster) == (site, cluster) and not s.held and s.name not in gone and not promised.get(s.service, (True, True))[1]
    ]
    ordered = sorted(running, key=lambda s: (promised.get(s.service, (True, True)), s.memory if isinstance(s.memory, int) else 0, s.name))
    chosen: list[ServerEvidence] = []
    for server in ordered[:24]:
        chosen.append(server)
        if _suffices(evidence, outcome.failure, chosen):
            return _needed(evidence, outcome.failure, chosen)
    return []


def _needed(evidence: Evidence, failure: Failure, chosen: list[ServerEvidence]) -> list[ServerEvidence]:
    """Without those that are not needed, the most important first."""
    for server in reversed(chosen):
        without = [s for s in chosen if s is not server]
        if _suffices(evidence, failure, without):
            chosen = without
    return chosen


def _suffices(evidence: Evidence, failure: Failure, off: list[ServerEvidence]) -> bool:
    names = {s.name for s in off}
    left = replace(evidence, servers=tuple(s for s in evidence.servers if s.held or s.name not in names))
    return not simulate(left, failure).without_place


def _restore(evidence: Evidence, outcome: Outcome) -> Iterator[str]:
    restored = [r for r in outcome.restarted if r.way in _RESTORED]
    if restored:
        yield f"decide that it will not come back soon, then restore in this order: {listed([r.name for r in restored], 6)}"
    sources = {s.name: s.source for s in evidence.servers if not s.held}
    unprepared: dict[str, list[str]] = {}
    for each in restored:
        if each.unprepared:
            unprepared.setdefault(each.where.partition("/")[0], []).append(each.name)
    for site, names in unprepared.items():
        yield f"choose addresses at {site} for {listed(names, 4)}; better now, under at: ({sources[names[0]]})"
    held = [r.name for r in outcome.restarted if r.way is Way.HELD]
    if held:
        yield f"start the held copies of {listed(held, 4)}; what was written since their move is lost"


def _separate(outcome: Outcome) -> Iterator[str]:
    beside = [r.name for r in outcome.restarted if r.beside]
    if beside:
        yield f"when it is back, part {listed(beside, 4)} from the other members of their groups: they stand side by side"
    if outcome.fates.rollback_lost:
        yield f"the way back of the moves of {listed(list(outcome.fates.rollback_lost), 4)} is gone: check them, then accept"


def _moves(evidence: Evidence, outcome: Outcome) -> Iterator[str]:
    failure = outcome.failure
    ends = {failure.name.partition("/")[0]}
    if failure.kind is Kind.LINK:
        ends = set(next(link.sites for link in evidence.links if link.name == failure.name))
        touched = [m.server for m in evidence.moves if {m.source_site, m.target_site} == ends and m.state == "open"]
    elif failure.kind is Kind.SITE:
        touched = [m.server for m in evidence.moves if ends & {m.source_site, m.target_site} and m.state == "open"]
    else:
        touched = [m.server for m in evidence.moves if m.server in outcome.stopped and m.state == "open"]
    if touched:
        yield f"open moves stop and can be resumed: {listed(touched, 4)}; see  incline move status {touched[0]}"


def _link(evidence: Evidence, failure: Failure) -> Iterator[str]:
    link = next(each for each in evidence.links if each.name == failure.name)
    if link.paths > 1:
        yield f"the link has {link.paths} paths: all of them must be gone for this; see which is left"
    crossing = copies_over(evidence, link)
    if crossing:
        yield f"backup copies of {len(crossing)} servers do not leave their site until it is back: do not let it last longer than their RPO"
