"""How far an assessment can be trusted, 0 to 5 stars: how much of what it needs was measured, over how long, and how long ago.

Azure Migrate's bands: the share of needed points that is present, 20 % a star. It gives no stars to imported files, and says nothing of
how long was measured nor how long ago; here a short or an old measurement costs stars too, and the reason is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from migration.assess.model import Score
from migration.discover.model import FoundMachine, Metric, Percentiles

_NEEDED: tuple[tuple[str, tuple[Metric, ...]], ...] = (
    ("processors", (Metric.CPU_MHZ, Metric.CPU_PERCENT)),
    ("memory", (Metric.MEMORY,)),
    ("disks", (Metric.IOPS, Metric.DISK_BYTES)),
    ("network", (Metric.NET_BYTES,)),
)
_SPANS = ((1.0, 1, "less than a day"), (7.0, 3, "less than a week"), (28.0, 4, "less than four weeks, so perhaps without a month's end"))
OLD_DAYS = 30
VERY_OLD_DAYS = 90
_DAY_S = 86400.0


def confidence(machine: FoundMachine, usage: Mapping[Metric, Percentiles], now: datetime) -> Score:
    """The stars and what they rest on."""
    if not usage:
        return Score(value=0, of=5, why=(f"{machine.source or 'its source'} has no measurements: sizes are those provisioned",))
    shares = {what: _share(usage, metrics) for what, metrics in _NEEDED}
    covered = sum(shares.values()) / len(shares)
    stars = _band(covered)
    why = [f"{covered:.0%} of the points needed: {', '.join(f'{what} {share:.0%}' for what, share in shares.items())}"]
    for most, text in _limits(usage, now):
        stars = min(stars, most)
        why.append(text)
    return Score(value=stars, of=5, why=tuple(why))


def _share(usage: Mapping[Metric, Percentiles], metrics: tuple[Metric, ...]) -> float:
    """The best covered of metrics that tell the same."""
    return max((_coverage(usage[metric]) for metric in metrics if metric in usage), default=0.0)


def _coverage(seen: Percentiles) -> float:
    if seen.samples <= 0:
        return 0.0
    return min(1.0, seen.samples / seen.expected) if seen.expected > 0 else 0.0


def _band(covered: float) -> int:
    """Azure's bands: up to 20 % is one star, 81 % and more five; nothing at all is none."""
    if covered <= 0:
        return 0
    percent = round(covered * 100, 6)
    return next((star for star, most in enumerate((20, 40, 60, 80), start=1) if percent <= most), 5)


def _limits(usage: Mapping[Metric, Percentiles], now: datetime) -> Iterator[tuple[int, str]]:
    """What caps the stars: how long was measured, how long ago it ended."""
    first, last = min(seen.first for seen in usage.values()), max(seen.last for seen in usage.values())
    # The last sample stands for its interval: seven days of five minutes end five minutes short of seven days.
    days = ((last - first).total_seconds() + max(seen.interval_s for seen in usage.values())) / _DAY_S
    capped = next(((most, text) for limit, most, text in _SPANS if days < limit), None)
    if capped is None:
        yield 5, f"measured over {days:,.0f} days"
    else:
        yield capped[0], f"measured over {max(days, 0):,.1f} days: {capped[1]}"
    age = (now - last).total_seconds() / _DAY_S
    if age > VERY_OLD_DAYS:
        yield 1, f"the last measurement is {age:,.0f} days old"
    elif age > OLD_DAYS:
        yield 3, f"the last measurement is {age:,.0f} days old"
