"""Every command that writes a file says in words that it cannot, and looks for files where the others leave them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.capacity_look import snapshot_path
from cli.exit_codes import ExitCode
from cli.main import run
from policies.readers.surroundings import capacity_file

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "words",
    [
        ("check", "--no-capacity", "--bundle"),
        ("check", "--no-capacity", "--save-baseline"),
        ("risk", "--csv"),
        ("risk", "--html"),
        ("where", "permits", "--html"),
        ("impact", "host/dt-esx-11", "--html"),
    ],
    ids=" ".join,
)
def test_a_file_that_cannot_be_written_is_an_error_in_words(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("stands in the way")
    assert run([*words, str(tmp_path / "file" / "below" / "it"), "--estate", str(PROJECT / "estate")]) == ExitCode.ERROR
    assert "error INC-1052" in capsys.readouterr().err


def test_a_snapshot_is_left_where_checks_of_that_estate_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INCLINE_CAPACITY", raising=False)
    estate = tmp_path / "city" / "estate"
    shutil.copytree(PROJECT / "estate", estate)
    left = snapshot_path(None, estate)
    left.parent.mkdir()
    left.write_text("{}")
    assert capacity_file(estate, "", Path()) == left
    monkeypatch.chdir(estate)
    assert capacity_file(Path(), "", Path()) == left
