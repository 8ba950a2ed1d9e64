"""Files that are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.atomic import FileWriteError, replace_file


def test_a_new_file_brings_its_folders(tmp_path: Path) -> None:
    replace_file(tmp_path / "out" / "reports" / "risks.csv", "rule\n")
    assert (tmp_path / "out" / "reports" / "risks.csv").read_text() == "rule\n"


@pytest.mark.parametrize("below", ["risks.csv", "deep/er/risks.csv"])
def test_a_folder_that_cannot_be_made_is_said_as_such(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("stands in the way")
    with pytest.raises(FileWriteError) as refused:
        replace_file(tmp_path / "file" / below, "rule\n")
    assert refused.value.code == "INC-1052"
    assert refused.value.details == ()
    assert (tmp_path / "file").read_text() == "stands in the way"
