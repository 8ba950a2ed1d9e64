"""The inventory in tables: machines by site and cluster, what is gone, findings."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from cli.capacity_bars import age_words
from cli.output import styled
from cli.paragraphs import columns, heading, paragraph
from infra.errors import InclineError
from infra.estate.problems import did_you_mean
from migration.discover.model import Finding, FoundMachine, Gravity, Inventory, Metric, Percentiles
from migration.discover.store import GoneMachine

MOST = 200
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STYLES = {Gravity.ERROR: "red", Gravity.WARNING: "yellow", Gravity.NOTE: "dim"}


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What to list. `taken`: when each site was looked at; `chosen`: sites were named, so that all their machines are wanted."""

    inventory: Inventory
    taken: Mapping[str, datetime]
    chosen: bool


def known_sites(names: Iterable[str], taken: Mapping[str, datetime]) -> None:
    """Refuse a site that nobody looked at.

    Raises:
        InclineError: INC-7097 with what was meant.
    """
    for name in names:
        if name not in taken:
            raise InclineError(
                f"{name}: the inventory has no such site", code="INC-7097", next_step=did_you_mean(name, taken) or "incline discover --all"
            )


def document(found: Listing) -> dict[str, Any]:
    """For programs."""
    inventory = found.inventory
    sites = {machine.site for machine in inventory.machines} | {host.site for host in inventory.hosts}
    return {
        "schema": "incline.inventory/1",
        "sites": {name: {"taken_at": moment.isoformat()} for name, moment in found.taken.items() if name in sites or not found.chosen},
        "machines": [_row_document(machine) for machine in inventory.machines],
        "hosts": len(inventory.hosts),
        "datastores": len(inventory.datastores),
        "networks": len(inventory.networks),
        "edges": len(inventory.edges),
        "findings": dict(Counter(each.gravity.value for each in inventory.findings)),
    }


def text(found: Listing) -> str:
    """For people."""
    return "\n".join(_lines(found))


def _lines(found: Listing) -> Iterator[str]:
    inventory = found.inventory
    usage, all_rows = inventory.usage_of(), found.chosen or len(inventory.machines) <= MOST
    clock = {(host.site, host.name): float(host.mhz) for host in inventory.hosts}
    by_site = _by(inventory.machines, "site")
    for site, machines in by_site.items():
        taken = found.taken.get(site)
        age = age_words((datetime.now(UTC) - taken).total_seconds() / 3600) if taken else "age unknown"
        yield heading(f"{site}: {_totals(machines)}")
        yield f"  {machines[0].source}, {age}"
        for cluster, some in _by(machines, "cluster").items():
            if cluster:
                yield f"  {cluster}: {_totals(some)}"
            if all_rows:
                strangers = any(machine.server for machine in machines)
                rows = (_row(m, _busy(usage.get(m.key, {}), m, clock), strangers=strangers) for m in some)
                yield from columns(rows, indent="    ")
    empty = [name for name in found.taken if name not in by_site and not found.chosen]
    if empty:
        yield f"\n{', '.join(empty)}: no machines"
    if not all_rows:
        yield f"\n{len(inventory.machines):,} machines are too many for one list: --site SITE lists a site's, --json all"
    if inventory.findings:
        yield f"\n{len(inventory.findings):,} findings: incline inventory findings"


def _by(machines: Sequence[FoundMachine], field: str) -> dict[str, list[FoundMachine]]:
    found: dict[str, list[FoundMachine]] = {}
    for machine in sorted(machines, key=lambda m: (m.site, m.cluster, m.name)):
        found.setdefault(str(getattr(machine, field)), []).append(machine)
    return found


def _totals(machines: Sequence[FoundMachine]) -> str:
    real = [machine for machine in machines if not machine.template]
    running = [machine for machine in real if machine.power == "on"]
    parts = [f"{len(real):,} {'machines' if len(real) != 1 else 'machine'}"]
    parts += [f"{len(running):,} on"] if len(running) != len(real) else []
    parts += [
        f"{sum(m.cpus for m in real):,} vCPU",
        size(sum(m.memory for m in real)),
        f"{size(sum(m.provisioned for m in real))} of disks",
    ]
    templates = len(machines) - len(real)
    return ", ".join([*parts, *([f"{templates} {'templates' if templates != 1 else 'template'}"] if templates else [])])


def _row(machine: FoundMachine, busy: str, *, strangers: bool) -> tuple[str, ...]:
    """`strangers`: the site's other machines are servers of the estate, so that one that is not is worth a word."""
    state = "template" if machine.template else "" if machine.power == "on" else machine.power
    server = "" if machine.server == machine.name else f"server {machine.server}" if machine.server else ""
    server = server or ("not in the estate" if strangers and not machine.server and not machine.template else "")
    where = machine.host or machine.instance_type
    about = ", ".join(word for word in (where, state, server) if word)
    sizes = (f"{machine.cpus or '?':>3} vCPU", f"{size(machine.memory) if machine.memory else '?':>9}", f"{size(machine.provisioned):>9}")
    return (machine.name, *sizes, f"{machine.os or machine.os_config or '?':14}", busy, about)


def _busy(usage: Mapping[Metric, Percentiles], machine: FoundMachine, clock: Mapping[tuple[str, str], float]) -> str:
    """95th percentiles of processor and memory, in per cent of what the machine has."""
    cpu, mhz, memory = usage.get(Metric.CPU_PERCENT), usage.get(Metric.CPU_MHZ), usage.get(Metric.MEMORY)
    whole = clock.get((machine.site, machine.host), 0.0) * machine.cpus
    percent = cpu.p95 if cpu else 100 * mhz.p95 / whole if mhz and whole else None
    parts = [] if percent is None else [f"cpu {percent:3.0f} %"]
    parts += [f"mem {100 * memory.p95 / machine.memory:3.0f} %"] if memory and machine.memory else []
    return " ".join(parts)


def _row_document(machine: FoundMachine) -> dict[str, Any]:
    fields = ("key", "name", "site", "server", "kind", "cluster", "host", "instance_type", "cpus", "memory", "power", "template", "os")
    return {name: getattr(machine, name) for name in fields} | {"provisioned": machine.provisioned, "addresses": list(machine.addresses)}


def size(count: float) -> str:
    """A number of bytes in the unit that people say it in."""
    unit = 0
    while abs(count) >= 1024 and unit < len(_UNITS) - 1:
        count, unit = count / 1024, unit + 1
    return f"{count:,.0f} {_UNITS[unit]}" if count >= 100 or count == int(count) else f"{count:.1f} {_UNITS[unit]}"


def gone_document(vanished: Sequence[GoneMachine]) -> dict[str, Any]:
    """For programs."""
    rows = [
        _row_document(each.machine) | {"last_seen": each.last_seen.isoformat(), "gone_at": each.gone_at.isoformat()} for each in vanished
    ]
    return {"schema": "incline.inventory-gone/1", "machines": rows}


def gone_text(vanished: Sequence[GoneMachine]) -> str:
    """For people."""
    if not vanished:
        return "nothing has gone"
    rows = ((each.machine.site, each.machine.name, f"last seen {each.last_seen:%Y-%m-%d %H:%M} UTC", each.machine.key) for each in vanished)
    return "\n".join(columns(rows, indent=""))


def findings_document(found: Sequence[Finding]) -> dict[str, Any]:
    """For programs."""
    return {"schema": "incline.inventory-findings/1", "findings": [asdict(each) for each in found]}


def findings_text(found: Sequence[Finding]) -> str:
    """For people: the gravest first."""
    return "\n".join(_findings(found)) if found else "no findings"


def _findings(found: Sequence[Finding]) -> Iterator[str]:
    order = list(Gravity)
    for each in sorted(found, key=lambda f: (order.index(f.gravity), f.code, f.where)):
        yield f"{styled(f'{each.gravity.value} {each.code}', _STYLES[each.gravity], sys.stdout)}  {each.where}"
        yield paragraph(each.what, indent="  ")
        yield from (
            paragraph(words, indent="  ", first=first) for first, words in (("taken: ", each.taken), ("do: ", each.remedy)) if words
        )
    counts = Counter(each.gravity for each in found)
    words = [f"{counts[gravity]:,} {gravity.value}{'s' if counts[gravity] != 1 else ''}" for gravity in order if counts[gravity]]
    yield f"\n{', '.join(words)}; docs/findings.md says what each means"
