"""CAP-018: the capacity snapshot is fresh and covers every site that is judged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from infra.wording import listed
from policies.evidence import ClusterEvidence, Evidence, SnapshotEvidence, ZoneEvidence
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number

COMMAND = "incline capacity snapshot"
LIVE = "live"
"""What a look of this moment is called in place of a file."""
CLOCKS_APART = timedelta(hours=24)
"""Evidence judged by the day has midnight for its moment, so a snapshot of the same day may seem to come from later."""


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every site that has a cluster or a zone."""
    fresh, old = parameters.number("fresh_hours"), parameters.number("old_hours")
    sites: dict[str, list[ClusterEvidence | ZoneEvidence]] = {}
    judged: tuple[ClusterEvidence | ZoneEvidence, ...] = (*evidence.clusters, *evidence.zones)
    for place in judged:
        sites.setdefault(place.site, []).append(place)
    if not sites:
        yield rule.not_applicable("no site has a cluster or a zone")
    for site, places in sites.items():
        yield _judge(rule, site, places, evidence.snapshot, evidence.moment, (fresh, old))


def _judge(
    rule: Rule,
    site: str,
    places: list[ClusterEvidence | ZoneEvidence],
    snapshot: SnapshotEvidence | None,
    moment: datetime,
    hours: tuple[float, float],
) -> Verdict:
    target, source = f"site/{site}", places[0].source
    if snapshot is None:
        lacks = (f"capacity snapshot of site {site} ({COMMAND} takes one)",)
        message = f"site {site}: no capacity snapshot, so capacity is judged by what is declared"
        return rule.verdict(Outcome.UNDETERMINED, target, message, source=source, missing=lacks)
    if site not in snapshot.sites:
        return rule.verdict(Outcome.FAIL, target, _not_covered(site, snapshot), source=source)
    unseen = [place.target for place in places if place.as_of is None]
    if unseen:
        message = f"site {site}: the capacity snapshot {snapshot.source} does not show {listed(unseen)}"
        return rule.verdict(Outcome.FAIL, target, message, source=source)
    taken = min(place.as_of or snapshot.taken_at for place in places)
    return _by_age(rule, target, source, taken, moment, hours, snapshot)


def _by_age(
    rule: Rule, target: str, source: str, taken: datetime, moment: datetime, hours: tuple[float, float], snapshot: SnapshotEvidence
) -> Verdict:
    fresh, old = hours
    site, age = target.removeprefix("site/"), (moment - taken) / timedelta(hours=1)
    facts = (Fact(name="age of the capacity snapshot", value=round(max(0.0, age), 1), unit="hours", source=snapshot.source, as_of=taken),)
    formula = f"{format_number(round(max(0.0, age), 1))} h < {format_number(fresh)} h"
    if taken - moment > CLOCKS_APART:
        lacks = (f"time of the capacity snapshot {snapshot.source} (it says {taken:%Y-%m-%d %H:%M} UTC, which is to come)",)
        message = f"site {site}: the capacity snapshot comes from the future; one of the clocks is wrong"
        return rule.verdict(Outcome.UNDETERMINED, target, message, facts=facts, source=source, missing=lacks)
    if age < fresh:
        outcome, severity = Outcome.PASS, rule.severity
        why = f"{format_number(round(max(0.0, age), 1))} h old, younger than {format_number(fresh)} h"
    elif age <= old:
        outcome, severity = Outcome.FAIL, Severity.MEDIUM
        why = f"{format_number(round(age, 1))} h old, should be younger than {format_number(fresh)} h"
    else:
        outcome, severity = Outcome.FAIL, rule.severity
        why = f"{format_number(round(age, 1))} h old, more than {format_number(old)} h: it says nothing of today"
    return rule.verdict(
        outcome, target, f"site {site}: the capacity snapshot is {why}", facts=facts, formula=formula, source=source, severity=severity
    )


def _not_covered(site: str, snapshot: SnapshotEvidence) -> str:
    if snapshot.source == LIVE:
        return f"site {site}: it could not be looked at, so its capacity is judged by what is declared"
    return f"site {site}: the capacity snapshot {snapshot.source} of {', '.join(snapshot.sites) or 'no site'} does not cover it"


SNAPSHOT_AGE = Rule(
    id="CAP-018",
    name="snapshot-age",
    title="The capacity snapshot is fresh and covers every site",
    severity=Severity.CRITICAL,
    side="both",
    controls=("NIST 800-53 CA-7",),
    needs=("capacity snapshot: when it was taken, of which sites",),
    formula="age of the snapshot < 24 h (up to 72 h a warning, older blocks), for every site with a cluster or a zone",
    source="NIST 800-53 CA-7: a verdict about capacity is worth as much as the age of what it rests on",
    remedy=f"take a new one: {COMMAND}",
    check=check,
    parameters={
        "fresh_hours": Parameter(default=24.0, reason="a day has passed through its peak and its backups"),
        "old_hours": Parameter(default=72.0, reason="over a weekend nobody takes one; after three days too much has moved"),
    },
)
