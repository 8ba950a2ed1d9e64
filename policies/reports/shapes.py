"""The JSON Schemas of what `--json`, report.json and the bundle hold. The committed files are made from here; a test holds them so."""

from __future__ import annotations

from typing import Any

from policies.reports.data import REPORT_SCHEMA, SCHEMA
from policies.reports.model import Report
from policies.verdict import Outcome, Severity

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_NOT_IN_DATA = ("findings", "held", "left_out")


def policy_schema() -> dict[str, Any]:
    """The shape of a result."""
    return {
        "$schema": DIALECT,
        "$id": "incline:policy/1",
        "title": "The verdicts of one evaluation, worst first",
        **_object(
            {
                "schema": {"const": SCHEMA},
                "reader": {"enum": ["estate", "preview", "plan", "state", "live"]},
                "counts": _object({outcome.value: _COUNT for outcome in Outcome}),
                "blocking": _COUNT,
                "rules": _COUNT,
                "verdicts": {"type": "array", "items": {"$ref": "#/$defs/verdict"}},
                "findings": {"type": "array", "items": _TEXT},
            },
            open_ended=True,
        ),
        "$defs": {"verdict": _verdict(), "fact": _fact()},
    }


def report_schema() -> dict[str, Any]:
    """The shape of report.json: the sections of the page, and the whole result."""
    made = Report.model_json_schema(mode="serialization")
    properties = {name: shape for name, shape in made["properties"].items() if name not in _NOT_IN_DATA}
    result = policy_schema()
    definitions = {name: shape for name, shape in made.get("$defs", {}).items() if name not in {"HeldRule", "VerdictRow", "FactRow"}}
    return {
        "$schema": DIALECT,
        "$id": "incline:report/2",
        "title": "A report of one evaluation: its sections and every verdict",
        **_object(
            {
                "schema": {"const": REPORT_SCHEMA},
                "hash": {"type": "string", "pattern": "^([0-9a-f]{64})?$", "description": "of inputs and verdicts"},
                **properties,
                "result": {key: value for key, value in result.items() if key not in {"$schema", "$id", "$defs"}},
            }
        ),
        "$defs": {**definitions, **result["$defs"]},
    }


def _verdict() -> dict[str, Any]:
    texts = dict.fromkeys(("rule", "target", "message", "formula", "source", "urn", "remedy", "waiver", "lapsed"), _TEXT)
    made = _object(
        {
            **texts,
            "outcome": {"enum": [outcome.value for outcome in Outcome]},
            "severity": {"enum": [severity.value for severity in Severity]},
            "blocks": {"type": "boolean"},
            "facts": {"type": "array", "items": {"$ref": "#/$defs/fact"}},
            "missing": {"type": "array", "items": _TEXT},
        }
    )
    made["properties"]["repairs"] = {
        "type": "array",
        "items": {"type": "object"},
        "description": "with --repair: changes that make it pass",
    }
    return made


def _fact() -> dict[str, Any]:
    return _object(
        {
            "name": _TEXT,
            "value": {"type": ["string", "number"]},
            "unit": _TEXT,
            "source": _TEXT,
            "as_of": {"type": ["string", "null"], "description": "when it was observed; null: declared"},
        }
    )


def _object(properties: dict[str, Any], *, open_ended: bool = False) -> dict[str, Any]:
    """An object with all of these keys. `open_ended`: a command may add its own."""
    return {"type": "object", "properties": properties, "required": sorted(properties), "additionalProperties": open_ended}
