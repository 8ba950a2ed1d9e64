"""How long a move takes: seed, deltas, the last delta and the downtime, each as p10, p50 and p90, with the formula and what binds.

    seed      = the largest of: bytes / link, largest disk / disk rate, bytes / host rate, and upwards the block quotas of EBS
    delta     = bytes x change per day x days between first copy and cut-over / link
    final     = bytes x change per hour x 1 h, carried while the server is off
    downtime  = power-off + final / link + start + checks                                  (the sum of rule MIG-002)

The link's rate is the smaller of bandwidth x share and blocks in flight x 512 KiB / latency. The spread is an assumption until moves of
one's own were measured: then it is the spread of what they took against this formula. Rates are bytes per second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import inf

from infra.estate.model import GIB, Estate, Link
from migration.moves import MoveRecord, Round
from migration.waves.build_candidates import Candidate
from migration.waves.programme import Hours, LinkUse, Programme, minutes_of

BLOCK = 512 * 1024
STREAMS = 64
CHANGED_PERCENT_PER_HOUR = 1.0
SYNC_HOURS = 1.0
STOP_MINUTES = 3.0
BOOT_MINUTES = 10.0
BOOT_MINUTES_WINDOWS = 45.0
CHECKS_MINUTES = 15.0
"""The defaults of MIG-002, so that plan and rule count alike; the estate's own parameters of that rule go before them."""

ASSUMED_SPREAD = (0.8, 1.0, 1.6)
"""What p10 and p90 are of p50 before anything was measured."""

ENOUGH_MOVES = 5
"""So many measured rounds make the spread a measured one."""

DEFAULT_MBIT_S = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A quantity that nobody knows exactly."""

    p10: float
    p50: float
    p90: float

    def __add__(self, other: Span) -> Span:
        """Both after one another, as if they went wrong together: the careful sum."""
        return Span(p10=self.p10 + other.p10, p50=self.p50 + other.p50, p90=self.p90 + other.p90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What moves may take of a link in a night. `gigabit`: how much faster 1 Gbit/s more makes it; nothing where latency holds it."""

    link: str
    speed: float
    hours: float
    source: str
    mbit_s: float
    share_percent: float
    gigabit: float = 0.0

    @property
    def bytes_per_night(self) -> float:
        """All that one night carries."""
        return self.speed * self.hours * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A server's or a group's durations in hours, its bytes, what binds the first copy, and how all of it was counted."""

    seed: Span
    delta: Span
    final: Span
    downtime_minutes: Span
    seed_bytes: int
    delta_bytes: int
    final_bytes: int
    binds: str
    formula: str
    source: str


@dataclass(frozen=True, slots=True)
class History:
    """What moves of one's own have measured: bytes per second of their rounds, and changed bytes per hour by server."""

    rates: tuple[float, ...] = ()
    changed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What every estimate of one plan shares."""

    programme: Programme
    parameters: Mapping[str, float]
    history: History = History()

    def number(self, name: str, default: float) -> float:
        """A parameter of MIG-002 as the estate sets it."""
        return float(self.parameters.get(name, default))

    def spread(self, speed: float) -> tuple[tuple[float, float, float], str]:
        """Factors of p10, p50 and p90 on what the formula says, and where they come from."""
        rates = sorted(self.history.rates)
        if len(rates) < ENOUGH_MOVES:
            return ASSUMED_SPREAD, "spread assumed (0.8 to 1.6 times); measured moves replace it"
        slow, middle, fast = (_quantile(rates, share) for share in (0.1, 0.5, 0.9))
        return (speed / fast, speed / middle, speed / slow), f"spread of {len(rates)} measured rounds"


def pace(programme: Programme, estate: Estate | None, history: History | None = None) -> Pace:
    """The pace of a plan, with the estate's own parameters of MIG-002."""
    given = estate.standards.rules.get("MIG-002", {}) if estate else {}
    numbers = {name: float(value) for name, value in given.items() if isinstance(value, int | float) and not isinstance(value, bool)}
    return Pace(programme=programme, parameters=numbers, history=history or History())


def rate(pace: Pace, estate: Estate | None, site: str, target: str) -> Rate | None:
    """What moves may take of the link between two sites; None when neither estate nor programme tells of one."""
    use = next((each for each in pace.programme.links if set(each.between) == {site, target}), None)
    link = next((each for each in estate.links.values() if set(each.sites) == {site, target}), None) if estate else None
    if use is None and link is None:
        return None
    spans = _bandwidth(use, link)
    share = use.share_percent if use and "share_percent" in use.model_fields_set else pace.number("link_share_percent", 70.0)
    latency = (use.latency_ms if use else None) or (link.latency_ms if link else 0.0)
    most = pace.number("streams", STREAMS) * BLOCK / (latency / 1000) if latency else inf
    speed = _mean((hours, min(_bytes(mbit_s, share), most)) for hours, mbit_s in spans)
    wider = _mean((hours, min(_bytes(mbit_s + 1000, share), most)) for hours, mbit_s in spans)
    return Rate(
        link=link.name if link else "-".join(use.between) if use else f"{site}-{target}",
        speed=speed,
        hours=min(24.0, sum(hours for hours, _ in spans)),
        source="programme" if use and (use.hours or use.mbit_s) else "estate",
        mbit_s=_mean(spans),
        share_percent=share,
        gigabit=wider - speed,
    )


def _bytes(mbit_s: float, share_percent: float) -> float:
    """Bytes per second of a share of a bandwidth."""
    return mbit_s * 1e6 / 8 * share_percent / 100


def _mean(spans: Iterable[tuple[float, float]]) -> float:
    """Of so many hours each."""
    known = list(spans)
    return sum(hours * value for hours, value in known) / sum(hours for hours, _ in known)


def assumed_rate(pace: Pace, site: str, target: str) -> Rate:
    """For two sites that nobody wrote a link for."""
    share = pace.number("link_share_percent", 70.0)
    return Rate(
        link=f"{site}-{target}", speed=_bytes(DEFAULT_MBIT_S, share), hours=24.0, source="assumed", mbit_s=DEFAULT_MBIT_S,
        share_percent=share, gigabit=_bytes(1000.0, share),
    )  # fmt: skip


def _bandwidth(use: LinkUse | None, link: Link | None) -> tuple[tuple[float, float], ...]:
    """Hours and Mbit/s of each span in which the link may be used."""
    if use and use.hours:
        return tuple((_length(each), each.mbit_s) for each in use.hours)
    mbit_s = use.mbit_s if use and use.mbit_s else float(link.mbit_s) if link else DEFAULT_MBIT_S
    return ((window_hours(link.window if link else ""), mbit_s),)


def _length(span: Hours) -> float:
    return ((minutes_of(span.ends) - minutes_of(span.begins)) % (24 * 60) or 24 * 60) / 60


def window_hours(window: str) -> float:
    """The hours of an allowance such as 22:00-05:00; all day where none is written or it cannot be read."""
    begins, _, ends = window.partition("-")
    try:
        return _length(Hours(begins=begins.strip(), ends=ends.strip(), mbit_s=1.0)) if window else 24.0
    except ValueError:
        return 24.0


def estimate(candidate: Candidate, rate: Rate, pace: Pace) -> Estimate:
    """A server's durations when it has the link to itself."""
    return together((candidate,), rate, pace)


def together(candidates: Sequence[Candidate], rate: Rate, pace: Pace) -> Estimate:
    """Durations of servers that move in one night and share the link: their downtime is that of the last one to be back."""
    seconds, binds = _seed_seconds(candidates, rate, pace)
    total = sum(each.bytes for each in candidates)
    change = pace.programme.change
    delta_bytes = total * change.percent_per_day / 100 * change.days_between
    final_bytes = sum(_final_bytes(each, pace) for each in candidates)
    factors, spread_source = pace.spread(rate.speed)
    fixed = max(_fixed_minutes(each, pace) for each in candidates)
    final_minutes = final_bytes / rate.speed / 60
    return Estimate(
        seed=_span(seconds / 3600, factors),
        delta=_span(delta_bytes / rate.speed / 3600, factors),
        final=_span(final_minutes / 60, factors),
        downtime_minutes=_span(final_minutes, factors) + _span(fixed, ASSUMED_SPREAD),
        seed_bytes=total,
        delta_bytes=round(delta_bytes),
        final_bytes=round(final_bytes),
        binds=binds,
        formula=(
            f"first copy {total / GIB:,.1f} GiB, bound by {binds}: {seconds / 3600:.1f} h; last copy {final_bytes / GIB:,.2f} GiB "
            f"at {rate.speed / 1e6:,.0f} MB/s + {fixed:g} min power-off, start and checks = {final_minutes + fixed:,.0f} min"
        ),
        source=f"link {rate.link} ({rate.source}: {rate.mbit_s:,.0f} Mbit/s x {rate.share_percent:g} %); {spread_source}",
    )


def _seed_seconds(candidates: Sequence[Candidate], rate: Rate, pace: Pace) -> tuple[float, str]:
    throttles = pace.programme.throttles
    total = sum(each.bytes for each in candidates)
    largest = max((disk for each in candidates for disk in each.disks), default=0)
    limits = [(total / rate.speed, f"link {rate.link}"), (largest / (throttles.disk_mb_s * 1e6), "its largest disk")]
    for host, size in _sums((each.host, each.bytes) for each in candidates if each.host):
        limits.append((size / (throttles.host_mb_s * 1e6), f"host {host}"))
    if throttles.datastore_mb_s:
        shares = ((name, each.bytes * count / max(1, len(each.disks))) for each in candidates for name, count in each.datastores)
        limits += [(size / (throttles.datastore_mb_s * 1e6), f"datastore {name}") for name, size in _sums(shares)]
    if any(each.direction == "up" for each in candidates):
        limits.append((largest / (throttles.snapshot_blocks_s * BLOCK), "the block quota of an EBS snapshot"))
        limits.append((total / (throttles.account_blocks_s * BLOCK), "the block quota of the account"))
    return max(limits, key=lambda each: each[0])


def _sums(pairs: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    found: dict[str, float] = {}
    for name, amount in pairs:
        found[name] = found.get(name, 0.0) + amount
    return sorted(found.items())


def _final_bytes(candidate: Candidate, pace: Pace) -> float:
    """What the last copy carries: measured by rounds of its own move, else as assumed, and never more than it reads and writes."""
    hours = pace.number("sync_hours", SYNC_HOURS)
    measured = pace.history.changed.get(candidate.server)
    if measured is not None:
        return min(measured * hours, candidate.bytes)
    percent = pace.programme.change.percent_per_hour
    if percent is None:
        percent = pace.number("changed_percent_per_hour", CHANGED_PERCENT_PER_HOUR)
    assumed = candidate.bytes * percent / 100 * hours
    # What was read and written in an hour is the most that can have changed.
    return assumed if candidate.writes is None else min(assumed, candidate.writes * 3600 * hours)


def _fixed_minutes(candidate: Candidate, pace: Pace) -> float:
    windows = candidate.windows
    boot = pace.number("boot_minutes_windows", BOOT_MINUTES_WINDOWS) if windows else pace.number("boot_minutes", BOOT_MINUTES)
    return pace.number("stop_minutes", STOP_MINUTES) + boot + pace.number("checks_minutes", CHECKS_MINUTES)


def _span(middle: float, factors: tuple[float, float, float]) -> Span:
    return Span(p10=middle * factors[0], p50=middle * factors[1], p90=middle * factors[2])


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def history(records: Iterable[MoveRecord]) -> History:
    """What finished rounds of moves tell: how fast they were, and how much a server changes in an hour."""
    rates, changed = list[float](), dict[str, float]()
    for record in records:
        done = [each for each in record.rounds if each.finished]
        for each in done:
            seconds = _between(each.started, each.finished)
            sent = _sent(each)
            if seconds > 1 and sent > 64 * BLOCK:  # shorter ones measure the start of a process, not a line
                rates.append(sent / seconds)
        for before, after in pairwise(done):
            hours = _between(before.started, after.started) / 3600
            if hours > 0:
                changed[record.server] = max(changed.get(record.server, 0.0), _sent(after) / hours)
    return History(tuple(rates), changed)


def _sent(each: Round) -> int:
    return sum(disk.bytes for disk in each.disks.values())


def _between(begun: str, ended: str) -> float:
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()
