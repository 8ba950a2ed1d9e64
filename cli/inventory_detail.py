"""One machine of the inventory in full."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from cli.inventory_tables import size
from cli.output import styled
from cli.paragraphs import columns, heading
from infra.errors import InclineError
from infra.estate.problems import did_you_mean
from migration.discover.model import FoundMachine, Inventory, Metric, Percentiles

_NAMES = {
    Metric.CPU_MHZ: "processor, MHz",
    Metric.CPU_PERCENT: "processor, %",
    Metric.MEMORY: "memory",
    Metric.IOPS: "disk, operations/s",
    Metric.DISK_BYTES: "disk, bytes/s",
    Metric.NET_BYTES: "network, bytes/s",
}
_IN_BYTES = frozenset({Metric.MEMORY, Metric.DISK_BYTES, Metric.NET_BYTES})


def find(inventory: Inventory, wanted: str) -> FoundMachine:
    """By key, name, server, uuid or address.

    Raises:
        InclineError: none (INC-7098) or several (INC-7099) are meant.
    """
    found = [machine for machine in inventory.machines if wanted in _identities(machine)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InclineError(
            f"{wanted}: the inventory has {len(found)} such machines",
            code="INC-7099",
            details=tuple(f"{machine.key}  {machine.name}" for machine in found[:10]),
            next_step=f"incline inventory show {found[0].key}",
        )
    names = [machine.name for machine in inventory.machines]
    raise InclineError(f"{wanted}: the inventory has no such machine", code="INC-7098", next_step=did_you_mean(wanted, names))


def _identities(machine: FoundMachine) -> set[str]:
    return {machine.key, machine.name, machine.server, machine.uuid, machine.moref, machine.dns_name, *machine.addresses} - {""}


def document(inventory: Inventory, machine: FoundMachine) -> dict[str, Any]:
    """For programs."""
    usage = inventory.usage_of().get(machine.key, {})
    edges = [asdict(edge) for edge in inventory.edges if machine.key in {edge.source, edge.target}]
    return {
        "schema": "incline.inventory-machine/1",
        "machine": asdict(machine) | {"provisioned": machine.provisioned},
        "usage": {metric.value: asdict(each) for metric, each in usage.items()},
        "edges": edges,
    }


def text(inventory: Inventory, machine: FoundMachine) -> str:
    """For people."""
    return "\n".join(_lines(inventory, machine))


def _lines(inventory: Inventory, machine: FoundMachine) -> Iterator[str]:
    server = f"server {machine.server}" if machine.server else "no server of the estate"
    yield styled(f"{machine.name}: {server}, {machine.site}", "bold", sys.stdout)
    yield from columns((name, value) for name, value in _facts(machine) if value)
    yield from _part("disks", [_disk(machine, n) for n in range(len(machine.disks))])
    yield from _part(
        "network", [(nic.label, nic.network, nic.adapter, nic.mac, ", ".join(nic.addresses) or "no address") for nic in machine.nics]
    )
    yield from _part(
        "file systems",
        [(p.path, size(p.capacity), "" if p.free is None else f"{size(p.free)} free") for p in machine.partitions],
    )
    yield from _part("snapshots", [(s.name, f"{s.created:%Y-%m-%d %H:%M}" if s.created else "") for s in machine.snapshots])
    yield from _part("devices", [(device,) for device in machine.devices])
    yield from _part("tags", [(key, value) for key, value in {**machine.tags, **machine.custom}.items()])
    yield from _usage(inventory.usage_of().get(machine.key, {}))
    names = {each.key: each.name for each in inventory.machines}
    used = [(names.get(e.target, e.target), f"{e.protocol}/{e.port}") for e in inventory.edges if e.source == machine.key]
    serves = [(names.get(e.source, e.source), f"{e.protocol}/{e.port}") for e in inventory.edges if e.target == machine.key]
    yield from _part("uses", used)
    yield from _part("is used by", serves)


def _facts(machine: FoundMachine) -> Iterator[tuple[str, str]]:
    yield "key", machine.key
    yield "told by", f"{machine.source}, {machine.as_of:%Y-%m-%d %H:%M} UTC"
    yield "size", f"{machine.cpus} vCPU, {size(machine.memory)} memory, {size(machine.provisioned)} of disks"
    yield "power", machine.power + (", a template" if machine.template else "")
    yield "system", machine.os or "not known"
    yield "told as", " / ".join(word for word in (machine.os_config, machine.os_guest) if word)
    yield "firmware", machine.firmware + (", secure boot" if machine.secure_boot else "")
    yield "hardware", f"version {machine.hardware_version}" if machine.hardware_version else machine.instance_type
    yield "stands on", ", ".join(word for word in (machine.host, machine.cluster, machine.datacenter, machine.zone) if word)
    yield "folder", machine.folder
    yield "addresses", ", ".join(machine.addresses)
    yield "tools", machine.tools
    yield "started", f"{machine.booted:%Y-%m-%d %H:%M} UTC" if machine.booted else ""
    yield "tracking", "" if machine.tracking is None else "changed blocks are tracked" if machine.tracking else "off"


def _disk(machine: FoundMachine, n: int) -> tuple[str, ...]:
    disk = machine.disks[n]
    words = [
        disk.controller,
        disk.datastore or disk.kind,
        "" if disk.thin is None else "thin" if disk.thin else "thick",
        f"{disk.iops:,.0f} IOPS" if disk.iops else "",
        disk.mode if "independent" in disk.mode else "",
        "raw device" if disk.raw else "",
        "encrypted" if disk.encrypted else "",
    ]
    return disk.label, f"{size(disk.size):>9}", ", ".join(word for word in words if word)


def _part(title: str, rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        yield heading(title)
        yield from columns(rows)


def _usage(usage: dict[Metric, Percentiles]) -> Iterator[str]:
    if not usage:
        return
    yield heading("usage")
    rows: list[tuple[str, ...]] = [("", "mean", "p50", "p95", "p99", "largest", "samples")]
    for metric in Metric:
        each = usage.get(metric)
        if each is not None:
            values = (each.mean, each.p50, each.p95, each.p99, each.maximum)
            days = (each.last - each.first).total_seconds() / 86400
            about = f"{each.samples:,} of {each.expected:,}, every {each.interval_s // 60} min over {days:.0f} days, {each.source}"
            rows.append((_NAMES[metric], *(_amount(metric, value) for value in values), about))
    yield from columns(rows)


def _amount(metric: Metric, value: float) -> str:
    if metric in _IN_BYTES:
        return size(round(value))
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
