"""Reports hold the same verdicts in every format."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser

from infra.estate.model import GIB
from policies.evaluate import evaluate
from policies.reports.build import build_report
from policies.reports.data import result_data
from policies.reports.html import to_html
from policies.reports.markdown import LIMIT, to_markdown
from policies.reports.model import DiskProof, MoveSection, PreviewSection, Report
from tests.policies.builders import city, server

WHEN = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MOVE = MoveSection(
    server="permits-db-01",
    direction="up",
    source="downtown",
    target="aws-east",
    seed_blocks=1200,
    delta_blocks=40,
    final_blocks=3,
    downtime_s=41.5,
    disks=(DiskProof(name="data", size=40 * GIB, source_root="ab" * 32, target_root="ab" * 32),),
)


def report(**evidence: object) -> Report:
    previews = (PreviewSection(stack="downtown.servers", changes=0),)
    return build_report("Moves <of> today", evaluate(city(**evidence)), WHEN, moves=(MOVE,), previews=previews)


class Collector(HTMLParser):
    """Collects what a page refers to and says."""

    def __init__(self) -> None:
        super().__init__()
        self.references: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for key, value in attrs if key in {"src", "href", "srcset"}]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def parsed(page: str) -> Collector:
    collector = Collector()
    collector.feed(page)
    return collector


def test_the_page_needs_no_network_and_no_script() -> None:
    page = parsed(to_html(report()))

    assert page.references == []
    assert "script" not in page.tags


def test_the_page_opens_with_the_answer_and_escapes_what_it_is_given() -> None:
    text = " ".join(parsed(to_html(report())).words)

    assert "1 of 1 moves arrived with every block proven; 1 of 1 stacks have nothing left to change; no rule stands in the way." in text
    assert "Moves <of> today" in text


def test_a_root_that_differs_is_said_aloud() -> None:
    wrong = MOVE.model_copy(update={"disks": (MOVE.disks[0].model_copy(update={"target_root": "cd" * 32}),)})
    whole = report()
    bad = whole.model_copy(update={"moves": (wrong,)})

    assert "not equal" in to_html(bad)
    assert "NOT EQUAL" in to_markdown(bad)
    assert "not equal" not in to_html(whole)


def test_a_blocking_finding_stands_first_with_its_remedy() -> None:
    full = report(servers=(server("big-01", memory=600 * GIB),))

    assert "600 GiB of memory are needed and 512 GiB are left" in full.decisions[0]
    assert "Make the machines smaller, move one to the other site, add a host" in full.decisions[0]
    assert full.capacity[0].fits is False


def test_markdown_stays_under_the_limit_and_counts_what_it_leaves_out() -> None:
    many = tuple(server(f"s-{i:04}", tags={}, cluster="", datastore="") for i in range(2000))
    text = to_markdown(report(servers=many, backups=()))

    assert len(text.encode()) <= LIMIT
    assert "more findings are in the full report" in text


def test_json_counts_every_outcome() -> None:
    data = json.loads(json.dumps(result_data(evaluate(city()))))

    assert data["schema"] == "incline.policy/1"
    assert set(data["counts"]) == {"pass", "fail", "waived", "not-applicable", "undetermined"}
    assert sum(data["counts"].values()) == len(data["verdicts"])
