"""A capacity snapshot as rows with bars: how full every cluster, datastore and quota is, with what is left after the largest host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.observed.capacity import AwsCapacity, CapacitySnapshot, ObservedCluster, ObservedMachine, VsphereCapacity
from infra.wording import counted

WIDTH = 30
_GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Row:
    """How much of one resource of one object is taken. `safe` is what is left of `total` when the largest host fails."""

    target: str
    resource: str
    unit: str
    used: float
    total: float
    safe: float | None = None
    note: str = ""

    @property
    def share(self) -> float:
        """Taken, as a part of all; more than all where nothing is there."""
        return self.used / self.total if self.total else float(self.used > 0)

    def text(self) -> str:
        """One line of at most 100 columns."""
        numbers = f"{self.used:,.0f} of {self.total:,.0f} {self.unit}"
        return f"{self.target:32} {self.resource:10} {self._bar()} {self.share:4.0%}  {numbers}{f'  {self.note}' if self.note else ''}"

    def _bar(self) -> str:
        filled = min(WIDTH, round(self.share * WIDTH))
        cells = list("#" * filled + "." * (WIDTH - filled))
        if self.safe is not None and self.total:
            cells[min(WIDTH - 1, int(self.safe / self.total * WIDTH))] = "|"
        return f"[{''.join(cells)}]"


def rows(snapshot: CapacitySnapshot) -> tuple[Row, ...]:
    """Every row, site by site."""
    found: list[Row] = []
    for name, site in snapshot.sites.items():
        found += _vsphere(name, site) if isinstance(site, VsphereCapacity) else _aws(name, site)
    return tuple(found)


def age_hours(snapshot: CapacitySnapshot, now: datetime) -> float:
    """How old its oldest part is."""
    return (now - snapshot.taken()).total_seconds() / 3600


def age_words(hours: float) -> str:
    """An age as a person says it."""
    if hours < 1:
        return f"{counted(max(0, round(hours * 60)), 'minute')} old"
    return f"{counted(round(hours), 'hour')} old" if hours < 48 else f"{hours / 24:.0f} days old"


def _vsphere(site: str, seen: VsphereCapacity) -> Iterator[Row]:
    for cluster in seen.clusters:
        inside = [m for m in seen.machines if m.cluster == cluster.name and m.running]
        yield from _cluster(site, cluster, inside)
    for store in seen.datastores:
        yield Row(
            target=f"datastore/{site}/{store.name}",
            resource="space",
            unit="GiB",
            used=(store.capacity - store.free) / _GIB,
            total=store.capacity / _GIB,
            note="" if store.accessible else "not accessible",
        )


def _cluster(site: str, cluster: ObservedCluster, machines: list[ObservedMachine]) -> Iterator[Row]:
    """Memory as configured, processors as measured; the line in the bar is what stays without the largest host."""
    there = [h for h in cluster.hosts if h.usable]
    away = [h.name for h in cluster.hosts if not h.usable]
    note = f"away: {', '.join(away)}" if away else ""
    target = f"cluster/{site}/{cluster.name}"
    memory, mhz = [h.memory / _GIB for h in there], [float(h.cores * h.mhz) for h in there]
    configured = sum(m.memory for m in machines) / _GIB
    yield Row(target=target, resource="memory", unit="GiB", used=configured, total=sum(memory), safe=without_largest(memory), note=note)
    measured = [m.usage.cpu_mhz_p95 for m in machines if m.usage is not None and m.usage.cpu_mhz_p95 is not None]
    if measured:
        ghz = [each / 1000 for each in mhz]
        unmeasured = len(machines) - len(measured)
        words = f"{unmeasured} machines not measured" if unmeasured else ""
        yield Row(
            target=target, resource="cpu p95", unit="GHz", used=sum(measured) / 1000, total=sum(ghz), safe=without_largest(ghz), note=words
        )


def without_largest(parts: Sequence[float]) -> float:
    """What is left when the largest part fails."""
    return sum(parts) - max(parts, default=0.0)


def _aws(site: str, seen: AwsCapacity) -> Iterator[Row]:
    for quota in seen.quotas or ():
        if quota.limit or quota.used:
            yield Row(
                target=f"quota/{site}/{quota.code}",
                resource="vCPU",
                unit="vCPU",
                used=quota.used,
                total=quota.limit,
                note=_short(quota.name),
            )
    for each in seen.reservations or ():
        target = f"reservation/{site}/{each.zone}"
        yield Row(target=target, resource=each.instance_type, unit="instances", used=each.total - each.free, total=each.total)


def _short(name: str) -> str:
    """A quota's name without what all of them say."""
    return name.removeprefix("Running On-Demand ").removesuffix(" instances")
