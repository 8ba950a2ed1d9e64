"""A plan as a workbook or a CSV table, for people who plan in those, and for other tools.

`Servers` is the sheet that may be edited: Night, Retain and Note of each row; `migration.waves.workbook_read` reads it back. The others are
for reading. Text is written as text: a server's name is never a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from infra.atomic import replace_file
from infra.prices import DAYS_PER_MONTH
from infra.spreadsheet import as_text
from migration.waves.build import Built
from migration.waves.build_candidates import Candidate
from migration.waves.build_ledger import ledger
from migration.waves.document import PlannedNight, WavePlan
from migration.waves.durations import estimate

SHEET = "Servers"
COLUMNS = (
    "Server", "Night", "Retain", "Group", "Service", "Tier", "From", "To", "GB", "Down min", "Down min p90", "State", "Pinned",
    "Chosen by planner", "Note",
)  # fmt: skip

Cell = str | float | int | date | None
Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its name, its heads and its rows. `wide` are the columns that hold sentences."""

    name: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    wide: tuple[str, ...] = ()


def sheets(plan: WavePlan, built: Built | None = None, at: Mapping[str, int] | None = None) -> tuple[Sheet, ...]:
    """All sheets. What needs the problem (capacity, cost, services) is empty without it."""
    return (
        _waves(plan),
        servers_sheet(plan, built),
        Sheet(
            "Capacity",
            ("Night", "Site", "What", "Unit", "For moves", "Left after the night", "Share left"),
            tuple(_capacity(built, at or {})),
        ),
        Sheet("Cost", ("Night", "Servers moved", "Saved USD a month from then", "Saved USD until then"), tuple(_cost(plan, built))),
        Sheet("Durations", ("Server", "Formula", "Source"), tuple(_durations(plan, built)), wide=("Formula", "Source")),
        Sheet("Notes", ("Kind", "Server", "Why"), tuple(_notes(plan)), wide=("Why",)),
    )


def _waves(plan: WavePlan) -> Sheet:
    heads = ("Wave", "Night", "Weekday", "Servers", "Groups", "GB", "Hours", "Hours p90", "People", "Held by", "Left")
    numbers = plan.waves()
    rows = tuple(_wave(numbers[night.night], night) for night in plan.nights)
    return Sheet("Waves", heads, rows, wide=("Held by", "Left"))


def _wave(number: int, night: PlannedNight) -> Row:
    groups = len({each.group for each in night.servers})
    left = "; ".join(f"{site}: {words}" for site, words in night.left.items())
    load = (night.gb, night.hours, night.hours_p90, night.people)
    return (number, night.night, f"{night.night:%A}", len(night.servers), groups, *load, night.held_by, left)


def servers_sheet(plan: WavePlan, built: Built | None = None) -> Sheet:
    """One row a server, planned or not: the sheet that may be edited."""
    return Sheet(SHEET, COLUMNS, tuple(_server_rows(plan, built)), wide=("Retain", "Note"))


def _server_rows(plan: WavePlan, built: Built | None) -> Iterator[Row]:
    about = {each.server: each for each in built.inputs.candidates} if built else {}
    pins = {pin.server: pin.night for pin in plan.pins}
    for night, each in plan.entries():
        forecast = (each.gb, each.minutes, each.minutes_p90)
        known = _known(about.get(each.server))
        yield (each.server, night, "", each.group, *known, each.to, *forecast, each.state, pins.get(each.server), each.chosen, each.note)
    for stay in plan.retained:
        known = _known(about.get(stay.server))
        yield (stay.server, None, stay.reason, "", *known, "", None, None, None, "retained", None, None, "")


def _known(candidate: Candidate | None) -> tuple[str, str, str]:
    """Service, tier and site."""
    return (candidate.service, candidate.tier, candidate.site) if candidate else ("", "", "")


def _capacity(built: Built | None, at: Mapping[str, int]) -> Iterator[Row]:
    if built is None:
        return
    used = sorted(set(at.values()))
    for each in ledger(built, at):
        usable = each.room.whole - each.room.reserve
        for index in used:
            share = round(each.left[index] / usable, 3) if usable > 0 else None
            yield (
                built.problem.nights[index], each.room.site, each.room.title, each.room.unit, round(each.capacity[index], 1),
                round(each.left[index], 1), share,
            )  # fmt: skip


def _cost(plan: WavePlan, built: Built | None) -> Iterator[Row]:
    """What the moves save: running cost as assessed, a month of 30.4 days."""
    saved = {each.server: each.saved_usd_month or 0.0 for each in built.inputs.candidates} if built else {}
    monthly = total = 0.0
    moved = 0
    before: date | None = None
    for night in plan.nights:
        total += monthly * ((night.night - before).days if before else 0) / DAYS_PER_MONTH
        monthly += sum(saved.get(each.server, 0.0) for each in night.servers)
        moved += len(night.servers)
        before = night.night
        yield (night.night, moved, round(monthly, 2), round(total, 2))


def _durations(plan: WavePlan, built: Built | None) -> Iterator[Row]:
    if built is None:
        return
    about = {each.server: each for each in built.inputs.candidates}
    for _, entry in plan.entries():
        each = about.get(entry.server)
        if each is not None and (each.site, each.target) in built.rates:
            moved = estimate(each, built.rates[each.site, each.target], built.pace)
            yield (entry.server, moved.formula, moved.source)


def _notes(plan: WavePlan) -> Iterator[Row]:
    yield from (("in no night", each.server, each.why) for each in plan.left_out)
    yield from (("retained", each.server, each.reason) for each in plan.retained)
    yield from (("pinned", each.server, f"{each.night}{': ' + each.why if each.why else ''}") for each in plan.pins)
    if plan.result is not None:
        words = f"cost of waiting {plan.result.cost:,.2f} USD, bound {plan.result.bound:,.2f}, gap {plan.result.gap:.3%}"
        yield ("plan", "", f"{words}, {plan.result.method}, {plan.result.seconds:g} s")
    for name, value in plan.inputs.items():
        yield ("made from", "", f"{name} {value}")


def write_workbook(path: Path, pages: Sequence[Sheet]) -> None:
    """Write a workbook: heads that stay, filters, columns as wide as their content, dates as dates.

    Raises:
        FileWriteError: INC-1052 when it cannot be written. A file that was there is as it was.
    """
    import xlsxwriter  # noqa: PLC0415 - 30 ms that only an export pays

    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}) as book:
        styles = {
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
            "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
        }
        for page in pages:
            _write_sheet(book.add_worksheet(page.name), page, styles)
    replace_file(path, made.getvalue())


def _write_sheet(sheet: Any, page: Sheet, styles: Mapping[str, Any]) -> None:
    for column, head in enumerate(page.heads):
        sheet.write_string(0, column, head, styles["head"])
        longest = max((len(str(row[column])) for row in page.rows if row[column] is not None), default=0)
        sheet.set_column(column, column, 60 if head in page.wide else min(40, max(len(head), longest) + 2))
    for line, row in enumerate(page.rows, 1):
        for column, value in enumerate(row):
            _write_cell(sheet, line, column, value, styles["wrap"] if page.heads[column] in page.wide else None, styles["date"])
    sheet.freeze_panes(1, 1)
    if page.rows:
        sheet.autofilter(0, 0, len(page.rows), len(page.heads) - 1)


def _write_cell(sheet: Any, line: int, column: int, value: Cell, style: Any, dated: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, date):
        sheet.write_datetime(line, column, datetime(value.year, value.month, value.day), dated)  # noqa: DTZ001 - a cell knows no zone
    elif isinstance(value, int | float):
        sheet.write_number(line, column, value)
    else:
        sheet.write_string(line, column, value, style)


def csv_text(page: Sheet) -> str:
    """A sheet as CSV. Text that a spreadsheet would take for a formula gets an apostrophe before it."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(page.heads)
    writer.writerows([_plain(value) for value in row] for row in page.rows)
    return stream.getvalue()


def _plain(value: Cell) -> str:
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, date) else f"{value:.10g}" if isinstance(value, int | float) else value
    return as_text(text) if isinstance(value, str) else text
