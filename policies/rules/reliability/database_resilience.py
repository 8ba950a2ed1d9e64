"""REL-008: managed databases survive a zone, cannot be deleted by mistake, and keep backups as long as their tier asks."""

from __future__ import annotations

from collections.abc import Iterator

from infra.estate.model import Tier
from policies.evidence import DatabaseEvidence, Evidence, Unknown, missing
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every managed database, and one for every region whose databases nobody could read."""
    tiers = {word.strip() for word in parameters.text("multi_az_tiers").split(",")}
    for database in evidence.databases:
        yield _judge(rule, database, evidence, tiers)
    told = evidence.snapshot.unread if evidence.snapshot else ()
    unread = [(site, why) for site, part, why in told if part == "databases" and site in evidence.kinds]
    for site, why in unread:
        message = f"the managed databases of {site} could not be read"
        yield rule.verdict(Outcome.UNDETERMINED, f"site/{site}", message, missing=(f"managed databases of {site} ({why})",))
    if not evidence.databases and not unread:
        yield rule.not_applicable("there is no managed database")


class _Asked:
    """What the tier of a database asks for; an unknown service may be of any tier that the standards know."""

    def __init__(self, database: DatabaseEvidence, evidence: Evidence, tiers: set[str]) -> None:
        service = evidence.services.get(database.service)
        self.tier: Tier | None = service.tier if service else None
        keep = {t: s.backup.retention_days for t, s in evidence.standards.tiers.items()}
        possible = list(keep.values()) or [0]
        self.days = (keep.get(self.tier, 0),) * 2 if self.tier else (min(possible), max(possible))
        self.spread = (self.tier in tiers,) * 2 if self.tier else (False, True)
        why = f"the database names {database.service}, which the estate does not have" if database.service else "it names none"
        self.lacks = () if self.tier else (f"service of {database.name} ({why})",)


def _judge(rule: Rule, database: DatabaseEvidence, evidence: Evidence, tiers: set[str]) -> Verdict:
    asked = _Asked(database, evidence, tiers)
    source, as_of = database.source, database.as_of
    values = {"multi-AZ": database.multi_az, "deletion protection": database.deletion_protection, "retention": database.retention_days}
    facts = tuple(Fact(name=n, value="?" if isinstance(v, Unknown) else str(v), source=source, as_of=as_of) for n, v in values.items())
    formula = (
        f"multi-AZ {_text(database.multi_az)}; deletion protection {_text(database.deletion_protection)}; "
        f"{_text(database.retention_days)} days >= {asked.days[1]} days of tier {asked.tier or '?'}"
    )
    lacks: tuple[str, ...] = ()
    certain, possible = _problems(database, asked, 0), _problems(database, asked, 1)
    if certain:
        outcome, message = Outcome.FAIL, f"database {database.name} {' and '.join(certain)}"
    elif possible or missing(values.values()):
        lacks = missing(values.values()) + (asked.lacks if possible else ())
        outcome, message = Outcome.UNDETERMINED, f"database {database.name}: not all that its tier asks for is known"
    else:
        outcome, message = Outcome.PASS, f"database {database.name}: {formula}"
    return rule.verdict(outcome, database.target, message, facts=facts, formula=formula, missing=lacks, source=source, urn=database.urn)


def _problems(database: DatabaseEvidence, asked: _Asked, bound: int) -> list[str]:
    """What is wrong for sure with the least (0) or the most (1) that may be asked of it."""
    problems = []
    if asked.spread[bound] and database.multi_az is False:
        problems.append("stands in one zone")
    if database.deletion_protection is False:
        problems.append("has no deletion protection")
    if not isinstance(database.retention_days, Unknown) and database.retention_days < asked.days[bound]:
        problems.append(f"keeps backups for {database.retention_days} days, its tier asks for {asked.days[bound]}")
    return problems


def _text(value: object) -> str:
    return (
        "?" if isinstance(value, Unknown) else {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    )


DATABASE_RESILIENCE = Rule(
    id="REL-008",
    name="database-resilience",
    title="Managed databases span zones, cannot be deleted by mistake, and keep backups as long as their tier asks",
    severity=Severity.HIGH,
    controls=("CIS AWS 3.2.4", "NIST 800-53 CP-10"),
    formula="gold and silver: multi-AZ; all: deletion protection on, retention >= that of the tier's standard of backup",
    source="CIS AWS Foundations Benchmark 7.0, 3.2.4; Amazon RDS User Guide, Multi-AZ deployments",
    remedy="aws rds modify-db-instance --db-instance-identifier NAME --multi-az --deletion-protection --backup-retention-period DAYS",
    parameters={
        "multi_az_tiers": Parameter(
            default="gold, silver", reason="a stand-by doubles the price: what may be away for a day can be restored from a backup"
        )
    },
    side="aws",
    needs=("managed databases", "the services they belong to"),
    check=check,
)
