"""The comment of a pull request: its order and length, and that a forge holds one of it, always."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.ci_body import LIMIT, MARKER, StackPreview, comment
from cli.exit_codes import ExitCode
from cli.forge import forge_of
from cli.main import run
from infra.errors import InclineError
from tests.fakes.forge import TOKEN, Forge, forge

PREVIEW = """Previewing update (downtown.servers):
  pulumi:pulumi:Stack: (same)
    ~ vsphere:index/virtualMachine:VirtualMachine: (update)
      ~ memory: 65536 => 98304
Resources:
    ~ 2 to update
    41 unchanged
"""


@pytest.fixture
def lab_forge() -> Iterator[Forge]:
    with forge() as running:
        yield running


def test_what_matters_stands_first() -> None:
    body = comment(
        "moves permits-db-01 downtown -> aws-east\n",
        "## Rules\n1 finding",
        [StackPreview("northside.servers", "", ok=True), StackPreview("downtown.servers", PREVIEW, ok=False)],
    )

    order = [
        "moves permits-db-01",
        "| downtown.servers | ✗ refused or failed: 2 to update, 41 unchanged",
        "| northside.servers | ✓",
        "## Rules",
    ]
    assert [body.index(words) for words in order] == sorted(body.index(words) for words in order)
    assert body.startswith(MARKER)
    assert "\n!     vsphere:index" in body
    assert "\n!       memory: 65536 => 98304" in body


def test_an_estate_that_does_not_change_says_so() -> None:
    assert "nothing in the estate" in comment("", "", [])


def test_of_an_estate_that_nobody_compared_nothing_is_said() -> None:
    assert "estate" not in comment(None, "## Rules\n1 finding", [])


@pytest.mark.parametrize("option", ["--changes", "--check", "--previews"])
def test_what_is_named_must_be_there(option: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["ci", "comment", option, str(tmp_path / "none")]) == ExitCode.ERROR
    assert "INC-5044" in capsys.readouterr().err


@given(
    changes=st.text(max_size=300),
    rules=st.integers(0, 200_000),
    previews=st.lists(st.tuples(st.integers(0, 90_000), st.booleans()), max_size=7),
)
def test_it_is_never_longer_than_a_forge_takes(changes: str, rules: int, previews: list[tuple[int, bool]]) -> None:
    report = "<details><summary>x</summary>\n\n```\n" + "a line of the report with some words\n" * (rules // 37)
    stacks = [StackPreview(f"s-{n}", "~ a line of the preview ✓\n" * (size // 27), ok) for n, (size, ok) in enumerate(previews)]
    body = comment(changes, report, stacks)

    assert len(body.encode()) <= LIMIT + 400
    for stack in stacks:
        assert f"| {stack.stack} |" in body


def test_what_is_cut_is_closed_and_said() -> None:
    body = comment("", "<details><summary>x</summary>\n\n```\n" + "line\n" * 20_000, [])

    assert body.count("<details") == body.count("</details>")
    assert body.count("```") % 2 == 0
    assert "lines left out" in body


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_second_push_updates_the_one_comment(lab_forge: Forge, kind: str) -> None:
    lab_forge.comments.extend({"id": n, "body": "somebody's words"} for n in range(130))  # ours stands on the second page
    ours = forge_of(getattr(lab_forge, kind)())

    assert ours.put(f"{MARKER}\nfirst", MARKER) == "created"
    assert ours.put(f"{MARKER}\nsecond", MARKER) == "updated"
    assert [c["body"] for c in lab_forge.comments if MARKER in c["body"]] == [f"{MARKER}\nsecond"]


def test_a_refusal_says_what_to_give_and_hides_the_token(lab_forge: Forge) -> None:
    lab_forge.refusal = 403
    with pytest.raises(InclineError, match="403") as caught:
        forge_of(lab_forge.github()).put("x", MARKER)

    assert caught.value.code == "INC-5042"
    assert TOKEN not in str(caught.value)


def test_a_forge_that_is_away_is_named() -> None:
    environ = {"GITHUB_REPOSITORY": "a/b", "GITHUB_REF": "refs/pull/1/merge", "GITHUB_API_URL": "http://127.0.0.1:9", "GITHUB_TOKEN": TOKEN}
    with pytest.raises(InclineError) as caught:
        forge_of(environ).put("x", MARKER)
    assert caught.value.code == "INC-5043"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"GITHUB_REPOSITORY": "a/b", "GITHUB_REF": "refs/heads/main", "GITHUB_TOKEN": "t"},
        {"GITHUB_REPOSITORY": "a/b", "GITHUB_REF": "refs/pull/1/merge"},
        {"CI_API_V4_URL": "http://127.0.0.1:9", "CI_PROJECT_ID": "1"},
    ],
)
def test_outside_of_a_pull_requests_pipeline_it_says_what_is_missing(environ: dict[str, str]) -> None:
    with pytest.raises(InclineError) as caught:
        forge_of(environ)
    assert caught.value.code == "INC-5041"
