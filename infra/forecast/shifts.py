"""Where a history broke with its past: levels that moved at once, and trends that turned.

A clean-up or a new datastore is no trend; a line through both sides of it projects a decline or a growth that nobody has. Steps are
taken out of the days before them, and of a trend that turned only what came after counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from infra.forecast.lines import Floats

SIDE = 14
"""Days looked at on either side of a step: two weeks, so that a weekly pattern is in both."""

EDGE = 7
"""A step is believed when a week has confirmed it."""

MOST = 4
TYPICAL = 4.0
"""A step is this many times what the level moves in two weeks otherwise, and ..."""

OUT_OF_NOISE = 4.0
"""... this many times the scatter of the days, and ..."""

AT_ONCE = 0.6
"""... this much of it happens within days."""

CALM = 4.0
"""A burst among bursts is no step: both sides lie this much closer to their levels."""

TURN_WEEKS = 5
TURN_GAIN = 0.5
"""A trend has turned when two lines leave less than half of what one leaves of the weeks unexplained."""


@dataclass(frozen=True, slots=True)
class Step:
    """From the day with this number on, the level is `size` higher."""

    at: int
    size: float


def steps(values: Floats) -> tuple[Step, ...]:
    """Steps of a history without gaps, weekly pattern and spikes; oldest first."""
    found: list[Step] = []
    rest = values
    while len(values) >= 2 * SIDE and len(found) < MOST and (step := _largest(rest)) is not None:
        found.append(step)
        rest = aligned(rest, (step,))
    return tuple(sorted(found, key=lambda each: each.at))


def aligned(values: Floats, found: tuple[Step, ...]) -> Floats:
    """The days before each step moved to the level after it."""
    moved = values.copy()
    for step in found:
        moved[: step.at] += step.size
    return moved


def _largest(values: Floats) -> Step | None:
    before, after = _medians(values, SIDE)
    at = np.arange(EDGE, len(values) - EDGE + 1)
    moved = after[at] - before[at]
    typical = float(np.median(moved))
    off = np.abs(moved - typical)
    most = int(np.argmax(off))
    usual = max(TYPICAL * float(np.median(off)), OUT_OF_NOISE * _scatter(values))
    if off[most] <= usual or off[most] <= 1e-9 * float(np.abs(values).max()):
        return None
    return _placed(values, int(at[most]), float(moved[most] - typical))


def _medians(values: Floats, side: int) -> tuple[Floats, Floats]:
    """For each day: the median of the days before it, and from it on; short windows at the ends."""
    padded = np.concatenate([np.full(side, values[:side].mean()), values, np.full(side, values[-side:].mean())])
    padded[:side], padded[-side:] = values[:side][::-1], values[-side:][::-1]
    windows = np.median(np.lib.stride_tricks.sliding_window_view(padded, side), axis=1)
    return windows[: len(values) + 1], windows[side : side + len(values) + 1]


def _scatter(values: Floats) -> float:
    return float(np.median(np.abs(np.diff(values)))) / 0.954


def _placed(values: Floats, near: int, size: float) -> Step | None:
    """The day within a week of it on which most of the move happened; None for a move that took weeks."""
    days = range(max(3, near - EDGE), min(len(values) - 3, near + EDGE) + 1)
    moves = {day: float(np.median(values[day : day + 3]) - np.median(values[day - 3 : day])) * np.sign(size) for day in days}
    best = max(moves.values())
    if best < AT_ONCE * abs(size):
        return None
    at = max((day for day in moves if moves[day] >= 0.9 * best), key=lambda day: float(values[day] - values[day - 1]) * np.sign(size))
    restless = max(_restless(values[max(0, at - SIDE) : at]), _restless(values[at : at + SIDE]))
    return Step(at, size) if abs(size) > CALM * restless else None


def _restless(side: Floats) -> float:
    """How far half of the days lie off their middle."""
    return float(np.median(np.abs(side - np.median(side))))


def turn(values: Floats) -> int | None:
    """The day after which another trend holds, the history being aligned; None when one line does as well."""
    weeks = len(values) // 7
    if weeks < 2 * TURN_WEEKS:
        return None
    medians = np.median(values[len(values) - 7 * weeks :].reshape(weeks, 7), axis=1)
    one, _ = _left(medians)
    tries = []
    for cut in range(TURN_WEEKS, weeks - TURN_WEEKS + 1):
        (old, before), (new, after) = _left(medians[:cut]), _left(medians[cut:])
        tries.append((old + new, cut, abs(after - before)))
    left, cut, change = min(tries)
    scatter = _scatter(values)
    if left >= TURN_GAIN * one or 7 * TURN_WEEKS * change <= OUT_OF_NOISE * scatter:
        return None
    return len(values) - 7 * weeks + 7 * cut


def _left(medians: Floats) -> tuple[float, float]:
    """What a straight line leaves of them in sum, and its slope in a day."""
    weeks = np.arange(len(medians)) - (len(medians) - 1) / 2
    slope = float((weeks * medians).sum() / (weeks * weeks).sum())
    off = medians - slope * weeks
    return float(np.abs(off - np.median(off)).sum()), slope / 7
