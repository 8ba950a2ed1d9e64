"""What a person may name by mistake: every file is refused in one line that says why, and none as a defect of Incline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.errors import InclineError
from policies.baseline import read_baseline
from policies.bundle import read_bundle
from policies.ledger import read_ledger
from policies.readers.plan import read_plan_file
from policies.readers.snapshot import read_snapshot
from policies.readers.state import read_state

READERS = (read_baseline, read_bundle, read_ledger, read_plan_file, read_snapshot, read_state)
WRONG = {
    "empty": b"",
    "cut": b'{"schema": ',
    "no text": b"\xff\xfe\x00\x80",
    "deep": b"[" * 200_000,
    "a list": b"[]",
    "another document": b'{"name": "city"}',
    "null": b"null",
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_a_wrong_file_is_refused_in_words(read: Callable[[Path], Any], wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "given.json"
    path.write_bytes(WRONG[wrong])
    with pytest.raises(InclineError) as refused:
        read(path)
    said = str(refused.value)
    assert str(path) in refused.value.what
    assert refused.value.next_step
    assert "Errno" not in said
    assert "\n  : " not in said
    assert f"rm {path}" not in said


@pytest.mark.parametrize("read", [r for r in READERS if r is not read_ledger], ids=lambda read: read.__name__)
def test_a_file_that_is_not_there_is_named_once(read: Callable[[Path], Any], tmp_path: Path) -> None:
    with pytest.raises(InclineError) as refused:
        read(tmp_path / "none.json")
    assert str(refused.value).count("none.json") == 1
    assert "No such file or directory" in str(refused.value)


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_a_folder_is_no_file(read: Callable[[Path], Any], tmp_path: Path) -> None:
    with pytest.raises(InclineError) as refused:
        read(tmp_path)
    assert "Is a directory" in str(refused.value)
