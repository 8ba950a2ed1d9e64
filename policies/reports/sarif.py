"""Verdicts as SARIF 2.1.0, inside the limits of GitHub's code scanning.

Failures are results. Waived ones are results with a suppression, so that a dashboard can show them as dismissed with their reason.
Undetermined ones have the kind `open`: SARIF's word for an answer that is not complete. What holds is not written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from infra.estate.model import Waiver
from policies.baseline import Comparison
from policies.evaluate import Result
from policies.evidence import Evidence
from policies.reports.places import FileLine, Places, file_line
from policies.reports.rows import anchors, remedy
from policies.rule import Rule
from policies.rules import RULES
from policies.verdict import Outcome, Severity, Verdict

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000
"""GitHub refuses a run with more, and keeps the first 5,000 by severity; ours stand worst first."""
MOST_TAGS = 10
"""GitHub takes 20 tags of a rule and shows 10."""
LONGEST_TEXT = 1024
"""GitHub's limit for names and descriptions of rules."""
LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
"""`security-severity`: GitHub calls more than 9.0 critical, from 7.0 high, from 4.0 medium, above 0 low."""
_REPORTED = frozenset({Outcome.FAIL, Outcome.WAIVED, Outcome.UNDETERMINED})
_FAMILIES = {"CAP": "capacity", "REL": "reliability", "MIG": "migration", "SEC": "security", "TAG": "tagging", "CST": "cost"}


def to_sarif(
    result: Result,
    evidence: Evidence | None = None,
    *,
    comparison: Comparison | None = None,
    prefix: str = "",
    base: str = "",
    version: str = "0.1.0",
) -> dict[str, Any]:
    """The whole log, with one run.

    Args:
        result: the verdicts.
        evidence: knows where objects and waivers are declared.
        comparison: gives every result its state against a baseline.
        prefix: put before file names, when the estate lies in a folder of the repository.
        base: address of the repository's files, for the page of each rule; without it rules have help texts only.
        version: of the tool.
    """
    ids = {rule.id: number for number, rule in enumerate(RULES)}
    spoken = [(name, v) for name, v in zip(anchors(result), result.verdicts, strict=True) if v.outcome in _REPORTED]
    maker = _Results(ids, Places(evidence, prefix), _waivers(evidence), _states(comparison))
    left_out = len(spoken) - MOST_RESULTS
    driver: dict[str, Any] = {"name": "Incline", "semanticVersion": version, "rules": [_rule(rule, base) for rule in RULES]}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"incline/{result.reader}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the root of the repository that holds the estate"}}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notes(left_out)}],
        "results": [maker.result(name, v) for name, v in spoken[:MOST_RESULTS]],
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _notes(left_out: int) -> list[dict[str, Any]]:
    if left_out <= 0:
        return []
    text = f"{left_out:,} more results are left out, the mildest ones: a run may have {MOST_RESULTS:,}. The report in JSON has them all."
    return [{"level": "warning", "message": {"text": text}}]


def _rule(rule: Rule, base: str) -> dict[str, Any]:
    page = f"docs/rules/{rule.id}.md"
    about = f"{rule.title}. Formula: {rule.formula}. Source: {rule.source}. Remedy: {rule.remedy}."
    lines = (
        f"**{rule.title}**",
        f"Formula: `{rule.formula}`",
        f"Source: {rule.source}",
        f"Remedy: {rule.remedy}",
        f"Controls: {', '.join(rule.controls)}",
        f"Page: {page}",
    )
    made: dict[str, Any] = {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": rule.title[:LONGEST_TEXT]},
        "fullDescription": {"text": about[:LONGEST_TEXT]},
        "help": {"text": f"{about} Page: {page}", "markdown": "\n\n".join(lines)},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "tags": [_FAMILIES.get(rule.id.partition("-")[0], "policy"), *rule.controls][:MOST_TAGS],
            "problem.severity": {"error": "error", "warning": "warning", "note": "recommendation"}[LEVELS[rule.severity]],
            "security-severity": SCORES[rule.severity],
            "precision": "very-high",
        },
    }
    if base:
        made["helpUri"] = f"{base.rstrip('/')}/{page}"
    return made


class _Results:
    """Makes results. All look-ups are built once."""

    def __init__(
        self, ids: Mapping[str, int], places: Places, waivers: Mapping[str, Waiver], states: Mapping[tuple[str, str], str]
    ) -> None:
        self._ids = ids
        self._places = places
        self._waivers = waivers
        self._states = states

    def result(self, anchor: str, verdict: Verdict) -> dict[str, Any]:
        is_open = verdict.outcome is Outcome.UNDETERMINED
        made: dict[str, Any] = {
            "ruleId": verdict.rule,
            "kind": "open" if is_open else "fail",
            "level": "none" if is_open else LEVELS[verdict.severity],
            "message": {"text": _message(verdict)},
            "locations": [_location(self._places.of(verdict), verdict)],
            # GitHub follows an alert by this name only: rule and object, never a number or a line, which move.
            "partialFingerprints": {"primaryLocationLineHash": fingerprint(anchor), "inclineRuleObject/v1": fingerprint(anchor)},
            "properties": {"severity": verdict.severity.value, "security-severity": SCORES[verdict.severity]},
        }
        if verdict.rule in self._ids:
            made["ruleIndex"] = self._ids[verdict.rule]
        if verdict.outcome is Outcome.WAIVED:
            made["suppressions"] = [self._suppression(verdict)]
        if not is_open and (state := self._states.get((verdict.rule, verdict.target))):
            made["baselineState"] = state
        return made

    def _suppression(self, verdict: Verdict) -> dict[str, Any]:
        """The estate's own waiver: it stands in the source that was judged."""
        waiver = self._waivers.get(verdict.waiver)
        if waiver is None:
            return {"kind": "inSource", "status": "accepted", "justification": f"waiver {verdict.waiver}"}
        text = (
            f"{waiver.reason} (waiver {waiver.id}, {waiver.category}, {waiver.ticket}, asked by {waiver.requested_by}, "
            f"approved by {waiver.approved_by}, until {waiver.expires})"
        )
        return {"kind": "inSource", "status": "accepted", "justification": text}


def fingerprint(anchor: str) -> str:
    """A stable name of a finding: of its rule and object."""
    return f"{hashlib.sha256(anchor.encode()).hexdigest()[:16]}:1"


def _message(verdict: Verdict) -> str:
    parts = [verdict.message]
    if verdict.missing:
        parts.append("Cannot be decided without: " + "; ".join(verdict.missing))
    if verdict.formula:
        parts.append(f"Formula: {verdict.formula}")
    if told := remedy(verdict):
        parts.append(f"Next: {told}")
    return "\n".join(parts)


def _location(place: FileLine, verdict: Verdict) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(place.file), "uriBaseId": "SRCROOT"},
            "region": {"startLine": place.line},
        },
        "logicalLocations": [{"fullyQualifiedName": verdict.target, "kind": "resource"}],
    }
    if verdict.urn:
        location["logicalLocations"].append({"fullyQualifiedName": verdict.urn, "kind": "resource"})
    elif file_line(verdict.source) is None and verdict.source:
        location["message"] = {"text": verdict.source}
    return location


def _waivers(evidence: Evidence | None) -> dict[str, Waiver]:
    return {waiver.id: waiver for waiver in evidence.waivers} if evidence else {}


def _states(comparison: Comparison | None) -> dict[tuple[str, str], str]:
    if comparison is None:
        return {}
    return {(v.rule, v.target): state for state, found in (("unchanged", comparison.old), ("new", comparison.new)) for v in found}
