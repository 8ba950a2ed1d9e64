"""The repository keeps its own rules: nothing of one machine, no registry, no uncollected test, few patches, docs that are true."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATCH = re.compile(r"\bmonkeypatch\.set|\bmock\.patch|\bmocker\.patch|\bpatch\(")
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|farm|home)/\w")
REGISTRY = re.compile(r"https?://(?:[\w.-]*pypi|files\.pythonhosted|proxy\.golang|registry\.npmjs)[\w.-]*")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def test_no_file_names_a_path_of_one_machine_or_a_registry() -> None:
    own = Path(__file__)
    found = [str(p.relative_to(ROOT)) for p in tracked() if p != own and (MACHINE.search(text_of(p)) or REGISTRY.search(text_of(p)))]

    assert found == []


def test_no_tracked_file_is_larger_than_a_mebibyte() -> None:
    assert [p.name for p in tracked() if p.stat().st_size > 1 << 20] == []


def test_every_test_function_stands_in_a_file_that_is_collected() -> None:
    astray = [
        str(p.relative_to(ROOT))
        for p in tracked("tests/*.py")
        if not p.name.startswith("test_") and re.search(r"^(async )?def test_|^    (async )?def test_", text_of(p), re.MULTILINE)
    ]

    assert astray == []


def test_at_most_ten_patches_in_a_hundred_tests() -> None:
    texts = [text_of(p) for p in tracked("tests/*.py") if p != Path(__file__)]
    patches = sum(len(PATCH.findall(text)) for text in texts)
    functions = sum(len(re.findall(r"^\s*(?:async )?def test_", text, re.MULTILINE)) for text in texts)

    assert patches <= functions / 10


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in tracked("*.md")
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(page))
        if not (page.parent / link).exists()
    ]

    assert broken == []


def test_every_package_directory_is_named_in_the_glossary_or_start_page() -> None:
    start = text_of(ROOT / "docs" / "start-here.md")

    assert [name for name in ("infra", "components", "stacks", "migration", "policies", "cli", "lab") if f"`{name}/`" not in start] == []
