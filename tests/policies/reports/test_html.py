"""The page: its answer, its structure for screen readers, its colours, what it shows of each section and what it leaves out."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.estate.model import GIB
from policies.evaluate import evaluate
from policies.moments import Moment
from policies.reports.build import FINDINGS, build_report
from policies.reports.html import to_html
from policies.reports.model import DiskProof, MoveSection, PreviewSection, Report
from tests.policies.builders import city, server
from tests.policies.reports import sample

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
    found = city(**evidence)
    return build_report("Moves <of> today", evaluate(found, sample.RULES), WHEN, evidence=found, moves=(MOVE,), previews=previews)


class Collector(HTMLParser):
    """Collects what a page refers to and says."""

    def __init__(self) -> None:
        super().__init__()
        self.references: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for key, value in attrs if key in {"src", "href", "srcset", "action", "data", "poster"}]

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
    whole = to_html(sample.report(source_base=""))
    page = parsed(whole)
    script = whole[whole.index("<script>") : whole.index("</script>")]
    style = whole[whole.index("<style>") : whole.index("</style>")]

    assert all(reference.startswith("#") for reference in page.references)
    assert not {"link", "img", "iframe", "object", "embed", "base"} & set(page.tags)
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"fetch|XMLHttpRequest|import\(|https?:|innerHTML|insertAdjacent", script)
    assert len(re.findall("<script", whole)) == 1


def test_every_link_within_the_page_arrives() -> None:
    page = structure(to_html(sample.report()))
    ids = {attributes["id"] for _, attributes in page.tags if attributes.get("id")}
    inner = {a["href"] for a in page.of("a") if (a.get("href") or "").startswith("#")}

    assert inner
    assert {reference.removeprefix("#") for reference in inner if reference} <= ids


def test_the_page_opens_with_the_answer_and_escapes_what_it_is_given() -> None:
    text = " ".join(parsed(to_html(report())).words)

    assert (
        "1 of 1 moves arrived with every block proven; 1 of 1 stacks have nothing left to change; no rule stands in the way; "
        "1 verdict could not be decided for want of data."
    ) in text
    assert "Moves <of> today" in text


def test_a_screen_reader_finds_its_way() -> None:
    full = to_html(sample.report())
    page = structure(full)
    levels = [int(tag[1]) for tag, _ in page.tags if tag in {"h1", "h2", "h3", "h4"}]
    ids = [value for _, attributes in page.tags if (value := attributes.get("id"))]

    assert page.of("html")[0]["lang"] == "en"
    assert len(page.of("title")) == len(page.of("main")) == levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    assert len(ids) == len(set(ids))
    assert all(each.get("scope") in {"col", "row"} for each in page.of("th"))
    assert all(each.get("aria-label") or each.get("aria-labelledby") in ids for each in page.of("table"))
    assert all(each.get("aria-labelledby") in ids for tag, each in page.tags if each.get("role") == "region")
    assert all("tabindex" in each for tag, each in page.tags if each.get("role") == "region")
    assert page.of("nav")[0]["aria-label"]
    assert full.index('class="skip"') < full.index("<header>")
    assert all(each.get("role") == "img" and each.get("aria-label") for each in page.of("svg"))
    assert full.count("<details") == full.count("<summary")


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_every_colour_of_words_can_be_read(scheme: int) -> None:
    palettes = re.findall(r":root \{([^}]*--bg[^}]*)\}", to_html(report()))
    colours = dict(re.findall(r"--(\w+):#([0-9a-f]{3,6})", palettes[scheme]))

    for words in ("ink", "soft", "good", "bad", "warn", "bar"):
        for ground in ("bg", "panel"):
            assert contrast(colours[words], colours[ground]) >= 4.5, (words, ground)
    for ground in ("calm", "tight", "over"):
        assert contrast(colours["ink"], colours[ground]) >= 4.5, ground


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
    full = report(servers=(server("big-01", memory=600 * GIB),))
    text = to_html(full)

    assert text.index("Findings, worst first") < text.index("Rules that hold")
    assert text.count("<details open>") == sum(v.outcome == "fail" for v in full.findings)


def test_a_root_that_differs_is_said_aloud() -> None:
    wrong = MOVE.model_copy(update={"disks": (MOVE.disks[0].model_copy(update={"target_root": "cd" * 32}),)})
    whole = report()
    bad = whole.model_copy(update={"moves": (wrong,)})

    assert "not equal" in to_html(bad)
    assert "not equal" not in to_html(whole)


def test_a_blocking_finding_stands_first_with_its_remedy_and_who_decides() -> None:
    full = sample.report()
    text = to_html(full)
    first = full.decisions[0]

    assert "320 GiB of memory are needed and 256 GiB are left" in first.what
    assert first.remedy == "Add a host."
    assert (first.owner, first.concerns) == ("infrastructure team", ("Public Works",))
    assert text.index("What needs a decision") < text.index("Infrastructure team: 1 decision")
    assert text.index("Infrastructure team: 1 decision") < text.index("Verdicts by tier and service")


def test_lapsed_waivers_are_loud_and_those_that_lapse_soon_say_what_fails_then() -> None:
    text = " ".join(" ".join(parsed(to_html(sample.report())).words).split())

    assert "W-2 excuses nothing: it expired on 2026-08-01, 116 days ago. Fails since: TAG-001 medium server/gis-tiles-01" in text
    assert "W-4 excuses nothing: its expiry date 'never' cannot be read" in text
    assert "W-1 lapses on 2026-12-01. These would fail then: CAP-006 high datastore/downtown/data-01" in text


def test_what_is_missing_is_grouped_with_what_would_provide_it() -> None:
    report_ = sample.report(servers=tuple(server(f"s-{i}", datastore="data-01", disks=(sample.unknown_disk(f"s-{i}"),)) for i in range(40)))
    group = report_.undetermined[0]

    assert (group.datum, group.why) == ("size of disk data", "known only after pulumi up")
    assert group.rules == ("CAP-006",)
    assert "pulumi up makes it known" in group.command


def test_the_heat_map_names_hosts_and_says_more_than_colours() -> None:
    text = " ".join(" ".join(parsed(to_html(sample.report())).words).split())

    assert "If something fails: " in text
    assert "Hosts of downtown/data fails machines d1 d2" in text
    assert "without a place" in text
    assert "✗ " in text


def test_files_are_linked_only_where_a_forge_is_known() -> None:
    known, unknown = to_html(sample.report()), to_html(sample.report(source_base=""))

    assert 'href="https://forge.example/city/blob/main/estate/sites/downtown.yaml#L40"' in known
    assert "https:" not in unknown
    assert "estate/sites/downtown.yaml:40" in unknown


def test_new_findings_are_marked_and_fixed_ones_listed() -> None:
    text = " ".join(" ".join(parsed(to_html(sample.report())).words).split())

    assert "Against the baseline of 2026-11-18: 2 new, 1 old, 1 fixed" in text
    assert "✓ fixed CAP-002 cluster/downtown/general" in text
    assert text.count("▲ new") == 2


def test_anchors_stay_when_numbers_and_outcomes_change() -> None:
    before = {v.anchor for v in sample.report().findings}
    after = {v.anchor for v in sample.report(today=date(2027, 1, 20)).findings}

    assert "CAP-001-cluster-downtown-data" in before
    assert before <= after | {v.anchor for rule in sample.report(today=date(2027, 1, 20)).held for v in rule.rows}


def test_a_page_of_a_large_city_still_opens_and_says_what_it_leaves_out() -> None:
    large = sample.many(5000)
    judged = evaluate(large, sample.RULES)
    full = build_report("large", judged, WHEN, evidence=large)
    text = to_html(full)

    assert len(text) < 3_000_000
    assert judged.counts["fail"] > 3000
    assert len(full.findings) == FINDINGS
    listed = sum(int(re.search(r": ([\d,]+) more", line)[1].replace(",", "")) for line in full.left_out if re.match("[A-Z]{3}-", line))
    open_ones = sum(judged.counts[o] for o in ("fail", "waived", "undetermined"))
    assert len(full.findings) + listed == open_ones
    assert "What this page leaves out" in text


def test_hostile_names_stay_text() -> None:
    bad = '"><script>alert(1)</script>'
    text = to_html(report(servers=(server(f"x{bad}", memory=600 * GIB, source=f"estate/{bad}.yaml:1"),)))

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_any_text_makes_a_page_that_parses(names: list[str]) -> None:
    page = structure(to_html(report(servers=tuple(server(name, memory=600 * GIB) for name in names))))

    assert len(page.of("script")) == 1


def test_the_moments_of_a_plan_are_told_apart() -> None:
    found = sample.evidence()
    fine, bad = (
        Moment(name=name, evidence=found, result=evaluate(found, rules)) for name, rules in (("wave 1", ()), ("wave 2", sample.RULES))
    )
    full = build_report("x", bad.result, WHEN, evidence=found, moments=(fine, bad))
    text = " ".join(" ".join(parsed(to_html(full)).words).split())

    assert "Step by step: 1 of 2 moments have findings that block" in text
    assert "wave 1 ✓ 0 0 0 0 wave 2 ✗ 1 2 1 5" in text
