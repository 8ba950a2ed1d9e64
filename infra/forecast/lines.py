"""The four candidates that a projection is joined from; each is a straight line from the last day: a level and a change in a day.

All are worked out for several ends of the same history at once, because rolling-origin selection asks for each of them a dozen times:

    drift    the last day, and the mean change over up to 60 days (a random walk with drift)
    trend    medians of whole weeks, and the median of the slopes between them (Theil and Sen) over up to 13 weeks
    theta    exponential smoothing, and half the slope of a straight line (Assimakopoulos and Nikolopoulos)
    steady   exponential smoothing, and no change: what most servers do
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ends = npt.NDArray[np.int64]

NAMES = ("drift", "trend", "theta", "steady")
DRIFT_DAYS = 60
TREND_WEEKS = 13
"""A quarter of a year: long enough that a week weighs little, short enough that last year's growth does not decide this year's."""

SMOOTHING = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9])
"""Shares of the newest day in the smoothed level; the one that would have missed least so far is taken."""

_BLOCK = 32


def lines(values: Floats, ends: Ends) -> tuple[Floats, Floats]:
    """Levels and slopes, one row for each end (days used) and one column for each candidate. The level is that of the last day used."""
    found = (_drift(values, ends), trend(values, ends), *_smoothed(values, ends))
    return np.stack([level for level, _ in found], axis=1), np.stack([slope for _, slope in found], axis=1)


def _drift(values: Floats, ends: Ends) -> tuple[Floats, Floats]:
    apart = np.minimum(ends - 1, DRIFT_DAYS)
    last = values[ends - 1]
    return last, (last - values[ends - 1 - apart]) / apart


def trend(values: Floats, ends: Ends) -> tuple[Floats, Floats]:
    """From the medians of the weeks that end on the last day, a week before, and so on; the level is that of the last two weeks."""
    medians = np.median(np.lib.stride_tricks.sliding_window_view(values, 7), axis=1)
    at = ends[:, None] - 7 - 7 * np.arange(TREND_WEEKS)
    weeks = np.where(at >= 0, medians[np.maximum(at, 0)], np.nan)
    newer, older = _pairs(TREND_WEEKS)
    slopes = (weeks[:, newer] - weeks[:, older]) / (7.0 * (older - newer))
    slope = _medians(slopes)
    level = np.mean(weeks[:, :2] + slope[:, None] * np.array([3.0, 10.0]), axis=1)
    return level, slope


def _medians(rows: Floats) -> Floats:
    """Of each row, without its NaN; numpy's own takes longer than all the rest of a projection."""
    ordered = np.sort(rows, axis=1)
    known = np.isfinite(rows).sum(axis=1)
    number = np.arange(len(rows))
    return np.asarray((ordered[number, (known - 1) // 2] + ordered[number, known // 2]) / 2)


@cache
def _pairs(weeks: int) -> tuple[Ends, Ends]:
    newer, older = np.triu_indices(weeks, 1)
    return newer.astype(np.int64), older.astype(np.int64)


def _smoothed(values: Floats, ends: Ends) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Theta and steady: they share the smoothed level."""
    levels, missed = _smooth(values)
    best = np.argmin(missed[ends - 1], axis=1)
    level, share = levels[ends - 1, best], SMOOTHING[best]
    half = _straight(values)[ends - 1] / 2
    return (level + half * (1 / share - 1), half), (level, np.zeros(len(ends)))


def _smooth(values: Floats) -> tuple[Floats, Floats]:
    """After each day: the level for every share, and how far it has been off in sum. Worked out a month at a time."""
    start = np.full(len(SMOOTHING), float(np.median(values[:14])))
    levels = np.empty((len(values), len(SMOOTHING)))
    kept, news = _smoothing()
    before = start
    for day in range(0, len(values), _BLOCK):
        block = values[day : day + _BLOCK]
        size = len(block)
        levels[day : day + size] = kept[:size] * before + (news[:, :size, :size] @ block).T
        before = levels[day + size - 1]
    errors = values[:, None] - np.vstack([start, levels[:-1]])
    return levels, np.cumsum(np.abs(errors), axis=0)


@cache
def _smoothing() -> tuple[Floats, Floats]:
    """What is kept of the level before a block after each of its days, and what each of its days adds."""
    days = np.arange(_BLOCK)
    kept: Floats = (1 - SMOOTHING) ** (days[:, None] + 1)
    apart = days[:, None] - days
    news: Floats = np.where(apart >= 0, SMOOTHING[:, None, None] * (1 - SMOOTHING[:, None, None]) ** np.maximum(apart, 0), 0.0)
    return kept, news


def _straight(values: Floats) -> Floats:
    """After each day: the least-squares slope of the days so far, from running sums."""
    centred = values - values[0]
    days = np.arange(len(values), dtype=float)
    count = days + 1
    total, moment = np.cumsum(centred), np.cumsum(days * centred)
    spread = count * (count * count - 1) / 12
    slopes: Floats = np.divide(moment - total * days / 2, spread, out=np.zeros(len(values)), where=spread > 0)
    return slopes
