"""The page's pictures: each takes what is to be seen and answers SVG, empty when there is nothing to see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

from infra.prices import DAYS_PER_MONTH
from migration.report.chart import Axes, Band, Mark, Series, line_chart
from migration.report.gantt import bars, gantt
from migration.report.model import Projection, RoomCurve
from migration.report.money import Curves, FleetPoint
from migration.report.svg_map import to_svg
from migration.report.topology import Topology
from migration.waves.document import WavePlan

ROOMS = 4
"""Rooms of one site in one picture: the fullest; a table has all."""


def estate_map(topology: Topology) -> str:
    """The map."""
    return to_svg(topology)


def waves(plan: WavePlan, freezes: Sequence[tuple[date, date, str]]) -> str:
    """The Gantt chart."""
    return gantt(bars(plan), freezes)


def rooms(curves: Sequence[RoomCurve]) -> list[tuple[str, str, list[RoomCurve]]]:
    """By site: share left of what may be used at all, night by night, and the curves of its table. A room that is full stands at 0 %."""
    found = []
    for site, group in groupby(sorted(curves, key=lambda c: c.site), key=lambda c: c.site):
        of = list(group)
        fullest = sorted(of, key=lambda c: min(_shares(c)))[:ROOMS]
        lines = [
            Series(
                name=_short(each.title), points=[(n.toordinal(), s) for n, s in zip(each.nights, _shares(each), strict=True)], steps=True
            )
            for each in fullest
        ]
        tightest = min(fullest, key=lambda c: min(_shares(c)))
        said = f"{site}: least is left of {tightest.title}, {min(_shares(tightest)):.0%} of what may be used"
        found.append((site, line_chart(said, lines, Axes(x=_day, y=lambda v: f"{v:.0%}", unit="left after the night")), of))
    return found


def _shares(curve: RoomCurve) -> list[float]:
    return [left / curve.usable if curve.usable > 0 else min(left, 0.0) for left in curve.left]


def _short(title: str) -> str:
    return title if len(title) <= 26 else title[:25] + "…"


def money(curves: Curves, today: date) -> str:
    """What is paid in all, month by month, with the moves and without."""
    even = curves.even
    said = f"after {len(curves.stay) - 1} months: staying {curves.stay[-1]:,.0f} USD, moving {curves.move[-1]:,.0f} USD"
    return line_chart(
        said,
        [
            Series(name="stay", points=[(float(n), v) for n, v in enumerate(curves.stay)]),
            Series(name="move as planned", points=[(float(n), v) for n, v in enumerate(curves.move)]),
        ],
        Axes(x=lambda v: f"{today + timedelta(days=v * DAYS_PER_MONTH):%b %Y}", y=lambda v: f"{v:,.0f}", unit="USD in all"),
        marks=[Mark(x=float(even), y=curves.move[even], name=f"paid for in month {even}")] if even else (),
    )


def frontier(points: Sequence[FleetPoint], chosen: FleetPoint | None) -> str:
    """Cost of a fleet against hours in which it would be too small."""
    if len(points) < 2:
        return ""
    first, last = points[0], points[-1]
    return line_chart(
        f"from {first.usd_month:,.0f} USD a month at {first.risk:.2%} of hours to {last.usd_month:,.0f} at {last.risk:.2%}",
        [Series(name="best sizes", points=[(p.usd_month, p.risk) for p in points])],
        Axes(x=lambda v: f"{v:,.0f} USD", y=lambda v: f"{v:.2%}", unit="hours over capacity"),
        marks=[Mark(x=chosen.usd_month, y=chosen.risk, name="chosen")] if chosen else (),
    )


def fan(each: Projection) -> str:
    """What was measured, the fan of futures, and the line."""
    points = each.forecast.points
    xs = [float(p.day.toordinal()) for p in points]
    ends = [each.measured[0][0].toordinal() if each.measured else xs[0], xs[-1]]
    return line_chart(
        f"{each.name}: {each.passage.text()}",
        [
            Series(name="measured", at_start=True, points=[(float(d.toordinal()), v) for d, v in each.measured]),
            Series(name="half above", points=[(x, p.p50) for x, p in zip(xs, points, strict=True)]),
            Series(name=f"{each.limit_means}", points=[(float(x), each.limit) for x in ends]),
        ],
        Axes(x=_day, y=lambda v: f"{v:,.0f}", unit=each.unit),
        bands=[
            Band(
                low=[(x, p.p2_5) for x, p in zip(xs, points, strict=True)],
                high=[(x, p.p97_5) for x, p in zip(xs, points, strict=True)],
                faint=True,
            ),
            Band(low=[(x, p.p10) for x, p in zip(xs, points, strict=True)], high=[(x, p.p90) for x, p in zip(xs, points, strict=True)]),
        ],
    )


def _day(ordinal: float) -> str:
    return f"{date.fromordinal(round(ordinal)):%d %b %Y}"
