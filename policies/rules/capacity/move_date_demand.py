"""CAP-004: on the night of a move, the projected demand of both clusters and what is planned stay within what may be used."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from math import inf

from policies.evidence import ClusterEvidence, Evidence, ForecastEvidence, MoveEvidence, Unknown
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.demand import (
    NAMES,
    NOTHING,
    Bounds,
    Usable,
    broken,
    claims,
    clock,
    demand,
    demands,
    joined_lacks,
    placed_in,
    ranged,
    total,
    usable,
)
from policies.verdict import Fact, Outcome, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every move that leaves or reaches a vSphere cluster and whose machine does not run at the target yet."""
    clusters = {(c.site, c.name): c for c in evidence.clusters}
    homes = {(s.name, s.site): s.cluster for s in evidence.servers}
    there = {(s.name, s.site) for s in evidence.servers if s.as_of is not None and not s.held}
    buffer = parameters.number("buffer_percent")

    @cache
    def arrivals(place: tuple[str, str]) -> _Arrivals:
        return _Arrivals.of(evidence, clusters[place])

    judged = False
    for move in evidence.moves:
        target = move.machine.cluster if move.machine else homes.get((move.server, move.target_site), "")
        places = [(move.target_site, target), (move.source_site, homes.get((move.server, move.source_site), ""))]
        met = [place for place in places if place in clusters]
        if met and (move.server, move.target_site) not in there:
            judged = True
            sides = [_Side(clusters[place], arrivals(place), evidence, move.on, buffer) for place in met]
            yield _judge(rule, move, sides)
    if not judged:
        yield rule.not_applicable("no move to or from a vSphere cluster is open or planned")


@dataclass(frozen=True, slots=True)
class _Arrivals:
    """What will come to a cluster and is not in its measured history, by resource; those with a date as running sums."""

    now: dict[str, Bounds]
    days: tuple[date, ...]
    sums: dict[str, tuple[Bounds, ...]]
    undated: dict[str, Bounds]

    @classmethod
    def of(cls, evidence: Evidence, cluster: ClusterEvidence) -> _Arrivals:
        """From the machines that are not there yet, the promises and the moves."""
        asked, fastest = claims(evidence, cluster), clock(cluster)
        names = {s.name for s in asked.servers}
        coming = [s for s in asked.servers if s.as_of is None and not s.held]
        moves = [m for m in evidence.moves if m.machine and m.server not in names and _comes_to(cluster, m)]
        measured = {s.name: s.usage for s in evidence.servers if not isinstance(s.usage, Unknown)}
        made = [(m.on, replace(m.machine, usage=measured.get(m.server, m.machine.usage))) for m in moves if m.machine]
        dated = sorted(((on, s) for on, s in made if isinstance(on, date)), key=lambda each: each[0])
        moving = {m.server for m in moves}  # the ledger promises them their room too, but does not know the night
        promises = [p for p in asked.promises if p.holder not in moving]
        now, sums, undated = {}, {}, {}
        for resource in NAMES:
            promised = total(
                Bounds(float(size), float(size)) for p in promises for size in [p.cpus * fastest if resource == "cpu" else p.memory]
            )
            now[resource] = demands(coming, resource, fastest) + promised
            sums[resource] = tuple(_running([demand(s, resource, fastest) for _, s in dated]))
            rest = demands((s for on, s in made if isinstance(on, Unknown)), resource, fastest)
            lacks = tuple(str(m.on) for m in moves if isinstance(m.on, Unknown))
            undated[resource] = Bounds(0.0, rest.most, lacks + rest.unknown)
        return cls(now, tuple(day for day, _ in dated), sums, undated)

    def until(self, day: date | None, resource: str) -> Bounds:
        """What will have come by a day; without a day, from what is there now to all of it."""
        dated = self.sums[resource]
        if day is None:
            last = dated[-1] if dated else NOTHING
            return self.now[resource] + Bounds(0.0, last.most, last.unknown) + self.undated[resource]
        number = bisect_right(self.days, day)
        return self.now[resource] + (dated[number - 1] if number else NOTHING) + self.undated[resource]


def _comes_to(cluster: ClusterEvidence, move: MoveEvidence) -> bool:
    return move.machine is not None and (move.machine.site, move.machine.cluster) == (cluster.site, cluster.name)


def _running(each: list[Bounds]) -> Iterator[Bounds]:
    """Running sums; the first few unknown data stand for all."""
    least = most = 0.0
    lacks: tuple[str, ...] = ()
    for bounds in each:
        least, most = least + bounds.least, most + bounds.most
        lacks = lacks if len(lacks) > 5 else lacks + bounds.unknown
        yield Bounds(least, most, lacks)


@dataclass(frozen=True, slots=True)
class _Side:
    """One cluster on the night of a move."""

    cluster: ClusterEvidence
    arrivals: _Arrivals
    evidence: Evidence
    on: date | Unknown
    buffer: float

    def balances(self) -> Iterator[_Balance]:
        """One for each resource."""
        day = None if isinstance(self.on, Unknown) else max(self.on, self.evidence.today)
        for resource, name in NAMES.items():
            found = self.evidence.forecast(self.cluster.target, resource)
            room = usable(self.cluster, resource, self.buffer)
            yield _Balance(self.cluster, room, name, day, self._projected(found, day, name), self.arrivals.until(day, resource), found)

    def _projected(self, found: ForecastEvidence | None, day: date | None, name: str) -> Bounds:
        if found is None or not found.points:
            return Bounds(0.0, inf, (f"measured {name} history of {placed_in(self.cluster)} (incline capacity snapshot)",))
        if day is None:
            levels = [p.p90 for p in found.points]
            return Bounds(min(levels), max(levels), (str(self.on),))
        point = found.at(day)
        if point is None:
            lack = f"projected {name} of {placed_in(self.cluster)} on {day} (the projection ends on {found.points[-1].day})"
            return Bounds(0.0, inf, (lack,))
        return Bounds(point.p90, point.p90)


@dataclass(frozen=True, slots=True)
class _Balance:
    """One resource of one cluster: projected, planned and what may be used."""

    cluster: ClusterEvidence
    room: Usable
    name: str
    day: date | None
    projected: Bounds
    planned: Bounds
    forecast: ForecastEvidence | None

    @property
    def needed(self) -> Bounds:
        return self.projected + self.planned

    def text(self) -> str:
        """The formula with numbers."""
        when, text = f" on {self.day}" if self.day else "", self.room.text
        projected = "?" if self.projected.most == inf else ranged(self.projected, text)
        planned = ranged(self.planned, text)
        return f"{self.name} {projected} projected{when} + {planned} planned <= {text(self.room.value)} usable of {placed_in(self.cluster)}"


def _judge(rule: Rule, move: MoveEvidence, sides: list[_Side]) -> Verdict:
    balances = [balance for side in sides for balance in side.balances()]
    failed = [b for b in balances if b.needed.least > b.room.value]
    open_ones = [b for b in balances if b.needed.most > b.room.value]
    outcome = Outcome.FAIL if failed else Outcome.UNDETERMINED if open_ones else Outcome.PASS
    lacks = joined_lacks(tuple(dict.fromkeys(text for b in open_ones for text in b.needed.unknown)))
    formula = "; ".join(b.text() for b in balances)
    told = broken("; ".join(b.text() for b in failed)) or "; ".join(b.text() for b in open_ones or balances)
    message = f"move of {move.server} from {move.source_site} to {move.target_site}: {told}"
    return rule.verdict(
        outcome,
        move.target,
        message,
        facts=tuple(fact for b in balances for fact in _facts(b)),
        formula=formula,
        source=move.source,
        missing=lacks if outcome is Outcome.UNDETERMINED else (),
    )


def _facts(balance: _Balance) -> Iterator[Fact]:
    name, where = balance.name, placed_in(balance.cluster)
    yield Fact(name=f"usable {name} of {where}", value=balance.room.formula(), source=balance.cluster.source, as_of=balance.cluster.as_of)
    if balance.forecast is not None:
        confidence = balance.forecast.confidence
        yield Fact(name=f"projection of {name} of {where}", value=confidence, source=balance.forecast.source, as_of=balance.forecast.as_of)


MOVE_DATE_DEMAND = Rule(
    id="CAP-004",
    name="move-date-demand",
    title="On the night of a move, projected demand and all that is planned fit both clusters",
    severity=Severity.CRITICAL,
    side="move",
    controls=("NIST 800-53 CP-2(2)",),
    needs=(
        "date and target cluster of the move",
        "projection of CPU and memory of both clusters (90 per cent level)",
        "measured use of the machines that will have come by then, and open promises",
    ),
    formula="at the date of the move: projected demand (90 % level) + planned demand <= (total - largest F hosts) x (1 - buffer)",
    source=(
        "VMware Aria Operations 8.10, capacity definitions: usable is the total less HA settings and buffer, conservative is the "
        "upper bound; a machine that leaves frees nothing before the history shows it, because its source is held"
    ),
    remedy="move it on an earlier night or to another cluster, let another machine leave first, or add a host before the date",
    check=check,
    parameters={
        "buffer_percent": Parameter(default=10.0, reason="daily maxima hide short peaks, and a host filled to the last makes machines wait")
    },
)
