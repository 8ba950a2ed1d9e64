"""REL-004: a server is backed up as often as its service promises, kept as long as its tier asks, with a copy outside its own site."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import BackupEvidence, Evidence, ServerEvidence, ServiceEvidence
from policies.rule import Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict

_ORDER = (Outcome.PASS, Outcome.UNDETERMINED, Outcome.FAIL)


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every server that runs; a held source's data is that of the machine that took over.

    A machine that was seen and belongs to nobody is one of them: that nothing says what it may lose is worth a look.
    """
    judged = False
    for server in evidence.servers:
        if not server.held:
            judged = True
            yield _judge(rule, server, evidence)
    if not judged:
        yield rule.not_applicable("there is no server")


def _judge(rule: Rule, server: ServerEvidence, evidence: Evidence) -> Verdict:
    service = evidence.services.get(server.service)
    if service is None:
        message = f"{server.name} belongs to no known service, so nothing says what it may lose"
        lacks = (f"service of {server.name} (the reader found none)",)
        return rule.verdict(Outcome.UNDETERMINED, server.target, message, source=server.source, urn=server.urn, missing=lacks)
    jobs = evidence.backups_of.get(server.name, ())
    if not jobs:
        message = f"{server.name} has no backup; {service.name} promises to lose at most {service.rpo_minutes} minutes"
        return rule.verdict(Outcome.FAIL, server.target, message, source=server.source, urn=server.urn)
    standard = evidence.standards.tiers.get(service.tier)
    keep = standard.backup.retention_days if standard else 0
    return min((_of_job(rule, server, service, job, keep) for job in jobs), key=lambda v: _ORDER.index(v.outcome))


def _of_job(rule: Rule, server: ServerEvidence, service: ServiceEvidence, job: BackupEvidence, keep: int) -> Verdict:
    outside = tuple(site for site in job.copies if site != server.site)
    told = job.retention_days > 0
    facts = (
        Fact(name="backup every", value=job.interval_minutes, unit="min", source=job.declared_in, as_of=job.as_of),
        Fact(name="RPO", value=service.rpo_minutes, unit="min", source=f"service {service.name}"),
        Fact(name="copies at", value=", ".join(job.copies) or "no site", source=job.declared_in, as_of=job.as_of),
        Fact(name="kept for", value=job.retention_days if told else "?", unit="days", source=job.declared_in, as_of=job.as_of),
        Fact(name="to be kept for", value=keep, unit="days", source=f"standard of tier {service.tier}"),
    )
    kept = f"{job.retention_days if told else '?'} days >= {keep} days"
    formula = (
        f"{job.interval_minutes} min <= {service.rpo_minutes} min; copies outside {server.site}: {', '.join(outside) or 'none'}; {kept}"
    )
    problems = []
    if job.interval_minutes > service.rpo_minutes:
        problems.append(f"is backed up every {job.interval_minutes} minutes, the RPO is {service.rpo_minutes}")
    if not outside:
        problems.append(f"has no backup copy outside {server.site}")
    if told and job.retention_days < keep:
        problems.append(f"keeps backups for {job.retention_days} days, tier {service.tier} asks for {keep}")
    missing: tuple[str, ...] = ()
    outcome = Outcome.FAIL if problems else Outcome.PASS
    message = f"{server.name} {' and '.join(problems)}" if problems else f"{server.name}: {formula}"
    if not problems and keep and not told:
        outcome, missing = Outcome.UNDETERMINED, (f"retention of the backup of {server.name} ({job.declared_in} does not tell)",)
    return rule.verdict(
        outcome, server.target, message, facts=facts, formula=formula, source=server.source, urn=server.urn, missing=missing
    )


BACKUP_MEETS_RPO = Rule(
    id="REL-004",
    name="backup-meets-rpo",
    title="Backups run as often as the RPO needs, are kept as the tier asks, and have a copy outside the site",
    severity=Severity.CRITICAL,
    controls=("NIST 800-53 CP-9", "NIST 800-53 CP-6(1)", "AWS REL09-BP03"),
    formula="one job with: interval <= RPO of the service, a copy at another site than the server's, retention >= that of the tier",
    source="AWS Well-Architected REL09-BP03; NIST 800-53 CP-9",
    remedy="shorten the interval, keep it longer, or add a copy at another site under `backup:` of the server, or in the tier's standard",
    needs=("backup jobs", "RPO of services", "the tiers' standard of backup"),
    check=check,
)
