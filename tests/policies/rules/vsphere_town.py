"""One cluster of three hosts of 32 cores and 256 GiB; tests change one thing of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from infra.estate.model import HighAvailability
from policies.evidence import (
    ClusterEvidence,
    Evidence,
    ForecastEvidence,
    ForecastPoint,
    HostEvidence,
    PromiseEvidence,
    ServerEvidence,
    Unknown,
    UsageEvidence,
)
from policies.rule import Parameters, Rule, Scalar
from policies.verdict import Outcome, Verdict
from tests.policies.builders import TODAY, city, host

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PASS, FAIL, UNDETERMINED, NONE = Outcome.PASS, Outcome.FAIL, Outcome.UNDETERMINED, Outcome.NOT_APPLICABLE
LACK = Unknown("memory of s", "known only after the update")


def verdicts(rule: Rule, evidence: Evidence, **parameters: Scalar) -> list[Verdict]:
    return list(rule.check(rule, evidence, Parameters(rule, parameters)))


def verdict(rule: Rule, evidence: Evidence, target: str = "", **parameters: Scalar) -> Verdict:
    return next(v for v in verdicts(rule, evidence, **parameters) if target in ("", v.target))


def cluster(*hosts: HostEvidence, **changes: object) -> ClusterEvidence:
    plain = ClusterEvidence(site="downtown", name="general", hosts=hosts or (host("h1"), host("h2"), host("h3")), ha=HighAvailability())
    return replace(plain, **changes)


def ha(**settings: object) -> HighAvailability:
    return HighAvailability.model_validate(settings)


def town(*servers: ServerEvidence, on: ClusterEvidence | None = None, **changes: object) -> Evidence:
    return city(servers=servers, clusters=(on or cluster(),), **changes)


def used(cpu: float = 0.0, memory: float = 0.0) -> UsageEvidence:
    lack = Unknown("disk use", "not measured")
    return UsageEvidence(cpu_mhz_p95=cpu, memory_p95=memory, iops_p95=lack, throughput_p95=lack, days=30)


def promise(holder: str = "other-01", memory: int = 0, cpus: int = 0, **changes: object) -> PromiseEvidence:
    plain = PromiseEvidence(
        by="stack aws-east.servers",
        holder=holder,
        site="downtown",
        cluster="general",
        cpus=cpus,
        memory=memory,
        disk=0,
        datastore="general-01",
    )
    return replace(plain, **changes)


def projection(target: str, resource: str, levels: Sequence[float], first: date = TODAY, step: int = 100) -> ForecastEvidence:
    points = tuple(ForecastPoint(first + timedelta(days=step * n), level, level, level) for n, level in enumerate(levels))
    return ForecastEvidence(target=target, resource=resource, points=points, confidence="made up")
