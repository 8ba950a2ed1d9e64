"""The programme: defaults without a file, and a line for every mistake in one."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from infra.estate.load import load_estate
from migration.waves.programme import Programme, ProgrammeErrors, load_programme, parse_programme, programme_path, programme_schema
from tests.fakes.village import Village

ROOT = Path(__file__).parents[3]


def problems(text: str, root: Path | None = None) -> list[str]:
    estate = Village(root).load() if root else None
    with pytest.raises(ProgrammeErrors) as caught:
        parse_programme(text, Path("plan/programme.yaml"), estate)
    return [str(problem) for problem in caught.value.problems]


def test_no_file_is_needed(tmp_path: Path) -> None:
    assert load_programme(tmp_path / "programme.yaml") == Programme()


def test_an_empty_file_is_the_defaults() -> None:
    assert parse_programme("", Path("p.yaml")) == Programme()


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProgrammeErrors, match="1 problem"):
        load_programme(tmp_path / "programme.yaml", needed=True)


def test_it_stands_beside_the_estate(tmp_path: Path) -> None:
    assert programme_path(tmp_path / "estate") == tmp_path / "plan" / "programme.yaml"


def test_the_example_citys_is_valid_and_fits_its_estate() -> None:
    found = load_programme(ROOT / "plan/programme.yaml", load_estate(ROOT / "estate"), needed=True)

    assert found.deadlines
    assert found.freezes


def test_every_mistake_has_its_line() -> None:
    text = "nights: 0\npeople: {per_nigth: 3}\nweekdays: [mon, tus]\nretained:\n  - {server: a, reason: x}\n"

    found = problems(text)

    assert [line.split(" ")[0] for line in found] == ["programme.yaml:1:", "programme.yaml:2:", "programme.yaml:3:", "programme.yaml:5:"]
    assert "per_night" in found[1]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("pins:\n  - {night: 2026-12-01}\n", 2, "exactly one of"),
        ("pins:\n  - {server: a, service: b, night: 2026-12-01}\n", 2, "exactly one of"),
        ("freezes:\n  - {begins: 2026-12-05, ends: 2026-12-01, reason: x}\n", 2, "before it begins"),
        ("wave: {most: 3, least: 4}\n", 1, "more servers than it may hold"),
        ("retained:\n  - {server: a, reason: why not}\n  - {server: a, reason: why not}\n", 3, "retained twice"),
        ("retained:\n  - {server: a, reason: why not}\npins:\n  - {server: a, night: 2026-12-01}\n", 4, "pinned and retained"),
        ("first_night: 2026-12-01\npins:\n  - {server: a, night: 2026-11-30}\n", 3, "before the first night"),
        ('links:\n  - {between: [a, b], hours: [{begins: "25:00", ends: "01:00", mbit_s: 5}]}\n', 2, "begins"),
    ],
)
def test_what_cannot_be_meant(text: str, line: int, says: str) -> None:
    found = problems(text)

    assert len(found) == 1
    assert found[0].startswith(f"programme.yaml:{line}: ")
    assert says in found[0]


def test_a_name_that_the_estate_does_not_have_gets_a_suggestion(tmp_path: Path) -> None:
    text = "retained:\n  - {server: desk-db-1, reason: it stays}\ndeadlines:\n  - {site: hal, by: 2027-01-01}\n"

    found = problems(text, tmp_path)

    assert "did you mean desk-db-01?" in found[0]
    assert "did you mean hall?" in found[1]


def test_nights_fall_on_the_named_weekdays() -> None:
    found = Programme(nights=3, weekdays=("mon", "sat"), lead_days=7).calendar(date(2026, 11, 25))

    assert found == (date(2026, 12, 5), date(2026, 12, 7), date(2026, 12, 12))


def test_the_schema_for_editors_is_the_models() -> None:
    assert json.loads(programme_schema())["title"] == "Incline plan: programme"
    assert (ROOT / "plan/schema/programme.json").read_text() == programme_schema()
