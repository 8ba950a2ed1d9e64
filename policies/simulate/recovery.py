"""How long until a machine works again: formulas simple enough to check by hand, with the numbers that the recovery rule assumes.

    HA restart     HA's restart + (rounds - 1) x boot; a host starts 32 machines in a round, and a lower priority waits for the higher
    held copy      decide + boot
    copy           decide + prepare + bytes of all that is restored the same way up to and with it / rate + boot

`prepare` only where the site has no address for it; the rate is the repository's, or the link's where that is slower. The recovery rule
looks at each service alone; here everything that has stopped is restored at once, the graver tier first, so that times add up.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from policies.evidence import Evidence, ServerEvidence, Unknown
from policies.recovery import Assumptions
from policies.simulate.outcome import Fates, Restart, Way

PARALLEL_STARTS = 32
"""Machines that one host starts at the same time (VMware: 32 concurrent power-ons a host)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """When a machine works again, and the formula with its numbers."""

    minutes: float
    formula: str


def assumptions(evidence: Evidence) -> Assumptions:
    """The times of the recovery rule, with the city's own numbers where its standards give any."""
    own = evidence.standards.rules.get("REL-003", {})
    return Assumptions(**{f.name: float(own[f.name]) for f in fields(Assumptions) if f.name in own})


def ready(evidence: Evidence, fates: Fates, assumed: Assumptions) -> dict[str, Ready]:
    """When each machine that comes back works again."""
    found = _by_ha([r for r in fates.restarted if r.way is Way.HA], assumed)
    decide, boot = assumed.decision_minutes, assumed.boot_minutes
    for restart in fates.restarted:
        if restart.way is Way.HELD:
            found[restart.name] = Ready(minutes=decide + boot, formula=f"decide {decide:g} + boot {boot:g} = {decide + boot:g} min")
    return found | _by_copy(evidence, [r for r in fates.restarted if r.way in {Way.BACKUP, Way.SNAPSHOT}], assumed)


def _by_ha(restarts: Sequence[Restart], assumed: Assumptions) -> dict[str, Ready]:
    """Wave by wave: a wave begins when the one before is up, which is later than HA's own default and so on the safe side."""
    found: dict[str, Ready] = {}
    rounds = 0
    for wave in sorted({r.wave for r in restarts}):
        those = [r for r in restarts if r.wave == wave]
        rounds += math.ceil(max(Counter(r.where for r in those).values()) / PARALLEL_STARTS)
        minutes = assumed.ha_restart_minutes + (rounds - 1) * assumed.boot_minutes
        more = f" + {rounds - 1} x boot {assumed.boot_minutes:g}" if rounds > 1 else ""
        formula = f"HA restart {assumed.ha_restart_minutes:g}{more} = {minutes:g} min"
        found.update({r.name: Ready(minutes=minutes, formula=formula) for r in those})
    return found


def _by_copy(evidence: Evidence, restarts: Sequence[Restart], assumed: Assumptions) -> dict[str, Ready]:
    """In the order given (the graver tier first): what is restored the same way waits for what is before it."""
    sizes = {s.name: _bytes(s) for s in evidence.servers if not s.held}
    read: dict[tuple[str, str], float] = defaultdict(float)
    found: dict[str, Ready] = {}
    for restart in restarts:
        target = restart.where.split("/")[0]
        way = (restart.copy or target, target)
        rate = rate_mb_s(evidence, way, assumed)
        read[way] += sizes.get(restart.name, 0)
        if rate:
            copy = read[way] / (rate * 1e6) / 60
            prepare = assumed.unprepared_minutes if restart.unprepared else 0.0
            minutes = assumed.decision_minutes + prepare + copy + assumed.boot_minutes
            formula = (
                f"decide {assumed.decision_minutes:g}{f' + prepare {prepare:g}' if prepare else ''} + {read[way] / 2**30:,.0f} GiB"
                f" at {rate:,.0f} MB/s {copy:.0f} + boot {assumed.boot_minutes:g} = {minutes:.0f} min"
            )
            found[restart.name] = Ready(minutes=minutes, formula=formula)
    return found


def rate_mb_s(evidence: Evidence, way: tuple[str, str], assumed: Assumptions) -> float:
    """How fast a copy at one site becomes a machine at another: the repository's speed, or the link's; 0 without a link."""
    if way[0] == way[1]:
        return assumed.restore_mb_s
    return min(assumed.restore_mb_s, bandwidth(evidence, way) / 8 * assumed.link_share)


def bandwidth(evidence: Evidence, way: tuple[str, str]) -> float:
    """The widest link between two sites in Mbit/s; 0 where there is none."""
    return max((float(link.mbit_s) for link in evidence.links if set(link.sites) == set(way)), default=0.0)


def _bytes(server: ServerEvidence) -> float:
    """Bytes of disks; one of unknown size counts as none, and the time is then a lower bound."""
    return float(sum(d for d in server.disks if not isinstance(d, Unknown)))


def stated(assumed: Assumptions, ways: frozenset[Way]) -> tuple[str, ...]:
    """What the times of these ways of coming back take for granted, in words."""
    said = []
    if Way.HA in ways:
        said.append(
            f"HA has a machine working {assumed.ha_restart_minutes:g} min after the failure; a host starts {PARALLEL_STARTS} at a time,"
            f" and a lower priority waits {assumed.boot_minutes:g} min for the one before it"
        )
    if ways - {Way.HA}:
        said.append(f"people decide within {assumed.decision_minutes:g} min; a machine works {assumed.boot_minutes:g} min after power-on")
    if ways & {Way.BACKUP, Way.SNAPSHOT}:
        said.append(
            f"copies are read at {assumed.restore_mb_s:g} MB/s, or {assumed.link_share:.0%} of the link's width where that is less, one"
            " after the other on the same way: what gold services need first, then silver, then bronze; REL-003 looks at each service alone"
        )
    if Way.SNAPSHOT in ways:
        said.append("snapshots of volumes belong to the region: every zone of it can start from them")
    return tuple(said)


def by_name(times: Mapping[str, Ready], names: Sequence[str]) -> list[tuple[float, str]]:
    """Minutes and names of those that come back, soonest first."""
    return sorted((times[name].minutes, name) for name in names if name in times)
