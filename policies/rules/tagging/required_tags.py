"""TAG-001: every machine says whose it is and what it promises."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import Evidence, ServerEvidence, Unknown, missing
from policies.rule import Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every machine that is not held: a held one is frozen on purpose."""
    for server in evidence.servers:
        if not server.held:
            yield _judge(rule, server, evidence.standards.required_tags)


def _judge(rule: Rule, server: ServerEvidence, required: tuple[str, ...]) -> Verdict:
    if isinstance(server.tags, Unknown):
        message = f"the tags of {server.name} are not known yet"
        return rule.verdict(
            Outcome.UNDETERMINED, server.target, message, source=server.source, urn=server.urn, missing=missing((server.tags,))
        )
    absent = tuple(tag for tag in required if not server.tags.get(tag))
    facts = tuple(Fact(name=tag, value=server.tags[tag]) for tag in required if server.tags.get(tag))
    formula = f"{len(required) - len(absent)} of {len(required)} required tags"
    if absent:
        message = f"{server.name} on {server.site} lacks the tags {', '.join(absent)}"
        return rule.verdict(Outcome.FAIL, server.target, message, facts=facts, formula=formula, source=server.source, urn=server.urn)
    return rule.verdict(
        Outcome.PASS, server.target, f"{server.name} has {formula}", facts=facts, formula=formula, source=server.source, urn=server.urn
    )


REQUIRED_TAGS = Rule(
    id="TAG-001",
    name="required-tags",
    title="Every machine carries the required tags",
    severity=Severity.HIGH,
    controls=("NIST 800-53 CM-8", "NIST 800-53 CP-2(8)"),
    formula="every required tag of the standards is present and not empty",
    source="the city's standards, estate/standards.yaml",
    remedy="give the server a service in the estate: its tags follow from it",
    check=check,
)
