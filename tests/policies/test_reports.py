"""Reports hold the same verdicts in every format."""

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

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


class Structure(HTMLParser):
    """What a screen reader builds on: language, headings, names of tables and pictures, unique ids."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def of(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in tags]


def structure(page: str) -> Structure:
    found = Structure()
    found.feed(page)
    return found


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


def test_a_screen_reader_finds_its_way() -> None:
    full = to_html(report(servers=(server("big-01", memory=600 * GIB),)))
    page = structure(full)
    levels = [int(tag[1]) for tag, _ in page.tags if tag in {"h1", "h2", "h3", "h4"}]
    ids = [value for _, attributes in page.tags if (value := attributes.get("id"))]

    assert page.of("html")[0]["lang"] == "en"
    assert len(page.of("title")) == len(page.of("main")) == levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    assert len(ids) == len(set(ids))
    assert all(each.get("scope") in {"col", "row"} for each in page.of("th"))
    assert all(each.get("aria-labelledby") in ids for each in page.of("table"))
    assert all(each.get("role") == "img" and each.get("aria-label") for each in page.of("svg"))
    assert full.count("<details") == full.count("<summary")


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_colour_of_words_can_be_read(scheme: int) -> None:
    palettes = re.findall(r":root \{([^}]*--bg[^}]*)\}", to_html(report()))
    colours = dict(re.findall(r"--(\w+):#([0-9a-f]{3,6})", palettes[scheme]))

    for words in ("ink", "soft", "good", "bad", "warn"):
        for ground in ("bg", "panel"):
            assert contrast(colours[words], colours[ground]) >= 4.5, (words, ground)


def contrast(one: str, other: str) -> float:
    """The ratio that WCAG 2 defines."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    full = colour if len(colour) == 6 else "".join(c * 2 for c in colour)
    parts = [int(full[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_what_holds_is_folded_by_rule_and_what_does_not_is_open() -> None:
    text = to_html(report(servers=(server("big-01", memory=600 * GIB),)))

    assert text.index("Findings, worst first") < text.index("Rules that hold")
    assert text.count("<details open>") == sum(v.outcome == "fail" for v in report(servers=(server("big-01", memory=600 * GIB),)).verdicts)


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
