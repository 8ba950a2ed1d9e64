"""How far projections of this kind have been off, by days ahead: errors in units of each series' own scale, pooled over a fleet.

One series is too short to tell how often nineteen in twenty is: three months hold three independent months. A fleet of hundreds tells.
Even series and those that move in bursts are pooled apart (classes), or the calm ones would get the levels of the wild ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from infra.forecast.fit import fit
from infra.forecast.lines import Floats
from infra.forecast.model import Achieved

HORIZONS = (1, 2, 3, 5, 7, 10, 14, 21, 28, 42, 60)
PARTS = (0.005, 0.0125, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.9875, 0.995)
"""Quantiles kept of the pooled errors. Those of 80 % and 95 % intervals are among them; the rest draws the simulated futures."""

MINIMUM_HISTORY = 28
STRETCHES = 80
"""Series times months that an own calibration needs: of 80 independent ones, two lie beyond each end of a 95 % interval."""

CLASSES = 3
LASTING = 0.9
"""Of 0.65 to 1, the least Brier score of "over the largest day so far within 28 days": August of 656 series told from July."""

NOMINAL = (0.8, 0.95)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Quantiles of pooled errors.

    Args:
        horizons: days ahead, ascending.
        bursts: where one class of series ends and the next begins (Fit.burst).
        tables: for each class and horizon, the error in units of a series' scale that PARTS of the errors stay below.
        lasting: share of an error's variance that stays with the following days; the rest is news of each day.
        source: where it comes from, in words.
        n: errors behind each horizon.
        achieved: how often such levels held on what was held back.
    """

    horizons: tuple[int, ...]
    bursts: tuple[float, ...]
    tables: tuple[tuple[tuple[float, ...], ...], ...]
    lasting: float
    source: str
    n: tuple[int, ...]
    achieved: tuple[Achieved, ...] = ()

    @property
    def reach(self) -> int:
        """The largest distance measured."""
        return self.horizons[-1]

    def errors(self, ahead: Floats, parts: Sequence[float], burst: float) -> Floats:
        """A row for each day ahead and a column for each part, in units of scale; beyond the reach, what holds at its end."""
        table = np.asarray(self.tables[int(np.searchsorted(self.bursts, burst))])
        columns = [PARTS.index(part) for part in parts]
        return np.stack([np.interp(np.sqrt(ahead), np.sqrt(self.horizons), table[:, column]) for column in columns], axis=1)


def errors_of(values: Floats, *, first: int, last: int, step: int = 1, until: int | None = None) -> Floats:
    """Errors of the projections made with the first `first`, ... `last` days: a row for each, with Fit.burst and the errors by horizon.

    Errors are in units of scale, and NaN where nothing was measured.

    Args:
        values: gaps as NaN; they are bridged for the projection and never counted as a miss or a hit.
        first: days that the first projection is made from.
        last: days that the last one is made from.
        step: days between origins.
        until: measurements after that many days are not looked at.
    """
    seen = values[:until]
    bridged = bridge(values)
    wanted = np.asarray(HORIZONS)
    rows = []
    for origin in range(first, min(last, len(seen) - 1) + 1, step):
        found = fit(bridged[:origin])
        middle = found.middle(int(wanted[-1]))
        at = origin + wanted - 1
        inside = at < len(seen)
        row = np.full(len(wanted), np.nan)
        off = seen[at[inside]] - middle[wanted[inside] - 1]
        row[inside] = in_scale(off, found.scale)
        rows.append([found.burst, *row])
    return np.array(rows).reshape(len(rows), 1 + len(wanted))


def in_scale(off: Floats, scale: float) -> Floats:
    """Errors in units of scale. A series without scatter that stays as it is was hit; one that moves was missed by any measure."""
    if scale > 0:
        return off / scale
    return np.where(np.isfinite(off), np.where(np.abs(off) > 1e-9, np.copysign(np.inf, off), 0.0), np.nan)


def bridge(values: Floats) -> Floats:
    """Gaps filled straight between the days around them."""
    known = np.isfinite(values)
    days = np.arange(len(values))
    return np.interp(days, days[known], values[known])


def pool(errors: Iterable[Floats], source: str, *, classes: int = CLASSES) -> Calibration:
    """The quantiles of errors of many series, from matrices as `errors_of` gives them."""
    rows = np.concatenate(list(errors))
    rows = rows[rows[:, 0] > 0]  # series without scatter need no levels, and would narrow those of the others
    known = np.isfinite(rows[:, 1:])
    usable = [column for column in range(len(HORIZONS)) if known[:, column].sum() >= STRETCHES * classes]
    bursts = np.quantile(rows[:, 0], np.arange(1, classes) / classes)
    of = np.searchsorted(bursts, rows[:, 0])
    return Calibration(
        horizons=tuple(HORIZONS[column] for column in usable),
        bursts=tuple(round(float(each), 4) for each in bursts),
        tables=tuple(_table(rows[of == number, 1:][:, usable]) for number in range(classes)),
        lasting=LASTING,
        source=source,
        n=tuple(int(known[:, column].sum()) for column in usable),
    )


def _table(rows: Floats) -> tuple[tuple[float, ...], ...]:
    table = np.array([np.quantile(column[np.isfinite(column)], PARTS) for column in rows.T])
    return tuple(tuple(round(float(value), 4) for value in row) for row in _widening(table))


def _widening(table: Floats) -> Floats:
    """Levels never come nearer to the middle with the distance; where chance says so, the wider of both is taken."""
    half = PARTS.index(0.5)
    low, high = np.minimum.accumulate(table[:, :half], axis=0), np.maximum.accumulate(table[:, half + 1 :], axis=0)
    return np.concatenate([low, table[:, half : half + 1], high], axis=1)


def calibrate(series: Sequence[Floats], *, step: int = 7, source: str = "") -> Calibration | None:
    """From an estate's own histories, or None when they are too few or too short.

    What it achieves is measured on every other series, calibrated without them, so the figure is one of data not seen.
    """
    long = [each for each in series if np.isfinite(each).sum() >= 2 * MINIMUM_HISTORY]
    if sum(len(each) // MINIMUM_HISTORY - 1 for each in long) < STRETCHES:
        return None
    errors = [errors_of(each, first=MINIMUM_HISTORY, last=len(each) - 1, step=step) for each in long]
    told = source or f"calibrated on {len(long)} series of this estate"
    halves = (errors[0::2], errors[1::2])
    tried = [held(pool(one, told), other) for one, other in (halves, halves[::-1]) if one]
    return replace(pool(errors, told), achieved=joined(tried))


def held(calibration: Calibration, errors: Iterable[Floats]) -> tuple[Achieved, ...]:
    """How often the levels of a calibration held on other errors: by horizon, and with horizon 0 for all of them together."""
    rows = np.concatenate(list(errors))
    found = []
    for nominal in NOMINAL:
        inside = _inside(calibration, rows, nominal)
        hits = [(int((inside[:, column] == 1).sum()), int((inside[:, column] >= 0).sum())) for column in range(inside.shape[1])]
        found += [Achieved(nominal, round(hit / n, 4), n, h) for h, (hit, n) in zip(calibration.horizons, hits, strict=True) if n]
        total = sum(n for _, n in hits)
        found.append(Achieved(nominal, round(sum(hit for hit, _ in hits) / max(1, total), 4), total))
    return tuple(found)


def _inside(calibration: Calibration, rows: Floats, nominal: float) -> npt.NDArray[np.int8]:
    """For each error 1 (held), 0 (missed) or -1 (not measured)."""
    parts = (_nearest((1 - nominal) / 2), _nearest((1 + nominal) / 2))
    ahead = np.asarray(calibration.horizons, dtype=float)
    edges = np.array([calibration.errors(ahead, parts, burst) for burst in (0.0, *(each + 1e-6 for each in calibration.bursts))])
    mine = edges[np.searchsorted(calibration.bursts, rows[:, 0])]
    off = rows[:, [1 + HORIZONS.index(h) for h in calibration.horizons]]
    inside = (off >= np.minimum(mine[:, :, 0], 0.0)) & (off <= np.maximum(mine[:, :, 1], 0.0))
    return np.where(np.isnan(off), -1, inside).astype(np.int8)


def _nearest(part: float) -> float:
    return min(PARTS, key=lambda each: abs(each - part))


def joined(tries: Sequence[Sequence[Achieved]]) -> tuple[Achieved, ...]:
    """Several tries as one, weighted by how much each was tried on."""
    sums: dict[tuple[float, int], tuple[float, int]] = {}
    for each in (each for tried in tries for each in tried):
        hit, n = sums.get((each.nominal, each.horizon), (0.0, 0))
        sums[each.nominal, each.horizon] = (hit + each.achieved * each.n, n + each.n)
    return tuple(Achieved(nominal, round(hit / max(1, n), 4), n, horizon) for (nominal, horizon), (hit, n) in sums.items())


@cache
def scores() -> tuple[float, ...]:
    """The standard normal values of PARTS."""
    return tuple(NormalDist().inv_cdf(part) for part in PARTS)


def as_document(calibration: Calibration) -> dict[str, Any]:
    """For a file."""
    return {
        "schema": "incline.forecast-calibration/1",
        "source": calibration.source,
        "horizons": list(calibration.horizons),
        "parts": list(PARTS),
        "bursts": list(calibration.bursts),
        "tables": [[list(row) for row in table] for table in calibration.tables],
        "lasting": calibration.lasting,
        "n": list(calibration.n),
        "achieved": [[a.nominal, round(a.achieved, 4), a.n, a.horizon] for a in calibration.achieved],
    }


def from_document(document: Mapping[str, Any]) -> Calibration:
    """What `as_document` made."""
    if tuple(document["parts"]) != PARTS:
        raise ValueError(f"a forecast calibration with other quantiles than {PARTS}")
    return Calibration(
        horizons=tuple(document["horizons"]),
        bursts=tuple(document["bursts"]),
        tables=tuple(tuple(tuple(row) for row in table) for table in document["tables"]),
        lasting=float(document["lasting"]),
        source=str(document["source"]),
        n=tuple(document["n"]),
        achieved=tuple(Achieved(*row) for row in document["achieved"]),
    )
