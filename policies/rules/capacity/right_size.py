"""CAP-017: a target is neither smaller than what is used nor more than twice as large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from infra.catalogue import CatalogueError, InstanceType, choose_instance_type
from infra.estate.model import GIB, Size
from policies.evidence import Evidence, ServerEvidence, Unknown, UsageEvidence, missing
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.aws_machines import aws_machines, is_strange, measured, not_measured, type_of
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number

Clocks = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class _Target:
    """What a machine has where it will run: vCPUs, bytes, the clock of one vCPU, and its instance type on AWS."""

    cpus: float | Unknown
    memory: float | Unknown
    mhz: float | Unknown
    kind: InstanceType | None = None


@dataclass(frozen=True, slots=True)
class _Measure:
    """One resource: what it has and what is used at p95, in the same unit."""

    name: str
    unit: str
    has: float | Unknown
    used: float | Unknown

    @property
    def lacks(self) -> tuple[str, ...]:
        """What is not known of it."""
        return missing((self.has, self.used))

    def over(self, factor: float) -> bool:
        """Whether it has more than `factor` times what is used."""
        return not isinstance(self.has, Unknown) and not isinstance(self.used, Unknown) and self.has > self.used * factor

    def under(self) -> bool:
        """Whether it has less than is used."""
        return not isinstance(self.has, Unknown) and not isinstance(self.used, Unknown) and self.has < self.used

    def text(self, value: float | Unknown) -> str:
        """A value with its unit."""
        return "?" if isinstance(value, Unknown) else f"{format_number(value)} {self.unit}"


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every machine on AWS, and for every machine that a move makes anywhere; of one that leaves, its target is judged."""
    home = tuple(_moved_home(evidence))
    leaving = {m.name for m in home}
    here = (m for m in aws_machines(evidence) if m.name not in leaving)
    machines = [m for m in (*here, *home) if not m.held and not is_strange(m)]
    if not machines:
        yield rule.not_applicable("no machine stands on AWS and none moves")
        return
    use = measured(evidence)
    clocks = {(c.site, c.name): min((h.mhz for h in c.hosts), default=0) for c in evidence.clusters}
    for machine in machines:
        usage = use.get(machine.name)
        if usage is None:
            message = f"{machine.name}: what it uses was not measured, so nobody can say whether its size is right"
            lacks = (str(not_measured(machine.name)),)
            yield rule.verdict(Outcome.UNDETERMINED, machine.target, message, missing=lacks, source=machine.source, urn=machine.urn)
        else:
            yield _judge(rule, machine, _target(machine, clocks), usage, parameters)


def _moved_home(evidence: Evidence) -> Iterator[ServerEvidence]:
    """The machines that moves make in a data centre: those still to come, and those on trial there."""
    trial = {(m.server, m.target_site) for m in evidence.moves if m.state == "on trial" and evidence.kinds.get(m.target_site) == "vsphere"}
    if trial:
        yield from (s for s in evidence.servers if (s.name, s.site) in trial and not s.held)
    yield from (m.machine for m in evidence.moves if m.machine is not None and m.machine.kind == "vsphere")


def _target(machine: ServerEvidence, clocks: Clocks) -> _Target:
    if machine.kind == "vsphere":
        mhz = clocks.get((machine.site, machine.cluster), 0)
        lack = Unknown(f"clock of the hosts for {machine.name}", "the reader does not tell")
        return _Target(machine.cpus, machine.memory, mhz or lack)
    kind = type_of(machine)
    if isinstance(kind, Unknown):
        return _Target(kind, kind, kind)
    return _Target(kind.cpus, kind.memory, kind.mhz or Unknown(f"clock of {kind.name}", "the catalogue does not tell"), kind)


def _judge(rule: Rule, machine: ServerEvidence, target: _Target, usage: UsageEvidence, parameters: Parameters) -> Verdict:
    factor = parameters.number("factor")
    cpu, memory = _measures(target, usage)
    short = [m for m in (cpu, memory) if m.under()]
    room = 1 + parameters.number("headroom_percent") / 100
    smaller = None if short or not (cpu.over(factor) or memory.over(factor)) else _smaller(machine, target, cpu, memory, room)
    large = [m for m in (cpu, memory) if m.over(factor)] if smaller or target.kind is None else []
    lacks = tuple(dict.fromkeys(cpu.lacks + memory.lacks))
    outcome = Outcome.FAIL if short or large else Outcome.UNDETERMINED if lacks else Outcome.PASS
    formula = _formula((cpu, memory), factor)
    if short:
        what = f"too small, it will be slow: {_listed(short)}"
    elif large:
        what = f"too large, it costs more than it must: {_listed(large)}{_saving(target.kind, smaller, parameters)}"
    else:
        what = formula
    return rule.verdict(
        outcome,
        machine.target,
        f"{machine.name}: {what}",
        facts=_facts((cpu, memory), target, usage),
        formula=formula,
        missing=lacks if outcome is Outcome.UNDETERMINED else (),
        source=machine.source,
        urn=machine.urn,
        severity=Severity.LOW if large else None,
        remedy=_remedy(machine, short, smaller) if short or large else "",
    )


def _measures(target: _Target, usage: UsageEvidence) -> tuple[_Measure, _Measure]:
    mhz, used = target.mhz, usage.cpu_mhz_p95
    cpus = used if isinstance(used, Unknown) else mhz if isinstance(mhz, Unknown) else used / mhz
    memory = usage.memory_p95
    has = target.memory
    return (
        _Measure("CPU", "vCPUs", target.cpus, cpus),
        _Measure("memory", "GiB", has if isinstance(has, Unknown) else has / GIB, memory if isinstance(memory, Unknown) else memory / GIB),
    )


def _smaller(machine: ServerEvidence, target: _Target, cpu: _Measure, memory: _Measure, room: float) -> InstanceType | None:
    """A cheaper type that holds what is used, with room above."""
    if target.kind is None or isinstance(cpu.used, Unknown) or isinstance(memory.used, Unknown):
        return None
    found = _choice(max(1, ceil(cpu.used * room)), max(1, ceil(memory.used * room * GIB)), machine.firmware)
    if found is None or found.usd_per_hour is None or target.kind.usd_per_hour is None:
        return None
    return found if found.usd_per_hour < target.kind.usd_per_hour else None


@lru_cache(maxsize=4096)
def _choice(cpus: int, memory: int, firmware: str) -> InstanceType | None:
    try:
        return choose_instance_type(Size(cpus=cpus, memory=memory), firmware=firmware or "bios")
    except (CatalogueError, ValueError):
        return None


def _listed(measures: list[_Measure]) -> str:
    return " and ".join(f"{m.name} {m.text(m.has)} for {m.text(m.used)} at p95" for m in measures)


def _formula(measures: tuple[_Measure, _Measure], factor: float) -> str:
    parts = []
    for m in measures:
        most = m.used if isinstance(m.used, Unknown) else m.used * factor
        low, high = ">" if m.under() else "<=", ">" if m.over(factor) else "<="
        parts.append(f"{m.name}: p95 {m.text(m.used)} {low} {m.text(m.has)} {high} {format_number(factor)} x p95 = {m.text(most)}")
    return "; ".join(parts)


def _saving(kind: InstanceType | None, smaller: InstanceType | None, parameters: Parameters) -> str:
    if kind is None or smaller is None or kind.usd_per_hour is None or smaller.usd_per_hour is None:
        return ""
    month = float(kind.usd_per_hour - smaller.usd_per_hour) * parameters.number("hours_month")
    return f"; {smaller.name} would hold it and saves {format_number(month)} USD a month"


def _remedy(machine: ServerEvidence, short: list[_Measure], smaller: InstanceType | None) -> str:
    if short:
        wanted = " and ".join(f"{m.text(_up(m.used))} or more" for m in short)
        return f"give {machine.name} {wanted}: size: of its entry, or instance_type: under at.{machine.site}"
    if smaller is not None:
        size = f"{{cpus: {smaller.cpus}, memory: {smaller.memory >> 20}MiB}}"
        return f"write size: {size} for {machine.name}, and no instance_type: the catalogue then chooses {smaller.name}"
    return f"make the size: of {machine.name} smaller"


def _up(value: float | Unknown) -> float | Unknown:
    return value if isinstance(value, Unknown) else float(ceil(value))


def _facts(measures: tuple[_Measure, _Measure], target: _Target, usage: UsageEvidence) -> tuple[Fact, ...]:
    facts = [Fact(name="instance type", value=target.kind.name)] if target.kind else []
    for m in measures:
        if not isinstance(m.used, Unknown):
            facts.append(Fact(name=f"{m.name} used at p95", value=m.used, unit=m.unit, source=usage.source, as_of=usage.as_of))
        if not isinstance(m.has, Unknown):
            facts.append(Fact(name=f"{m.name} of the target", value=m.has, unit=m.unit))
    if not isinstance(target.mhz, Unknown):
        facts.append(Fact(name="clock of one vCPU of the target", value=target.mhz, unit="MHz"))
    return (*facts, Fact(name="days measured", value=usage.days, unit="d"))


RIGHT_SIZE = Rule(
    id="CAP-017",
    name="right-size",
    title="A target is neither smaller than what is used nor more than twice as large",
    severity=Severity.MEDIUM,
    controls=("AWS COST06-BP02", "NIST 800-53 SC-6"),
    side="move",
    formula=(
        "p95 <= vCPUs and memory of the target <= factor x p95; CPU in MHz divided by the clock of the target's vCPU; "
        "too large only where a cheaper type would hold it; too small is medium, too large low"
    ),
    source="VMware Aria Operations, recommended size by demand; AWS Well-Architected COST06-BP02, select size by data",
    remedy="size the target by what is measured: at least p95, at most twice that",
    check=check,
    needs=("measured use of the machine or of its source", "size or instance type of the target"),
    parameters={
        "factor": Parameter(default=2.0, reason="instance sizes double from one to the next, so one of them always lies within"),
        "headroom_percent": Parameter(default=25, reason="room above p95 in the type that is proposed: one value in twenty is higher"),
        "hours_month": Parameter(default=730, reason="8,760 hours a year / 12, as AWS's own calculator counts"),
    },
)
