"""A result as plain data: what `--json` prints, what the pack writes for the gate, what reports are made from."""

from __future__ import annotations

from typing import Any

from policies.evaluate import Result
from policies.rules import RULES
from policies.verdict import Verdict

SCHEMA = "incline.policy/1"


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
        "facts": [{"name": f.name, "value": f.value, "unit": f.unit, "source": f.source} for f in verdict.facts],
        "missing": list(verdict.missing),
        "source": verdict.source,
        "urn": verdict.urn,
        "remedy": verdict.remedy,
        "waiver": verdict.waiver,
        "lapsed": verdict.lapsed,
    }
