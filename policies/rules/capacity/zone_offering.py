"""CAP-012: every planned zone offers the instance type that is to run there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.evidence import Evidence, ServerEvidence, Unknown, ZoneEvidence
from policies.rule import Parameters, Rule
from policies.rules.capacity.aws_machines import aws_machines, is_strange
from policies.verdict import Fact, Outcome, Severity, Verdict

Zones = Mapping[tuple[str, str], ZoneEvidence]


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every machine on AWS."""
    machines = [m for m in aws_machines(evidence) if not is_strange(m)]
    if not machines:
        yield rule.not_applicable("no machine stands on AWS or is planned there")
    zones = {(z.site, z.name): z for z in evidence.zones}
    of_site: dict[str, list[str]] = {}
    for zone in evidence.zones:
        of_site.setdefault(zone.site, []).append(zone.name)
    together: dict[tuple[str, str], set[str]] = {}
    for machine in machines:
        if machine.group and machine.zone and not machine.held:
            together.setdefault((machine.site, machine.group), set()).add(machine.zone)
    for machine in machines:
        others = together.get((machine.site, machine.group), set()) - {machine.zone}
        yield _judge(rule, machine, sorted(others), zones, of_site.get(machine.site, []))


def _judge(rule: Rule, machine: ServerEvidence, others: list[str], zones: Zones, every: list[str]) -> Verdict:
    """`others`: the zones of its group, to which its work goes when its own zone is lost."""
    kind = machine.instance.instance_type if machine.instance else Unknown(f"instance type of {machine.name}", "the reader does not tell")
    if isinstance(kind, Unknown):
        message = f"{machine.name}: the instance type is not known yet, so no zone can be asked for it"
        return rule.verdict(Outcome.UNDETERMINED, machine.target, message, missing=(str(kind),), source=machine.source, urn=machine.urn)
    offering, refusing, lacks = _asked(machine, kind, [machine.zone, *others] if machine.zone else others, zones)
    if not machine.zone:
        _ask_all(machine, kind, zones, every, (offering, refusing, lacks))
    outcome = Outcome.FAIL if refusing else Outcome.UNDETERMINED if lacks else Outcome.PASS
    formula = f"{kind} offered in {', '.join(offering) or 'no zone that is known'}"
    formula += f"; not offered in {', '.join(refusing)}" if refusing else ""
    return rule.verdict(
        outcome,
        machine.target,
        f"{machine.name}: {formula}",
        facts=_facts(machine, kind, others, zones),
        formula=formula,
        missing=tuple(lacks) if outcome is Outcome.UNDETERMINED else (),
        source=machine.source,
        urn=machine.urn,
        remedy=_remedy(machine, kind, refusing, zones, every),
    )


def _asked(machine: ServerEvidence, kind: str, names: list[str], zones: Zones) -> tuple[list[str], list[str], list[str]]:
    """The zones that offer a type, those that do not, and what is missing about the others."""
    offering: list[str] = []
    refusing: list[str] = []
    lacks: list[str] = []
    for name in names:
        zone = zones.get((machine.site, name))
        offers = zone.offers if zone else Unknown(f"instance types that {name} offers", f"the estate has no such zone on {machine.site}")
        if isinstance(offers, Unknown):
            lacks.append(str(offers))
        else:
            (offering if kind in offers else refusing).append(name)
    return offering, refusing, lacks


def _ask_all(machine: ServerEvidence, kind: str, zones: Zones, every: list[str], answer: tuple[list[str], list[str], list[str]]) -> None:
    """Its own zone is not known: good if every zone offers the type, bad if none does, else nobody can tell."""
    offering, refusing, lacks = answer
    anywhere, nowhere, unknown = _asked(machine, kind, every, zones)
    if not nowhere and not unknown and anywhere:
        offering += [name for name in anywhere if name not in offering]
    elif not anywhere and not unknown and nowhere:
        refusing += [name for name in nowhere if name not in refusing]
    else:
        lacks.append(f"zone of {machine.name} (its subnet is not known yet)")


def _remedy(machine: ServerEvidence, kind: str, refusing: list[str], zones: Zones, every: list[str]) -> str:
    if not refusing:
        return ""
    better = [name for name in every if kind in _offers(zones, machine.site, name)]
    elsewhere = f", or give it a subnet in {' or '.join(better)}, which offers {kind}" if better else ""
    return f"write an instance_type that {' and '.join(refusing)} offers under at.{machine.site} of {machine.name}{elsewhere}"


def _offers(zones: Zones, site: str, name: str) -> frozenset[str]:
    offers = zones[site, name].offers
    return frozenset() if isinstance(offers, Unknown) else offers


def _facts(machine: ServerEvidence, kind: str, others: list[str], zones: Zones) -> tuple[Fact, ...]:
    zone = zones.get((machine.site, machine.zone))
    return (
        Fact(name="instance type", value=kind, source=machine.source),
        Fact(name="zone", value=machine.zone or "not known yet", source=zone.source if zone else "", as_of=zone.as_of if zone else None),
        Fact(name="zones that its group fails over to", value=", ".join(others) or "none"),
    )


ZONE_OFFERING = Rule(
    id="CAP-012",
    name="zone-offering",
    title="Every planned zone offers the instance type that is to run there",
    severity=Severity.CRITICAL,
    controls=("NIST 800-53 CP-2(2)",),
    side="aws",
    formula="the type is in the offers of the machine's zone, and of every other zone where its redundancy group stands",
    source="Amazon EC2 API, DescribeInstanceTypeOfferings by availability zone",
    remedy="choose an instance type that the zone offers, or a subnet in a zone that offers this one",
    check=check,
    needs=("instance types and subnets of the plan", "offers of every zone"),
)
