"""Series that projections are tried on: daily figures of a hosting company's machines, and made-up capacity series of known structure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FILE = Path(__file__).parent / "data" / "bitbrains_daily.npz"
METRICS = ("memory_mean", "memory_p95", "cpu_mean", "cpu_p95", "net_rx_mean")
HALF_A_DAY = 144
"""Five-minute samples: a day with fewer is no day."""

TRAINED_DAYS = 62
"""July and August 2013; September is held back."""

ALL_DAYS = 90
HORIZON = 28


def machines(metric: str) -> dict[int, Floats]:
    """A series from 2013-07-01 to 2013-09-28 for each machine that was there in most of the first two months and of the third."""
    with np.load(FILE) as data:
        values = np.where(data["samples"] >= HALF_A_DAY, data[metric].astype(float), np.nan)[:, 1 : ALL_DAYS + 1]
        names = data["machines"]
    known = np.isfinite(values)
    kept = (known[:, :TRAINED_DAYS].sum(axis=1) >= 45) & (known[:, TRAINED_DAYS:].sum(axis=1) >= 14) & known[:, :10].any(axis=1)
    return {int(name): row for name, row, keep in zip(names, values, kept, strict=True) if keep}


def clusters(metric: str, size: int, seed: int = 1) -> list[Floats]:
    """Sums of `size` machines drawn by lot, as a cluster's demand would be; CPU in cores, memory in GiB."""
    weights = "cores" if metric.startswith("cpu") else "memory_gib" if metric.startswith("memory") else ""
    series = machines(metric)
    with np.load(FILE) as data:
        sizes = dict(zip(data["machines"].tolist(), np.nanmedian(data[weights], axis=1), strict=True)) if weights else {}
    rows = np.array([_bridged(row) * (sizes.get(name, 1.0) / 100 if sizes else 1.0) for name, row in series.items()])
    order = np.random.default_rng(seed).permutation(len(rows))
    return [rows[order[start : start + size]].sum(axis=0) for start in range(0, len(rows) - size + 1, size)]


def _bridged(row: Floats) -> Floats:
    known = np.isfinite(row)
    return np.interp(np.arange(len(row)), np.flatnonzero(known), row[known])


def made_up(count: int, days: int = 425, seed: int = 5) -> Floats:
    """Capacity series: a trend, a weekly pattern in half of them, steps, turns of the trend, spikes, and a random walk in half of them."""
    chance = np.random.default_rng(seed)
    return np.array([_one(chance, days) for _ in range(count)])


def _one(chance: np.random.Generator, days: int) -> Floats:
    time = np.arange(days)
    base = chance.uniform(100, 1000)
    noise = base * chance.choice([0.005, 0.01, 0.02, 0.05])
    values = base + chance.normal(0, 0.0006) * base * time
    if chance.random() < 0.5:
        quiet = np.where((time + chance.integers(7)) % 7 >= 5, -chance.uniform(0.02, 0.15), 0.0)
        values = values + quiet * base
    for _ in range(chance.poisson(1.0)):
        values = values + (time >= chance.integers(20, days)) * chance.normal(0, 0.1) * base
    if chance.random() < 0.3:
        values = values + np.maximum(0, time - chance.integers(60, days)) * chance.normal(0, 0.001) * base
    if chance.random() < 0.5:
        values = values + np.cumsum(chance.normal(0, 1, days)) * noise * chance.uniform(0.1, 0.5)
    spikes = (chance.random(days) < 0.01) * chance.exponential(8, days) * noise
    return np.maximum(values + chance.normal(0, 1, days) * noise + spikes, 0.0)
