"""A result as plain data: what `--json` prints, what the pack writes for the gate, what reports and bundles are made from.

Their shapes stand beside this file as JSON Schema (schema/policy.json, schema/report.json).
"""

from __future__ import annotations

import json
from importlib.resources import files
from math import isfinite
from typing import Any

from policies.evaluate import Result
from policies.reports.model import Report
from policies.rules import RULES
from policies.verdict import Fact, Verdict

SCHEMA = "incline.policy/1"
REPORT_SCHEMA = "incline.report/2"


def result_data(result: Result) -> dict[str, Any]:
    """The whole result, worst verdict first, with a `schema` field."""
    return {
        "schema": SCHEMA,
        "reader": result.reader,
        "counts": result.counts,
        "blocking": len(result.blocking),
        "rules": len(RULES),
        "verdicts": [verdict_data(v) for v in result.verdicts],
        "findings": list(result.findings),
    }


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """One verdict with its evidence."""
    return {
        "rule": verdict.rule,
        "target": verdict.target,
        "outcome": verdict.outcome.value,
        "severity": verdict.severity.value,
        "blocks": verdict.blocks,
        "message": verdict.message,
        "formula": verdict.formula,
        "facts": [_fact(f) for f in verdict.facts],
        "missing": list(verdict.missing),
        "source": verdict.source,
        "urn": verdict.urn,
        "remedy": verdict.remedy,
        "waiver": verdict.waiver,
        "lapsed": verdict.lapsed,
    }


def _fact(fact: Fact) -> dict[str, Any]:
    as_of = fact.as_of.isoformat() if fact.as_of else None
    # JSON has no word for infinity.
    value = str(fact.value) if isinstance(fact.value, float) and not isfinite(fact.value) else fact.value
    return {"name": fact.name, "value": value, "unit": fact.unit, "source": fact.source, "as_of": as_of}


def report_data(report: Report, result: Result, report_hash: str = "") -> dict[str, Any]:
    """The whole report with every verdict: pages list what people read, this lists all."""
    parts = report.model_dump(mode="json", exclude={"findings", "held", "left_out"})
    return {"schema": REPORT_SCHEMA, "hash": report_hash, **parts, "result": result_data(result)}


def schema(name: str) -> dict[str, Any]:
    """A committed JSON Schema: policy or report."""
    loaded: dict[str, Any] = json.loads(files("policies.reports").joinpath(f"schema/{name}.json").read_text(encoding="utf-8"))
    return loaded
