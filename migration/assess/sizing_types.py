"""The EC2 types that a machine could become: what starts it, takes its cards and does its disk work, with its price of a month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infra.catalogue import InstanceType, instance_types, server_types
from infra.guest_systems import split
from infra.prices import HOURS_PER_MONTH, Prices
from migration.assess.frontier import Candidate, worthwhile
from migration.assess.sizing_rules import SizingRules
from migration.assess.sizing_use import Use
from migration.assess.subject import system_of
from migration.discover.model import FoundMachine, Metric, Percentiles

_MB = 1_000_000
# Share of a vCPU that a burstable type earns for ever (Amazon EC2 User Guide, burstable performance instances).
_EARNED = {"nano": 0.05, "micro": 0.1, "small": 0.2, "medium": 0.2, "large": 0.3, "xlarge": 0.4, "2xlarge": 0.4}
_EARNED_USED = 0.8
"""Of what is earned, only this much is counted on: a mean of two months is not each day's mean."""


class Offers:
    """What there is to choose from. Machines of one kind share a list: ten thousand do not sort the catalogue as often."""

    def __init__(self, rules: SizingRules, prices: Prices) -> None:
        self._rules = rules
        self._prices = prices
        self._priced: dict[tuple[str, bool], tuple[tuple[InstanceType, Candidate], ...]] = {}
        self._lists: dict[tuple[str, bool, int], tuple[Candidate, ...]] = {}

    def to(self, machine: FoundMachine, usage: Mapping[Metric, Percentiles], use: Use | None) -> tuple[Candidate, ...]:
        """The types worth a look for a machine, cheapest first.

        Disk limits are left aside when no type at all that holds the machine keeps them: a size is better than none.
        """
        firmware = "efi" if machine.firmware.lower().startswith(("efi", "uefi")) else "bios"
        windows = split(system_of(machine))[0] == "windows"
        key = (firmware, windows, len(machine.nics))
        if key not in self._lists:
            self._lists[key] = worthwhile(c for t, c in self._all(firmware, windows=windows) if self._fits(t, machine) and not t.burstable)
        plain = self._lists[key]
        burstable = self._burstable(machine, use, firmware, windows=windows)
        if not burstable and _all_carry(plain, usage):
            return plain
        fitting = [
            (t, c) for t, c in self._all(firmware, windows=windows) if self._fits(t, machine) and (not t.burstable or c in burstable)
        ]
        enough = worthwhile(c for t, c in fitting if carries_disks(t, usage))
        held = any(c.covers(machine.cpus, machine.memory) for c in enough)
        return enough if held else worthwhile(c for _, c in fitting)

    def _all(self, firmware: str, *, windows: bool) -> tuple[tuple[InstanceType, Candidate], ...]:
        if (firmware, windows) not in self._priced:
            self._priced[firmware, windows] = tuple(
                (t, Candidate(name=t.name, cpus=t.cpus, memory=t.memory, usd_month=usd_month(t, self._prices, windows=windows)))
                for t in server_types(firmware)
            )
        return self._priced[firmware, windows]

    def _fits(self, kind: InstanceType, machine: FoundMachine) -> bool:
        return kind.max_nics >= len(machine.nics) and (not self._rules.families or kind.family in self._rules.families)

    def _burstable(self, machine: FoundMachine, use: Use | None, firmware: str, *, windows: bool) -> frozenset[Candidate]:
        if not self._rules.burstable or use is None:
            return frozenset()
        every = self._all(firmware, windows=windows)
        return frozenset(c for t, c in every if t.burstable and self._fits(t, machine) and within_credits(t, use))


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


def within_credits(kind: InstanceType, use: Use) -> bool:
    """Whether a burstable type earns the machine's mean use with room to spare, so that its credits never end."""
    share = _EARNED.get(kind.name.partition(".")[2], 0.0)
    return "CPU" in use.measured and use.mean_cpus <= _EARNED_USED * share * kind.cpus


def _all_carry(offered: Iterable[Candidate], usage: Mapping[Metric, Percentiles]) -> bool:
    if Metric.IOPS not in usage and Metric.DISK_BYTES not in usage:
        return True
    return all(carries_disks(instance_types()[c.name], usage) for c in offered)
