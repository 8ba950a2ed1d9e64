"""REL-005: what a service and all it needs can be available for in a year, computed, reaches what is promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import floor

from policies.availability import Element, Link, Term, chain, downtime_minutes, total
from policies.evidence import ClusterEvidence, DatabaseEvidence, Evidence, ServerEvidence, ServiceEvidence
from policies.parts import Part, Parts
from policies.restarts import clusters_by_place, restart_of
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict

_ROUNDING = 1e-12
_TERMS_SHOWN = 3


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every service with machines that promises an availability, or whose tier does."""
    model = _Model(evidence, parameters)
    judged = False
    for service in evidence.services.values():
        if service.availability_percent is not None and model.links(service.name):
            judged = True
            yield _judge(rule, service, model)
    if not judged:
        yield rule.not_applicable("no service with machines promises an availability")


@dataclass(frozen=True, slots=True)
class _Bounds:
    """A part at best and at worst, and what would tell them apart."""

    best: Link
    worst: Link
    lacks: tuple[str, ...]


class _Model:
    """Availabilities of machines and sites as the parameters give them, and the parts of every service, worked out once."""

    def __init__(self, evidence: Evidence, parameters: Parameters) -> None:
        self._evidence, self._parameters = evidence, parameters
        self.parts = Parts(evidence)
        self._clusters: Mapping[tuple[str, str], ClusterEvidence] = clusters_by_place(evidence)
        self._members = int(parameters.number("members_needed"))
        self._known: dict[str, list[_Bounds]] = {}
        places = {"vsphere": self._share("data_centre_percent"), "aws": self._share("region_percent")}
        self.sites = {s.site: places[s.kind] for s in evidence.servers} | {d.site: places["aws"] for d in evidence.databases}

    def _share(self, name: str) -> float:
        return self._parameters.number(name) / 100

    def links(self, service: str) -> list[_Bounds]:
        """The parts of one service, its managed databases among them."""
        if service not in self._known:
            databases = (d for d in self._evidence.databases if d.service == service)
            self._known[service] = [*map(self._of_part, self.parts.of(service)), *map(self._of_database, databases)]
        return self._known[service]

    def _of_part(self, part: Part) -> _Bounds:
        bounds = [self._of_server(member) for member in part.members]
        needed = min(self._members, len(part.members))
        best = tuple(Element(m.name, high, m.site) for m, (_, high, _) in zip(part.members, bounds, strict=True))
        worst = tuple(Element(m.name, low, m.site) for m, (low, _, _) in zip(part.members, bounds, strict=True))
        return _Bounds(Link(part.name, best, needed), Link(part.name, worst, needed), tuple(t for _, _, lacks in bounds for t in lacks))

    def _of_server(self, server: ServerEvidence) -> tuple[float, float, tuple[str, ...]]:
        restart = restart_of(server, self._clusters)
        started = self._share("instance_percent" if server.kind == "aws" else "machine_percent")
        without = self._share("without_restart_percent")
        return (started if restart.worst else without), (started if restart.best else without), restart.lacks

    def _of_database(self, database: DatabaseEvidence) -> _Bounds:
        two, one = self._share("database_multi_az_percent"), self._share("database_percent")
        best = Link(database.name, (Element(database.name, one if database.multi_az is False else two, database.site),))
        worst = Link(database.name, (Element(database.name, two if database.multi_az is True else one, database.site),))
        lacks = () if isinstance(database.multi_az, bool) else (str(database.multi_az),)
        return _Bounds(best, worst, lacks)


def _judge(rule: Rule, service: ServiceEvidence, model: _Model) -> Verdict:
    needs = model.parts.needs(service.name)
    bounds = [b for name in needs for b in model.links(name)]
    empty = tuple(
        f"machines of service {name}, which {service.name} needs (the reader found none)" for name in needs if not model.links(name)
    )
    terms = chain([b.worst for b in bounds], model.sites)
    worst = 0.0 if empty else total(terms)
    lacks = empty + tuple(dict.fromkeys(text for b in bounds for text in b.lacks))
    best = total(chain([b.best for b in bounds], model.sites)) if lacks else worst
    promised = (service.availability_percent or 0.0) / 100
    target, source = service.target, service.source
    facts = _facts(service, bounds, model, needs)
    formula = _formula(terms, total(terms), promised)
    of_what = f"the chain of {_count(len(needs), 'service')} and {_count(len(bounds), 'part')}"
    independence = "failures taken as independent"
    if best + _ROUNDING < promised:
        known = " at best" if lacks else ""
        message = (
            f"service {service.name}: {of_what} is available for {_percent(best)} ({_hours(best)} down a year){known}, "
            f"{_percent(promised)} ({_hours(promised)}) is promised; {independence}"
        )
        return rule.verdict(Outcome.FAIL, target, message, facts=facts, formula=formula, source=source)
    if worst + _ROUNDING < promised:
        message = f"service {service.name}: {of_what} is available for {_percent(best)} at best, {_percent(promised)} is promised"
        return rule.verdict(Outcome.UNDETERMINED, target, message, facts=facts, formula=formula, source=source, missing=lacks)
    message = (
        f"service {service.name}: {of_what} is available for {_percent(worst)} ({_hours(worst)} down a year), "
        f"{_percent(promised)} is promised; {independence}"
    )
    return rule.verdict(Outcome.PASS, target, message, facts=facts, formula=formula, source=source)


def _facts(service: ServiceEvidence, bounds: list[_Bounds], model: _Model, needs: tuple[str, ...]) -> tuple[Fact, ...]:
    everywhere = frozenset(model.sites)
    sites = sorted({e.site for b in bounds for e in b.worst.elements})
    return (
        Fact(name="promised", value=_percent((service.availability_percent or 0.0) / 100), source=service.source),
        Fact(name="assumption", value="parts and sites fail independently; links between sites are judged by REL-009"),
        Fact(name="services in the chain", value=", ".join(needs)),
        *(Fact(name=f"site {name}", value=_percent(model.sites[name]), source="parameters of REL-005") for name in sites),
        *(Fact(name=b.worst.name, value=_arithmetic(b.worst, everywhere)) for b in bounds),
    )


def _arithmetic(link: Link, everywhere: frozenset[str]) -> str:
    result = _percent(link.available(everywhere))
    if len(link.elements) == 1:
        return result
    if link.needed > 1:
        return f"{link.needed} of {len(link.elements)} needed: {result}"
    return f"1 - {' x '.join(f'(1 - {_percent(e.availability)})' for e in link.elements)} = {result}"


def _formula(terms: tuple[Term, ...], worst: float, promised: float) -> str:
    shown = [f"{t.chance:.6f} ({', '.join(t.up) or 'no site'} up) x {t.parts:.6f}" for t in terms[:_TERMS_SHOWN]]
    more = f" + {_count(len(terms) - _TERMS_SHOWN, 'smaller case')}" if len(terms) > _TERMS_SHOWN else ""
    return f"{' + '.join(shown)}{more} = {worst:.6f} >= {promised:.6f}"


def _percent(share: float) -> str:
    """Rounded down, so that nothing is promised by rounding."""
    return f"{floor(share * 1e6 + _ROUNDING * 1e6) / 1e4:g} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _hours(share: float) -> str:
    minutes = downtime_minutes(share)
    return f"{minutes / 60:.1f} h" if minutes >= 60 else f"{minutes:.0f} min"


CHAIN_AVAILABILITY = Rule(
    id="REL-005",
    name="chain-availability",
    title="The computed availability of a service with all it needs reaches what it promises",
    severity=Severity.HIGH,
    controls=("NIST 800-53 CP-2(5)",),
    formula="sum over which sites are up: P(sites) x product over all parts of the service and of all it needs; a part whose members stand "
    "in for one another: 1 - prod(1 - A_i), or at least k of n; failures are taken as independent, but what shares a site falls with it",
    source="AWS Well-Architected Reliability Pillar, Availability: hard dependencies, redundant components",
    remedy="add a member to the weakest part (see the evidence), make a dependency one of `uses`, or promise less",
    parameters={
        "machine_percent": Parameter(
            default=99.95,
            reason="a fault every 28 days (672 h), away for 20 minutes until HA or a supervisor has restarted it: 672 / 672.33",
        ),
        "without_restart_percent": Parameter(default=99.4, reason="the same faults, but 4 hours until somebody comes: 672 / 676"),
        "instance_percent": Parameter(
            default=99.9,
            reason="the faults of a machine on premises, and as long again for its zone; Amazon's agreement gives credit below 99.5",
        ),
        "database_percent": Parameter(default=99.5, reason="Amazon's service level agreement for a single-AZ RDS instance"),
        "database_multi_az_percent": Parameter(default=99.95, reason="Amazon's service level agreement for a multi-AZ RDS instance"),
        "data_centre_percent": Parameter(default=99.982, reason="what is usually stated for a data centre of tier III: 1.6 hours a year"),
        "region_percent": Parameter(default=99.99, reason="Amazon's service level agreement for EC2 in a region, spread over zones"),
        "members_needed": Parameter(default=1, reason="one member of a redundancy group carries the load; CAP-014 asks whether it can"),
    },
    needs=(
        "availability that services or tiers promise",
        "hard dependencies",
        "parts of services",
        "HA and restart priorities",
        "RDS multi-AZ",
    ),
    check=check,
)
