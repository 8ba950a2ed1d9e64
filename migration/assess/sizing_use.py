"""What a machine used, as numbers: cores and GiB, moment by moment or rebuilt from percentiles. Zero is a measurement, absence is not.

Percentiles outlive raw samples in the store. A tail between two of them is taken to fall exponentially (a straight line of the value over
the logarithm of the share above it), so a single peak does not count as one hour in a hundred.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infra.estate.model import GIB
from migration.discover.model import FoundMachine, Metric, Percentiles

Numbers = NDArray[np.float64]

POINTS = 2000
LONGEST_MEAN_S = 7200
"""A mean of more than two hours hides what a size is chosen for."""
_HOURS_EACH = ((600, 6.0), (1800, 12.0), (LONGEST_MEAN_S, 25.0))
"""Of means of so many seconds: hours with a moment over for each sample that is over, about; raw traces of 24 machines in August 2013."""
_TOGETHER = 0.7  # peaks come together: twelve times the samples are over in six times the hours
MORE_THAN_SOLD = 1.1
"""Use up to a tenth above the size is turbo or a rounding, not a need: a machine cannot use what it does not have."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Use:
    """Samples of one machine.

    Attributes:
        cpus: used cores of each sample.
        memory: used GiB of each sample.
        has_cpus, has_memory: what it may use.
        joint: whether the samples of both stand for the same moments.
        mean_cpus: the mean of used cores, for burstable types.
        measured: what was measured; what was not counts as used to the full.
        hours_each: how many hours have a moment over for each sample that is over; 1 for hourly maxima.
    """

    cpus: Numbers
    memory: Numbers
    has_cpus: float
    has_memory: float
    joint: bool
    mean_cpus: float
    measured: frozenset[str] = frozenset({"CPU", "memory"})
    hours_each: float = 1.0

    def quantile(self, share: float) -> tuple[float, float]:
        """Cores and GiB that so large a share of the samples does not exceed."""
        return float(np.quantile(self.cpus, share)), float(np.quantile(self.memory, share))

    def mean(self) -> tuple[float, float]:
        """The mean of both."""
        return self.mean_cpus, float(self.memory.mean())


def use_of_series(cpus: ArrayLike, memory: ArrayLike, *, has_cpus: float, has_memory: float) -> Use | None:
    """Use from aligned samples of cores and GiB; None when not one sample has both.

    Moments with a value missing are left out. What is negative or above the machine's size cannot be, and is taken as the nearest possible.
    """
    c, m = np.asarray(cpus, dtype=np.float64), np.asarray(memory, dtype=np.float64)
    known = ~(np.isnan(c) | np.isnan(m))
    if not known.any():
        return None
    c, m = _possible(c[known], has_cpus), _possible(m[known], has_memory)
    return Use(cpus=c, memory=m, has_cpus=has_cpus, has_memory=has_memory, joint=True, mean_cpus=float(c.mean()))


def use_of_percentiles(machine: FoundMachine, usage: Mapping[Metric, Percentiles], *, core_mhz: float | None = None) -> Use | None:
    """Use from stored percentiles; None when neither CPU nor memory was measured or the machine's size is not known.

    Args:
        machine: what it has.
        usage: its metrics.
        core_mhz: the clock of a core of its host, for CPU in MHz.
    """
    if machine.cpus <= 0 or machine.memory <= 0:
        return None
    has_cpus, has_memory = float(machine.cpus), machine.memory / GIB
    cpu, memory = _cores(machine, usage, core_mhz), usage.get(Metric.MEMORY)
    if cpu is None and memory is None:
        return None
    per_unit, found = cpu or (1.0, None)
    return Use(
        cpus=_possible(_rebuilt(found) * per_unit, has_cpus) if found else np.full(POINTS, has_cpus),
        memory=_possible(_rebuilt(memory) / GIB, has_memory) if memory else np.full(POINTS, has_memory),
        has_cpus=has_cpus,
        has_memory=has_memory,
        joint=False,
        mean_cpus=min(found.mean * per_unit, has_cpus) if found else has_cpus,
        measured=frozenset(name for name, was in (("CPU", found), ("memory", memory)) if was is not None),
        hours_each=max(hours_each(was.interval_s, peaks=was.peaks) for was in (found, memory) if was is not None),
    )


def hours_each(interval_s: int, *, peaks: bool) -> float:
    """How many hours are over for each sample that is: short samples share hours, and long means hide the peaks in them."""
    if peaks:
        return float(max(1.0, (3600 / max(interval_s, 1)) ** _TOGETHER))
    return next((hours for longest, hours in _HOURS_EACH if interval_s <= longest), _HOURS_EACH[-1][1])


def _cores(machine: FoundMachine, usage: Mapping[Metric, Percentiles], core_mhz: float | None) -> tuple[float, Percentiles] | None:
    """Cores per unit of the CPU metric that there is. MHz say more than per cent, where the clock is known."""
    mhz, percent = usage.get(Metric.CPU_MHZ), usage.get(Metric.CPU_PERCENT)
    if mhz is not None and core_mhz:
        return 1 / core_mhz, mhz
    return (machine.cpus / 100, percent) if percent is not None else None


def _possible(values: Numbers, has: float) -> Numbers:
    """Clamped at what the machine has, unless so much is above it that its size must have been another."""
    below = np.maximum(values, 0.0)
    return below if np.quantile(below, 0.99) > has * MORE_THAN_SOLD else np.minimum(below, has)


def _rebuilt(found: Percentiles) -> Numbers:
    """Samples, equally likely, whose percentiles are those found."""
    last = max(math.log(max(found.samples, 200)), math.log(200))
    rarity = [0.0, *(-math.log(1 - share) for share in (0.5, 0.9, 0.95, 0.99)), last]
    values = np.maximum.accumulate([max(0.0, 2 * found.p50 - found.p90), found.p50, found.p90, found.p95, found.p99, found.maximum])
    shares = (np.arange(POINTS) + 0.5) / POINTS
    return np.interp(-np.log1p(-shares), rarity, values)
