"""Every failure of the example city, and every service, can be told: nothing is lost on the way and nothing is promised that is not so."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from infra.estate.load import load_estate
from infra.estate.model import Estate
from policies.evidence import Evidence
from policies.readers.estate import read_estate
from policies.reports.impact import build_impact
from policies.reports.service_pages import impact_page, where_page
from policies.reports.where import build_where
from policies.reports.words import span
from policies.simulate import Failure, Kind, every_failure, simulate
from policies.simulate.names import UnknownObjectError, find_failure, names

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@cache
def example() -> tuple[Estate, Evidence]:
    estate = load_estate(Path(__file__).parents[3] / "estate")
    return estate, read_estate(estate, NOW.date())


FAILURES = list(every_failure(example()[1]))


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_every_failure_is_told_whole(failure: Failure) -> None:
    _, evidence = example()
    outcome = simulate(evidence, failure)

    told = build_impact(evidence, failure, NOW)

    assert {r.name for r in outcome.restarted} | {w.name for w in outcome.without_place} == set(outcome.stopped)
    assert {m.name for m in told.machines} == set(outcome.stopped)
    assert told.answer.endswith(".")
    assert "\n" not in told.answer
    assert told.grave == (bool(told.without) or any(not s.kept for s in told.services))
    page = impact_page(told)
    assert all(f"{m.name}</th>" in page for m in told.machines)


@pytest.mark.parametrize("service", sorted(example()[1].services))
def test_every_service_is_told(service: str) -> None:
    estate, evidence = example()

    told = build_where(estate, evidence, service, NOW)

    assert told.answer.endswith(".")
    assert {s.name for s in told.servers} == {s.name for s in evidence.by_service[service] if not s.held}
    assert ("no single loss breaks" in told.answer) == all(f.kept for f in told.failures)
    assert "<html" in where_page(told)


def test_every_name_means_what_it_says() -> None:
    _, evidence = example()

    for name, meant in names(evidence).items():
        if len(meant) == 1:
            assert find_failure(evidence, name) == meant[0]
        else:
            with pytest.raises(UnknownObjectError, match="objects have this name"):
                find_failure(evidence, name)
    assert {f for found in names(evidence).values() for f in found} == {f for f in FAILURES if f.kind is not Kind.HOSTS}


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "0 min"), (59.4, "59 min"), (59.6, "1 h"), (60, "1 h"), (287, "4 h 47 min"), (1440, "1 d"), (3060, "2 d 3 h"), (2879.9, "2 d")],
)
def test_minutes_in_words(minutes: float, words: str) -> None:
    assert span(minutes) == words
