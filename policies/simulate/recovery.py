"""How long until a machine works again: formulas simple enough to check by hand, and what they take for granted.

HA restart       detection + for each wave up to its own: ceil(machines on the busiest host / 32) x boot
another zone     decision + boot (a volume made from a snapshot can be used at once and is slow until it has been read)
held copy        decision + boot
backup copy      decision + bytes restored before it and with it over the same way / rate + boot
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.evidence import Evidence, ServerEvidence, Unknown
from policies.simulate.outcome import Fates, Restart, Way

PARALLEL_STARTS = 32
"""Machines that one host starts at the same time (VMware: 32 concurrent power-ons a host)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumptions:
    """What the times rest on. None of it is measured here: a recovery test gives better numbers.

    Args:
        detect_seconds: until HA holds a host for dead and begins to restart.
        boot_seconds: from power-on to a service that answers.
        decide_minutes: until people have decided that a site, cluster, datastore or zone will not come back soon.
        restore_mbit_s: how fast a site restores from a copy that it holds itself.
    """

    detect_seconds: float = 60
    boot_seconds: float = 180
    decide_minutes: float = 30
    restore_mbit_s: float = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """When a machine works again, and the formula with its numbers."""

    minutes: float
    formula: str


def ready(evidence: Evidence, fates: Fates, assumed: Assumptions) -> dict[str, Ready]:
    """When each machine that comes back works again."""
    found: dict[str, Ready] = {}
    found.update(_by_ha([r for r in fates.restarted if r.way is Way.HA], assumed))
    decide = assumed.decide_minutes
    for restart in fates.restarted:
        if restart.way in {Way.SNAPSHOT, Way.HELD}:
            minutes = decide + assumed.boot_seconds / 60
            found[restart.name] = Ready(
                minutes=minutes, formula=f"decide {decide:g} min + boot {assumed.boot_seconds:g} s = {minutes:.0f} min"
            )
    found.update(_by_backup(evidence, [r for r in fates.restarted if r.way is Way.BACKUP], assumed))
    return found


def _by_ha(restarts: Sequence[Restart], assumed: Assumptions) -> dict[str, Ready]:
    """Wave by wave: a wave begins when the one before is up, which is later than HA's own default and so on the safe side."""
    found: dict[str, Ready] = {}
    seconds, parts = assumed.detect_seconds, [f"detect {assumed.detect_seconds:g} s"]
    for wave in sorted({r.wave for r in restarts}):
        those = [r for r in restarts if r.wave == wave]
        rounds = math.ceil(max(Counter(r.where for r in those).values()) / PARALLEL_STARTS)
        seconds += rounds * assumed.boot_seconds
        parts.append(f"{rounds} x boot {assumed.boot_seconds:g} s")
        formula = f"{' + '.join(parts)} = {seconds / 60:.0f} min"
        found.update({r.name: Ready(minutes=seconds / 60, formula=formula) for r in those})
    return found


def _by_backup(evidence: Evidence, restarts: Sequence[Restart], assumed: Assumptions) -> dict[str, Ready]:
    """In the order given (the tier first): what travels the same way waits for what is before it."""
    sizes = _sizes(evidence)
    sent: dict[tuple[str, str], float] = defaultdict(float)
    found: dict[str, Ready] = {}
    for restart in restarts:
        target = restart.where.split("/")[0]
        way = (restart.copy, target)
        sent[way] += sizes.get(restart.name, 0)
        rate = bandwidth(evidence, way) if way[0] != way[1] else assumed.restore_mbit_s
        if not rate:
            continue
        copy = sent[way] * 8 / (rate * 1_000_000) / 60
        minutes = assumed.decide_minutes + copy + assumed.boot_seconds / 60
        over = "restore at" if way[0] == way[1] else "link at"
        found[restart.name] = Ready(
            minutes=minutes,
            formula=(
                f"decide {assumed.decide_minutes:g} min + {sent[way] / 2**30:,.0f} GiB / {over} {rate:,.0f} Mbit/s = {copy:.0f} min"
                f" + boot {assumed.boot_seconds:g} s = {minutes:.0f} min"
            ),
        )
    return found


def bandwidth(evidence: Evidence, way: tuple[str, str]) -> float:
    """The widest link between two sites in Mbit/s; 0 where there is none."""
    return max((float(link.mbit_s) for link in evidence.links if set(link.sites) == set(way)), default=0.0)


def _sizes(evidence: Evidence) -> Mapping[str, float]:
    """Bytes of disks by server; a disk of unknown size counts as none, and the time is then a lower bound."""
    return {s.name: _bytes(s) for s in evidence.servers if not s.held}


def _bytes(server: ServerEvidence) -> float:
    return float(sum(d for d in server.disks if not isinstance(d, Unknown)))


def stated(assumed: Assumptions, ways: frozenset[Way]) -> tuple[str, ...]:
    """The assumptions that these ways of coming back rest on, in words."""
    said = []
    if Way.HA in ways:
        said.append(
            f"HA begins to restart {assumed.detect_seconds:g} s after the failure and a service answers {assumed.boot_seconds:g} s after"
            f" power-on; a host starts {PARALLEL_STARTS} machines at a time, a lower priority waits for the higher"
        )
    if ways - {Way.HA}:
        said.append(
            f"people decide within {assumed.decide_minutes:g} min that it will not come back soon; a service answers"
            f" {assumed.boot_seconds:g} s after power-on"
        )
    if Way.BACKUP in ways:
        said.append(
            f"a site restores a copy that it holds at {assumed.restore_mbit_s:,.0f} Mbit/s, one from another site at the width of the"
            " link; gold before silver before bronze, one after the other on the same way"
        )
    if Way.SNAPSHOT in ways:
        said.append("snapshots of volumes belong to the region, so that every zone of it can start from them")
    return tuple(said)
