"""Usage that files tell in one or two figures per machine: Export for vCenter, Azure Migrate, a plain table.

A figure without its samples counts as one sample of a month that should have 8,640, so that the data confidence of a machine sized by
it is as low as it should be. Statistics that are not told are taken from the next higher that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from migration.discover.exchange.rvtools_machines import Origin
from migration.discover.exchange.tables import Row, Table
from migration.discover.model import FoundMachine, Metric, Percentiles

MONTH_OF_SAMPLES = 8_640
INTERVAL_S = 300
STATISTICS = ("mean", "p50", "p90", "p95", "p99", "maximum")


def figures(machine: str, metric: Metric, told: Mapping[str, float], source: str, at: datetime) -> Percentiles:
    """Percentiles out of what is told: a mean, a 95th percentile, a maximum."""
    values: list[float] = []
    above = told[max(told, key=STATISTICS.index)]
    for name in reversed(STATISTICS):
        above = told.get(name, above)
        values.append(above)
    mean, p50, p90, p95, p99, maximum = reversed(values)
    return Percentiles(
        machine=machine,
        metric=metric,
        interval_s=INTERVAL_S,
        samples=1,
        expected=MONTH_OF_SAMPLES,
        first=at,
        last=at,
        mean=mean,
        p50=told.get("p50", told.get("mean", p50)),
        p90=p90,
        p95=p95,
        p99=p99,
        maximum=maximum,
        source=source,
    )


def read_performance(table: Table | None, machines: Sequence[FoundMachine], origin: Origin) -> tuple[Percentiles, ...]:
    """VPerformance of Export for vCenter: mean and maximum of processor and memory in per cent, by name or UUID."""
    if table is None:
        return ()
    by_uuid = {each.uuid: each for each in machines if each.uuid}
    by_name: dict[str, list[FoundMachine]] = {}
    for each in machines:
        by_name.setdefault(each.name, []).append(each)
    found: dict[tuple[str, Metric], Percentiles] = {}
    for row in table:
        named = by_name.get(row.text("vmname", "vm"), [])
        machine = by_uuid.get(row.text("vmuuid").casefold()) or (named[0] if len(named) == 1 else None)
        if machine is None:
            row.note("DSC-029", f"{row.text('vmname', 'vm')} is not in vInfo, or not alone in its name", taken="the row was left out")
            continue
        at = row.moment("timestamp") or origin.as_of
        for one in _row(row, machine, origin, at):
            found.setdefault((one.machine, one.metric), one)
    if found:
        table.notes.add(
            "DSC-051",
            f"usage of {len({key for key, _ in found}):,} machines is told as mean and maximum alone",
            tab=table.tab,
            taken="the maximum for every percentile",
        )
    return tuple(found.values())


def _row(row: Row, machine: FoundMachine, origin: Origin, at: datetime) -> list[Percentiles]:
    found = []
    cpu = _percentages(row, "avgcpuusagepctdec", "maxcpuusagepctdec")
    memory = _percentages(row, "avgramutlpctdec", "maxramusagepctdec")
    if cpu:
        found.append(figures(machine.key, Metric.CPU_PERCENT, cpu, origin.source, at))
    if memory and machine.memory:
        used = {name: value / 100 * machine.memory for name, value in memory.items()}
        found.append(figures(machine.key, Metric.MEMORY, used, origin.source, at))
    return found


def _percentages(row: Row, mean: str, maximum: str) -> dict[str, float]:
    told = {"mean": percent(row, mean), "maximum": percent(row, maximum)}
    return {name: value for name, value in told.items() if value is not None}


def percent(row: Row, *names: str) -> float | None:
    """A percentage of at most 100."""
    value = row.number(*names, whole=False)
    if value is not None and value > 100:
        row.note("DSC-035", f"{names[0]}: {value:g} % is more than all", taken="100 %")
        return 100.0
    return value
