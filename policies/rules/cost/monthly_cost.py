"""What a machine on AWS costs in a month, on demand: the instance while it runs, its volumes always."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from infra.catalogue import instance_types
from infra.estate.model import GIB
from policies.evidence import Evidence, PromiseEvidence, ServerEvidence, Unknown, VolumeEvidence
from policies.rule import Parameters

MIB = 1 << 20
_FREE_IOPS, _FREE_MIB_S = 3000.0, 125.0


@dataclass(frozen=True, slots=True)
class Rates:
    """What things cost, in USD, and the hours of a month."""

    hours: float
    gib: float
    iops: float
    mib_s: float
    windows: float

    @staticmethod
    def of(parameters: Parameters) -> Rates:
        """The rates of the city's standards."""
        return Rates(
            hours=parameters.number("hours_month"),
            gib=parameters.number("gp3_usd_gib_month"),
            iops=parameters.number("gp3_usd_iops_month"),
            mib_s=parameters.number("gp3_usd_mib_s_month"),
            windows=parameters.number("windows_usd_vcpu_hour"),
        )


@dataclass(slots=True)
class Cost:
    """A sum in USD a month; at least that much where `lacks` names what has no known price."""

    usd: float = 0
    lacks: list[str] = field(default_factory=list)

    def add(self, other: Cost) -> None:
        """One more."""
        self.usd += other.usd
        self.lacks.extend(other.lacks)


def cost_of(machine: ServerEvidence, evidence: Evidence, rates: Rates) -> Cost:
    """One machine. A held one, or one that was seen stopped, costs its volumes only."""
    cost = _storage(machine, rates)
    if machine.held or machine.running is False:
        return cost
    kind = machine.instance.instance_type if machine.instance else Unknown(f"instance type of {machine.name}", "the reader does not tell")
    if isinstance(kind, Unknown):
        cost.lacks.append(str(kind))
        return cost
    cost.add(_hours(kind, evidence, rates))
    known = instance_types().get(kind)
    if known is not None and machine.os.startswith("windows"):
        cost.usd += known.cpus * rates.windows * rates.hours
    return cost


def promise_cost(promise: PromiseEvidence, evidence: Evidence, rates: Rates) -> Cost:
    """A promise of another stack, as far as it says what it will be."""
    cost = Cost(promise.disk / GIB * rates.gib)
    if promise.instance_type:
        cost.add(_hours(promise.instance_type, evidence, rates))
    else:
        cost.lacks.append(f"instance type of {promise.holder} (the promise of {promise.by} does not say)")
    return cost


def _hours(kind: str, evidence: Evidence, rates: Rates) -> Cost:
    price = evidence.prices.get(kind)
    if price is None:
        return Cost(0, [f"price of {kind} (neither the catalogue nor the estate has one)"])
    return Cost(price.usd_per_hour * rates.hours)


def _storage(machine: ServerEvidence, rates: Rates) -> Cost:
    volumes = machine.instance.volumes if machine.instance else ()
    if isinstance(volumes, Unknown) or not volumes:
        cost = Cost(0, [str(size) for size in machine.disks if isinstance(size, Unknown)])
        cost.usd = sum(size for size in machine.disks if not isinstance(size, Unknown)) / GIB * rates.gib
        return cost
    return _volumes(volumes, rates)


def _volumes(volumes: Sequence[VolumeEvidence], rates: Rates) -> Cost:
    cost = Cost()
    for volume in volumes:
        if isinstance(volume.size, Unknown):
            cost.lacks.append(str(volume.size))
        else:
            cost.usd += volume.size / GIB * rates.gib
        if volume.type == "gp3" and not isinstance(volume.iops, Unknown):
            cost.usd += max(0.0, volume.iops - _FREE_IOPS) * rates.iops
        if volume.type == "gp3" and not isinstance(volume.throughput, Unknown):
            cost.usd += max(0.0, volume.throughput / MIB - _FREE_MIB_S) * rates.mib_s
    return cost
