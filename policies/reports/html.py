"""A report as one HTML file: no network, no script needed to read it, for a screen, a phone and paper."""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from policies.reports.model import CapacityBar, Report, VerdictRow

SYMBOLS = {"pass": "✓", "fail": "✗", "waived": "◐", "undetermined": "?", "not-applicable": "–"}
"""Outcomes are told by shape and word, never by colour alone."""
_HELD = {"pass", "not-applicable"}


def to_html(report: Report) -> str:
    """The whole page."""
    environment = Environment(
        loader=PackageLoader("policies.reports", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(gib=_gib, thousands=_thousands)
    rows = _anchored(report.verdicts)
    return environment.get_template("report.html").render(
        r=report,
        symbols=SYMBOLS,
        bars=[_geometry(bar) for bar in report.capacity],
        findings=[(anchor, row) for anchor, row in rows if row.outcome not in _HELD],
        held=_by_rule([(anchor, row) for anchor, row in rows if row.outcome in _HELD]),
    )


def _anchored(verdicts: tuple[VerdictRow, ...]) -> list[tuple[str, VerdictRow]]:
    """Every verdict with an anchor that links from a comment can rely on: it stays while rule and object stay."""
    seen: Counter[str] = Counter()
    anchored = []
    for row in verdicts:
        name = re.sub(r"[^A-Za-z0-9.-]+", "-", f"{row.rule}-{row.target}")
        seen[name] += 1
        anchored.append((name if seen[name] == 1 else f"{name}-{seen[name]}", row))
    return anchored


def _by_rule(rows: list[tuple[str, VerdictRow]]) -> list[dict[str, object]]:
    """What holds, folded by rule: nobody reads a hundred passes one by one, but each can be looked up."""
    ordered = sorted(rows, key=lambda pair: pair[1].rule)
    groups = ((rule, list(group)) for rule, group in groupby(ordered, key=lambda pair: pair[1].rule))
    return [{"id": rule, "title": group[0][1].title, "rows": group} for rule, group in groups]


def _gib(size: float) -> str:
    return f"{size / (1 << 30):,.1f} GiB".replace(".0 ", " ")


def _thousands(value: float) -> str:
    return f"{value:,.0f}"


def _geometry(bar: CapacityBar) -> dict[str, object]:
    """A bar in a drawing 600 units wide: the need, and the line that N+1 allows."""
    scale = 600 / max(bar.total_gib, bar.needed_gib)
    return {
        "bar": bar,
        "need": round(bar.needed_gib * scale, 1),
        "line": round(bar.left_gib * scale, 1),
        "all": round(bar.total_gib * scale, 1),
    }
