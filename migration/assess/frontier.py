"""The points worth looking at between cost and risk: each dearer one is safer. Nothing else is a choice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from migration.assess.model import SizeOption


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A size that can be had. `memory` is bytes, `host` where it would stand on vSphere."""

    name: str
    cpus: int
    memory: int
    usd_month: float
    host: str = ""

    def covers(self, cpus: float, memory: float) -> bool:
        """Whether it is as large in both."""
        return self.cpus >= cpus - 1e-9 and self.memory >= memory - 1


def worthwhile(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Those for which there is no cheaper one that is as large in both, cheapest first."""
    kept: list[Candidate] = []
    for each in sorted(candidates, key=lambda c: (c.usd_month, -c.cpus, -c.memory, c.name)):
        if not any(k.covers(each.cpus, each.memory) for k in kept):
            kept.append(each)
    return tuple(kept)


def cheapest_covering(candidates: Iterable[Candidate], cpus: float, memory: float) -> Candidate | None:
    """The cheapest that holds so many CPUs and bytes; None when none does."""
    fitting = [c for c in candidates if c.covers(cpus, memory)]
    return min(fitting, key=lambda c: (c.usd_month, c.memory, c.cpus, c.name), default=None)


def pareto(options: Iterable[SizeOption]) -> tuple[SizeOption, ...]:
    """Options that no cheaper or equally dear one beats on risk, by cost. Options without a risk have no place in it."""
    kept: list[SizeOption] = []
    judged = [o for o in options if o.risk is not None]
    for option in sorted(judged, key=lambda o: (o.usd_month, _risk(o), -o.memory, -o.cpus, o.name)):
        if not kept or _risk(option) < _risk(kept[-1]):
            kept.append(option)
    return tuple(kept)


def lower_hull(options: Sequence[SizeOption]) -> tuple[SizeOption, ...]:
    """Of a frontier, the points that some price on risk chooses: each step cheaper saves less per unit of risk than the one before."""
    hull: list[SizeOption] = []
    for point in options:
        while len(hull) >= 2 and _worth(hull[-2], point) >= _worth(hull[-2], hull[-1]):
            hull.pop()
        hull.append(point)
    return tuple(hull)


def chosen_by(options: Sequence[SizeOption], price_on_risk: float) -> SizeOption:
    """The option of least cost plus risk times its price; of equals the safer."""
    return min(options, key=lambda o: (o.usd_month + price_on_risk * _risk(o), _risk(o), o.name))


def _worth(cheap: SizeOption, dear: SizeOption) -> float:
    """Risk taken away per dollar."""
    return (_risk(cheap) - _risk(dear)) / max(dear.usd_month - cheap.usd_month, 1e-9)


def _risk(option: SizeOption) -> float:
    return option.risk or 0.0
