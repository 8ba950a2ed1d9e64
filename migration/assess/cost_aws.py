"""What a server costs in a month on AWS, on demand: hours while it runs, volumes and snapshots always, what leaves by network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.catalogue import instance_types
from infra.estate.model import GIB
from infra.guest_systems import split
from infra.prices import HOURS_PER_MONTH, Price, Prices
from migration.assess.cost_lines import Side, monthly
from migration.assess.model import CostLine, VolumeChoice
from migration.assess.subject import Subject
from migration.discover.model import Metric

GP3_FREE_IOPS = 3000
GP3_FREE_BYTES_S = 125 << 20
LEAVING = "data that leaves AWS"
"""How the line of what an instance sends begins: a stopped one sends nothing."""
_MIB = 1 << 20
_SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
_IO2_STEPS = ((32000, "ebs-io2-iops-month"), (64000, "ebs-io2-iops-month-over-32000"), (float("inf"), "ebs-io2-iops-month-over-64000"))


def run_cost(subject: Subject, type_name: str, volumes: Sequence[VolumeChoice], prices: Prices, side: Side) -> Iterator[CostLine]:
    """The lines of a month. Without a type (nothing holds it) only what is kept is counted."""
    if subject.machine.power == "on" and type_name:
        yield from _hours(subject, type_name, prices, side)
    for volume in volumes:
        yield from volume_cost(volume, prices, side)
    yield from _backup(volumes, prices, side)
    yield from _transfer(subject, prices, side)


def plain_volumes(subject: Subject) -> tuple[VolumeChoice, ...]:
    """Volumes as found (on AWS) or gp3 of the disks' size with what gp3 includes (from vSphere), when nobody chose any."""
    chosen = []
    for disk in subject.machine.disks:
        size = -(-max(disk.size, 0) // GIB) * GIB
        kind = disk.kind if subject.machine.kind == "aws" and disk.kind else "gp3"
        iops = int(disk.iops or (GP3_FREE_IOPS if kind == "gp3" else 0))
        throughput = int(disk.throughput or (GP3_FREE_BYTES_S if kind == "gp3" else 0))
        why = "as it is" if subject.machine.kind == "aws" else "gp3 with what it includes; nothing was measured"
        chosen.append(VolumeChoice(disk=disk.label, size=size, kind=kind, iops=iops, throughput=throughput, usd_month=0.0, why=why))
    return tuple(chosen)


def _hours(s: Subject, type_name: str, prices: Prices, side: Side) -> Iterator[CostLine]:
    price = prices.hour(type_name)
    if price is not None:
        yield monthly(f"{type_name}, running all month", HOURS_PER_MONTH, "hours", price, side)
    kind = instance_types().get(type_name)
    if kind is not None and split(s.system)[0] == "windows":
        amount = kind.cpus * HOURS_PER_MONTH
        yield monthly(f"Windows licence of AWS, {kind.cpus} vCPUs", amount, "vCPU-hours", prices["windows-vcpu-hour"], side)


def volume_cost(volume: VolumeChoice, prices: Prices, side: Side) -> Iterator[CostLine]:
    """The lines of one volume: its size, and what is provisioned above what is included."""
    gib = volume.size / GIB
    name = f"{volume.disk or 'disk'} ({volume.kind})"
    yield monthly(f"{name}, size", gib, "GiB", _gib_price(volume.kind, prices), side)
    if volume.kind == "gp3":
        if volume.iops > GP3_FREE_IOPS:
            yield monthly(f"{name}, operations", volume.iops - GP3_FREE_IOPS, "IOPS over 3,000", prices["ebs-gp3-iops-month"], side)
        if volume.throughput > GP3_FREE_BYTES_S:
            over = (volume.throughput - GP3_FREE_BYTES_S) / _MIB
            yield monthly(f"{name}, throughput", over, "MiB/s over 125", prices["ebs-gp3-mib-s-month"], side)
    elif volume.kind == "io1" and volume.iops:
        yield monthly(f"{name}, operations", volume.iops, "IOPS", prices["ebs-io1-iops-month"], side)
    elif volume.kind == "io2":
        yield from _io2(name, volume.iops, prices, side)


def _io2(name: str, iops: int, prices: Prices, side: Side) -> Iterator[CostLine]:
    below = 0.0
    for limit, price in _IO2_STEPS:
        amount = min(iops, limit) - below
        if amount <= 0:
            return
        yield monthly(f"{name}, operations", amount, "IOPS", prices[price], side)
        below = limit


def _gib_price(kind: str, prices: Prices) -> Price:
    name = f"ebs-{kind}-gib-month"
    return prices.prices[name] if name in prices.prices else prices["ebs-gp3-gib-month"]


def _backup(volumes: Sequence[VolumeChoice], prices: Prices, side: Side) -> Iterator[CostLine]:
    gib, share = sum(volume.size for volume in volumes) / GIB, prices["backup-share"].value
    if gib > 0 and share > 0:
        yield monthly(f"snapshots as backup, {share:.0%} of {gib:,.1f} GiB", gib * share, "GiB", prices["ebs-snapshot-gib-month"], side)


def _transfer(s: Subject, prices: Prices, side: Side) -> Iterator[CostLine]:
    seen, share = s.usage.get(Metric.NET_BYTES), prices["transfer-out-share"].value
    if seen is None or seen.mean <= 0 or share <= 0:
        return
    gib = seen.mean * _SECONDS_PER_MONTH * share / GIB
    yield monthly(f"{LEAVING}, {share:.0%} of what its cards were seen to do", gib, "GiB", prices["transfer-out-gib"], side)
