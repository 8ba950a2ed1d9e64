"""How long a part of a service is away, and how much it loses, after each kind of failure: a small model whose every number is stated.

Paths, the quickest that is open being taken:

- *restart in place* after a fault of the software;
- *another member* of the part takes over, at the same site or at another;
- *restart elsewhere*: vSphere HA, or EC2's automatic recovery, when the hardware fails; by hand where neither is set;
- *restore from a copy*: decide, read the copy (at the speed of the repository, and of the link where the copy lies at another site than the
  machine will), start. A site that the estate gives the server no place on has first to be prepared.

What the model leaves out: a backup that cannot be read (REL-012 asks for tests), room at the other site (the capacity rules ask), several
services that restore from one repository at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from policies.evidence import BackupEvidence, ServerEvidence, Unknown
from policies.parts import Part
from policies.restarts import Restart

BITS = 8


class Disruption(StrEnum):
    """What fails. A site is a data centre or a region; a zone is a part of a region."""

    SOFTWARE = "software"
    HARDWARE = "hardware"
    ZONE = "zone"
    SITE = "site"


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumptions:
    """The numbers of the model; the rule's parameters say why they are what they are."""

    restart_minutes: float = 5
    failover_minutes: float = 5
    site_failover_minutes: float = 30
    replication_lag_minutes: float = 5
    ha_restart_minutes: float = 10
    by_hand_minutes: float = 60
    decision_minutes: float = 30
    boot_minutes: float = 10
    unprepared_minutes: float = 120
    restore_mb_s: float = 200
    link_share: float = 0.8


@dataclass(frozen=True, kw_only=True)
class World:
    """What recovery can count on: bandwidth between sites, backups, and who restarts what.

    Args:
        links: Mbit/s by pair of sites.
        restarts: by server's name and site.
    """

    links: Mapping[frozenset[str], float]
    backups: Mapping[str, tuple[BackupEvidence, ...]]
    restarts: Mapping[tuple[str, str], Restart]
    assumptions: Assumptions = field(default_factory=Assumptions)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Minutes away and minutes of data lost, with the path in words; `inf` minutes: there is no way back.

    Args:
        reading: the minutes of them in which a repository is read, which add up over parts.
    """

    rto: float
    rpo: float
    path: str
    reading: float = 0.0


@dataclass(frozen=True, slots=True)
class Range:
    """The best and the worst that the evidence allows, and what would tell them apart."""

    best: Estimate
    worst: Estimate
    lacks: tuple[str, ...] = ()

    @staticmethod
    def certain(estimate: Estimate) -> Range:
        """Where nothing is unknown."""
        return Range(estimate, estimate)


_UNHARMED = Estimate(0.0, 0.0, "not touched")


def recover(part: Part, disruption: Disruption, world: World) -> Range:
    """How a part comes back after the disruption that hits it worst."""
    if disruption is Disruption.SOFTWARE:
        return Range.certain(_software(part, world.assumptions))
    if disruption is Disruption.HARDWARE:
        return _hardware(part, world)
    if disruption is Disruption.SITE:
        sites = sorted({m.site for m in part.members})
        return _worst(_lost(part, [m for m in part.members if m.site == site], world, site_too=True) for site in sites)
    return _zone(part, world)


def _software(part: Part, assume: Assumptions) -> Estimate:
    if len(part.members) > 1 and assume.failover_minutes < assume.restart_minutes:
        return Estimate(assume.failover_minutes, 0.0, "another member takes over")
    return Estimate(assume.restart_minutes, 0.0, "restart in place")


def _hardware(part: Part, world: World) -> Range:
    """The host of any one member fails: it is started elsewhere, or another takes over, whichever is quicker."""
    ranges = []
    for member in part.members:
        ways = [_started(member, world)]
        if others := [m for m in part.members if m is not member]:
            ways.append(_takeover([member], others, world.assumptions))
        ranges.append(_quickest(ways))
    return _worst(ranges)


def _started(member: ServerEvidence, world: World) -> Range:
    assume, restart = world.assumptions, world.restarts[member.name, member.site]
    if not restart.spare:
        return _restored(member, world, site_too=True)
    how = "vSphere HA restarts" if member.kind == "vsphere" else "EC2 recovers"
    quick = Estimate(assume.ha_restart_minutes, 0.0, f"{how} {member.name}")
    slow = Estimate(assume.by_hand_minutes, 0.0, f"{member.name} started elsewhere by hand")
    return Range(quick if restart.best else slow, quick if restart.worst else slow, restart.lacks)


def _takeover(lost: Iterable[ServerEvidence], left: Iterable[ServerEvidence], assume: Assumptions) -> Range:
    """A member on the same site is at hand and up to date; one on another site lags and has to be switched to."""
    sites = {m.site for m in lost}
    if any(m.site in sites for m in left):
        return Range.certain(Estimate(assume.failover_minutes, 0.0, "another member takes over"))
    return Range.certain(Estimate(assume.site_failover_minutes, assume.replication_lag_minutes, "the member at the other site takes over"))


def _zone(part: Part, world: World) -> Range:
    """The worst of its zones fails. Members of unknown zone fall with none other at best, and all with the same zone at worst."""
    exposed = [m for m in part.members if m.kind == "aws"]
    if not exposed:
        return Range.certain(_UNHARMED)
    best = _worst(_lost(part, group, world) for group in _apart(exposed))
    worst = _worst(_lost(part, group, world) for group in _together(exposed))
    if _weight(best.best) == _weight(worst.worst):
        return best
    unknown = tuple(f"zone of {m.name} (its subnet is not known yet)" for m in exposed if not m.zone)
    return Range(best.best, worst.worst, tuple(dict.fromkeys((*worst.lacks, *unknown))))


def _apart(members: list[ServerEvidence]) -> list[list[ServerEvidence]]:
    zones = sorted({(m.site, m.zone or m.name) for m in members})
    return [[m for m in members if (m.site, m.zone or m.name) == zone] for zone in zones]


def _together(members: list[ServerEvidence]) -> list[list[ServerEvidence]]:
    zones = sorted({(m.site, m.zone) for m in members})
    return [[m for m in members if m.site == site and m.zone in {"", zone}] for site, zone in zones]


def _worst(ranges: Iterable[Range]) -> Range:
    listed = list(ranges)
    if len(listed) == 1:
        return listed[0]
    lacks = tuple(dict.fromkeys(text for each in listed for text in each.lacks))
    return Range(max((r.best for r in listed), key=_weight), max((r.worst for r in listed), key=_weight), lacks)


def _quickest(ways: list[Range]) -> Range:
    if len(ways) == 1:
        return ways[0]
    best, worst = min((w.best for w in ways), key=_weight), min((w.worst for w in ways), key=_weight)
    lacks = () if _weight(best) == _weight(worst) else tuple(dict.fromkeys(text for w in ways for text in w.lacks))
    return Range(best, worst, lacks)


def _weight(estimate: Estimate) -> tuple[float, float]:
    return estimate.rto, estimate.rpo


def _lost(part: Part, lost: list[ServerEvidence], world: World, *, site_too: bool = False) -> Range:
    """These members are gone with all they stored: others take over, or the one that is back first is restored."""
    gone = {(m.name, m.site) for m in lost}
    left = [m for m in part.members if (m.name, m.site) not in gone]
    if left:
        return _takeover(lost, left, world.assumptions)
    return _quickest([_restored(member, world, site_too=site_too) for member in lost])


def _restored(member: ServerEvidence, world: World, *, site_too: bool) -> Range:
    known = sum(size for size in member.disks if not isinstance(size, Unknown))
    lacks = tuple(str(size) for size in member.disks if isinstance(size, Unknown))
    lost = member.site if site_too else ""
    jobs = world.backups.get(member.name, ())
    ways = [way for job in jobs for copy in job.copies if copy != lost for way in _ways(member, job, copy, known, world, lost)]
    if not ways:
        return Range.certain(Estimate(inf, inf, f"no copy to restore {member.name} from"))
    best = min(ways, key=_weight)
    return Range(best, Estimate(inf, best.rpo, f"{best.path}, of unknown size"), lacks) if lacks else Range.certain(best)


def _ways(member: ServerEvidence, job: BackupEvidence, copy: str, size: int, world: World, lost: str) -> Iterator[Estimate]:
    """From one copy to every site where the server may stand again: its places, or the copy's own site once that is prepared."""
    assume = world.assumptions
    for place in sorted({*member.places, copy} - {lost}):
        rate, over = assume.restore_mb_s * 1e6, ""
        if place != copy:
            mbit = world.links.get(frozenset((place, copy)), 0.0)
            rate, over = min(rate, mbit * 1e6 / BITS * assume.link_share), f" over the link to {place}"
        if rate > 0.0:
            prepare = 0.0 if place in member.places or place == member.site else assume.unprepared_minutes
            minutes = assume.decision_minutes + prepare + size / rate / 60 + assume.boot_minutes
            yield Estimate(minutes, float(job.interval_minutes), f"{member.name} restored from the copy at {copy}{over}", size / rate / 60)


def in_turn(estimates: Iterable[Estimate]) -> Estimate:
    """What the parts of a service come to: its restores read one after another, all else happens at once; the slowest names the path."""
    listed = list(estimates)
    restores = [e for e in listed if e.reading]
    slowest = max(listed, key=_weight, default=_UNHARMED)
    rpo = max((e.rpo for e in listed), default=0.0)
    if not restores:
        return Estimate(slowest.rto, rpo, slowest.path)
    reading = sum(e.reading for e in restores)
    minutes = max(e.rto - e.reading for e in restores) + reading
    if slowest.rto >= minutes:
        return Estimate(slowest.rto, rpo, slowest.path)
    longest = max(restores, key=lambda e: e.reading)
    more = f", the last of {len(restores)} restores" if len(restores) > 1 else ""
    return Estimate(minutes, rpo, f"{longest.path}{more}", reading)
