"""What is known of a machine's use, and whether it is enough to conclude anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.estate.model import GIB
from migration.assess.sizing_rules import SizingRules
from migration.assess.sizing_use import LONGEST_MEAN_S, Numbers, Use, use_of_percentiles, use_of_series
from migration.discover.model import FoundMachine, Inventory, Metric, Percentiles


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What is known of a machine's use.

    Attributes:
        usage: stored percentiles by metric.
        core_mhz: the clock of a core of the host it stands on.
        series: hourly maxima of used cores and of used GiB, of the same hours, when raw samples are still there.
        tier: the server's tier in the estate, for its volumes.
    """

    usage: Mapping[Metric, Percentiles] = field(default_factory=dict)
    core_mhz: float | None = None
    series: tuple[Numbers, Numbers] | None = None
    tier: str = ""


def measured_in(inventory: Inventory, *, tiers: Mapping[str, str] | None = None) -> dict[str, Measured]:
    """What an inventory knows of each machine's use; `tiers` by machine key."""
    clocks = {(host.site, host.name): float(host.mhz) for host in inventory.hosts if host.mhz}
    usage = inventory.usage_of()
    return {
        m.key: Measured(usage=usage.get(m.key, {}), core_mhz=clocks.get((m.site, m.host)), tier=(tiers or {}).get(m.key, ""))
        for m in inventory.machines
    }


def judged_use(machine: FoundMachine, measured: Measured, rules: SizingRules) -> tuple[Use | None, str]:
    """What a machine used, or why nothing can be concluded."""
    if machine.power != "on":
        return None, f"it is {machine.power}"
    if measured.series is not None:
        cpus, memory = measured.series
        use = (
            use_of_series(cpus, memory, has_cpus=machine.cpus, has_memory=machine.memory / GIB) if machine.cpus and machine.memory else None
        )
        return (use, "") if use is not None else (None, "no sample has both CPU and memory")
    weak = _weakness(measured.usage, rules)
    if weak:
        return None, weak
    use = use_of_percentiles(machine, measured.usage, core_mhz=measured.core_mhz)
    return (use, "") if use is not None else (None, "neither CPU nor memory was measured")


def _weakness(usage: Mapping[Metric, Percentiles], rules: SizingRules) -> str:
    for metric in (Metric.CPU_MHZ, Metric.CPU_PERCENT, Metric.MEMORY):
        found = usage.get(metric)
        if found is None:
            continue
        days = ((found.last - found.first).total_seconds() + found.interval_s) / 86_400
        if found.expected and found.samples / found.expected < rules.least_coverage:
            return f"only {found.samples / found.expected:.0%} of the samples of {metric.value} are there"
        if not found.peaks and found.interval_s > LONGEST_MEAN_S:
            return f"{metric.value} is known as means of {found.interval_s / 3600:g} hours, which hide the peaks"
        if days < rules.least_days:
            return f"{metric.value} was measured for {days:.1f} days; {rules.least_days:g} are needed"
    return ""


def basis(measured: Measured, use: Use) -> str:
    """What the sizing rests on, for a report."""
    if measured.series is not None:
        return f"hourly maxima of {len(use.cpus) / 24:.0f} days"
    found = next(measured.usage[m] for m in (Metric.CPU_MHZ, Metric.CPU_PERCENT, Metric.MEMORY) if m in measured.usage)
    days = (found.last - found.first).days
    kind = "peaks" if found.peaks else "means"
    coverage = f", {found.samples / found.expected:.0%} of the samples" if found.expected else ""
    lacking = {"CPU", "memory"} - use.measured
    kept = f"; {' and '.join(sorted(lacking))} was not measured and keeps its size" if lacking else ""
    return f"percentiles of {days} days of {kind} of {found.interval_s} s{coverage}{kept}"
