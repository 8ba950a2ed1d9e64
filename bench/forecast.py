"""How often the levels of projections hold on days that nobody had seen, how wide they are, and how far the middle is off.

Prints one JSON document. `python -m bench.forecast`; some minutes. Machines: calibrated on July and August of half of them, tried on
September of the other half. Made-up capacity series: calibrated on other series of the kind, tried 60 days ahead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from time import process_time

import numpy as np

from bench.forecast_data import ALL_DAYS, HORIZON, METRICS, TRAINED_DAYS, Floats, clusters, machines, made_up
from infra.forecast.calibration import MINIMUM_HISTORY, Achieved, Calibration, bridge, errors_of, held, joined, pool
from infra.forecast.fit import fit
from infra.forecast.model import Forecast
from infra.forecast.own import own_share
from infra.forecast.passage import days_until
from infra.forecast.project import forecast
from infra.forecast.shipped import shipped
from infra.forecast.spread import spread

FIRST = date(2013, 7, 1)
TRAINED, HELD_BACK, HISTORY, AHEAD = 400, 1000, 365, 60
SHOWN = (1, 7, 14, 28, 60)


def main() -> None:
    figures: dict[str, float] = {}
    for name, tried in _machines():
        figures |= _coverage(name, tried)
    figures |= _coverage("clusters of 20 machines, as shipped", held(shipped(), _clusters()))
    for metric in METRICS:
        figures |= _accuracy(metric, list(machines(metric).values()))
        figures |= _passages(metric, list(machines(metric).values()))
    figures |= _made_up()
    figures |= _speed()
    print(json.dumps(figures))


def _machines() -> Iterator[tuple[str, Sequence[Achieved]]]:
    """By metric as shipped; then all metrics with calibrations that saw neither these machines nor this month."""
    early: tuple[list[Floats], list[Floats]] = ([], [])
    late: tuple[list[Floats], list[Floats]] = ([], [])
    for metric in METRICS:
        mine = []
        for number, series in machines(metric).items():
            mine.append(errors_of(series, first=TRAINED_DAYS, last=ALL_DAYS - 1, step=4))
            late[number % 2].append(mine[-1])
            early[number % 2].append(errors_of(series, first=MINIMUM_HISTORY, last=TRAINED_DAYS - 1, until=TRAINED_DAYS, step=4))
        yield f"{metric} in September, as shipped", held(shipped(), mine)
    yield "September, as shipped", held(shipped(), late[0] + late[1])
    yield "September of other machines", joined([held(pool(early[half], ""), late[1 - half]) for half in (0, 1)])


def _clusters() -> list[Floats]:
    return [errors_of(series, first=TRAINED_DAYS, last=ALL_DAYS - 1, step=4) for metric in METRICS for series in clusters(metric, 20)]


def _coverage(name: str, tried: Sequence[Achieved]) -> dict[str, float]:
    shown = [each for each in tried if each.horizon in {0, *SHOWN}]
    ahead = {each.horizon: f"{each.horizon} days ahead" if each.horizon else "all horizons" for each in shown}
    return {f"{name}: {100 * each.nominal:g} % held, {ahead[each.horizon]} (%)": round(100 * each.achieved, 2) for each in shown}


def _accuracy(metric: str, fleet: Sequence[Floats]) -> dict[str, float]:
    """MASE of a projection from the last August day, beside persistence and drift, and the width of the 95 % interval."""
    rows = []
    for series in fleet:
        past, coming = bridge(series)[:TRAINED_DAYS], series[TRAINED_DAYS : TRAINED_DAYS + HORIZON]
        found = fit(past)
        step = float(np.abs(np.diff(past)).mean())
        if step <= 0 or not np.isfinite(coming).any():
            continue
        wide = np.diff(spread(found, shipped(), 0.5, HORIZON, (0.025, 0.975)), axis=1)
        rows.append((*_missed(past, coming, found.middle(HORIZON), step), wide[13, 0] / step, wide[13, 0] / max(float(past.mean()), 1e-9)))
    ours, still, drift, width, share = np.median(np.array(rows), axis=0)
    return {
        f"{metric}: MASE ours, {HORIZON} days (median)": round(ours, 3),
        f"{metric}: MASE persistence (median)": round(still, 3),
        f"{metric}: MASE drift (median)": round(drift, 3),
        f"{metric}: width of 95 % in mean daily changes, 14 days ahead (median)": round(width, 1),
        f"{metric}: width of 95 % in means of the series, 14 days ahead (median)": round(share, 2),
    }


def _passages(metric: str, fleet: Sequence[Floats]) -> dict[str, float]:
    """The chance that September is over the largest day of July and August: told, and how many machines were."""
    told, were = [], []
    for series in fleet:
        days = [(FIRST + timedelta(days=n), None if np.isnan(value) else float(value)) for n, value in enumerate(series[:TRAINED_DAYS])]
        found = forecast(days, HORIZON)
        if isinstance(found, Forecast) and found.scale > 0:
            limit = float(np.nanmax(series[:TRAINED_DAYS]))
            told.append(days_until(found, limit).chance)
            were.append(float(np.nanmax(series[TRAINED_DAYS : TRAINED_DAYS + HORIZON])) > limit)
    chance, over = np.array(told), np.array(were)
    figures = {}
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.01)):
        some = (chance >= low) & (chance < high)
        if some.sum() >= 20:
            name = f"{metric}: over the old maximum, told {100 * low:.0f} to {min(100, 100 * high):.0f} %"
            figures |= {f"{name}: told (%)": round(100 * chance[some].mean(), 1), f"{name}: were (%)": round(100 * over[some].mean(), 1)}
    return figures


def _missed(past: Floats, coming: Floats, middle: Floats, step: float) -> tuple[float, float, float]:
    ahead = np.arange(1, len(coming) + 1)
    drift = past[-1] + (past[-1] - past[0]) / (len(past) - 1) * ahead
    ours, still, drifted = (float(np.nanmean(np.abs(coming - each))) / step for each in (middle, past[-1], drift))
    return ours, still, drifted


def _made_up() -> dict[str, float]:
    known = pool((errors_of(series, first=HISTORY - 60, last=HISTORY, step=30) for series in made_up(TRAINED, seed=11)), "", classes=1)
    fleet = made_up(HELD_BACK)
    tried = held(known, (errors_of(series, first=HISTORY, last=HISTORY, step=1) for series in fleet))
    as_shipped = held(shipped(), (errors_of(series, first=HISTORY, last=HISTORY, step=1) for series in fleet[::4]))
    rows = [_made_up_row(series, known) for series in fleet]
    ours, still, drift, width = np.median(np.array(rows), axis=0)
    name = f"{HELD_BACK:,} made-up series"
    return {
        **_coverage(name, tried),
        **_coverage(f"{name}, as shipped", as_shipped),
        **_with_own(f"{name}, as shipped and with their own say", fleet[::4]),
        f"{name}: MASE ours, {AHEAD} days (median)": round(ours, 3),
        f"{name}: MASE persistence (median)": round(still, 3),
        f"{name}: MASE drift (median)": round(drift, 3),
        f"{name}: width of 95 % in mean daily changes (median)": round(width, 1),
    }


def _with_own(name: str, fleet: Floats) -> dict[str, float]:
    """What a projection does with a year of history and the shipped calibration; growth as of a random walk."""
    hits = []
    for series in fleet:
        past, coming = series[:HISTORY], series[HISTORY : HISTORY + AHEAD]
        found = fit(past)
        edges = spread(found, shipped(), 0.5, AHEAD, (0.025, 0.1, 0.9, 0.975), own_share(past, found, shipped()))
        off = (coming - found.middle(AHEAD))[:, None]
        hits.append(((off >= edges[:, :2]) & (off <= edges[:, :1:-1])).mean(axis=0))
    wide, narrow = np.mean(hits, axis=0)
    return {f"{name}: 80 % held, all horizons (%)": round(100 * narrow, 2), f"{name}: 95 % held, all horizons (%)": round(100 * wide, 2)}


def _made_up_row(series: Floats, known: Calibration) -> tuple[float, float, float, float]:
    past, coming = series[:HISTORY], series[HISTORY : HISTORY + AHEAD]
    found = fit(past)
    step = float(np.abs(np.diff(past)).mean())
    wide = np.diff(spread(found, known, 0.5, AHEAD, (0.025, 0.975)), axis=1)
    return *_missed(past, coming, found.middle(AHEAD), step), float(wide.mean()) / step


def _speed() -> dict[str, float]:
    """Processor time of a fit with its levels, for histories of two months, half a year and a year."""
    fleet = made_up(40)
    figures = {}
    for days in (62, 180, 365):
        begun = process_time()
        for series in fleet:
            spread(fit(series[:days]), shipped(), 0.5, HORIZON, (0.025, 0.975))
        figures[f"{days} days: processor time a series (ms)"] = round(1000 * (process_time() - begun) / len(fleet), 2)
    return figures


if __name__ == "__main__":
    main()
