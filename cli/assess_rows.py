"""Assessments as rows: sorted, as a table for a spreadsheet, and as the one document of `--json`."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from infra.estate.model import GIB
from infra.spreadsheet import as_text
from migration.assess.model import Assessment, Readiness

if TYPE_CHECKING:
    from cli.assess_load import Judged

_STATES = list(Readiness)
_KEYS: dict[str, Callable[[Assessment], Any]] = {
    "legacy": lambda a: a.modernize is None,
    "name": lambda a: a.server,
    "readiness": lambda a: -_STATES.index(a.readiness),
    "saving": lambda a: -a.cost.over() if a.cost else 0.0,
    "cost": lambda a: -a.cost.now_usd_month if a.cost else 0.0,
    "complexity": lambda a: -a.complexity.value,
    "size": lambda a: -a.bytes,
    "confidence": lambda a: a.confidence.value,
}
COLUMNS = (
    "server",
    "machine",
    "site",
    "target",
    "direction",
    "service",
    "tier",
    "owner",
    "environment",
    "power",
    "readiness",
    "blocking",
    "conditions",
    "complexity",
    "confidence",
    "strategy",
    "strategy_why",
    "cpus",
    "memory_gib",
    "disks_gib",
    "size_then",
    "now_usd_month",
    "then_usd_month",
    "once_usd",
    "double_usd",
    "three_years_usd",
    "licences",
    "legacy",
    "supported_until",
)


def ordered(assessments: Sequence[Assessment], sort: str) -> list[Assessment]:
    """By what was asked for, then by name."""
    key = _KEYS[sort]
    return sorted(assessments, key=lambda a: (key(a), a.server, a.machine))


def csv_text(assessments: Sequence[Assessment]) -> str:
    """A table for a spreadsheet. A text that a spreadsheet would run as a formula is kept from it by an apostrophe."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for each in assessments:
        writer.writerow({name: as_text(value) if isinstance(value, str) else value for name, value in _row(each).items()})
    return out.getvalue()


def _row(a: Assessment) -> dict[str, Any]:
    money = a.cost
    return {
        **{name: getattr(a, name) for name in COLUMNS if hasattr(a, name)},
        "readiness": a.readiness.value,
        "blocking": " ".join(r.code for r in a.reasons if r.blocks),
        "conditions": " ".join(r.code for r in a.reasons if not r.blocks),
        "complexity": a.complexity.value,
        "confidence": a.confidence.value,
        "strategy": a.strategy.value,
        "memory_gib": round(a.memory / GIB, 2),
        "disks_gib": round(a.bytes / GIB, 2),
        "size_then": a.sizing.chosen.name if a.sizing else "",
        "now_usd_month": round(money.now_usd_month, 2) if money else "",
        "then_usd_month": round(money.then_usd_month, 2) if money else "",
        "once_usd": round(money.once_usd, 2) if money else "",
        "double_usd": round(money.double_usd, 2) if money else "",
        "three_years_usd": round(money.over(), 2) if money else "",
        "licences": "; ".join(each.product for each in a.licences),
        "legacy": a.modernize.what if a.modernize else "",
        "supported_until": a.modernize.until or "" if a.modernize else "",
    }


def document(found: Judged, listed: Sequence[Assessment]) -> dict[str, Any]:
    """The document of `--json`."""
    summary = asdict(found.summary)
    return {
        "schema": "incline.assess/1",
        "taken_at": found.inventory.taken_at.isoformat(),
        "discovered": found.discovered,
        "summary": {**summary, "saving": found.summary.saving},
        "servers": [_plain(each) for each in listed],
        "left": [asdict(each) for each in found.left],
    }


def _plain(a: Assessment) -> dict[str, Any]:
    data = asdict(a)
    if a.cost is not None:
        data["cost"]["three_years_usd"] = a.cost.over()
    if a.sizing is not None:
        data["sizing"]["saving"] = a.sizing.saving
    return data
