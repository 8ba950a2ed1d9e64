"""REL-004: a server is backed up as often as its service promises, with a copy outside its own site."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import BackupEvidence, Evidence, ServerEvidence
from policies.rule import Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every server that runs; a held source's data is that of the machine that took over."""
    jobs = {job.server: job for job in evidence.backups}
    for server in evidence.servers:
        if not server.held:
            yield _judge(rule, server, jobs.get(server.name), evidence)


def _judge(rule: Rule, server: ServerEvidence, job: BackupEvidence | None, evidence: Evidence) -> Verdict:
    service = evidence.services.get(server.service)
    if service is None:
        message = f"{server.name} belongs to no known service, so nothing says what it may lose"
        lacks = (f"service of {server.name} (the reader found none)",)
        return rule.verdict(Outcome.UNDETERMINED, server.target, message, source=server.source, urn=server.urn, missing=lacks)
    if job is None:
        message = f"{server.name} has no backup; {service.name} promises to lose at most {service.rpo_minutes} minutes"
        return rule.verdict(Outcome.FAIL, server.target, message, source=server.source, urn=server.urn)
    outside = tuple(site for site in job.copies if site != server.site)
    facts = (
        Fact(name="backup every", value=job.interval_minutes, unit="min", source=job.declared_in),
        Fact(name="RPO", value=service.rpo_minutes, unit="min", source=f"service {service.name}"),
        Fact(name="copies at", value=", ".join(job.copies) or "no site", source=job.declared_in),
    )
    formula = f"{job.interval_minutes} min <= {service.rpo_minutes} min; copies outside {server.site}: {', '.join(outside) or 'none'}"
    problems = []
    if job.interval_minutes > service.rpo_minutes:
        problems.append(f"is backed up every {job.interval_minutes} minutes, the RPO is {service.rpo_minutes}")
    if not outside:
        problems.append(f"has no backup copy outside {server.site}")
    outcome = Outcome.FAIL if problems else Outcome.PASS
    message = f"{server.name} {' and '.join(problems)}" if problems else f"{server.name}: {formula}"
    return rule.verdict(outcome, server.target, message, facts=facts, formula=formula, source=server.source, urn=server.urn)


BACKUP_MEETS_RPO = Rule(
    id="REL-004",
    name="backup-meets-rpo",
    title="Backups run as often as the RPO needs, with a copy outside the site",
    severity=Severity.CRITICAL,
    controls=("NIST 800-53 CP-9", "NIST 800-53 CP-6(1)", "AWS REL09-BP03"),
    formula="backup interval <= RPO of the service, and at least one copy at another site than the server's",
    source="AWS Well-Architected REL09-BP03; NIST 800-53 CP-9",
    remedy="shorten the interval or add a copy at another site under `backup:` of the server, or in the tier's standard",
    check=check,
)
