"""The EBS volume of each disk: its size, the type that does what was measured for least money, and what that costs.

Operations and bytes are measured per machine, so several disks share them by size, and each gets at least what gp3 includes. gp3 operations
cost so little that its maximum is bought; io2's cost thirteen times as much, so there p99 is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from infra.estate.model import GIB
from infra.prices import Prices
from migration.assess.cost_aws import GP3_FREE_BYTES_S, GP3_FREE_IOPS, volume_cost
from migration.assess.model import VolumeChoice
from migration.discover.model import FoundDisk, FoundMachine, Metric, Percentiles

_MIB = 1 << 20
GP3_MOST_IOPS, GP3_MOST_BYTES_S, GP3_MOST = 16_000, 1000 * _MIB, 16384 * GIB
"""What gp3 does everywhere; newer regions do more (80,000 IOPS, 2,000 MiB/s, 64 TiB)."""
GP3_IOPS_PER_GIB = 500
GP3_BYTES_S_PER_IOPS = _MIB // 4
IO2_MOST_IOPS, IO2_IOPS_PER_GIB, IO2_MOST_BYTES_S, IO2_LEAST = 256_000, 1000, 4000 * _MIB, 4 * GIB
_LEAST = GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """Operations and bytes per second of one disk: what is seen in all but one hour of a hundred, and at most."""

    iops_p99: float
    iops_most: float
    bytes_p99: float
    bytes_most: float
    told: str


def choose_volumes(
    machine: FoundMachine, usage: Mapping[Metric, Percentiles], *, prices: Prices, tier: str = ""
) -> tuple[VolumeChoice, ...]:
    """A volume for every disk.

    Args:
        machine: with its disks.
        usage: its metrics.
        prices: of EBS.
        tier: `gold` gets the steady latency of io2 where a disk works harder than gp3 includes.
    """
    whole = sum(max(disk.size, 0) for disk in machine.disks)
    return tuple(_choose(disk, _load(disk, whole, len(machine.disks), usage), tier, prices) for disk in machine.disks)


def _load(disk: FoundDisk, whole: int, disks: int, usage: Mapping[Metric, Percentiles]) -> _Load:
    share = max(disk.size, 0) / whole if whole else 1 / max(disks, 1)
    iops, rate = usage.get(Metric.IOPS), usage.get(Metric.DISK_BYTES)
    if iops is None and rate is None:
        return _Load(iops_p99=0.0, iops_most=0.0, bytes_p99=0.0, bytes_most=0.0, told="nothing was measured")
    of = f"{share:.0%} of the machine's by size" if disks > 1 else "measured"
    said = f"{iops.maximum * share:,.0f} IOPS at most" if iops else f"{(rate.maximum if rate else 0.0) * share / _MIB:,.0f} MiB/s at most"
    return _Load(
        iops_p99=max(iops.p99, 0.0) * share if iops else 0.0,
        iops_most=max(iops.maximum, 0.0) * share if iops else 0.0,
        bytes_p99=max(rate.p99, 0.0) * share if rate else 0.0,
        bytes_most=max(rate.maximum, 0.0) * share if rate else 0.0,
        told=f"{said}, {of}",
    )


def _choose(disk: FoundDisk, load: _Load, tier: str, prices: Prices) -> VolumeChoice:
    size = max(_LEAST, math.ceil(max(disk.size, 0) / GIB) * GIB)
    reason = _needs_io2(size, load, tier)
    volume = _io2(disk, size, load, reason) if reason else _gp3(disk, size, load)
    return replace(volume, usd_month=sum(line.usd for line in volume_cost(volume, prices, "target")))


def _needs_io2(size: int, load: _Load, tier: str) -> str:
    if size > GP3_MOST:
        return "larger than gp3 everywhere"
    if load.iops_p99 > GP3_MOST_IOPS:
        return "more operations than gp3 does"
    if load.bytes_p99 > GP3_MOST_BYTES_S:
        return "more bytes than gp3 does"
    if tier == "gold" and load.iops_p99 > GP3_FREE_IOPS:
        return "gold: steady latency under load"
    return ""


def _gp3(disk: FoundDisk, size: int, load: _Load) -> VolumeChoice:
    rate = int(min(GP3_MOST_BYTES_S, max(GP3_FREE_BYTES_S, math.ceil(load.bytes_most / _MIB) * _MIB)))
    most = max(GP3_FREE_IOPS, min(GP3_MOST_IOPS, size // GIB * GP3_IOPS_PER_GIB))
    iops = min(most, max(GP3_FREE_IOPS, math.ceil(load.iops_most / 100) * 100, math.ceil(rate / GP3_BYTES_S_PER_IOPS)))
    rate = min(rate, iops * GP3_BYTES_S_PER_IOPS)
    extra = iops > GP3_FREE_IOPS or rate > GP3_FREE_BYTES_S
    why = f"gp3 with more than it includes: {load.told}" if extra else f"gp3 with what it includes: {load.told}"
    return VolumeChoice(disk=disk.label, size=size, kind="gp3", iops=iops, throughput=rate, usd_month=0.0, why=why)


def _io2(disk: FoundDisk, size: int, load: _Load, reason: str) -> VolumeChoice:
    size = max(size, IO2_LEAST)
    most = min(IO2_MOST_IOPS, size // GIB * IO2_IOPS_PER_GIB)
    carried = min(IO2_MOST_BYTES_S, load.bytes_p99) / GP3_BYTES_S_PER_IOPS
    iops = min(most, max(100, math.ceil(load.iops_p99 / 100) * 100, math.ceil(carried / 100) * 100))
    why = f"io2, {reason}: {load.told}"
    return VolumeChoice(
        disk=disk.label,
        size=size,
        kind="io2",
        iops=iops,
        throughput=min(IO2_MOST_BYTES_S, iops * GP3_BYTES_S_PER_IOPS),
        usd_month=0.0,
        why=why,
    )
