"""CAP-016: the volumes and the instance type do what the machine's disks were measured to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra.estate.model import GIB
from policies.evidence import Evidence, ServerEvidence, Unknown, UsageEvidence, VolumeEvidence
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.aws_machines import at_most, aws_machines, is_strange, measured, not_measured, type_of
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class _Rate:
    """One of the two measures: what was used, what the weakest volume, all volumes and the type can do. None: nobody knows."""

    name: str
    unit: str
    scale: float
    used: float | Unknown
    weakest: float | None
    volumes: float | None
    kind: float | None

    @property
    def best(self) -> float:
        """The most there can be: the load spread over all volumes as it suits them, under the type's own limit."""
        return min(v for v in (self.volumes, self.kind, float("inf")) if v is not None)

    @property
    def sure(self) -> float:
        """What there is however the load is spread: all of it on the weakest volume."""
        return 0 if self.weakest is None or self.kind is None else min(self.weakest, self.kind)

    def text(self, value: float | None) -> str:
        """A value with its unit."""
        return "?" if value is None else f"{format_number(value / self.scale)} {self.unit}"


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every machine that stands on AWS or moves there."""
    machines = [m for m in aws_machines(evidence) if not m.held and not is_strange(m)]
    if not machines:
        yield rule.not_applicable("no machine stands on AWS or moves there")
        return
    use = measured(evidence)
    for machine in machines:
        usage = use.get(machine.name)
        if usage is None:
            yield _unmeasured(rule, machine)
        else:
            yield _judge(rule, machine, usage, parameters)


def _unmeasured(rule: Rule, machine: ServerEvidence) -> Verdict:
    message = f"{machine.name}: what its disks are asked for was not measured"
    lacks = (str(not_measured(machine.name)),)
    return rule.verdict(Outcome.UNDETERMINED, machine.target, message, missing=lacks, source=machine.source, urn=machine.urn)


def _judge(rule: Rule, machine: ServerEvidence, usage: UsageEvidence, parameters: Parameters) -> Verdict:
    rates = _rates(machine, usage, parameters)
    factor = 100 / parameters.number("percent")
    short = [r for r in rates if not isinstance(r.used, Unknown) and r.used * factor > r.best]
    lacks = tuple(dict.fromkeys(lack for rate in rates if (lack := _lack(machine, rate, factor))))
    outcome = Outcome.FAIL if short else Outcome.UNDETERMINED if lacks else Outcome.PASS
    formula = "; ".join(_formula(r, parameters.number("percent")) for r in rates)
    what = "; ".join(f"{r.name}: {r.text(_number(r.used))} at p95 and {r.text(r.best)} at most" for r in short) or formula
    return rule.verdict(
        outcome,
        machine.target,
        f"{machine.name}: {what}",
        facts=_facts(machine, rates, usage),
        formula=formula,
        missing=lacks if outcome is Outcome.UNDETERMINED else (),
        source=machine.source,
        urn=machine.urn,
        remedy=_remedy(machine, short) if short else "",
    )


def _rates(machine: ServerEvidence, usage: UsageEvidence, parameters: Parameters) -> tuple[_Rate, _Rate]:
    volumes = machine.volumes
    base_iops, base_bytes = parameters.number("gp3_iops"), parameters.number("gp3_mib_s") * MIB
    iops = [_iops(v, base_iops) for v in volumes]
    rates = [_throughput(v, base_bytes) for v in volumes]
    kind = type_of(machine)
    type_iops, type_bytes = (None, None) if isinstance(kind, Unknown) else (kind.ebs_iops or None, kind.ebs_mbyte_s * 1e6 or None)
    return (
        _Rate("operations", "IOPS", 1, usage.iops_p95, _least(iops), _sum(iops), type_iops),
        _Rate("throughput", "MiB/s", MIB, usage.throughput_p95, _least(rates), _sum(rates), type_bytes),
    )


def _iops(volume: VolumeEvidence, base: float) -> float | None:
    if not isinstance(volume.iops, Unknown):
        return volume.iops
    if volume.type == "gp3":
        return base
    if volume.type == "gp2" and not isinstance(volume.size, Unknown):
        return min(max(100.0, 3.0 * volume.size / GIB), 16_000.0)
    return None


def _throughput(volume: VolumeEvidence, base: float) -> float | None:
    if not isinstance(volume.throughput, Unknown):
        return volume.throughput
    if volume.type == "gp3":
        return base
    if volume.type == "gp2" and not isinstance(volume.size, Unknown):
        return (250.0 if volume.size >= 334 * GIB else 128.0) * MIB
    return None


def _least(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return min(known) if known and len(known) == len(values) else None


def _sum(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) if known and len(known) == len(values) else None


def _lack(machine: ServerEvidence, rate: _Rate, factor: float) -> str:
    """What is missing to be certain of one measure; nothing when it is enough in the worst case."""
    if isinstance(rate.used, Unknown):
        return str(rate.used)
    if rate.used * factor <= rate.sure:
        return ""
    if rate.kind is None:
        return f"EBS limit of the instance type of {machine.name} (the catalogue does not tell)"
    if rate.volumes is None:
        return f"{rate.name} of the volumes of {machine.name} (the reader does not tell)"
    return f"how {machine.name} spreads its load over its volumes (counters are of the whole machine)"


def _formula(rate: _Rate, percent: float) -> str:
    used = "?" if isinstance(rate.used, Unknown) else rate.text(rate.used)
    part = "" if percent == 100 else f" x {format_number(percent)} %"
    sign = at_most(_number(rate.used) * 100 / percent, rate.best)
    return f"{rate.name}: p95 {used} {sign} min(volumes {rate.text(rate.volumes)}, type {rate.text(rate.kind)}){part}"


def _number(value: float | Unknown) -> float:
    return 0 if isinstance(value, Unknown) else value


def _remedy(machine: ServerEvidence, short: Sequence[_Rate]) -> str:
    steps = []
    for rate in short:
        if rate.kind is not None and _number(rate.used) > rate.kind:
            steps.append(f"choose an instance type with more than {rate.text(_number(rate.used))} to EBS (at.{machine.site}.instance_type)")
        else:
            steps.append(f"give the volumes of {machine.name} {rate.text(_number(rate.used))} or more")
    return "; ".join(dict.fromkeys(steps))


def _facts(machine: ServerEvidence, rates: Sequence[_Rate], usage: UsageEvidence) -> tuple[Fact, ...]:
    facts: list[Fact] = []
    for rate in rates:
        if not isinstance(rate.used, Unknown):
            value = rate.used / rate.scale
            facts.append(Fact(name=f"{rate.name} at p95", value=value, unit=rate.unit, source=usage.source, as_of=usage.as_of))
        for what, limit in (("all volumes", rate.volumes), ("weakest volume", rate.weakest), ("instance type, all day", rate.kind)):
            if limit is not None:
                facts.append(Fact(name=f"{rate.name} of {what}", value=limit / rate.scale, unit=rate.unit))
    kind = machine.instance.instance_type if machine.instance else "?"
    return (Fact(name="instance type", value=str(kind)), Fact(name="days measured", value=usage.days, unit="d"), *facts)


DISK_PERFORMANCE = Rule(
    id="CAP-016",
    name="disk-performance",
    title="Volumes and instance type do what the machine's disks were measured to do",
    severity=Severity.HIGH,
    controls=("NIST 800-53 SC-6",),
    side="move",
    formula=(
        "p95 of operations and of bytes per second <= min(sum of the volumes, EBS baseline of the type); certain only if the weakest "
        "volume alone is enough, because counters do not tell volumes apart"
    ),
    source="Amazon EBS user guide, volume types (gp3: 3,000 IOPS and 125 MiB/s at any size) and EBS-optimized instances (baseline)",
    remedy="give the volumes more operations or throughput, or choose an instance type with more bandwidth to EBS",
    check=check,
    needs=("measured disk use of the source", "volumes or disks of the target", "instance type"),
    parameters={
        "percent": Parameter(default=100.0, reason="p95 already is near the top of what is used; lower it to keep a reserve"),
        "gp3_iops": Parameter(default=3000, reason="what every gp3 volume does when nothing else was ordered"),
        "gp3_mib_s": Parameter(default=125, reason="what every gp3 volume does when nothing else was ordered"),
    },
)
