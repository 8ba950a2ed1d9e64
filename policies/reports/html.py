"""A report as one HTML file: no network, no script needed to read it, for a screen, a phone and paper."""

from __future__ import annotations

import re
from itertools import groupby
from urllib.parse import quote

from markupsafe import Markup, escape

from infra.pages.environment import page_environment
from policies.reports.model import CapacityBar, FailureCase, FailureCell, FanPoint, ForecastFan, Report
from policies.reports.owners import SHARED_OWNER

SYMBOLS = {"pass": "✓", "fail": "✗", "waived": "◐", "undetermined": "?", "not-applicable": "–"}
"""Outcomes are told by shape and word, never by colour alone."""
WIDEST = 16
"""Hosts that a heat map shows side by side; of a larger cluster every failure is one line."""
ROWS = 64
"""Failures listed of one scope."""
_STEPS = 60
Scope = tuple[str, list[tuple[FailureCase, list[FailureCell | None]]], list[str], int]
_FILE_LINE = re.compile(r"^(?P<file>[^:]+\.ya?ml):(?P<line>\d+)$")


def to_html(report: Report) -> str:
    """The whole page."""
    environment = page_environment("policies.reports", gib=_gib, thousands=_thousands, short=_short, link=link, marked=marked)
    return environment.get_template("report.html").render(
        r=report,
        symbols=SYMBOLS,
        sections=_sections(report),
        by_owner=_by_owner(report),
        owners=sorted({v.owner for v in report.findings}),
        listed={v.anchor for v in report.findings},
        bars=[_geometry(bar) for bar in report.capacity],
        over=sum(bar.state == "over" for bar in report.capacity),
        before_means=report.before_means,
        after_means=report.after_means,
        heat=_heat(report.failures),
        homeless=sum(not case.holds for case in report.failures),
        fans=[_fan(fan) for fan in report.forecasts],
        crossing=sum(fan.crosses is not None for fan in report.forecasts),
    )


def link(source: str, base: str) -> str:
    """Where a forge shows a line of the estate; empty when there is no base or the source is no file."""
    found = _FILE_LINE.match(source)
    return f"{base.rstrip('/')}/{quote(found['file'])}#L{found['line']}" if base and found else ""


def marked(text: str) -> Markup:
    """Text with what stands between backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in enumerate(parts))


def _sections(report: Report) -> list[tuple[str, str]]:
    """The sections that this report has, for the list at its top."""
    parts = (
        ("decide", "decisions", report.decisions),
        ("moves", "moves", report.moves),
        ("previews", "stacks", report.previews),
        ("moments", "step by step", report.moments[1:]),
        ("trend", "trend", report.trend),
        ("services", "services", report.services),
        ("capacity", "capacity", report.capacity),
        ("failures", "failures", report.failures),
        ("forecasts", "forecasts", report.forecasts),
        ("waivers", "waivers", report.waivers),
        ("undetermined", "not decided", report.undetermined),
        ("findings", "findings", report.findings),
        ("held", "what holds", report.held),
    )
    return [(anchor, name) for anchor, name, content in parts if content]


def _by_owner(report: Report) -> list[tuple[str, list[object]]]:
    """Decisions by who takes them; the shared ones first, since they stop everybody."""
    ordered = sorted(report.decisions, key=lambda d: (d.owner != SHARED_OWNER, d.owner))
    return [(owner, list(group)) for owner, group in groupby(ordered, key=lambda d: d.owner)]


def _heat(failures: tuple[FailureCase, ...]) -> list[Scope]:
    """Failures by scope, with a column for every host where they fit side by side. Of very many, those that hold are counted."""
    found = []
    for scope, group in groupby(failures, key=lambda case: case.scope):
        cases = list(group)
        hosts = list(dict.fromkeys(cell.host for case in cases for cell in case.cells))
        kept = cases if len(cases) <= ROWS else [case for case in cases if not case.holds][:ROWS]
        shown = hosts if len(hosts) <= WIDEST else []
        rows = [(case, {cell.host: cell for cell in case.cells}) for case in kept]
        found.append((scope, [(case, [cells.get(h) for h in shown]) for case, cells in rows], shown, len(cases) - len(kept)))
    return found


def _gib(size: float) -> str:
    return f"{size / (1 << 30):,.1f} GiB".replace(".0 ", " ")


def _thousands(value: float) -> str:
    return f"{value:,.0f}"


def _short(value: float) -> str:
    """No more digits than a reader needs: one decimal below ten, none above."""
    return f"{value:,.1f}".removesuffix(".0") if abs(value) < 10 else f"{value:,.0f}"


def _geometry(bar: CapacityBar) -> dict[str, object]:
    """A bar in a drawing 600 units wide: the need before and after, and the line that it must stay under."""
    scale = 600 / (max(bar.total, bar.after, bar.before, bar.line) or 1)
    widths = {"before": bar.before, "after": bar.after, "line": bar.line, "all": bar.total}
    return {"bar": bar, **{name: round(value * scale, 1) for name, value in widths.items()}}


def _fan(fan: ForecastFan) -> dict[str, object]:
    """A projection in a drawing of 600 by 200: the band, its middle and upper edge, the usable line."""
    points = _thinned(fan.points)
    top = max(*(p.p90 for p in points), fan.usable or 0) * 1.05 or 1
    begin, days = points[0].day, (points[-1].day - points[0].day).days or 1

    def line(level: str) -> list[str]:
        return [f"{600 * (p.day - begin).days / days:.1f},{200 - 200 * getattr(p, level) / top:.1f}" for p in points]

    return {
        "fan": fan,
        "first": fan.points[0],
        "last": fan.points[-1],
        "top": top,
        "band": " ".join([*line("p90"), *reversed(line("p10"))]),
        "high": " ".join(line("p90")),
        "middle": " ".join(line("p50")),
        "usable": None if fan.usable is None else round(200 - 200 * fan.usable / top, 1),
        "table": _thinned(fan.points, 6),
    }


def _thinned(points: tuple[FanPoint, ...], steps: int = _STEPS) -> tuple[FanPoint, ...]:
    """As many points as a drawing shows, the first and the last always."""
    if len(points) <= steps:
        return points
    return tuple(points[round(i * (len(points) - 1) / (steps - 1))] for i in range(steps))
