"""REL-006: a machine that nobody stands in for is started again when its hardware fails."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import Evidence, ServerEvidence, provenance
from policies.parts import Parts
from policies.restarts import Restart, clusters_by_place, restart_of
from policies.rule import Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every server that is alone in its part."""
    clusters, parts = clusters_by_place(evidence), Parts(evidence)
    judged = False
    for service in evidence.services:
        for part in parts.of(service):
            if len(part.members) == 1:
                judged = True
                yield _judge(rule, part.members[0], restart_of(part.members[0], clusters))
    if not judged:
        yield rule.not_applicable("no server is without another that stands in for it")


def _judge(rule: Rule, server: ServerEvidence, restart: Restart) -> Verdict:
    facts = (Fact(name="started again by", value=restart.how, source=server.source, as_of=server.as_of),)
    formula = f"{server.name} is one of one: {restart.how} ({provenance(server.as_of)})"
    if restart.best != restart.worst:
        outcome, message = Outcome.UNDETERMINED, f"{server.name} stands alone and {restart.how}"
    elif restart.best:
        outcome, message = Outcome.PASS, f"{server.name} stands alone; {restart.how}"
    else:
        outcome, message = Outcome.FAIL, f"{server.name} stands alone and nothing starts it again: {restart.how}"
    return rule.verdict(
        outcome, server.target, message, facts=facts, formula=formula, missing=restart.lacks, source=server.source, urn=server.urn
    )


RESTART_AFTER_FAILURE = Rule(
    id="REL-006",
    name="restart-after-failure",
    title="A machine that stands alone is started again when its hardware fails",
    severity=Severity.HIGH,
    controls=("NIST 800-53 SI-13(5)",),
    formula="single machine: vSphere HA on, another host, restart priority not disabled; EC2: automatic recovery on",
    source="vSphere Availability, VM restart priority; Amazon EC2 User Guide, simplified automatic recovery",
    remedy="switch HA on and give the machine a restart priority; on EC2: aws ec2 modify-instance-maintenance-options --instance-id ID "
    "--auto-recovery default; or add a second member",
    needs=("HA of clusters", "HA restart priority of machines", "automatic recovery of instances"),
    check=check,
)
