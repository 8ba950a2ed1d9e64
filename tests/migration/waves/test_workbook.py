"""Workbooks and tables: out and in again changes nothing, an edited cell is a pin, and nonsense is said and passed over."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.errors import InclineError
from migration.waves.build import build
from migration.waves.document import PlannedNight, PlannedStay, Unplanned, WavePlan
from migration.waves.document_text import render
from migration.waves.workbook import COLUMNS, csv_text, servers_sheet, sheets, write_workbook
from migration.waves.workbook_read import Imported, import_edits
from tests.fakes.wave_plans import TODAY, candidate, inputs, planned, wave_plan

names = st.from_regex(r"[=+@a-z][a-zA-Z0-9._ -]{0,11}[a-z0-9]", fullmatch=True)


def table(path: Path, rows: list[list[Any]], heads: tuple[str, ...] = ("Server", "Night", "Retain")) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([heads, *rows])
    return path


def edited(tmp_path: Path, *rows: list[Any], plan: WavePlan | None = None) -> Imported:
    """The import of a table with these rows, and the plan's other servers as they are."""
    ours = plan or wave_plan()
    given_rows = {row[0] for row in rows}
    rest = [[each.server, night.isoformat(), ""] for night, each in ours.entries() if each.server not in given_rows]
    return import_edits(table(tmp_path / "edited.csv", [*rows, *rest]), ours, TODAY)


def codes(found: Imported) -> list[str]:
    return [each.code for each in found.findings]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(names, unique=True, min_size=1, max_size=6), st.sampled_from([".xlsx", ".csv"]))
def test_out_and_in_again_changes_nothing(tmp_path: Path, servers: list[str], suffix: str) -> None:
    nights = tuple(
        PlannedNight(night=date(2026, 12, 1 + n), servers=(planned(name, date(2026, 12, 1 + n)),)) for n, name in enumerate(servers)
    )
    plan, path = wave_plan(nights=nights), tmp_path / f"waves{suffix}"
    if suffix == ".csv":
        path.write_text(csv_text(servers_sheet(plan)))
    else:
        write_workbook(path, sheets(plan))

    found = import_edits(path, plan, TODAY)

    assert (found.plan, found.findings) == (plan, [])


def test_another_night_is_a_pin_and_moves_the_line(tmp_path: Path) -> None:
    found = edited(tmp_path, ["desk-db-01", "2026-12-09", ""])

    assert found.plan.night_of()["desk-db-01"] == date(2026, 12, 9)
    assert [(pin.server, pin.night) for pin in found.plan.pins] == [("desk-db-01", date(2026, 12, 9))]
    assert found.plan.entry("desk-db-01")[1].chosen == date(2026, 12, 1)  # type: ignore[index]
    assert codes(found) == []


@pytest.mark.parametrize("cell", ["2026-12-09", "9.12.2026", "12/09/2026T", "wave 2", "2", "2026-12-9"])
def test_nights_as_people_write_them(tmp_path: Path, cell: str) -> None:
    expected = date(2026, 12, 3) if cell in {"wave 2", "2"} else date(2026, 12, 9)
    found = edited(tmp_path, ["desk-db-01", cell.rstrip("T").replace("12/09", "12/29") if "/" in cell else cell, ""])

    assert found.moved == {"desk-db-01": date(2026, 12, 29) if "/" in cell else expected}


def test_dates_of_a_workbook_are_dates(tmp_path: Path) -> None:
    path = tmp_path / "w.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Servers")
        for column, head in enumerate(("server", "NIGHT")):
            sheet.write(3, column, head)
        sheet.write(4, 0, "desk-db-01")
        sheet.write_datetime(4, 1, datetime(2026, 12, 9, tzinfo=UTC).replace(tzinfo=None), book.add_format({"num_format": "dd/mm/yy"}))

    assert import_edits(path, wave_plan(), TODAY).moved == {"desk-db-01": date(2026, 12, 9)}


def test_an_empty_night_keeps_a_server_where_it_is(tmp_path: Path) -> None:
    found = edited(tmp_path, ["desk-db-01", "", ""])

    assert "desk-db-01" not in found.plan.night_of()
    assert found.plan.retained == (PlannedStay(server="desk-db-01", reason="taken out of the plan in edited.csv"),)


def test_a_word_under_retain_is_the_reason(tmp_path: Path) -> None:
    found = edited(tmp_path, ["base-dns-01", "2026-12-03", "the vendor is gone"])

    assert found.plan.retained == (PlannedStay(server="base-dns-01", reason="the vendor is gone"),)
    assert [night.night for night in found.plan.nights] == [date(2026, 12, 1)]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (["desk-db-1", "2026-12-09", ""], "PLN-030"),
        (["desk-db-01", "soon", ""], "PLN-031"),
        (["desk-db-01", "2026-02-30", ""], "PLN-031"),
        (["desk-db-01", "wave 9", ""], "PLN-031"),
        (["desk-db-01", "3/4/2027", ""], "PLN-031"),
        (["desk-db-01", "2026-11-20", ""], "PLN-032"),
        (["desk-db-01", "2206-12-09", ""], "PLN-032"),
    ],
)
def test_nonsense_is_said_and_passed_over(tmp_path: Path, row: list[str], code: str) -> None:
    found = edited(tmp_path, row)

    assert codes(found) == [code]
    assert found.plan == wave_plan()


def test_a_server_in_two_rows_counts_once(tmp_path: Path) -> None:
    found = edited(tmp_path, ["desk-db-01", "2026-12-09", ""], ["desk-db-01", "2026-12-10", ""])

    assert found.moved == {"desk-db-01": date(2026, 12, 9)}
    assert codes(found) == ["PLN-033"]


def test_what_has_moved_stays(tmp_path: Path) -> None:
    night = PlannedNight(night=date(2026, 12, 1), servers=(planned("desk-db-01", date(2026, 12, 1), state="moved"),))
    found = edited(tmp_path, ["desk-db-01", "2026-12-09", ""], plan=wave_plan(nights=(night,)))

    assert codes(found) == ["PLN-034"]
    assert found.moved == {}


def test_rows_that_are_missing_change_nothing(tmp_path: Path) -> None:
    found = import_edits(table(tmp_path / "e.csv", [["desk-db-01", "2026-12-09", ""]]), wave_plan(), TODAY)

    assert codes(found) == ["PLN-035"]
    assert set(found.plan.night_of()) == {"desk-app-01", "desk-db-01", "base-dns-01"}


def test_a_night_for_what_cannot_move_is_refused_with_the_reason(tmp_path: Path) -> None:
    plan = wave_plan(
        left_out=(Unplanned(server="old-db-01", why="rhel 6 does not start"),), retained=(PlannedStay(server="x-1", reason="kept"),)
    )
    found = edited(tmp_path, ["old-db-01", "2026-12-09", ""], ["x-1", "2026-12-09", ""], plan=plan)

    assert codes(found) == ["PLN-036", "PLN-036"]
    assert "rhel 6" in found.findings[0].what


def test_a_copy_of_the_plan_file_with_moved_lines(tmp_path: Path) -> None:
    night = date(2026, 12, 8)
    other = wave_plan(
        nights=(
            PlannedNight(night=date(2026, 12, 1), servers=(planned("desk-app-01", date(2026, 12, 1)),)),
            PlannedNight(night=night, servers=(planned("desk-db-01", date(2026, 12, 1)), planned("base-dns-01", date(2026, 12, 3)))),
        )
    )
    path = tmp_path / "other.yaml"
    path.write_text(render(other))

    assert import_edits(path, wave_plan(), TODAY).moved == {"desk-db-01": night, "base-dns-01": night}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("w.xlsx", b"no workbook", "INC-7131"),
        ("w.csv", b"\xff\xfe\x00\x01", "INC-7131"),
        ("w.csv", b"a;b\n1;2\n", "INC-7132"),
        ("w.csv", b"", "INC-7132"),
        ("none.csv", None, "INC-7131"),
    ],
)
def test_files_that_are_no_plan(tmp_path: Path, name: str, content: bytes | None, code: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(InclineError) as caught:
        import_edits(tmp_path / name, wave_plan(), TODAY)

    assert caught.value.code == code


def test_a_workbook_without_the_sheet_is_refused(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "w.xlsx")) as book:
        book.add_worksheet("One")
        book.add_worksheet("Two")

    with pytest.raises(InclineError, match="no sheet Servers, only One, Two"):
        import_edits(tmp_path / "w.xlsx", wave_plan(), TODAY)


def test_semicolons_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_text("\ufeffServer;Night\ndesk-db-01;9.12.2026\n", encoding="utf-8")

    assert import_edits(path, wave_plan(), TODAY).moved == {"desk-db-01": date(2026, 12, 9)}


def test_the_workbook_tells_capacity_cost_durations_and_notes() -> None:
    built = build(inputs(candidate("desk-db-01"), candidate("desk-app-01"), candidate("base-dns-01")))
    pages = {page.name: page for page in sheets(wave_plan(), built, {"desk": 1, "base": 3})}

    assert set(pages) == {"Waves", "Servers", "Capacity", "Cost", "Durations", "Notes"}
    assert pages["Servers"].heads == COLUMNS
    assert [row[:3] for row in pages["Cost"].rows] == [(date(2026, 12, 1), 2, 60.88), (date(2026, 12, 3), 3, 91.31)]
    assert pages["Cost"].rows[1][3] == 4.0
    assert len(pages["Durations"].rows) == 3


def test_a_name_is_never_a_formula() -> None:
    night = PlannedNight(night=date(2026, 12, 1), servers=(planned("=cmd|' /C calc'!A0", date(2026, 12, 1)),))
    text = csv_text(servers_sheet(wave_plan(nights=(night,))))

    assert next(csv.DictReader(io.StringIO(text)))["Server"].startswith("'=")
