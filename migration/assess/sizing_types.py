"""The EC2 types that a machine could become: what starts it, takes its cards and does its disk work, with its price of a month."""

from __future__ import annotations

from collections.abc import Mapping

from infra.catalogue import InstanceType, server_types
from infra.guest_systems import split
from infra.prices import Prices
from migration.assess.frontier import Candidate
from migration.assess.model import HOURS_PER_MONTH
from migration.assess.sizing_rules import SizingRules
from migration.assess.sizing_use import Use
from migration.assess.subject import system_of
from migration.discover.model import FoundMachine, Metric, Percentiles

_MB = 1_000_000
# Share of a vCPU that a burstable type earns for ever (Amazon EC2 User Guide, burstable performance instances).
_EARNED = {"nano": 0.05, "micro": 0.1, "small": 0.2, "medium": 0.2, "large": 0.3, "xlarge": 0.4, "2xlarge": 0.4}
_EARNED_USED = 0.8
"""Of what is earned, only this much is counted on: a mean of two months is not each day's mean."""


def candidates(
    machine: FoundMachine, usage: Mapping[Metric, Percentiles], use: Use | None, rules: SizingRules, prices: Prices
) -> tuple[Candidate, ...]:
    """The types to choose from, cheapest first. Disk limits are left aside when no type at all keeps them: a size is better than none."""
    firmware = "efi" if machine.firmware.lower().startswith(("efi", "uefi")) else "bios"
    windows = split(system_of(machine))[0] == "windows"
    fitting = [t for t in server_types(firmware) if _fits(t, machine, use, rules)]
    enough = [t for t in fitting if carries_disks(t, usage)]
    return tuple(
        sorted(
            (
                Candidate(name=t.name, cpus=t.cpus, memory=t.memory, usd_month=usd_month(t, prices, windows=windows))
                for t in enough or fitting
            ),
            key=lambda c: (c.usd_month, c.name),
        )
    )


def usd_month(kind: InstanceType, prices: Prices, *, windows: bool) -> float:
    """A month of a type, running all the time; Windows is paid by the vCPU."""
    price = prices.hour(kind.name)
    hour = price.value if price is not None else float(kind.usd_per_hour or 0)
    return HOURS_PER_MONTH * (hour + (kind.cpus * prices["windows-vcpu-hour"].value if windows else 0.0))


def carries_disks(kind: InstanceType, usage: Mapping[Metric, Percentiles]) -> bool:
    """Whether the type does all day what the disks did in all but one hour of a hundred."""
    for metric, limit in ((Metric.IOPS, kind.ebs_iops), (Metric.DISK_BYTES, kind.ebs_mbyte_s * _MB)):
        found = usage.get(metric)
        if found is not None and limit and found.p99 > limit:
            return False
    return True


def _fits(kind: InstanceType, machine: FoundMachine, use: Use | None, rules: SizingRules) -> bool:
    if kind.max_nics < len(machine.nics) or (rules.families and kind.family not in rules.families):
        return False
    return not kind.burstable or (rules.burstable and use is not None and within_credits(kind, use))


def within_credits(kind: InstanceType, use: Use) -> bool:
    """Whether a burstable type earns the machine's mean use with room to spare, so that its credits never end."""
    share = _EARNED.get(kind.name.partition(".")[2], 0.0)
    return "CPU" in use.measured and use.mean_cpus <= _EARNED_USED * share * kind.cpus
