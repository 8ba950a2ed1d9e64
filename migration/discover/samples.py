"""Raw samples of one metric of one machine, as arrays, and how a chunk of them is packed into a few hundred bytes.

Ten thousand machines make 17 million samples a day: a row each would be a store of a hundred gigabytes. A chunk of a series is one row (a
day of 5-minute samples, six days of half-hourly ones): the distances between moments, nearly always the same number, which compresses to
nothing, and the values as 32-bit floats.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migration.discover.model import Metric

DAY_S = 86400
PER_CHUNK = 288
_LEVEL = 1  # of compression: the higher ones cost four times the time for a tenth of the size


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """A series: the end of each interval in seconds since 1970, strictly rising, and the value of each."""

    machine: str
    metric: Metric
    interval_s: int
    times: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One row of the store."""

    machine: str
    metric: str
    interval_s: int
    chunk: int
    count: int
    packed: bytes


def span_of(interval_s: int) -> int:
    """How many seconds a chunk of this interval spans."""
    return max(DAY_S, PER_CHUNK * interval_s)


def chunks_of(series: Samples) -> Iterator[Chunk]:
    """The series in chunks, numbered from 1970 on."""
    span = span_of(series.interval_s)
    numbers = series.times // span
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))
    ends = np.append(starts[1:], len(numbers))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        number = int(numbers[start])
        yield Chunk(
            machine=series.machine,
            metric=series.metric.value,
            interval_s=series.interval_s,
            chunk=number,
            count=end - start,
            packed=pack(number * span, series.times[start:end], series.values[start:end]),
        )


def pack(begin: int, times: NDArray[np.int64], values: NDArray[np.float64]) -> bytes:
    """Moments of a chunk that begins at `begin`, and their values."""
    steps = np.diff(times, prepend=begin).astype("<u4")
    return zlib.compress(steps.tobytes() + values.astype("<f4").tobytes(), _LEVEL)


def unpack(begin: int, count: int, packed: bytes) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Moments and values again."""
    plain = zlib.decompress(packed)
    steps = np.frombuffer(plain, dtype="<u4", count=count)
    values = np.frombuffer(plain, dtype="<f4", count=count, offset=4 * count)
    return np.cumsum(steps, dtype=np.int64) + begin, values.astype(np.float64)


def joined(
    times: NDArray[np.int64], values: NDArray[np.float64], more: NDArray[np.int64], later: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Both, in order; where both have a moment, the later report counts."""
    moments, place = np.unique(np.concatenate((more, times)), return_index=True)
    return moments, np.concatenate((later, values))[place]
