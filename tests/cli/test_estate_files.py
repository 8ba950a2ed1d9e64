"""What a move writes is committed, and nothing else that people were editing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cli.estate_files import EstateFiles


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t.invalid", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("INCLINE_COMMIT", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    folder = tmp_path / "city" / "estate"
    (folder / "placements").mkdir(parents=True)
    (folder / "generation.yaml").write_text("generation: 1\n")
    (folder / "waivers.yaml").write_text("waivers: []\n")
    return folder


def repository(estate: Path) -> None:
    git(estate, "init", "--quiet")
    git(estate, "add", "--all")
    git(estate, "commit", "--quiet", "--message", "before")


def test_the_moves_own_files_are_committed_and_a_persons_edit_is_not(estate: Path) -> None:
    repository(estate)
    (estate / "generation.yaml").write_text("generation: 2\n")
    (estate / "waivers.yaml").write_text("waivers: [draft]\n")

    revision = EstateFiles(estate).commit("permits-db-01: downtown -> aws-east")

    assert revision == git(estate, "rev-parse", "HEAD")
    assert git(estate, "show", "--name-only", "--format=%s", "HEAD").split("\n\n") == [
        "permits-db-01: downtown -> aws-east",
        "generation.yaml",
    ]
    assert git(estate, "status", "--short") == "M waivers.yaml"


def test_nothing_new_makes_no_commit(estate: Path) -> None:
    repository(estate)
    before = git(estate, "rev-parse", "HEAD")

    assert EstateFiles(estate).commit("again") == before


def test_an_estate_without_a_repository_is_left_alone_with_a_reason(estate: Path) -> None:
    assert "not in a git repository" in EstateFiles(estate).commit("x")


def test_a_person_may_forbid_commits(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(estate)
    monkeypatch.setenv("INCLINE_COMMIT", "0")
    (estate / "generation.yaml").write_text("generation: 2\n")

    assert "INCLINE_COMMIT=0" in EstateFiles(estate).commit("x")
    assert git(estate, "status", "--short") == "M generation.yaml"
