"""The risk register as CSV, as a page and as plain data."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

from infra.pages.environment import page_environment
from infra.spreadsheet import as_text
from policies.risk import Risk

COLUMNS = (
    "id",
    "level",
    "likelihood",
    "impact",
    "owner",
    "services",
    "rule",
    "object",
    "description",
    "treatment",
    "measure",
    "since",
    "due",
    "waiver",
    "ticket",
    "source",
)


def risk_data(risk: Risk) -> dict[str, Any]:
    """One risk by column."""
    return {
        "id": risk.id,
        "level": risk.level.words,
        "likelihood": risk.likelihood.words,
        "impact": risk.impact.words,
        "owner": risk.owner,
        "services": list(risk.services),
        "rule": risk.rule,
        "object": risk.target,
        "description": risk.description,
        "treatment": risk.treatment,
        "measure": risk.measure,
        "since": risk.since,
        "due": risk.due,
        "waiver": risk.waiver,
        "ticket": risk.ticket,
        "source": risk.source,
    }


def register_csv(risks: Sequence[Risk]) -> str:
    """A table for a spreadsheet. A text that a spreadsheet would run as a formula is kept from it by an apostrophe."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for risk in risks:
        row = risk_data(risk)
        writer.writerow({k: as_text(", ".join(v) if isinstance(v, list) else str(v)) for k, v in row.items()})
    return out.getvalue()


def register_html(risks: Sequence[Risk], title: str, today: date) -> str:
    """One file, no network, no script."""
    owners = sorted({r.owner for r in risks})
    by_owner = [(owner, [r for r in risks if r.owner == owner]) for owner in owners]
    return (
        page_environment("policies.reports").get_template("register.html").render(title=title, today=today, risks=risks, by_owner=by_owner)
    )
