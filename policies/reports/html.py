"""A report as one HTML file: no network, no script needed to read it, for a screen, a phone and paper."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from policies.reports.model import CapacityBar, Report

SYMBOLS = {"pass": "✓", "fail": "✗", "waived": "◐", "undetermined": "?", "not-applicable": "–"}
"""Outcomes are told by shape and word, never by colour alone."""


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
    return environment.get_template("report.html").render(r=report, symbols=SYMBOLS, bars=[_geometry(bar) for bar in report.capacity])


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
