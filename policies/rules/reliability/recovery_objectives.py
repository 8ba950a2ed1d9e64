"""REL-003: after each kind of failure a service is back as soon, and has lost as little, as it promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from math import isinf

from policies.evidence import Evidence, ServiceEvidence
from policies.parts import Parts
from policies.recovery import Assumptions, Disruption, Estimate, Range, World, in_turn, recover
from policies.restarts import clusters_by_place, restart_of
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every service that has machines."""
    model = _Model(evidence, _assumptions(parameters))
    disaster = parameters.text("disaster_promise") == "tier"
    judged = False
    for service in evidence.services.values():
        if model.parts.of(service.name):
            judged = True
            yield _judge(rule, service, [_row(service, d, model, evidence, disaster=disaster) for d in Disruption])
    if not judged:
        yield rule.not_applicable("no service has a machine")


def _assumptions(parameters: Parameters) -> Assumptions:
    return Assumptions(**{each.name: parameters.number(each.name) for each in fields(Assumptions)})


class _Model:
    """The estimates of every service on its own, worked out once."""

    def __init__(self, evidence: Evidence, assumptions: Assumptions) -> None:
        self.parts = Parts(evidence)
        clusters = clusters_by_place(evidence)
        self._world = World(
            links={frozenset(link.sites): float(link.mbit_s) for link in evidence.links},
            backups=evidence.backups_of,
            restarts={(s.name, s.site): restart_of(s, clusters) for s in evidence.servers},
            assumptions=assumptions,
        )
        self._known: dict[tuple[str, Disruption], Range] = {}

    def alone(self, service: str, disruption: Disruption) -> Range:
        """A service without what it needs."""
        key = (service, disruption)
        if key not in self._known:
            ranges = [recover(part, disruption, self._world) for part in self.parts.of(service)]
            lacks = tuple(dict.fromkeys(text for r in ranges for text in r.lacks))
            self._known[key] = Range(in_turn(r.best for r in ranges), in_turn(r.worst for r in ranges), lacks)
        return self._known[key]

    def whole(self, service: str, disruption: Disruption) -> Range:
        """A service with all that it cannot work without: they recover side by side, and it loses only its own data."""
        own = self.alone(service, disruption)
        all_ranges = [(name, self.alone(name, disruption)) for name in self.parts.needs(service)]
        lacks = tuple(dict.fromkeys(text for _, r in all_ranges for text in r.lacks))
        best = _slowest(service, own.best, [(n, r.best) for n, r in all_ranges])
        return Range(best, _slowest(service, own.worst, [(n, r.worst) for n, r in all_ranges]), lacks)


def _slowest(service: str, own: Estimate, estimates: list[tuple[str, Estimate]]) -> Estimate:
    name, slowest = max(estimates, key=lambda each: each[1].rto)
    if slowest.rto <= own.rto:
        return own
    return Estimate(slowest.rto, own.rpo, f"waits for {name}: {slowest.path}" if name != service else slowest.path)


@dataclass(frozen=True, slots=True)
class _Row:
    """One kind of failure: what is estimated and what is promised."""

    disruption: Disruption
    range: Range
    rto: int
    rpo: int

    def meets(self, estimate: Estimate) -> bool:
        """Whether an estimate keeps both promises."""
        return estimate.rto <= self.rto and estimate.rpo <= self.rpo

    def told(self, estimate: Estimate) -> str:
        """The estimate beside the promise, in one breath."""
        return (
            f"{self.disruption} failure: back after {_minutes(estimate.rto)} (RTO {self.rto} min), "
            f"{_minutes(estimate.rpo)} lost (RPO {self.rpo} min), {estimate.path}"
        )


def _minutes(value: float) -> str:
    return "never" if isinf(value) else f"{format_number(value)} min"


def _row(service: ServiceEvidence, disruption: Disruption, model: _Model, evidence: Evidence, *, disaster: bool) -> _Row:
    standard = evidence.standards.tiers.get(service.tier)
    rto, rpo = service.rto_minutes, service.rpo_minutes
    if disaster and disruption in {Disruption.ZONE, Disruption.SITE} and standard is not None:
        rto, rpo = max(rto, standard.rto_minutes), max(rpo, standard.rpo_minutes)
    return _Row(disruption, model.whole(service.name, disruption), rto, rpo)


def _judge(rule: Rule, service: ServiceEvidence, rows: list[_Row]) -> Verdict:
    failing = [r for r in rows if not r.meets(r.range.best)]
    open_ = [r for r in rows if r.meets(r.range.best) and not r.meets(r.range.worst)]
    facts = tuple(
        Fact(
            name=f"{r.disruption} failure",
            value=f"{_minutes(r.range.worst.rto)} away, {_minutes(r.range.worst.rpo)} lost: {r.range.worst.path}",
        )
        for r in rows
    )
    formula = "; ".join(
        f"{r.disruption}: {_minutes(r.range.worst.rto)} <= {r.rto} min, {_minutes(r.range.worst.rpo)} <= {r.rpo} min" for r in rows
    )
    if failing:
        message = f"service {service.name}, {'; '.join(r.told(r.range.best) for r in failing)}"
        return rule.verdict(Outcome.FAIL, service.target, message, facts=facts, formula=formula, source=service.source)
    if open_:
        message = f"service {service.name}, at worst {'; '.join(r.told(r.range.worst) for r in open_)}"
        lacks = tuple(dict.fromkeys(text for r in open_ for text in r.range.lacks))
        return rule.verdict(
            Outcome.UNDETERMINED, service.target, message, facts=facts, formula=formula, source=service.source, missing=lacks
        )
    worst = max(rows, key=lambda r: r.range.worst.rto / r.rto)
    message = f"service {service.name} keeps its promise after every failure; nearest, {worst.told(worst.range.worst)}"
    return rule.verdict(Outcome.PASS, service.target, message, facts=facts, formula=formula, source=service.source)


RECOVERY_OBJECTIVES = Rule(
    id="REL-003",
    name="recovery-objectives",
    title="Recovery after each kind of failure keeps the promised RTO and RPO",
    severity=Severity.CRITICAL,
    controls=("NIST 800-53 CP-6(2)", "NIST 800-53 CP-10"),
    formula="for software, hardware, zone and site: max over the parts of the service and of all it needs of the quickest way back <= RTO; "
    "data lost on that way <= RPO. Restore = decide + prepare + bytes / min(repository, link) + start; restores of a service queue",
    source="AWS Resilience Hub: disruptions and RTO/RPO targets; the times are parameters",
    remedy="add a member on another site, back up more often, or keep a copy where the server has a place; or promise less",
    parameters={
        "restart_minutes": Parameter(default=5, reason="a service or guest is started again by its own supervisor or by VM monitoring"),
        "failover_minutes": Parameter(default=5, reason="health checks of a few intervals, then another member takes the load"),
        "site_failover_minutes": Parameter(
            default=30, reason="somebody decides, and names resolve to the other site after their time to live"
        ),
        "replication_lag_minutes": Parameter(
            default=5, reason="members at two sites copy one another with a delay; measure it where it matters"
        ),
        "ha_restart_minutes": Parameter(
            default=10, reason="vSphere HA declares a host dead in under a minute; starting many guests takes the rest"
        ),
        "by_hand_minutes": Parameter(default=60, reason="somebody is called, looks, and starts the machine on another host"),
        "decision_minutes": Parameter(default=30, reason="to find that waiting does not help and to declare a restore"),
        "boot_minutes": Parameter(default=10, reason="start, file system check and a look at whether it works"),
        "unprepared_minutes": Parameter(
            default=120, reason="to choose network, address and rules at a site that has no place for the server"
        ),
        "restore_mb_s": Parameter(
            default=200, reason="what one repository on disks delivers when it reads one backup; measure it in the restore test"
        ),
        "link_share": Parameter(default=0.8, reason="a transfer gets four fifths of a link at best: headers, and traffic that cannot wait"),
        "disaster_promise": Parameter(
            default="service",
            reason="after the loss of a whole site or zone the service's own promise counts; `tier`: what its tier promises at most",
        ),
    },
    needs=("parts of services", "backup jobs and copies", "links", "HA and automatic recovery", "places of servers", "sizes of disks"),
    check=check,
)
