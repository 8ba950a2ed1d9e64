"""TAG-001: every machine says whose it is and what it promises, the same on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.evidence import Evidence, ServerEvidence, ServiceEvidence, Unknown
from policies.rule import Parameters, Rule
from policies.rules.decide import Grounds, decide, ours
from policies.verdict import Fact, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every machine that serves; a held source is compared with it."""
    required = evidence.standards.required_tags
    sources = {s.name: s for s in evidence.servers if s.held}
    promised = {name: promises(service) for name, service in evidence.services.items()}
    found = False
    for server in evidence.servers:
        if server.held:
            continue
        found = True
        grounds = _judge(server, required, promised.get(server.service, {}))
        late = _late(server, sources.get(server.name), required)
        grounds.problems += late
        # Nothing of a held machine may be changed, and a machine that is not in the estate is not its team's to tag: told, not punished.
        milder = (bool(late) and len(late) == len(grounds.problems)) or not ours(server)
        severity = Severity.MEDIUM if milder else None
        passed = f"has {len(required)} of {len(required)} required tags"
        yield decide(rule, server, f"{server.name} on {server.site}", grounds, passed, severity)
    if not found:
        yield rule.not_applicable("no machine")


def promises(service: ServiceEvidence) -> dict[str, str]:
    """The values that the estate gives the tags of a service's machines, as `infra.tags` writes them."""
    return {
        "owner": service.owner,
        "service": service.name,
        "tier": str(service.tier),
        "rto": f"{service.rto_minutes}m",
        "rpo": f"{service.rpo_minutes}m",
        "data-class": str(service.data_class),
        "cost-centre": service.cost_centre,
    }


def _judge(server: ServerEvidence, required: tuple[str, ...], promised: Mapping[str, str]) -> Grounds:
    tags = server.tags
    if isinstance(tags, Unknown):
        return Grounds(missing=[str(tags)])
    said = {tag: value for tag in required if isinstance(value := tags.get(tag), str) and value}
    absent = [tag for tag in required if not tags.get(tag)]
    wrong = [tag for tag, value in said.items() if promised.get(tag) and value != promised[tag]]
    grounds = Grounds(formulas=[f"{len(required) - len(absent)} of {len(required)} required tags, {len(wrong)} with another value"])
    grounds.missing = [f"tag {tag} of {server.name} ({value.why})" for tag in required if isinstance(value := tags.get(tag), Unknown)]
    if absent or wrong:
        grounds.facts = [Fact(name=tag, value=value, source=server.source, as_of=server.as_of) for tag, value in said.items()]
    if absent:
        grounds.problems.append(f"lacks the tags {', '.join(absent)}")
    grounds.problems += [f"says {tag} {said[tag]}, the estate says {promised[tag]}" for tag in wrong]
    return grounds


def _late(server: ServerEvidence, source: ServerEvidence | None, required: tuple[str, ...]) -> list[str]:
    if source is None or isinstance(server.tags, Unknown) or isinstance(source.tags, Unknown):
        return []
    here, there = server.tags, source.tags
    told = [tag for tag in required if isinstance(here.get(tag), str) and isinstance(there.get(tag), str)]
    other = [tag for tag in told if here[tag] and there[tag] and here[tag] != there[tag]]
    return [f"says {tag} {here[tag]}, its held source on {source.site} says {there[tag]}" for tag in other]


REQUIRED_TAGS = Rule(
    id="TAG-001",
    name="required-tags",
    title="Every machine carries the required tags, with the estate's values on both sides",
    severity=Severity.HIGH,
    controls=("NIST 800-53 CM-8", "NIST 800-53 CP-2(8)"),
    needs=("tags of the machines", "services of the estate, and the required tags of its standards"),
    formula="every required tag of the standards is present, not empty, and says what the estate says of the service",
    source="the city's standards, estate/standards.yaml",
    remedy="give the server a service in the estate: its tags follow from it with the next `pulumi up`",
    check=check,
)
