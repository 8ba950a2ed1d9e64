"""Sections by hand-checked numbers: scores, bars, fans, waivers, gaps, owners, failures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from infra.estate.model import GIB, HighAvailability
from policies.evaluate import Result, evaluate
from policies.evidence import DatastoreEvidence, PromiseEvidence, Unknown
from policies.reports.build import build_report
from policies.reports.capacity import capacity_bars, forecast_fans, parameter
from policies.reports.excuses import waiver_rows
from policies.reports.failures import failure_cases
from policies.reports.gaps import missing_groups
from policies.reports.model import CapacityBar, FailureCase
from policies.reports.owners import SHARED_OWNER, Ownership
from policies.reports.rows import age, anchors
from policies.reports.scores import scores
from policies.rules import RULES
from policies.verdict import Outcome, Severity, Verdict
from tests.policies.builders import server, waiver
from tests.policies.reports import sample


def verdict(**changes: object) -> Verdict:
    fields = {"rule": "CAP-001", "target": "service/permits", "outcome": Outcome.PASS, "severity": Severity.LOW, "message": "m"}
    return Verdict(**{**fields, **changes})


def score_of(*verdicts: Verdict) -> tuple[int | None, str]:
    found, judged = sample.evidence(), Result("estate", verdicts)
    row = scores(judged, anchors(judged), found, Ownership(found)).services[0]
    return row.score, row.formula


@pytest.mark.parametrize(
    ("outcomes", "score"),
    [
        ([(Outcome.PASS, Severity.CRITICAL)], 100),
        ([(Outcome.PASS, Severity.CRITICAL), (Outcome.FAIL, Severity.LOW)], 88),  # 8 of 9
        ([(Outcome.PASS, Severity.HIGH), (Outcome.FAIL, Severity.CRITICAL)], 33),  # 4 of 12
        ([(Outcome.PASS, Severity.MEDIUM), (Outcome.WAIVED, Severity.MEDIUM)], 50),
        ([(Outcome.PASS, Severity.MEDIUM), (Outcome.UNDETERMINED, Severity.MEDIUM)], 50),
        ([(Outcome.PASS, Severity.LOW), (Outcome.NOT_APPLICABLE, Severity.CRITICAL)], 100),
    ],
)
def test_a_score_is_the_weight_of_what_holds_in_all_that_applies(outcomes: list[tuple[Outcome, Severity]], score: int) -> None:
    assert score_of(*(verdict(outcome=o, severity=s) for o, s in outcomes))[0] == score


def test_one_open_finding_among_very_many_is_never_a_hundred() -> None:
    many = [verdict() for _ in range(1000)]

    assert score_of(*many, verdict(outcome=Outcome.FAIL))[0] == 99
    assert score_of(verdict(), verdict(outcome=Outcome.FAIL))[1] == "1 of 2 = 50 %"


def test_scores_stand_by_tier_in_order_and_by_service_worst_first() -> None:
    full = sample.report()

    assert [row.name for row in full.tiers] == ["gold", "silver", "bronze", "shared infrastructure"]
    assert [row.score for row in full.services] == sorted(row.score or 0 for row in full.services)
    assert {row.owner for row in full.services} == {"Permits", "Public Works", "Libraries", SHARED_OWNER}


def bar(kind: str, name: str, **changes: object) -> CapacityBar:
    found = sample.evidence(**changes)
    return next(b for b in capacity_bars(found, sample.result(**changes)) if (b.kind, b.name) == (kind, name))


def test_a_cluster_bar_by_hand() -> None:
    memory, cpus = bar("memory", "downtown/general"), bar("vCPU", "downtown/general")

    # Two running machines of 32 GiB and 4 vCPUs, one held source as large; three hosts of 256 GiB and 32 cores.
    assert (memory.before, memory.after, memory.line, memory.total) == (64, 96, 512, 768)
    assert (cpus.before, cpus.after, cpus.line, cpus.total) == (8, 12, 256, 384)
    assert memory.line_means == "left without h1 (N+1)"
    assert memory.state == "fits"


def test_the_line_is_where_the_failures_that_ha_allows_leave_it() -> None:
    plain = sample.evidence().clusters
    none = bar("memory", "downtown/general", clusters=(replace(plain[0], ha=HighAvailability(host_failures=0)), plain[1]))
    two = bar("memory", "downtown/general", clusters=(replace(plain[0], ha=HighAvailability(host_failures=2)), plain[1]))

    assert (none.line, none.line_means) == (768, "all hosts: no failure is allowed for")
    assert (two.line, two.line_means) == (256, "left without h1, h2 (N+2)")


def test_a_promise_counts_once_and_only_after() -> None:
    promise = PromiseEvidence(by="move x", holder="x", site="downtown", cluster="general", cpus=2, memory=10 * GIB, disk=0)
    mine = PromiseEvidence(by="move y", holder="permits-app-01", site="downtown", cluster="general", cpus=2, memory=10 * GIB, disk=0)

    assert (bar("memory", "downtown/general", promises=(promise, mine)).before, bar("memory", "downtown/general").before) == (64, 64)
    assert bar("memory", "downtown/general", promises=(promise, mine)).after == 106


def test_an_unknown_size_is_a_bound_and_decides_nothing_below_the_line() -> None:
    unknown = server("x", memory=Unknown("memory of x", "known only after pulumi up"))

    assert bar("memory", "downtown/general", servers=(unknown,)).state == "unknown"
    assert bar("memory", "downtown/general", servers=(unknown, server("big", memory=600 * GIB))).state == "over"


@pytest.mark.parametrize(
    ("bound", "after", "state"), [("", 10, "fits"), ("", 11, "over"), ("at least", 10, "unknown"), ("at most", 11, "unknown")]
)
def test_a_bar_fits_up_to_its_line(bound: str, after: float, state: str) -> None:
    made = CapacityBar(kind="space", name="x", unit="GiB", before=1, after=after, line=10, total=20, line_means="", bound=bound)

    assert made.state == state


def test_bars_of_datastores_and_quotas_take_what_is_planned_from_the_rules() -> None:
    found = sample.evidence()
    judged = evaluate(found)
    bars = {(b.kind, b.name): b for b in capacity_bars(found, judged)}
    planned = {
        f.name: f.value for v in judged.verdicts if v.rule == "CAP-006" and v.target == "datastore/downtown/data-01" for f in v.facts
    }

    assert bars["space", "downtown/data-01"].after == pytest.approx(3900 + float(planned["planned"]))
    assert (bars["quota", "aws-east/standard"].before, bars["quota", "aws-east/standard"].after) == (96, 104)
    assert bars["quota", "aws-east/standard"].line == pytest.approx(102.4)
    assert bars["space", "downtown/general-01"].bound == "at most"


def test_the_lines_are_the_citys_own_parameters() -> None:
    found = sample.evidence()
    stricter = replace(found, standards=found.standards.model_copy(update={"rules": {"CAP-001": {"vcpu_per_core": 2.0}}}))

    assert parameter(found, "CAP-001", "vcpu_per_core", 9.0) == 4.0
    assert parameter(stricter, "CAP-001", "vcpu_per_core", 9.0) == 2.0
    names = {rule.id: set(rule.parameters) for rule in RULES}
    assert ("vcpu_per_core" in names["CAP-001"], "warn_percent" in names["CAP-006"], "percent" in names["CAP-011"]) == (True, True, True)


def test_a_fan_crosses_its_line_on_the_day_that_the_conservative_level_does() -> None:
    memory = next(f for f in forecast_fans(sample.evidence()) if f.resource == "memory")

    # 200 GiB + 1.82 GiB a day passes 512 GiB after 171.4 days; points stand every 5 days.
    assert memory.crosses == date(2027, 5, 19)
    assert (memory.unit, memory.usable) == ("GiB", 512)
    assert memory.points[0].p90 == 200


@pytest.mark.parametrize(
    ("created", "expires", "state", "left"),
    [
        ("2026-11-20", "2026-12-25", "lapsing", 30),
        ("2026-11-20", "2026-12-26", "valid", 31),
        ("2026-11-20", "2026-11-25", "lapsing", 0),
        ("2026-11-20", "2026-11-24", "lapsed", -1),
        ("2026-11-26", "2026-12-01", "early", 6),
        ("2026-11-20", "soon", "lapsed", None),
        ("2026-01-01", "2027-06-01", "lapsed", 188),
    ],
)
def test_the_state_of_a_waiver_by_its_dates(created: str, expires: str, state: str, left: int | None) -> None:
    found = sample.evidence(waivers=(waiver(rules=("TAG-001",), target="server/gis-tiles-01", created=created, expires=expires),))
    judged = evaluate(found, sample.RULES)
    row = waiver_rows(judged, anchors(judged), found)[0]

    assert (row.state, row.days_left) == (state, left)
    assert [text for _, text in row.covers] == ["TAG-001 medium server/gis-tiles-01"]


def gap(datum: str, why: str, **changes: object) -> tuple[str, str]:
    found = sample.evidence(**changes)
    judged = Result("estate", (verdict(outcome=Outcome.UNDETERMINED, missing=(f"{datum} ({why})",), source="estate/servers/x.yaml:3"),))
    group = missing_groups(judged.verdicts, found)[0]
    return group.datum, group.command


@pytest.mark.parametrize(
    ("datum", "why", "wanted", "command"),
    [
        ("used space of datastore data-01 of downtown", "nobody looked", "used space of datastore", "incline capacity snapshot"),
        ("size of disk data of gis-files-01", "known only after pulumi up", "size of disk data", "pulumi up makes it known"),
        (
            "hold time of the move of gis-files-01",
            "the estate does not say",
            "hold time of the move",
            "write it in the estate, at estate/servers/x.yaml:3",
        ),
        ("Pulumi protect of gis-files-01", "neither tells", "Pulumi protect", "pulumi stack export"),
        ("types that h1 offers", "x", "types that … offers", "incline capacity snapshot"),
    ],
)
def test_gaps_are_named_without_objects_and_with_what_fills_them(datum: str, why: str, wanted: str, command: str) -> None:
    named, told = gap(datum, why, snapshot=None)

    assert named == wanted
    assert told.startswith(command)


def test_a_snapshot_that_lacks_a_datum_is_not_asked_for_once_more_in_vain() -> None:
    assert gap("logging of gis-files-01", "neither tells")[1].startswith("the capacity snapshot does not hold it")


@pytest.mark.parametrize(
    ("target", "service", "owner"),
    [
        ("server/gis-files-01", "gis", "Public Works"),
        ("service/library", "library", "Libraries"),
        ("move/gis-files-01", "gis", "Public Works"),
        ("cluster/downtown/data", "", SHARED_OWNER),
        ("nothing/known", "", SHARED_OWNER),
        ("server/stranger", "", SHARED_OWNER),
    ],
)
def test_who_answers_for_an_object(target: str, service: str, owner: str) -> None:
    place = Ownership(sample.evidence()).of(target)

    assert (place.service, place.owner) == (service, owner)


def test_what_is_shared_names_the_departments_that_it_concerns() -> None:
    assert Ownership(sample.evidence()).of("cluster/downtown/general").concerns == ("Permits", "Libraries")


def failing(failed: str) -> FailureCase:
    return next(case for case in failure_cases(sample.evidence()) if case.failed == failed)


def test_the_heat_map_by_hand() -> None:
    d1 = failing("d1")
    cells = {cell.host: cell for cell in d1.cells}

    # 200 GiB and 120 GiB on two hosts of 256 GiB: neither takes both.
    assert len(d1.without) == 1
    assert cells["d1"].failed
    assert {round(cell.percent) for cell in cells.values()} == {round(100 * 200 / 256), round(100 * 120 / 256)}
    assert d1.note == "memory binds"
    assert failing("h1").holds


def test_larger_failures_tell_whose_promise_breaks() -> None:
    case = failing("datastore downtown/data-01")

    assert case.cells == ()
    assert (case.stopped, case.breaks) == (2, ("gis",))


def test_an_estate_without_clusters_has_a_report() -> None:
    found = sample.evidence(clusters=(), servers=(), datastores=(), quotas=None, forecasts=(), services={}, links=(), kinds={})

    assert failure_cases(found) == ()
    assert capacity_bars(found, evaluate(found, sample.RULES)) == ()


def test_a_datastore_of_no_size_draws_an_empty_bar() -> None:
    empty = DatastoreEvidence(site="downtown", name="x", capacity=0, used=0)

    assert bar("space", "downtown/x", datastores=(empty,)).state == "over"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (1, "observed 1 minute before"),
        (59, "observed 59 minutes before"),
        (60, "observed 1 hour before"),
        (47 * 60, "observed 47 hours before"),
        (48 * 60, "observed 2 days before"),
    ],
)
def test_ages_in_words(minutes: int, words: str) -> None:
    from datetime import timedelta

    assert age(sample.WHEN, sample.WHEN + timedelta(minutes=minutes)) == words
    assert age(None, sample.WHEN) == "declared"


def test_a_change_that_brings_a_machine_shows_before_and_after() -> None:
    old = sample.evidence(promises=())
    arriving = server("new-01", memory=16 * GIB, disks=(100 * GIB,), datastore="general-01")
    new = replace(old, servers=(*old.servers, arriving))
    bars = {(b.kind, b.name): b for b in capacity_bars(new, evaluate(new), old)}
    memory, space = bars["memory", "downtown/general"], bars["space", "downtown/general-01"]

    assert memory.after - memory.before == 16
    assert space.after - space.before == 116


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "none of 3 simulated failures leaves"), (1, "1 of 3 simulated failures leaves"), (2, "2 of 3 simulated failures leave ")],
)
def test_the_director_reads_how_many_hosts_may_fail(count: int, words: str) -> None:
    found = sample.evidence()
    cases = tuple(case.model_copy(update={"without": ("x",) if n < count else ()}) for n, case in enumerate(failure_cases(found)[:3]))
    full = build_report("x", sample.result(), sample.WHEN, evidence=found, failures=cases)

    assert any(words in line for line in full.summary)
