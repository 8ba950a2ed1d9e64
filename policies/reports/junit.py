"""Verdicts as JUnit XML: one test suite a rule, one test case for every rule and object.

A failure is a `<failure>`. Waived, undetermined and not applicable are `<skipped>`, each with its own type: forges count them apart from
passes and none turns a build red by itself, as the exit codes of `incline check` do not either. `strict` makes undetermined an `<error>`,
as `incline check --strict` does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from policies.evaluate import Result
from policies.evidence import Evidence
from policies.reports.places import Places
from policies.reports.rows import remedy, titles
from policies.verdict import Outcome, Verdict

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SKIPPED = {Outcome.WAIVED: "waived", Outcome.UNDETERMINED: "undetermined", Outcome.NOT_APPLICABLE: "not-applicable"}


def to_junit(result: Result, evidence: Evidence | None = None, *, strict: bool = False, prefix: str = "") -> str:
    """The whole document."""
    places, names = Places(evidence, prefix), titles()
    ordered = sorted(result.verdicts, key=lambda v: (v.rule, v.target, v.source, v.formula, v.message))
    reasons = {w.id: w.reason for w in evidence.waivers} if evidence else {}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="incline" {_counts(result.verdicts, strict=strict)}>']
    for rule, group in groupby(ordered, key=lambda v: v.rule):
        verdicts = tuple(group)
        lines.append(f" <testsuite name={_attribute(f'{rule} {names.get(rule, rule)}')} {_counts(verdicts, strict=strict)}>")
        lines.extend(_cases(verdicts, places, reasons, strict=strict))
        lines.append(" </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _counts(verdicts: tuple[Verdict, ...], *, strict: bool) -> str:
    found = Counter(v.outcome for v in verdicts)
    errors = found[Outcome.UNDETERMINED] if strict else 0
    skipped = sum(found[outcome] for outcome in _SKIPPED) - errors
    return f'tests="{len(verdicts)}" failures="{found[Outcome.FAIL]}" errors="{errors}" skipped="{skipped}" time="0"'


def _cases(verdicts: tuple[Verdict, ...], places: Places, reasons: dict[str, str], *, strict: bool) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for verdict in verdicts:
        seen[verdict.target] += 1
        again = f" ({seen[verdict.target]})" if seen[verdict.target] > 1 else ""
        place = places.of(verdict)
        head = (
            f"  <testcase name={_attribute(f'{verdict.rule} {verdict.target}{again}')} classname={_attribute(verdict.target)}"
            f' file={_attribute(place.file)} line="{place.line}" time="0"'
        )
        body = _body(verdict, reasons, strict=strict)
        yield f"{head}>{body}</testcase>" if body else f"{head}/>"


def _body(verdict: Verdict, reasons: dict[str, str], *, strict: bool) -> str:
    if verdict.outcome is Outcome.PASS:
        return ""
    if verdict.outcome is Outcome.FAIL:
        head = f"<failure type={_attribute(verdict.severity.value)} message={_attribute(verdict.message)}>"
        return f"{head}{_text(_explained(verdict))}</failure>"
    message = verdict.message
    if verdict.outcome is Outcome.WAIVED and verdict.waiver in reasons:
        message = f"{message}: {reasons[verdict.waiver]}"
    if verdict.missing:
        message = f"{message}; missing: {'; '.join(verdict.missing)}"
    if strict and verdict.outcome is Outcome.UNDETERMINED:
        return f'<error type="undetermined" message={_attribute(message)}/>'
    return f'<skipped type="{_SKIPPED[verdict.outcome]}" message={_attribute(message)}/>'


def _explained(verdict: Verdict) -> str:
    parts = [verdict.message, verdict.formula, *(f"{fact} ({fact.source})" if fact.source else str(fact) for fact in verdict.facts)]
    if verdict.source:
        parts.append(f"see {verdict.source}")
    if told := remedy(verdict):
        parts.append(f"next: {told}")
    return "\n".join(part for part in parts if part)


def _attribute(text: str) -> str:
    """Quoted; line ends stay, as references, since a parser would turn them into blanks."""
    return quoteattr(_allowed(text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _text(text: str) -> str:
    return escape(_allowed(text), {"\r": "&#13;"})


def _allowed(text: str) -> str:
    """Without the characters that XML 1.0 has no way to write: control characters, lone surrogates, two non-characters."""
    return _FORBIDDEN.sub("\ufffd", text)
