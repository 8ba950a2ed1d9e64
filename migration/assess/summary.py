"""What the assessments of a fleet come to: how many can go, what it costs, what stands in the way most often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from migration.assess.cost_datacentre import DataCentre, Freed
from migration.assess.limits.registry import ALL
from migration.assess.model import Assessment, Readiness, Strategy

GOING = frozenset({Strategy.REHOST, Strategy.REPLATFORM, Strategy.RELOCATE, Strategy.REPURCHASE})
"""The ways by which a server leaves its place in this programme; the others stay, end, or are rebuilt first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """A rule of readiness and how many servers it speaks of."""

    code: str
    what: str
    remedy: str
    blocks: bool
    servers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The fleet.

    Attributes:
        by_readiness, by_strategy, by_target: how many servers.
        going: servers that are suggested to go; the sums of money are theirs.
        now, then, once, double: USD; a month, a month, and twice in all.
        three_years: what their move saves over three years, all paid; negative: it costs.
        retired: USD a month that servers cost now which are suggested to be switched off.
        freed: whole hosts that become free when they have gone, and what that really saves.
        measured: how many servers have three stars or more.
        legacy: names of legacy systems.
        unpriced: servers that are suggested to go and are in no sum, since their size is not known.
        obstacles: those that block first, then by how many they hold up.
    """

    servers: int
    by_readiness: dict[Readiness, int]
    by_strategy: dict[Strategy, int]
    by_target: dict[str, int]
    going: int
    now: float
    then: float
    once: float
    double: float
    three_years: float
    retired: float
    freed: tuple[Freed, ...]
    measured: int
    legacy: tuple[str, ...]
    obstacles: tuple[Obstacle, ...]
    unpriced: int = 0

    @property
    def saving(self) -> float:
        """Share of the month that is saved, negative when it costs more; 0 when nothing costs anything now."""
        return 1 - self.then / self.now if self.now else 0.0


def summarize(assessments: Sequence[Assessment], centre: DataCentre | None = None) -> Summary:
    """The fleet of these assessments. `centre`: the data centre that they leave, for the hosts that become free."""
    going = [a for a in assessments if a.strategy in GOING and a.readiness is not Readiness.NOT_READY]
    costs = [a.cost for a in going if a.cost is not None]
    leaving = {a.machine for a in going if a.direction == "up"}
    arriving: dict[str, tuple[int, int]] = {}
    for each in going:
        if each.direction == "down" and each.power == "on":
            cpus, memory = arriving.get(each.target, (0, 0))
            arriving[each.target] = (cpus + each.cpus, memory + each.memory)
    return Summary(
        servers=len(assessments),
        by_readiness={state: sum(a.readiness is state for a in assessments) for state in Readiness},
        by_strategy={way: count for way in Strategy if (count := sum(a.strategy is way for a in assessments))},
        by_target=dict(sorted(Counter(a.target for a in assessments).items())),
        going=len(going),
        now=sum(c.now_usd_month for c in costs),
        then=sum(c.then_usd_month for c in costs),
        once=sum(c.once_usd for c in costs),
        double=sum(c.double_usd for c in costs),
        three_years=sum(c.over() for c in costs),
        retired=sum(a.cost.now_usd_month for a in assessments if a.strategy is Strategy.RETIRE and a.cost is not None),
        freed=centre.freed(leaving, arriving) if centre is not None and leaving else (),
        measured=sum(a.confidence.value >= 3 for a in assessments),
        legacy=tuple(a.server for a in assessments if a.modernize is not None),
        obstacles=_obstacles(assessments),
        unpriced=len(going) - len(costs),
    )


def _obstacles(assessments: Sequence[Assessment]) -> tuple[Obstacle, ...]:
    counts = Counter(code for a in assessments for code in {reason.code for reason in a.reasons})
    found = [
        Obstacle(code=rule.code, what=rule.title, remedy=rule.remedy, blocks=rule.blocks, servers=counts[rule.code])
        for rule in ALL
        if counts[rule.code]
    ]
    return tuple(sorted(found, key=lambda o: (not o.blocks, -o.servers, o.code)))
