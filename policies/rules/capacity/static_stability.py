"""CAP-014: what is left when one zone is lost carries the whole load, without starting anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from infra.estate.model import GIB
from policies.evidence import Evidence, ServerEvidence, Unknown, UsageEvidence
from policies.parts import serves
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.aws_machines import at_most, measured, not_measured, type_of
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number, ghz, gib


@dataclass(slots=True)
class _Place:
    """A zone, or a data centre as a whole: what its members can do together. `lacks`: what is not known of that."""

    name: str
    members: int = 0
    cpus: float = 0
    mhz: float = 0
    memory: float = 0
    unplaced: bool = False
    lacks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Load:
    """What all members together are asked for at the 95th percentile; at least, where `lacks` names members nobody measured."""

    mhz: float = 0
    memory: float = 0
    lacks: list[str] = field(default_factory=list)

    def add(self, usage: UsageEvidence | Unknown, factor: float) -> None:
        """One member's use."""
        if isinstance(usage, Unknown):
            self.lacks.append(str(usage))
            return
        for name, value in (("mhz", usage.cpu_mhz_p95), ("memory", usage.memory_p95)):
            if isinstance(value, Unknown):
                self.lacks.append(str(value))
            else:
                setattr(self, name, getattr(self, name) + value * factor)


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every role of a service whose tier asks for it, where a member stands on AWS."""
    tiers = evidence.standards.tiers
    bound = [s.name for s in evidence.services.values() if s.tier in tiers and tiers[s.tier].static_stability]
    roles: dict[str, list[ServerEvidence]] = {}
    for service in bound:
        for server in evidence.by_service.get(service, ()):
            if serves(server):
                roles.setdefault(_role(server), []).append(server)
    judged = {target: members for target, members in roles.items() if any(m.kind == "aws" for m in members)}
    if not judged:
        why = "no tier asks for static stability" if not bound else "no service that must be statically stable stands on AWS"
        yield rule.not_applicable(why)
        return
    clocks = {(c.site, c.name): min((h.mhz for h in c.hosts), default=0) for c in evidence.clusters}
    use = measured(evidence)
    for target, members in sorted(judged.items()):
        load = _Load()
        for member in members:
            load.add(use.get(member.name, not_measured(member.name)), parameters.number("load_percent") / 100)
        yield _judge(rule, target, members, _places(members, clocks), load)


def _role(server: ServerEvidence) -> str:
    """Members of one redundancy group do the same work, or of one role where there is no group."""
    if server.group:
        return f"group/{server.group}"
    return f"service/{server.service}/{server.role}" if server.role else f"service/{server.service}"


def _places(members: list[ServerEvidence], clocks: dict[tuple[str, str], int]) -> list[_Place]:
    places: dict[str, _Place] = {}
    for member in members:
        name = (member.zone if member.kind == "aws" else member.site) or f"a zone of {member.site} not known yet"
        place = places.setdefault(name, _Place(name))
        place.members += 1
        if member.kind == "aws" and not member.zone:
            place.unplaced = True
            place.lacks.append(f"zone of {member.name} (its subnet is not known yet)")
        _add(place, member, clocks)
    return sorted(places.values(), key=lambda p: p.name)


def _add(place: _Place, member: ServerEvidence, clocks: dict[tuple[str, str], int]) -> None:
    if member.kind == "aws":
        kind = type_of(member)
        if isinstance(kind, Unknown):
            place.lacks.append(str(kind))
            return
        cpus, memory, clock = kind.cpus, kind.memory, kind.mhz
    else:
        if isinstance(member.cpus, Unknown) or isinstance(member.memory, Unknown):
            place.lacks.extend(str(v) for v in (member.cpus, member.memory) if isinstance(v, Unknown))
            return
        cpus, memory, clock = member.cpus, member.memory, clocks.get((member.site, member.cluster), 0)
    if not clock:
        place.lacks.append(f"clock of {member.name} (neither the catalogue nor its cluster tells)")
    place.cpus += cpus
    place.mhz += cpus * clock
    place.memory += memory


def _judge(rule: Rule, target: str, members: list[ServerEvidence], places: list[_Place], load: _Load) -> Verdict:
    source, n = members[0].source, len(places)
    facts = _facts(places, load)
    lacks = tuple(dict.fromkeys([*load.lacks, *(lack for place in places for lack in place.lacks)]))
    if len(members) > 1 and any(place.unplaced for place in places):
        message = f"{target}: nobody knows yet in which zones its {len(members)} members stand"
        return rule.verdict(Outcome.UNDETERMINED, target, message, facts=facts, missing=lacks, source=source)
    if n == 1:
        message = f"{target}: {_all(members)} in {places[0].name}; when it is lost nothing carries the load"
        formula = "n = 1: load / (n - 1) has no answer"
        return rule.verdict(Outcome.FAIL, target, message, facts=facts, formula=formula, source=source)
    known = [place for place in places if not place.lacks]
    cpu = min(known, key=lambda p: p.mhz, default=None)
    memory = min(known, key=lambda p: p.memory, default=None)
    short = []
    if cpu is not None and load.mhz / (n - 1) > cpu.mhz:
        short.append(f"{cpu.name} has {ghz(cpu.mhz)} of CPU and {ghz(load.mhz / (n - 1))} may come")
    if memory is not None and load.memory / (n - 1) > memory.memory:
        short.append(f"{memory.name} has {gib(memory.memory)} of memory and {gib(load.memory / (n - 1))} may come")
    outcome = Outcome.FAIL if short else Outcome.UNDETERMINED if lacks else Outcome.PASS
    formula = _formula(n, load, cpu, memory)
    what = "; ".join(short) if short else f"each of {', '.join(p.name for p in places)} carries its share when another is lost"
    if outcome is Outcome.UNDETERMINED:
        what = f"the load or the size of some of its {len(members)} members is not known"
    return rule.verdict(
        outcome,
        target,
        f"{target}: {what}",
        facts=facts,
        formula=formula,
        missing=lacks if outcome is Outcome.UNDETERMINED else (),
        source=source,
        remedy=_remedy(target, n, load) if short else "",
    )


def _all(members: list[ServerEvidence]) -> str:
    return f"its {len(members)} members all stand" if len(members) > 1 else f"{members[0].name} stands alone"


def _formula(n: int, load: _Load, cpu: _Place | None, memory: _Place | None) -> str:
    least = "at least " if load.lacks else ""
    share = f"/ ({n} - 1)"
    room = f"{ghz(cpu.mhz)} of {cpu.name}" if cpu else "?"
    store = f"{gib(memory.memory)} of {memory.name}" if memory else "?"
    cpu_sign = at_most(load.mhz / (n - 1), cpu.mhz if cpu else inf)
    memory_sign = at_most(load.memory / (n - 1), memory.memory if memory else inf)
    return (
        f"CPU: {least}{ghz(load.mhz)} {share} = {ghz(load.mhz / (n - 1))} {cpu_sign} {room}; "
        f"memory: {least}{gib(load.memory)} {share} = {gib(load.memory / (n - 1))} {memory_sign} {store}; "
        f"overhead factor {n}/{n - 1} = {n / (n - 1):.2f}"
    )


def _remedy(target: str, n: int, load: _Load) -> str:
    now, then = (f"{ghz(load.mhz / k)} and {gib(load.memory / k)}" for k in (n - 1, n))
    return f"{target}: give the members of each zone {now}, or add a member in one zone more, when {then} a zone are enough"


def _facts(places: list[_Place], load: _Load) -> tuple[Fact, ...]:
    sizes = tuple(
        Fact(name=f"{p.name}: {p.members} members, {format_number(p.cpus)} vCPUs, memory", value=p.memory / GIB, unit="GiB") for p in places
    )
    clocks = tuple(Fact(name=f"{p.name}: CPU", value=p.mhz / 1000, unit="GHz") for p in places)
    return (
        Fact(name="CPU load of all members, p95", value=load.mhz / 1000, unit="GHz"),
        Fact(name="memory load of all members, p95", value=load.memory / GIB, unit="GiB"),
        *sizes,
        *clocks,
    )


STATIC_STABILITY = Rule(
    id="CAP-014",
    name="static-stability",
    title="What is left without one zone carries the whole load, with nothing started",
    severity=Severity.CRITICAL,
    controls=("AWS REL11-BP05", "NIST 800-53 CP-2(5)"),
    side="aws",
    formula="capacity of each zone >= load / (n - 1), for CPU and memory; a data centre counts as one zone; overhead factor n / (n - 1)",
    source="AWS Well-Architected REL11-BP05, Use static stability to prevent bimodal behavior",
    remedy="give every zone enough for its share of the load without the largest other one, or spread over one zone more",
    check=check,
    needs=("zones and sizes of the members", "measured use of the members"),
    parameters={
        "load_percent": Parameter(
            default=100.0, reason="the load is the sum of the members' 95th percentiles, which is more than they use at one time"
        )
    },
)
