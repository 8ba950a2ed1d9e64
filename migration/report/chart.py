"""A line chart as SVG in the colours of the page it stands in: axes with units, lines told apart by dash and name, bands for fans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import floor, isfinite, log10

from migration.report.svg import INK, LINE, SOFT, text

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT = 900.0, 280.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 78.0, 190.0, 18.0, 30.0
_COLOURS = ("var(--bar, #0550ae)", "var(--bad, #a40e26)", "var(--good, #116329)", "var(--warn, #7d4e00)", SOFT)
_DASHES = ("", "7 4", "2 3", "10 3 2 3", "1 4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A named line. `steps`: it holds its value until the next point. Names stand at the line's end, or above where it begins."""

    name: str
    points: Points
    steps: bool = False
    at_start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What lies between two lines over the same x: most futures, a range."""

    low: Points
    high: Points
    faint: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point with a name of its own."""

    x: float
    y: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """How numbers are written along the axes. `zero`: the y axis begins at nothing, so that lengths can be compared."""

    x: Callable[[float], str]
    y: Callable[[float], str]
    zero: bool = True
    unit: str = ""


@dataclass(frozen=True, slots=True)
class _Frame:
    x0: float
    x1: float
    y0: float
    y1: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.x0) / ((self.x1 - self.x0) or 1)
        up = (y - self.y0) / ((self.y1 - self.y0) or 1)
        return _LEFT + across * (WIDTH - _LEFT - _RIGHT), HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM)


def line_chart(said: str, series: Sequence[Series], axes: Axes, *, bands: Sequence[Band] = (), marks: Sequence[Mark] = ()) -> str:
    """The drawing; empty when there is nothing to draw. `said` is what a screen reader says: the finding, with its numbers."""
    frame = _frame(series, bands, axes)
    if frame is None:
        return ""
    parts = [*_grid(frame, axes), *(_band(band, frame) for band in bands)]
    drawn = [each for each in series if each.points]
    ends = _apart([frame.at(*each.points[-1])[1] for each in drawn if not each.at_start])
    heights = iter(ends)
    for number, each in enumerate(drawn):
        parts += _series(each, number, frame, None if each.at_start else next(heights))
    for mark in marks:
        x, y = frame.at(mark.x, mark.y)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="none" stroke="{INK}" stroke-width="2"/>')
        parts.append(text(x + 8, y - 8, mark.name, bold=True))
    opened = (
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(said)}">'
    )
    return "".join([opened, *parts, "</svg>"])


def _frame(series: Sequence[Series], bands: Sequence[Band], axes: Axes) -> _Frame | None:
    points = [p for each in series for p in each.points] + [p for band in bands for p in (*band.low, *band.high)]
    points = [(x, y) for x, y in points if isfinite(x) and isfinite(y)]
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low, high = min(ys), max(ys)
    if axes.zero:
        low, high = min(0.0, low), max(0.0, high)
    room = (high - low or abs(high) or 1.0) * 0.06
    return _Frame(min(xs), max(xs), low - (0 if axes.zero and low == 0 else room), high + room)


def _grid(frame: _Frame, axes: Axes) -> list[str]:
    found = []
    for value in ticks(frame.y0, frame.y1):
        x, y = frame.at(frame.x0, value)
        found.append(f'<line x1="{x:.1f}" x2="{WIDTH - _RIGHT:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}"/>')
        found.append(text(x - 6, y + 4, axes.y(value), anchor="end", fill=SOFT))
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        value = frame.x0 + part * (frame.x1 - frame.x0)
        x, _ = frame.at(value, frame.y0)
        found.append(text(x, HEIGHT - 10, axes.x(value), anchor="start" if part == 0 else "end" if part == 1 else "middle", fill=SOFT))
    return [*found, text(_LEFT, _TOP + 2, axes.unit, fill=SOFT)] if axes.unit else found


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between two, no more than `most` and a few."""
    span = high - low
    if span <= 0 or not isfinite(span):
        return [low]
    step = 10 ** floor(log10(span / most))
    step = next(step * each for each in (1, 2, 5, 10) if span / (step * each) <= most)
    first = -(-low // step)
    return [round((first + n) * step, 12) for n in range(int((high - first * step) / step) + 1)]


def _band(band: Band, frame: _Frame) -> str:
    outline = [*band.high, *reversed(band.low)]
    path = " ".join("{:.1f},{:.1f}".format(*frame.at(x, y)) for x, y in outline)
    return f'<polygon points="{path}" fill="var(--faint, #b6d4f5)" fill-opacity="{0.45 if band.faint else 0.9}"/>'


def _series(each: Series, number: int, frame: _Frame, name_y: float | None) -> list[str]:
    colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
    points = [frame.at(x, y) for x, y in (_stepped(each.points) if each.steps else each.points)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'
    if name_y is None:
        highest = min(y for _, y in points)
        return [line, text(points[0][0] + 4, max(highest - 8, _TOP + 16), each.name, fill=colour)]
    return [line, text(min(points[-1][0], WIDTH - _RIGHT) + 8, name_y + 4, each.name, fill=colour)]


def _stepped(points: Points) -> list[tuple[float, float]]:
    found = list(points[:1])
    for (_, y), (x2, y2) in pairwise(points):
        found += [(x2, y), (x2, y2)]
    return found


def _apart(ys: Sequence[float], least: float = 15.0) -> list[float]:
    """Heights for names at the lines' ends, moved so that none covers another."""
    order = sorted(range(len(ys)), key=lambda n: ys[n])
    found = list(ys)
    for before, here in pairwise(order):
        found[here] = max(found[here], found[before] + least)
    over = max(found, default=0.0) - (HEIGHT - _BOTTOM)
    return [each - max(0.0, over) for each in found]
