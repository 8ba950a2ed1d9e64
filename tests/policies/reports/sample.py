"""A city with something of everything that a report must show: failures, waivers of each state, unknowns, projections, quotas, failures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from infra.estate.model import GIB, Tier
from policies.baseline import Baseline, KnownFinding, compare
from policies.evaluate import Result, evaluate
from policies.evidence import (
    ClusterEvidence,
    DatastoreEvidence,
    Evidence,
    ForecastEvidence,
    ForecastPoint,
    PromiseEvidence,
    QuotaEvidence,
    ServiceEvidence,
    SnapshotEvidence,
    Unknown,
    missing,
)
from policies.reports.build import build_report
from policies.reports.failures import failure_cases
from policies.reports.model import Report
from policies.rule import Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict
from tests.policies.builders import TODAY, city, host, server, waiver

Check = Callable[[Rule, Evidence, Parameters], Iterator[Verdict]]
WHEN = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SEEN = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)


def evidence(**changes: object) -> Evidence:
    """Two clusters, one of them too full, three services of three departments."""
    plain = city()
    services = {
        name: ServiceEvidence(name=name, owner=owner, tier=tier, rto_minutes=60, rpo_minutes=60, source=f"estate/services/{name}.yaml:2")
        for name, owner, tier in (
            ("permits", "Permits", Tier.GOLD),
            ("gis", "Public Works", Tier.SILVER),
            ("library", "Libraries", Tier.BRONZE),
        )
    }
    whole = replace(
        plain,
        services=services,
        kinds={"downtown": "vsphere", "aws-east": "aws"},
        clusters=(
            replace(plain.clusters[0], source="estate/sites/downtown.yaml:14", as_of=SEEN),
            ClusterEvidence(
                site="downtown",
                name="data",
                hosts=(host("d1"), host("d2")),
                ha=plain.clusters[0].ha,
                source="estate/sites/downtown.yaml:40",
                as_of=SEEN,
            ),
        ),
        datastores=(
            *plain.datastores,
            DatastoreEvidence(
                site="downtown", name="data-01", capacity=4000 * GIB, used=3900 * GIB, source="estate/sites/downtown.yaml:60"
            ),
        ),
        servers=(
            server("permits-app-01"),
            server("permits-app-02", held=True),
            server("gis-files-01", service="gis", cluster="data", datastore="data-01", memory=200 * GIB, cpus=16),
            server("gis-tiles-01", service="gis", cluster="data", datastore="data-01", memory=120 * GIB, tags={}),
            server(
                "library-web-01", service="library", disks=(Unknown("size of disk data of library-web-01", "known only after pulumi up"),)
            ),
        ),
        quotas=(
            QuotaEvidence(
                site="aws-east",
                code="L-1216C47A",
                name="standard",
                families=("m", "c", "r"),
                limit=128.0,
                used=96.0,
                source="quotas",
                as_of=SEEN,
            ),
        ),
        promises=(
            PromiseEvidence(
                by="move permits-db-01",
                holder="permits-db-01",
                site="aws-east",
                cpus=8,
                memory=64 * GIB,
                disk=0,
                instance_type="m6i.2xlarge",
            ),
        ),
        forecasts=(
            fan("cluster/downtown/general", "memory", 200.0 * GIB, 1.4 * GIB),
            fan("cluster/downtown/data", "cpu", 30_000.0, 40.0),
            fan("datastore/downtown/data-01", "space", 3300.0 * GIB, 0.1 * GIB),
        ),
        snapshot=SnapshotEvidence(taken_at=SEEN, sites=("downtown", "aws-east"), source="capacity.json"),
        waivers=(
            waiver(id="W-1", rules=("CAP-006",), target="datastore/downtown/data-01", reason="the new shelf is in the building already"),
            waiver(id="W-2", rules=("TAG-001",), target="server/*", created="2026-06-01", expires="2026-08-01"),
            waiver(id="W-3", rules=("SEC-001",), target="server/*", created="2027-01-01", expires="2027-02-01"),
            waiver(id="W-4", rules=("REL-004",), target="server/x", created="soon", expires="never"),
        ),
    )
    return replace(whole, **changes)


def unknown_disk(name: str) -> Unknown:
    return Unknown(f"size of disk data of {name}", "known only after pulumi up")


def fan(target: str, resource: str, begin: float, step: float) -> ForecastEvidence:
    points = tuple(
        ForecastPoint(TODAY + timedelta(days=d), begin + step * d * 0.8, begin + step * d, begin + step * d * 1.3) for d in range(0, 365, 5)
    )
    return ForecastEvidence(
        target=target, resource=resource, points=points, confidence="90 days of daily maxima", source="history", as_of=SEEN
    )


def _fits(rule: Rule, found: Evidence, _: Parameters) -> Iterator[Verdict]:
    for cluster in found.clusters:
        need = sum(s.memory for s in found.in_cluster(cluster)) / GIB
        left = sum(h.memory for h in cluster.hosts[1:]) / GIB
        yield rule.verdict(
            Outcome.PASS if need <= left else Outcome.FAIL,
            cluster.target,
            f"cluster {cluster.name}: {need:g} GiB of memory are needed and {left:g} GiB are left",
            facts=(
                Fact(name="memory needed", value=need, unit="GiB"),
                Fact(name="left", value=left, unit="GiB", source="hosts", as_of=SEEN),
            ),
            formula=f"{need:g} GiB <= {left:g} GiB",
            source=cluster.source,
        )


def _room(rule: Rule, found: Evidence, _: Parameters) -> Iterator[Verdict]:
    for store in found.datastores:
        lacks = missing((store.used, *(d for s in found.on_datastore(store) for d in s.disks)))
        outcome = Outcome.UNDETERMINED if lacks else Outcome.FAIL if store.used > store.capacity * 0.8 else Outcome.PASS
        facts = (Fact(name="planned", value=10.0, unit="GiB"),)
        yield rule.verdict(outcome, store.target, f"datastore {store.name} | is <full>", facts=facts, missing=lacks, source=store.source)


def _tags(rule: Rule, found: Evidence, _: Parameters) -> Iterator[Verdict]:
    for each in found.servers:
        lacks = isinstance(each.tags, Unknown) or not each.tags
        yield rule.verdict(
            Outcome.FAIL if lacks else Outcome.PASS,
            each.target,
            f"{each.name} tags",
            facts=(Fact(name="tags", value=0),),
            source=each.source,
        )


def _none(rule: Rule, found: Evidence, _: Parameters) -> Iterator[Verdict]:
    del found
    yield rule.not_applicable("there is no edge server")


def _rule(id_: str, check: Check, severity: Severity, remedy: str) -> Rule:
    return Rule(
        id=id_,
        name=id_.lower(),
        title=f"the title of {id_}",
        severity=severity,
        controls=("NIST 800-53 CP-10",),
        formula="need <= left",
        source="a book",
        remedy=remedy,
        check=check,
    )


RULES = (
    _rule("CAP-001", _fits, Severity.CRITICAL, "add a host"),
    _rule("CAP-006", _room, Severity.HIGH, "grow the datastore"),
    _rule("TAG-001", _tags, Severity.MEDIUM, "give it tags"),
    _rule("SEC-005", _none, Severity.HIGH, "take the address away"),
)
"""Rules of our own: what reports show must not hang on the numbers of the real ones."""


def result(**changes: object) -> Result:
    return evaluate(evidence(**changes), RULES)


BASELINE = Baseline(
    taken="2026-11-18",
    findings=(
        KnownFinding(
            rule="CAP-002", target="cluster/downtown/general", severity="critical", message="admission control was off", since="2026-10-01"
        ),
        KnownFinding(rule="CAP-001", target="cluster/downtown/data", severity="critical", message="too full", since="2026-10-01"),
    ),
)


def report(source_base: str = "https://forge.example/city/blob/main", **changes: object) -> Report:
    found = evidence(**changes)
    judged = evaluate(found, RULES)
    return build_report(
        "Check of the city",
        judged,
        WHEN,
        evidence=found,
        failures=failure_cases(found),
        comparison=compare(judged, BASELINE),
        notes=("one note",),
        source_base=source_base,
    )


def many(count: int) -> Evidence:
    """A large city: two of three servers have no tags."""
    return evidence(
        servers=tuple(server(f"s-{i:05}", tags={} if i % 3 else {"owner": "Permits"}, cluster="", datastore="") for i in range(count))
    )
