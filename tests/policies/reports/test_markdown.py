"""Markdown for a pull request: worst first, under the forge's limit, saying what it leaves out."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.estate.model import GIB
from policies.evaluate import evaluate
from policies.reports.build import build_report
from policies.reports.markdown import LIMIT, MARKER, to_markdown
from policies.reports.model import DiskProof, MoveSection
from tests.policies.builders import server
from tests.policies.reports import sample


def test_the_answer_stands_before_the_decisions_and_these_before_the_table() -> None:
    text = to_markdown(sample.report())

    assert text.startswith(f"{MARKER}\n## Check of the city\n")
    order = [
        "**1 finding must be decided first",
        "- **infrastructure team**: Cluster data",
        "waiver W-2 lapsed",
        "| verdict | rule |",
        "<details>",
    ]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


def test_worst_findings_come_first() -> None:
    rows = re.findall(r"^\| (fail|undetermined|waived)(?: \*\*new\*\*)? \| \S+ (\w+) \|", to_markdown(sample.report()), re.MULTILINE)

    assert [outcome for outcome, _ in rows] == ["fail", "fail", "waived", "undetermined"]
    assert rows[0][1] == "critical"


def test_the_same_report_is_the_same_text() -> None:
    assert to_markdown(sample.report()) == to_markdown(sample.report())


def test_a_large_city_stays_under_the_limit_and_what_is_left_out_is_counted() -> None:
    large = sample.many(5000)
    judged = evaluate(large, sample.RULES)
    text = to_markdown(build_report("large", judged, sample.WHEN, evidence=large))

    assert len(text.encode()) <= LIMIT
    shown = len(re.findall(r"^\| (?:fail|undetermined|waived) \|", text, re.MULTILINE))
    told = text[text.index("Left out here: ") :]
    left = sum(int(n.replace(",", "")) for n in re.findall(r"([\d,]+) more (?:findings|fail|undetermined|waived)", told))
    assert shown + left == sum(judged.counts[o] for o in ("fail", "undetermined", "waived"))


def test_details_are_folded_and_closed() -> None:
    text = to_markdown(sample.report())

    assert text.count("<details>") == text.count("</details>") >= 4
    assert "Evidence of what fails" in text


def test_a_cell_cannot_end_its_row_or_become_markup() -> None:
    text = to_markdown(sample.report())

    assert "datastore data-01 \\| is &lt;full>" in text


def test_a_root_that_differs_is_said_aloud() -> None:
    proof = DiskProof(name="data", size=40 * GIB, source_root="ab" * 32, target_root="cd" * 32)
    move = MoveSection(
        server="s", direction="up", source="a", target="b", seed_blocks=1, delta_blocks=1, final_blocks=1, downtime_s=1.0, disks=(proof,)
    )

    assert "NOT EQUAL" in to_markdown(sample.report().model_copy(update={"moves": (move,)}))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=2000), min_size=1, max_size=60))
def test_never_over_the_limit(names: list[str]) -> None:
    found = sample.evidence(servers=tuple(server(name, tags={}) for name in names))
    text = to_markdown(build_report("x" * 3000, evaluate(found, sample.RULES), sample.WHEN, evidence=found))

    assert len(text.encode()) <= LIMIT
    assert text.count("<details>") == text.count("</details>")
