"""One history as a line, a weekly pattern and a scale: what is projected, and in which unit the errors of a projection are counted.

The line is the mean of the candidates (infra.forecast.lines), each weighted by how well it would have projected this history from earlier
days (rolling origin; pinball loss at one, five and nine in ten). The scale joins how much the days differ from the day before, from
the same weekday of the week before, and from the line: errors counted in it are alike enough between series to be pooled. Steps that
the line leaves out stay in the scale: what moved at once before will do so again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from infra.forecast.lines import NAMES, Ends, Floats, lines, trend
from infra.forecast.shifts import Step, aligned, steps

ORIGINS = 8
"""Weekly origins that a candidate is tried from."""

TRIED_DAYS = 28
FIRST_ORIGIN = 14
SHARPNESS = 5
"""Power of the loss in the weights: a candidate that misses by a fifth less counts two and a half times as much."""

WEEK = 7
SEASON_WEEKS = 8
SEASON_GAIN = 0.9
"""A weekly pattern counts only when the days lie closer to it than nine tenths of what they lie off without it."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A history in short. `week` is the pattern of the seven days after the last one; `noise` the scatter about the line.

    Args:
        level: where the line stands on the last day.
        slope: its change in a day.
        scale: the unit in which pooled errors are counted; 0 for a history that a line describes exactly.
        burst: how much of the change from day to day comes in few large moves: 1.25 for even scatter, 2 and more for bursts.
        days: length of the history.
        weights: the share of each candidate, by name.
        moved: levels that moved at once; the line is that of the days as if they had stood where they stand now.
    """

    level: float
    slope: float
    week: tuple[float, ...]
    scale: float
    noise: float
    burst: float
    days: int
    weights: dict[str, float]
    moved: tuple[Step, ...]

    def middle(self, horizon: int) -> Floats:
        """The middle level of the days 1 to `horizon`."""
        ahead = np.arange(1, horizon + 1)
        return np.asarray(self.level + self.slope * ahead + np.asarray(self.week)[(ahead - 1) % WEEK])


def fit(values: Floats) -> Fit:
    """`values`: one number for each day, at least 14 of them and without gaps."""
    week = weekly(values)
    plain = values - week[(np.arange(len(values)) - len(values)) % WEEK]
    calm = without_spikes(plain)
    moved = steps(calm)
    calm = aligned(calm, moved)
    ends = np.array([len(calm), *_origins(len(calm))], dtype=np.int64)
    levels, slopes = lines(calm, ends)
    weights = _weights(calm, ends[1:], levels[1:], slopes[1:])
    level, slope = _bounded(calm, float(levels[0] @ weights), float(slopes[0] @ weights))
    scale, noise, burst = _scale(plain)
    shares = {name: float(weight) for name, weight in zip(NAMES, weights, strict=True)}
    return Fit(level, slope, tuple(week.tolist()), scale, noise, burst, len(values), shares, moved)


def weekly(values: Floats) -> Floats:
    """What each of the seven days after the last one adds to the mean of its week; zeros where the days follow no such pattern."""
    weeks = min(len(values) // WEEK, SEASON_WEEKS)
    if weeks < 3:
        return np.zeros(WEEK)
    table = values[-WEEK * weeks :].reshape(weeks, WEEK)
    middles = np.median(table, axis=1)
    rising = float(np.median(np.diff(middles))) / WEEK * (np.arange(WEEK) - WEEK // 2)
    off = table - middles[:, None] - rising
    pattern = np.median(off, axis=0)
    kept = float(np.abs(off - pattern).mean()) * weeks / (weeks - 1)
    if kept >= SEASON_GAIN * float(np.abs(off).mean()):
        return np.zeros(WEEK)
    return np.asarray(pattern - pattern.mean())


def without_spikes(values: Floats) -> Floats:
    """Days that stand out of the seven around them by far are brought back to the edge of what those do."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, 3, mode="edge"), WEEK)
    middle = np.median(around, axis=1)
    off = np.abs(values - middle)
    most = 6 * np.median(off) + 3 * np.median(np.abs(around - middle[:, None]), axis=1)
    return np.clip(values, middle - most, middle + most)


def _origins(days: int) -> list[int]:
    found = [days - WEEK * back for back in range(1, ORIGINS + 1)]
    return [origin for origin in found if origin >= FIRST_ORIGIN]


def _weights(values: Floats, origins: Ends, levels: Floats, slopes: Floats) -> Floats:
    """The share of each candidate; equal shares when the history is too short to try them."""
    losses = np.zeros(len(NAMES))
    spread = 1.28 * float(np.abs(np.diff(values)).mean())
    for origin, level, slope in zip(origins, levels, slopes, strict=True):
        ahead = np.arange(1, min(len(values) - origin, TRIED_DAYS) + 1)
        off = values[origin : origin + len(ahead)] - (level[:, None] + slope[:, None] * ahead)
        losses += sum(pinball(off - move, part).sum(axis=1) for part, move in ((0.1, -spread), (0.5, 0.0), (0.9, spread)))
    largest = float(losses.max())
    if largest <= 0:
        return np.full(len(NAMES), 1 / len(NAMES))
    weights = (np.maximum(losses, 1e-4 * largest) / largest) ** -SHARPNESS
    return np.asarray(weights / weights.sum())


def pinball(off: Floats, part: float) -> Floats:
    """The loss of a quantile that measurements lie `off` from."""
    return np.maximum(part * off, (part - 1) * off)


def _bounded(values: Floats, level: float, slope: float) -> tuple[float, float]:
    """Nothing starts further off than the history reaches, or moves faster than twice its whole range in its length."""
    low, high = float(values.min()), float(values.max())
    steepest = 2 * (high - low) / (len(values) - 1)
    return float(np.clip(level, 2 * low - high, 2 * high - low)), float(np.clip(slope, -steepest, steepest))


def _scale(values: Floats) -> tuple[float, float, float]:
    """The unit of errors, the scatter about the line, and how much of it comes in bursts."""
    ends = np.array([len(values)], dtype=np.int64)
    slope = float(trend(values, ends)[1][0])
    flat = values - slope * np.arange(len(values))
    change = np.abs(np.diff(flat))
    steps, weeks, noise = float(change.mean()), float(np.abs(flat[WEEK:] - flat[:-WEEK]).mean()), float(flat.std())
    scale = steps + weeks + noise
    if scale <= 1e-9 * float(np.abs(values).max()) or steps <= 0:
        return 0.0, 0.0, 0.0
    return scale, noise, float(np.sqrt(np.mean((change / steps) ** 2)))
