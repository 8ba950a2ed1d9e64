"""Whatever happens to the sample on its way: an InclineError or an inventory, and never a good row lost."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pytest
import python_calamine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.errors import InclineError
from migration.discover.exchange import read_file
from migration.discover.model import Inventory
from tests.migration.discover.exchange.files import NOW, SAMPLE, table, tables, workbook

SOME = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
Tabs = dict[str, list[list[object]]]
ODD = st.one_of(
    st.sampled_from(
        ["", "nan", "-1", "1e999", "0x10", "TRUE", "#REF!", "31/12/9999", "99999999999999999999", "=1+1", "\n", '"', ";", "vm-1", "\x00x"]
    ),
    st.text(max_size=20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70),
    st.booleans(),
)


@lru_cache(maxsize=1)
def sample() -> Tabs:
    book = python_calamine.CalamineWorkbook.from_path(str(SAMPLE))
    rows = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    return {name: [[_plain(cell) for cell in row] for row in found] for name, found in rows.items()}


def _plain(cell: object) -> object:
    return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell


def copied() -> Tabs:
    return {name: [list(row) for row in rows] for name, rows in sample().items()}


def read_bytes(content: bytes, name: str = "export.xlsx") -> Inventory | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            return read_file(path, "harbour", NOW)
        except InclineError as error:
            return None if error.next_step else pytest.fail(f"no next step: {error}")


def read_tabs(tabs: Tabs) -> Inventory | None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return read_file(tables(Path(folder), tabs), "harbour", NOW)
        except InclineError as error:
            return None if error.next_step else pytest.fail(f"no next step: {error}")


@SOME
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["vInfo", "vCPU", "vMemory", "vDisk", "vPartition", "vHost"]), st.integers(1, 9), st.integers(0, 89), ODD
        ),
        max_size=30,
    )
)
def test_cells_of_any_content(changes: Sequence[tuple[str, int, int, object]]) -> None:
    tabs = copied()
    touched = set()
    for tab, line, column, value in changes:
        rows = tabs[tab]
        row = rows[line % len(rows) or 1]
        row[column % len(row)] = value
        touched.add(str(sample()[tab][line % len(rows) or 1][0]))
    found = read_tabs(tabs)

    assert found is not None
    untouched = {str(row[0]) for row in sample()["vInfo"][1:]} - touched
    assert untouched <= {each.name for each in found.machines}


@SOME
@given(st.data())
def test_rows_and_columns_removed_doubled_and_shuffled(data: st.DataObject) -> None:
    tabs = copied()
    for name in data.draw(st.lists(st.sampled_from(sorted(tabs)), max_size=4)):
        rows = tabs.get(name, [])
        action = data.draw(
            st.sampled_from(["drop row", "double row", "drop column", "shuffle columns", "blank header", "drop tab", "cut row"])
        )
        if action == "drop tab" and name != "vInfo":
            tabs.pop(name, None)
        elif rows:
            _damage(rows, action, data)
    found = read_tabs(tabs)

    names = [str(cell) for cell in tabs["vInfo"][0]]
    if "VM" in names:
        there = {str(row[names.index("VM")]) for row in tabs["vInfo"][1:] if len(row) > names.index("VM")} - {""}
        assert there == ({each.name for each in found.machines} if found else set())


def _damage(rows: list[list[object]], action: str, data: st.DataObject) -> None:
    line = data.draw(st.integers(1, max(1, len(rows) - 1)))
    column = data.draw(st.integers(1, max(1, len(rows[0]) - 1)))
    if action == "drop row" and line < len(rows):
        del rows[line]
    elif action == "double row" and line < len(rows):
        rows.append(list(rows[line]))
    elif action == "cut row" and line < len(rows):
        del rows[line][column:]
    elif action == "blank header" and column < len(rows[0]):
        rows[0][column] = ""
    elif action == "drop column":
        for row in rows:
            del row[column : column + 1]
    elif action == "shuffle columns":
        width = max(len(row) for row in rows)
        order = data.draw(st.permutations(range(width)))
        rows[:] = [[row[at] if at < len(row) else "" for at in order] for row in rows]


@lru_cache(maxsize=1)
def small_workbook() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return workbook(Path(folder) / "a.xlsx", sample()).read_bytes()


@SOME
@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6), st.integers(0, 10**9) | st.none()
)
def test_bytes_of_a_workbook_changed_and_cut(changes: list[tuple[int, bytes]], cut: int | None) -> None:
    content = bytearray(small_workbook())
    for at, value in changes:
        place = at % len(content)
        content[place : place + len(value)] = value
    read_bytes(bytes(content[: cut % len(content)] if cut else content))


BYTES = st.sampled_from([b'"', b",", b";", b"\n", b"\x00", b"\xff", b"=", b"'", b"\r", b'""', b'",'])


@SOME
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 10**9), BYTES), max_size=8))
def test_bytes_inserted_into_lines_of_a_table_cost_no_other_line(changes: list[tuple[int, int, bytes]]) -> None:
    lines = table(sample()["vInfo"]).encode().splitlines()
    names = [line.split(b",")[0].decode() for line in lines]
    for number, at, value in changes:
        line = lines[number]
        place = at % (len(line) + 1)
        lines[number] = line[:place] + value + line[place:]
    found = read_bytes(b"\r\n".join(lines), "RVTools_tabvInfo.csv")

    untouched = {name for number, name in enumerate(names) if number and number not in {each for each, _, _ in changes}}
    assert untouched <= ({each.name for each in found.machines} if found else set())


TOKENS = [
    b"<",
    b">",
    b'"',
    b"&",
    b"&#x0;",
    b"<c>",
    b"</row>",
    b"\xff",
    b'r="A1"',
    b'r="ZZZZZZ9"',
    b'r="A4294967296"',
    b't="s"',
    b't="inlineStr"',
]
TOKENS += [b"<v>-1</v>", b"<v>1e999</v>", b"<v>99999999999</v>", b's="999999"', b'count="-1"']
TOKENS += [b'<mergeCell ref="A1:XFD1048576"/>', b'<dimension ref="B9:A1"/>']


@SOME
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 10**9), st.sampled_from(TOKENS) | st.integers(1, 40)), min_size=1, max_size=5))
def test_the_parts_of_a_workbook_changed_with_right_checksums(changes: list[tuple[int, int, bytes | int]]) -> None:
    with zipfile.ZipFile(io.BytesIO(small_workbook())) as archive:
        parts = {each: archive.read(each) for each in sorted(archive.namelist())}
    for part, at, change in changes:
        name = list(parts)[part % len(parts)]
        place = at % (len(parts[name]) + 1)
        inserted, removed = (change, 0) if isinstance(change, bytes) else (b"", change)
        parts[name] = parts[name][:place] + inserted + parts[name][place + removed :]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    read_bytes(stream.getvalue())


@SOME
@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    read_bytes(content, "anything")


@SOME
@given(st.text(max_size=300))
def test_any_text(content: str) -> None:
    read_bytes(content.encode(errors="replace"), "anything.csv")
    read_bytes(("name,cpus,memory_mib,disks_mib,os\n" + content).encode(errors="replace"), "plain.csv")
    read_bytes(("*Server Name,*Cores,*Memory (In MB),*OS name,Disk 1 size (In GB)\n" + content).encode(errors="replace"), "azure.csv")
    read_bytes(("VM,Powerstate,CPUs,Memory\n" + content).encode(errors="replace"), "RVTools_tabvInfo.csv")
