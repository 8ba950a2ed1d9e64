"""CAP-015: where a service must recover to, capacity is reserved or shown to be free."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from infra.estate.model import GIB, Tier
from infra.wording import listed
from policies.evidence import Evidence, ServerEvidence, ServiceEvidence
from policies.parts import serves
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.recovery_rooms import Room, rooms
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number, gib

_TIERS = list(Tier)


@dataclass(slots=True)
class _Recovery:
    """What became of a service's machines when one site was lost, over all sites."""

    placed: list[str] = field(default_factory=list)
    serving: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    perhaps: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    cpus: float = 0
    memory: float = 0


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every service whose tier asks for reserved capacity."""
    tiers = evidence.standards.tiers
    bound = [s for s in evidence.services.values() if s.tier in tiers and tiers[s.tier].reserved_capacity]
    judged = [s for s in bound if any(not m.held for m in evidence.by_service.get(s.name, ()))]
    if not judged:
        yield rule.not_applicable(
            "no tier asks for reserved capacity" if not bound else "no service of a tier that asks for it has machines"
        )
        return
    judged.sort(key=lambda s: (_TIERS.index(s.tier), s.name))
    outcome = {s.name: _Recovery() for s in judged}
    sites = sorted({m.site for s in judged for m in evidence.by_service[s.name] if not m.held})
    for lost in sites:
        _lose(lost, judged, outcome, evidence, parameters)
    for service in judged:
        yield _judge(rule, service, outcome[service.name])


def _lose(lost: str, judged: list[ServiceEvidence], outcome: dict[str, _Recovery], evidence: Evidence, parameters: Parameters) -> None:
    """Place what must restart when a site is lost: one service after the other, the most important tier first."""
    ratio, quota = parameters.number("vcpu_per_core"), parameters.flag("accept_quota_headroom")
    left = rooms(evidence, lost, vcpu_per_core=ratio, accept_quota=quota)
    for service in judged:
        told = outcome[service.name]
        for machine in evidence.by_service[service.name]:
            if machine.site != lost or machine.held:
                continue
            members = evidence.by_group.get(machine.group, ()) if machine.group else ()
            others = sorted({m.site for m in members if serves(m)} - {lost})
            if others:
                told.serving.append(f"{machine.name} serves at {' and '.join(others)} too")
                continue
            _place(machine, left, _targets(machine, evidence), told)


def _targets(machine: ServerEvidence, evidence: Evidence) -> list[str]:
    """Where it can be restored: the sites that hold a copy of its data."""
    copies = (site for job in evidence.backups_of.get(machine.name, ()) for site in job.copies)
    return [site for site in dict.fromkeys(copies) if site != machine.site and site in evidence.kinds]


def _place(machine: ServerEvidence, left: dict[str, list[Room]], targets: list[str], told: _Recovery) -> None:
    if not targets:
        told.without.append(f"{machine.name} has no copy of its data outside {machine.site}")
        return
    tried = [room for site in targets for room in left.get(site, [])]
    sure = next((room for room in tried if room.fits(machine) and not room.doubts(machine)), None)
    room = sure or next((room for room in tried if room.fits(machine)), None)
    told.cpus += machine.cpus if isinstance(machine.cpus, int) else 0
    told.memory += machine.memory if isinstance(machine.memory, int) else 0
    if room is None:
        told.without.append(f"{machine.name} finds nothing reserved or free at {' or '.join(targets)}")
        return
    text = room.take(machine)
    if sure:
        told.placed.append(text)
    else:
        told.perhaps.append(text)
        told.missing.extend(room.doubts(machine))


def _judge(rule: Rule, service: ServiceEvidence, told: _Recovery) -> Verdict:
    outcome = Outcome.FAIL if told.without else Outcome.UNDETERMINED if told.perhaps else Outcome.PASS
    places = told.without or told.perhaps or told.placed or told.serving
    what = {
        Outcome.FAIL: "has no place to recover to",
        Outcome.UNDETERMINED: "recovers if what nobody tells is enough",
        Outcome.PASS: "recovers on what is reserved or free",
    }[outcome]
    formula = "; ".join([*told.placed, *told.serving, *told.perhaps, *told.without])
    facts = (
        Fact(name="machines that must restart", value=len(told.placed) + len(told.perhaps) + len(told.without)),
        Fact(name="machines that serve at another site already", value=len(told.serving)),
        Fact(name="vCPUs that must restart", value=told.cpus),
        Fact(name="memory that must restart", value=told.memory / GIB, unit="GiB"),
    )
    return rule.verdict(
        outcome,
        service.target,
        f"service {service.name} {what}: {listed(places, 2, between='; ')}",
        facts=facts,
        formula=formula,
        missing=tuple(dict.fromkeys(told.missing)) if outcome is Outcome.UNDETERMINED else (),
        source=service.source,
        remedy=_remedy(told) if outcome is Outcome.FAIL else "",
    )


def _remedy(told: _Recovery) -> str:
    machines = f"{len(told.without)} machine{'s' * (len(told.without) > 1)}"
    return (
        f"reserve capacity in the region for {machines} (aws ec2 create-capacity-reservation), keep as much free beyond "
        f"N+1 in the other data centre, or keep a backup copy where it is free; in all {format_number(told.cpus)} vCPUs and "
        f"{gib(told.memory)} must restart"
    )


RESERVED_RECOVERY = Rule(
    id="CAP-015",
    name="reserved-recovery",
    title="Where a service must recover to, capacity is reserved or shown to be free",
    severity=Severity.HIGH,
    controls=("NIST 800-53 CP-7(4)",),
    formula=(
        "for every site that may be lost: each machine that serves nowhere else takes a free reservation of a type that holds it, "
        "or memory and vCPUs of a cluster that are free beyond its host failures, at a site with a copy of its data"
    ),
    source="NIST 800-53 CP-7(4) Preparation for Use; AWS Well-Architected REL11-BP05: in a disaster nothing may be there to start",
    remedy="reserve capacity where the service recovers to, or keep as much free beyond N+1 in the other data centre",
    check=check,
    needs=("sites of the backup copies", "hosts of the other data centres", "capacity reservations"),
    parameters={
        "vcpu_per_core": Parameter(default=4.0, reason="as CAP-001 counts: 4:1 is the usual start for mixed city workloads"),
        "accept_quota_headroom": Parameter(
            default=False, reason="a quota permits machines and promises none: AWS may answer InsufficientInstanceCapacity"
        ),
    },
)
