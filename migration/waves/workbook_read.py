"""Reads a plan that people edited in a workbook, a CSV table or the YAML file itself, and says loudly what makes no sense.

Only differences count: another night is a pin, an empty night or a word under Retain keeps a server where it is. A row that cannot be
believed is passed over with a finding; all others are taken.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.errors import InclineError
from infra.estate.problems import did_you_mean
from infra.wording import listed
from migration.discover.model import Finding, Gravity
from migration.waves.document import WavePlan, read_wave_plan
from migration.waves.edits import edits_of, with_moves
from migration.waves.workbook import SHEET

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_WAVE = re.compile(r"(?:wave[ -]?)?(\d{1,4})", re.IGNORECASE)
_YEARS = 5
"""A night further away than this is a slip of the finger."""


@dataclass(slots=True)
class Imported:
    """A plan with the edits of a file, and what was odd about them."""

    plan: WavePlan
    moved: dict[str, date] = field(default_factory=dict)
    retained: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the table: where it is, and its cells by head."""

    where: str
    cells: Mapping[str, Any]

    def text(self, head: str) -> str:
        value = self.cells.get(head)
        if value is None:
            return ""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return str(value).strip().removeprefix("'")


def import_edits(path: Path, plan: WavePlan, today: date) -> Imported:
    """The plan with the edits of an edited workbook, CSV file or plan file.

    Raises:
        InclineError: INC-7131 when the file cannot be read, INC-7132 when it holds no table of servers.
    """
    if path.suffix.lower() in {".yaml", ".yml"}:
        return _from_plan(path, plan, today)
    rows = list(_csv_rows(path) if path.suffix.lower() == ".csv" else _book_rows(path))
    return _from_rows(path, rows, plan, today)


# --- tables


def _book_rows(path: Path) -> Iterator[_Row]:
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - only an import pays for it

    try:
        book = CalamineWorkbook.from_path(str(path))
        names = {name.strip().lower(): name for name in book.sheet_names}
        chosen = names.get(SHEET.lower()) or (book.sheet_names[0] if len(book.sheet_names) == 1 else None)
        if chosen is None:
            raise _no_table(path, f"it has no sheet {SHEET}, only {', '.join(book.sheet_names[:8])}")
        table = book.get_sheet_by_name(chosen).to_python()
    except (CalamineError, OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    yield from _rows(path, table, f"sheet {chosen}")


def _csv_rows(path: Path) -> Iterator[_Row]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from error
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    yield from _rows(path, list(csv.reader(io.StringIO(text), delimiter=separator)), "row")


def _rows(path: Path, table: Sequence[Sequence[Any]], where: str) -> Iterator[_Row]:
    """The rows below the line that has a head `Server` and a head `Night`."""
    for place, line in enumerate(table[:20]):
        heads = [str(cell).strip().lower() for cell in line]
        if "server" in heads and "night" in heads:
            for number, cells in enumerate(table[place + 1 :], place + 2):
                yield _Row(
                    f"{path.name}, {where} {number}" if where == "row" else f"{path.name}, {where}, row {number}", _cells(heads, cells)
                )
            return
    raise _no_table(path, "no line of it has the heads Server and Night")


def _cells(heads: Sequence[str], cells: Sequence[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for head, cell in zip(heads, cells, strict=False):
        if head and cell not in {"", None}:
            found.setdefault(head, cell)
    return found


def _unreadable(path: Path, why: str) -> InclineError:
    return InclineError(
        f"{path}: the plan cannot be read: {why}", code="INC-7131", next_step="give a workbook, CSV or YAML file of incline plan export"
    )


def _no_table(path: Path, why: str) -> InclineError:
    return InclineError(f"{path}: no table of servers: {why}", code="INC-7132", next_step="begin from  incline plan export waves.xlsx")


# --- from rows to edits


def _from_rows(path: Path, rows: Sequence[_Row], plan: WavePlan, today: date) -> Imported:
    found = Imported(plan)
    nights = plan.night_of()
    done = {each.server for _, each in plan.entries() if each.state == "moved"}
    kept = {stay.server: stay.reason for stay in plan.retained}
    seen: dict[str, str] = {}
    for row in rows:
        server = row.text("server")
        if not server:
            continue
        if server in seen:
            found.findings.append(
                _odd("PLN-033", row.where, f"{server} stands twice, first in {seen[server]}", "the first", "keep one row")
            )
            continue
        seen[server] = row.where
        if server in nights:
            _planned_row(found, row, nights[server], today, moved_already=server in done)
        elif server in kept:
            _kept_row(found, row, server, kept[server])
        else:
            found.findings.append(_stranger(row, server, plan))
    if gone := sorted(nights.keys() - seen.keys()):
        found.findings.append(
            _odd(
                "PLN-035",
                path.name,
                f"{len(gone)} servers of the plan have no row: {listed(gone, 5)}",
                "their nights stay",
                "empty Night to take one out",
            )
        )
    found.plan = with_moves(plan, found.moved, found.retained)
    return found


def _planned_row(found: Imported, row: _Row, now: date, today: date, *, moved_already: bool) -> None:
    server = row.text("server")
    if reason := row.text("retain"):
        wanted: date | str | None = None
    else:
        reason = f"taken out of the plan in {row.where.partition(',')[0]}"
        wanted = _night(row.cells.get("night"), row.text("night"), found.plan)
    if wanted == now:
        return
    if moved_already:
        found.findings.append(_odd("PLN-034", row.where, f"{server} has moved already", "the row is passed over", "nothing"))
    elif isinstance(wanted, str):
        found.findings.append(_odd("PLN-031", row.where, f"{server}: {wanted}", f"it stays on {now}", "write a night such as 2026-12-05"))
    elif wanted is None:
        found.retained[server] = reason
    elif wanted <= today or wanted > today + timedelta(days=_YEARS * 366):
        why = "has passed" if wanted <= today else "is years away"
        found.findings.append(_odd("PLN-032", row.where, f"{server}: {wanted} {why}", f"it stays on {now}", "write a night to come"))
    else:
        found.moved[server] = wanted


def _kept_row(found: Imported, row: _Row, server: str, reason: str) -> None:
    said = row.text("retain")
    if row.text("night"):
        words = f"{server} is retained ({reason}) and has a night"
        found.findings.append(_odd("PLN-036", row.where, words, "it stays retained", "take it out of `retained:` and make the plan again"))
    elif said and said != reason:
        found.retained[server] = said


def _night(cell: Any, text: str, plan: WavePlan) -> date | str | None:
    """A night, None for an empty cell, or why it is none."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if not text:
        return None
    return _dated(text) or _by_wave(text, plan)


def _dated(text: str) -> date | str | None:
    """A date in one of the three ways that people write it; None when it is none of them."""
    if found := _ISO.fullmatch(text):
        parts = (int(found[1]), int(found[2]), int(found[3]))
    elif found := _DOTTED.fullmatch(text):
        parts = (int(found[3]), int(found[2]), int(found[1]))
    elif found := _SLASHED.fullmatch(text):
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        if first <= 12 and second <= 12 and first != second:
            return f"{text} may be two different days"
        parts = (year, first, second) if first <= 12 else (year, second, first)
    else:
        return None
    try:
        return date(*parts)
    except ValueError:
        return f"{text} is no day of the calendar"


def _by_wave(text: str, plan: WavePlan) -> date | str:
    found = _WAVE.fullmatch(text)
    number = int(found[1]) if found else 0
    if 1 <= number <= len(plan.nights):
        return plan.nights[number - 1].night
    return f"{text!r} is no night and no wave" if not found else f"there is no wave {number}, the plan has {len(plan.nights)}"


def _stranger(row: _Row, server: str, plan: WavePlan) -> Finding:
    why = next((each.why for each in plan.left_out if each.server == server), "")
    if why:
        return _odd(
            "PLN-036", row.where, f"{server} cannot be planned: {why}", "it stays in no night", "mend the reason, then make the plan again"
        )
    names = [each.server for _, each in plan.entries()]
    return _odd("PLN-030", row.where, f"the plan has no server {server}", "the row is passed over", did_you_mean(server, names))


def _odd(code: str, where: str, what: str, taken: str, remedy: str) -> Finding:
    return Finding(code=code, gravity=Gravity.WARNING, where=where, what=what, taken=taken, remedy=remedy)


# --- an edited plan file


def _from_plan(path: Path, plan: WavePlan, today: date) -> Imported:
    """Another copy of the plan's file, with lines moved."""
    other = read_wave_plan(path)
    found = Imported(plan)
    edits = edits_of(other, plan.night_of())
    found.findings += edits.findings
    nights = plan.night_of()
    for server, night in sorted({**other.night_of(), **edits.pins}.items()):
        if server not in nights or night == nights[server]:
            continue
        if night <= today:
            found.findings.append(_odd("PLN-032", path.name, f"{server}: {night} has passed", "it stays", "write a night to come"))
        else:
            found.moved[server] = night
    found.retained = dict(edits.retained)
    found.plan = with_moves(plan, found.moved, found.retained)
    return found
