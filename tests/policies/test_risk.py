"""The risk register: levels by the published matrix, owners, dates; and what lapsing waivers will bring back."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date

import pytest

from infra.estate.model import Tier
from policies.concerns import concerns
from policies.evaluate import Result, evaluate
from policies.outlook import outlook, unused
from policies.reports.register import COLUMNS, register_csv, register_html
from policies.risk import Level, register, risk_level
from policies.rules.capacity.failover_capacity import FAILOVER_CAPACITY
from policies.verdict import Outcome, Severity, Verdict
from tests.policies.builders import TODAY, city, server, waiver

FULL = tuple(server(f"permits-app-{n:02}", memory=200 << 30) for n in range(5))


def finding(target: str = "server/permits-app-01", severity: Severity = Severity.HIGH, **more: object) -> Verdict:
    plain = Verdict(rule="SEC-002", target=target, outcome=Outcome.FAIL, severity=severity, message="m", remedy="do it")
    return replace(plain, **more)


@pytest.mark.parametrize(
    ("likelihood", "impact", "level"),
    [
        (Level.VERY_HIGH, Level.VERY_HIGH, Level.VERY_HIGH),
        (Level.VERY_HIGH, Level.VERY_LOW, Level.VERY_LOW),
        (Level.HIGH, Level.MODERATE, Level.MODERATE),
        (Level.MODERATE, Level.VERY_HIGH, Level.HIGH),
        (Level.LOW, Level.VERY_HIGH, Level.MODERATE),
        (Level.VERY_LOW, Level.HIGH, Level.LOW),
    ],
)
def test_the_matrix_is_the_published_one(likelihood: Level, impact: Level, level: Level) -> None:
    assert risk_level(likelihood, impact) is level


def test_a_risk_never_falls_when_likelihood_or_impact_rises() -> None:
    for likelihood in Level:
        for impact in Level:
            assert risk_level(likelihood.step(1), impact) >= risk_level(likelihood, impact)
            assert risk_level(likelihood, impact.step(1)) >= risk_level(likelihood, impact)


def test_what_services_share_is_the_infrastructure_teams_and_a_server_its_departments() -> None:
    evidence = city()
    silver = replace(evidence.services["permits"], name="maps", owner="Planning", tier=Tier.SILVER)
    shared = replace(evidence, services={"maps": silver, **evidence.services}, servers=(*evidence.servers, server("m", service="maps")))
    (risk,) = register(Result("estate", (finding("cluster/downtown/general"),)), shared)
    (own,) = register(Result("estate", (finding("server/m"),)), shared)

    assert risk.services == ("permits", "maps")
    assert (risk.owner, own.owner) == ("infrastructure team", "Planning")
    assert (risk.likelihood, risk.impact, risk.level) == (Level.HIGH, Level.HIGH, Level.HIGH)
    assert (risk.treatment, risk.measure) == ("reduce", "do it")
    assert risk.due == "2027-02-23"


def test_restricted_data_raises_the_impact() -> None:
    evidence = city()
    restricted = {"permits": replace(evidence.services["permits"], data_class="restricted")}
    (risk,) = register(Result("estate", (finding(),)), replace(evidence, services=restricted))

    assert risk.impact is Level.VERY_HIGH


def test_a_mitigated_waiver_lowers_the_likelihood_and_sets_the_date() -> None:
    evidence = city(servers=FULL, waivers=(waiver(category="mitigated"),))
    risks = register(evaluate(evidence, [FAILOVER_CAPACITY]), evidence, {("CAP-001", "cluster/downtown/general"): "2026-10-01"})
    (risk,) = risks

    assert risk.likelihood is Level.HIGH
    assert risk.treatment == "accept until 2026-12-01"
    assert (risk.due, risk.since, risk.ticket) == ("2026-12-01", "2026-10-01", "CHG-1")


def test_what_holds_is_no_risk() -> None:
    evidence = city()

    assert register(evaluate(evidence, [FAILOVER_CAPACITY]), evidence) == ()


def test_the_outlook_says_what_fails_when_a_waiver_lapses() -> None:
    evidence = city(servers=FULL, waivers=(waiver(), waiver(id="W-2", rules=("SEC-001",))))
    result = evaluate(evidence, [FAILOVER_CAPACITY])
    (lapse,) = outlook(result, evidence.waivers, TODAY)

    assert (lapse.waiver.id, lapse.last_day, lapse.days_left, lapse.blocking) == ("W-1", date(2026, 12, 1), 6, 1)
    assert [w.id for w in unused(result, evidence.waivers)] == ["W-2"]


def test_the_csv_keeps_formulas_from_running() -> None:
    evidence = city()
    (row,) = csv.DictReader(io.StringIO(register_csv(register(Result("e", (finding(message='=cmd|"x"'),)), evidence))))

    assert tuple(row) == COLUMNS
    assert row["description"] == '\'=cmd|"x"'
    assert row["owner"] == "Permits"


def test_the_page_escapes_and_names_departments() -> None:
    evidence = city()
    page = register_html(register(Result("e", (finding(message="<b>x</b>"),)), evidence), "Register", TODAY)

    assert "&lt;b&gt;x" in page
    assert "<h2" in page
    assert "Permits" in page
    assert "<script" not in page


def test_links_and_sites_concern_the_services_on_them() -> None:
    found = concerns(city())

    assert found["cluster/downtown/general"] == ("permits",)
    assert found["site/downtown"] == ("permits",)
    assert found["service/permits"] == ("permits",)
