"""REL-012: a restore or a failover of every service was tried as recently as its tier asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from policies.evidence import Evidence, RecoveryTestEvidence, ServiceEvidence
from policies.rule import Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every service whose tier sets a period."""
    tests: dict[str, list[RecoveryTestEvidence]] = {}
    for test in evidence.recovery_tests:
        tests.setdefault(test.service, []).append(test)
    judged = False
    for service in evidence.services.values():
        standard = evidence.standards.tiers.get(service.tier)
        if standard is not None and standard.recovery_test_days is not None:
            judged = True
            yield _judge(rule, service, tests.get(service.name, []), standard.recovery_test_days, evidence.today)
    if not judged:
        yield rule.not_applicable("no tier of a service sets a period for recovery tests")


def _judge(rule: Rule, service: ServiceEvidence, tests: list[RecoveryTestEvidence], days: int, today: date) -> Verdict:
    past = [t for t in tests if t.on <= today]
    future = [t for t in tests if t.on > today]
    last = max(past, key=lambda t: t.on, default=None)
    facts = [Fact(name="period of the tier", value=days, unit="days", source=f"standard of tier {service.tier}")]
    facts += [Fact(name=t.kind, value=t.on.isoformat(), source=t.source) for t in sorted(tests, key=lambda t: t.on, reverse=True)[:3]]
    age = (today - last.on).days if last else None
    formula = f"{today} - {last.on if last else '?'} = {age if last else '?'} days <= {days} days"
    missing: tuple[str, ...] = ()
    if last is not None and (today - last.on).days <= days:
        outcome, message = (
            Outcome.PASS,
            f"service {service.name}: last {last.kind} tried {age} days ago, on {last.on}; {days} days are allowed",
        )
    elif future:
        soonest = min(t.on for t in future)
        outcome = Outcome.UNDETERMINED
        message = f"service {service.name}: its next recorded test is dated {soonest}, after today"
        missing = (f"result of the test of {service.name} on {soonest} (it is planned, or the date is a slip)",)
    elif last is not None:
        outcome, message = Outcome.FAIL, f"service {service.name}: last {last.kind} tried {age} days ago, {days} days are allowed"
    else:
        outcome, message = Outcome.FAIL, f"service {service.name}: no restore or failover is on record; one in {days} days is asked for"
    return rule.verdict(outcome, service.target, message, facts=tuple(facts), formula=formula, missing=missing, source=service.source)


RECOVERY_TESTED = Rule(
    id="REL-012",
    name="recovery-tested",
    title="A restore or failover of every service was tried within its tier's period",
    severity=Severity.MEDIUM,
    controls=("NIST 800-53 CP-4(2)",),
    formula="today - date of the last restore or failover that worked <= recovery_test_days of the tier",
    source="NIST 800-53 CP-4; AWS Well-Architected REL13-BP03",
    remedy="restore it to an empty place, or fail it over; then write kind and date under `recovery_tests:` of the service",
    needs=("recovery tests of services", "the tiers' recovery_test_days"),
    check=check,
)
