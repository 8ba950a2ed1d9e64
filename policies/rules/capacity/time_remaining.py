"""CAP-005: capacity lasts longer than it takes to buy more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from policies.evidence import ClusterEvidence, Evidence, ForecastEvidence
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.demand import NAMES, away, placed_in, usable
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number, gib


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every cluster, and for every datastore whose space was measured long enough."""
    lead, buffer = int(parameters.number("lead_time_days")), parameters.number("buffer_percent")
    full = parameters.number("space_percent")
    if not evidence.clusters and not evidence.datastores:
        yield rule.not_applicable("there is no vSphere cluster and no datastore")
    for cluster in evidence.clusters:
        rooms = [usable(cluster, resource, buffer) for resource in NAMES]
        limits = [
            _Limit(NAMES[r.resource], r.value, r.formula(), r.text(r.value), evidence.forecast(cluster.target, r.resource)) for r in rooms
        ]
        yield _judge(rule, _Object.of_cluster(cluster), limits, evidence.today, lead)
    for store in evidence.datastores:
        space = store.capacity * full / 100
        formula = f"{gib(store.capacity)} x {format_number(full)} % = {gib(space)}"
        limit = _Limit("space", space, formula, gib(space), evidence.forecast(store.target, "space"))
        of = _Object(store.target, f"datastore {store.name} of {store.site}", "", store.source, store.as_of)
        yield _judge(rule, of, [limit], evidence.today, lead)


@dataclass(frozen=True, slots=True)
class _Object:
    """What is judged: its target and name, a remark, where it is written and when it was observed."""

    target: str
    name: str
    remark: str
    source: str
    as_of: datetime | None

    @classmethod
    def of_cluster(cls, cluster: ClusterEvidence) -> _Object:
        """A cluster; hosts that are away are remarked upon."""
        return cls(cluster.target, placed_in(cluster), away(cluster), cluster.source, cluster.as_of)


@dataclass(frozen=True, slots=True)
class _Limit:
    """One resource: what may be used, how that comes about, and its projection."""

    name: str
    value: float
    formula: str
    text: str
    forecast: ForecastEvidence | None

    def over(self) -> date | None:
        """The day on which the conservative level crosses the limit, straight between the points; None within the projection."""
        points = self.forecast.points if self.forecast else ()
        for number, point in enumerate(points):
            if point.p90 > self.value:
                if number == 0:
                    return point.day
                before = points[number - 1]
                part = (self.value - before.p90) / (point.p90 - before.p90)
                return before.day + timedelta(days=int((point.day - before.day).days * part) + 1)
        return None

    def end(self) -> date | None:
        """The last day of the projection."""
        return self.forecast.points[-1].day if self.forecast and self.forecast.points else None


def _judge(rule: Rule, of: _Object, limits: list[_Limit], today: date, lead: int) -> Verdict:
    name = of.name
    remaining = {limit.name: max(0, (day - today).days) for limit in limits if (day := limit.over()) is not None}
    lacks = tuple(_lack(limit, name) for limit in limits if limit.name not in remaining and _short(limit, today, lead))
    bought = Fact(name="time to buy more", value=lead, unit="days", source="parameter lead_time_days")
    facts = (*(fact for limit in limits for fact in _facts(limit, of.source, of.as_of)), bought)
    formula = "; ".join(_part(limit, remaining, today) for limit in limits) + f"; the worst must be >= {lead} days"
    worst = min(remaining, key=lambda each: remaining[each], default="")
    if worst and remaining[worst] < lead:
        outcome, message = Outcome.FAIL, f"{name}: {worst} lasts {remaining[worst]} days more, to buy more takes {lead}"
    elif lacks:
        outcome, message = Outcome.UNDETERMINED, f"{name}: how long it lasts is not known for {len(lacks)} of {len(limits)} resources"
    else:
        outcome = Outcome.PASS
        lasting = f"{worst} lasts {remaining[worst]} days" if worst else "it lasts longer than the projection"
        message = f"{name}: {lasting}, to buy more takes {lead}"
    missing = lacks if outcome is Outcome.UNDETERMINED else ()
    return rule.verdict(outcome, of.target, message + of.remark, facts=facts, formula=formula, source=of.source, missing=missing)


def _short(limit: _Limit, today: date, lead: int) -> bool:
    """Whether the projection does not reach as far as the lead time."""
    end = limit.end()
    return end is None or (end - today).days < lead


def _lack(limit: _Limit, name: str) -> str:
    end = limit.end()
    if end is None:
        return f"measured {limit.name} history of {name} (at least 14 days; incline capacity snapshot)"
    return f"projected {limit.name} of {name} beyond {end} (the last measurement is old; incline capacity snapshot)"


def _part(limit: _Limit, remaining: dict[str, int], today: date) -> str:
    if limit.name in remaining:
        return f"{limit.name} over {limit.text} in {remaining[limit.name]} days"
    end = limit.end()
    return f"{limit.name} not over {limit.text} within {(end - today).days} days" if end else f"{limit.name} over {limit.text} in ? days"


def _facts(limit: _Limit, source: str, as_of: datetime | None) -> Iterator[Fact]:
    yield Fact(name=f"usable {limit.name}", value=limit.formula, source=source, as_of=as_of)
    if limit.forecast is not None:
        found = limit.forecast
        yield Fact(name=f"projection of {limit.name}", value=found.confidence, source=found.source, as_of=found.as_of)
        if full := found.full(limit.value):
            yield Fact(name=f"{limit.name} over {limit.text}", value=full, source=found.source, as_of=found.as_of)


TIME_REMAINING = Rule(
    id="CAP-005",
    name="time-remaining",
    title="Capacity lasts longer than it takes to buy more",
    severity=Severity.HIGH,
    side="vsphere",
    controls=("NIST 800-53 CP-2(2)",),
    needs=("projection of CPU and memory of every cluster, of space of every datastore", "hosts of the cluster and how many may fail"),
    formula="days until the 90 % level crosses (total - largest F hosts) x (1 - buffer) >= lead time; the worst resource counts",
    source="VMware Aria Operations 8.10: time remaining, worst resource wins; the projection looks a year ahead",
    remedy="order hosts or storage now, move servers to the other site, or remove what nobody uses",
    check=check,
    parameters={
        "lead_time_days": Parameter(
            default=90, reason="a city's purchase with tender, delivery and racking takes about a quarter of a year"
        ),
        "buffer_percent": Parameter(
            default=10.0, reason="daily maxima hide short peaks, and a host filled to the last makes machines wait"
        ),
        "space_percent": Parameter(default=80.0, reason="Storage DRS begins to move disks at 80 % used"),
    },
)
