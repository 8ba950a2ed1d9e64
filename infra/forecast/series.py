"""A history as it comes, made fit for use: what is wrong with it is told in words, and what is left of it is used.

Days come from vCenter, CloudWatch, workbooks and CSV files: twice, out of order, with gaps, with negative or missing values, with times in
seconds or milliseconds, and with zeros from days on which nobody measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from math import inf

import numpy as np

from infra.forecast.lines import Floats
from infra.forecast.model import NoForecast, Oddity

MINIMUM_DAYS = 14
"""Two whole weeks: fewer days do not tell a weekly cycle from a trend."""

LONGEST_GAP = 28
"""After a longer silence the days before it say nothing about the next ones."""

MOST_DAYS = 730
LEAST_KNOWN = 0.5
_MILLISECONDS = 1e11
"""Epoch seconds reach this in the year 5138, epoch milliseconds in 1973."""

_REMEDY_TIMES = "write dates as YYYY-MM-DD, or times as epoch seconds"
When = date | datetime | int | float


@dataclass(frozen=True, slots=True)
class Series:
    """Days without a break in the calendar; a gap is NaN."""

    first: date
    values: Floats
    oddities: tuple[Oddity, ...]

    @property
    def last(self) -> date:
        """The last measured day."""
        return date.fromordinal(self.first.toordinal() + len(self.values) - 1)


def read_days(days: Iterable[tuple[When, float | None]], *, negative: bool = False) -> Series | NoForecast:
    """A series of days, or why there is none.

    Args:
        days: in any order; of a day given more than once the largest counts.
        negative: whether values below zero are possible; else they are left out and told.
    """
    oddities: list[Oddity] = []
    known = _by_day(_valid(list(days), oddities, negative=negative), oddities)
    known = _after_gap(known, oddities)
    if len(known) < MINIMUM_DAYS:
        told = "no usable day" if not known else f"{len(known)} usable day{'s' if len(known) != 1 else ''}"
        return NoForecast(f"{told}; a projection needs {MINIMUM_DAYS}", tuple(oddities))
    first, last = min(known), max(known)
    values = np.full(last - first + 1, np.nan)
    for day, value in known.items():
        values[day - first] = value
    values = _without_silence(values, oddities)
    if np.isfinite(values).sum() < MINIMUM_DAYS:
        return NoForecast(f"fewer than {MINIMUM_DAYS} days with a value other than a missing one", tuple(oddities))
    gaps = int(np.isnan(values).sum())
    if gaps:
        oddities.append(_gaps(gaps, len(values)))
    if gaps > (1 - LEAST_KNOWN) * len(values):
        return NoForecast(f"{gaps} of {len(values)} days are missing", tuple(oddities))
    return Series(date.fromordinal(last - len(values) + 1), values, tuple(oddities))


def _gaps(gaps: int, days: int) -> Oddity:
    return Oddity("DSC-080", f"{gaps} of {days} days are missing", "gaps are bridged straight between the days around them")


def _valid(days: Sequence[tuple[When, float | None]], oddities: list[Oddity], *, negative: bool) -> list[tuple[int, float]]:
    """Days as ordinals with finite values; what was left out is told."""
    times = [when for when, _ in days if not isinstance(when, date)]
    if any(abs(when) >= _MILLISECONDS for when in times):
        oddities.append(Oddity("DSC-081", "times are in milliseconds", "read as milliseconds since 1970", _REMEDY_TIMES))
    found, unreadable, below, undated = [], 0, 0, 0
    for when, value in days:
        day = _ordinal(when)
        if day is None:
            undated += 1
        elif value is None or not -inf < value < inf:
            unreadable += 1
        elif value < 0 and not negative:
            below += 1
        else:
            found.append((day, float(value)))
    if undated:
        oddities.append(Oddity("DSC-082", f"{undated} times are no dates", "left out", _REMEDY_TIMES))
    if unreadable:
        oddities.append(Oddity("DSC-083", f"{unreadable} values are missing or no numbers", "left out"))
    if below:
        oddities.append(Oddity("DSC-084", f"{below} values are negative", "left out", "look at the unit and the counter"))
    return found


def _ordinal(when: When) -> int | None:
    """The day's number; None for a time that no calendar has."""
    if isinstance(when, date):
        return when.toordinal()
    seconds = when / 1000 if abs(when) >= _MILLISECONDS else when
    try:
        return datetime.fromtimestamp(seconds, UTC).toordinal()
    except (ValueError, OverflowError, OSError):
        return None


def _by_day(found: list[tuple[int, float]], oddities: list[Oddity]) -> dict[int, float]:
    """The largest value of each day."""
    known: dict[int, float] = {}
    differ: set[int] = set()
    for day, value in found:
        if day in known and known[day] != value:
            differ.add(day)
        known[day] = max(value, known.get(day, value))
    if differ:
        oddities.append(Oddity("DSC-085", f"{len(differ)} days were given more than once with different values", "the largest counts"))
    return known


def _after_gap(known: dict[int, float], oddities: list[Oddity]) -> dict[int, float]:
    """The days after the last long silence; at most two years of them."""
    ordered = sorted(known)
    cut = next((new for old, new in _backwards(ordered) if new - old > LONGEST_GAP), None)
    if cut is not None and cut != ordered[0]:
        oddities.append(
            Oddity(
                "DSC-086",
                f"nothing was measured for more than {LONGEST_GAP} days before {date.fromordinal(cut)}",
                "days before are left out",
            )
        )
        ordered = [day for day in ordered if day >= cut]
    return {day: known[day] for day in ordered if day > ordered[-1] - MOST_DAYS}


def _backwards(ordered: list[int]) -> Iterator[tuple[int, int]]:
    return zip(reversed(ordered[:-1]), reversed(ordered[1:]), strict=True)


def _without_silence(values: Floats, oddities: list[Oddity]) -> Floats:
    """Zeros before the first use are cut, and single zeros among days that never come near zero are gaps of the measurement."""
    used = np.flatnonzero(values != 0)
    if not len(used):
        return values
    if used[0] >= MINIMUM_DAYS / 2 and len(values) - used[0] >= MINIMUM_DAYS:
        oddities.append(Oddity("DSC-087", f"the first {used[0]} days are zero", "the history begins with the first use"))
        values = values[used[0] :]
    known = values[np.isfinite(values) & (values != 0)]
    zeros = np.flatnonzero(values == 0)
    if (
        len(zeros)
        and len(zeros) <= 0.1 * len(values)
        and len(known)
        and known.min() > 0.5 * np.median(known)
        and _single(zeros.tolist(), len(values))
    ):
        oddities.append(Oddity("DSC-088", f"{len(zeros)} days are zero among days that never come near it", "read as not measured"))
        values = np.where(values == 0, np.nan, values)
    return values


def _single(zeros: Sequence[int], days: int) -> bool:
    """Whether no two weeks' end or long run of zeros is among them: an empty datastore and a stopped machine stay at zero."""
    runs = [len(list(run)) for _, run in groupby(enumerate(zeros), key=lambda each: each[1] - each[0])]
    return max(runs) <= 3 and zeros[-1] < days - 1
