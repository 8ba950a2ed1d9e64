"""Servers that talk to everything: name service, time, monitoring, backup, directory. They tie nothing together.

A hub is told by its ports (it serves, or uses, what nearly every machine does) and by its degree (it talks to a large share of all).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from migration.discover.flows_ports import COMMON
from migration.discover.model import Edge, Finding, FoundMachine, Gravity

LEAST = 12
"""With fewer neighbours a machine is no hub, however few machines there are."""

LEAST_COMMON = 5
"""The same for one whose ports say what it is."""

SHARE = 0.25
SHARE_COMMON = 0.1
_MOST = 200
_TIMES = 8  # the usual degree: three machines of four talk to fewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A machine that talks to everything."""

    machine: str
    neighbours: int
    of: int
    looks_like: str = ""


def hubs_of(machines: Iterable[FoundMachine], edges: Iterable[Edge]) -> dict[str, Hub]:
    """The hubs among these machines, by key."""
    known = {machine.key for machine in machines}
    around: dict[str, set[str]] = {}
    common: dict[str, dict[str, set[str]]] = {}
    for edge in edges:
        if edge.source not in known or edge.target not in known or edge.source == edge.target or not edge.port or edge.once:
            continue
        around.setdefault(edge.source, set()).add(edge.target)
        around.setdefault(edge.target, set()).add(edge.source)
        purpose = COMMON.get(edge.port)
        if purpose:
            common.setdefault(edge.target, {}).setdefault(purpose, set()).add(edge.source)
            common.setdefault(edge.source, {}).setdefault(purpose, set()).add(edge.target)
    if not around:
        return {}
    limit, usual = _limits(around)
    found = {}
    for key, others in sorted(around.items()):
        purposes = Counter({purpose: len(ends) for purpose, ends in common.get(key, {}).items()})
        purpose, served = min(purposes.items(), key=lambda each: (-each[1], each[0]), default=("", 0))
        if served >= usual or len(others) >= limit:
            found[key] = Hub(machine=key, neighbours=len(others), of=len(around), looks_like=purpose if served >= usual else "")
    return found


def _limits(around: Mapping[str, set[str]]) -> tuple[float, float]:
    """From which degree on a machine is a hub: any, and one with ports that everybody uses."""
    degrees = sorted(len(others) for others in around.values())
    usual = degrees[(3 * len(degrees)) // 4 if len(degrees) > 1 else 0]
    limit = max(LEAST, min(SHARE * len(around), max(_MOST, _TIMES * usual)))
    return limit, max(LEAST_COMMON, min(SHARE_COMMON * len(around), _MOST / 4))


def hub_findings(hubs: Mapping[str, Hub], names: Mapping[str, str]) -> tuple[Finding, ...]:
    """Each hub, named."""
    return tuple(
        Finding(
            code="DSC-075",
            gravity=Gravity.NOTE,
            where=names.get(hub.machine, hub.machine),
            what=f"it talks to {hub.neighbours:,} of {hub.of:,} machines" + (f": {hub.looks_like}" if hub.looks_like else ""),
            taken="it ties no machines together into a group",
            remedy="pin its night if it must move first or last",
        )
        for hub in hubs.values()
    )
