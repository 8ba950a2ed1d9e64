"""GitHub annotations: findings shown beside the lines of a pull request, in the number that a step may make."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evaluate import Result
from policies.evidence import Evidence
from policies.reports.places import Places
from policies.reports.rows import remedy
from policies.verdict import Outcome, Verdict

ERRORS = 10
WARNINGS = 10
"""What GitHub takes of each kind from one step; it drops the rest without a word, so we count them."""
_TITLE_LENGTH = 200


def github_annotations(result: Result, evidence: Evidence | None = None, *, prefix: str = "") -> Iterator[str]:
    """The workflow commands: errors for what blocks, warnings for milder failures and what is undetermined, one notice for the rest."""
    places = Places(evidence, prefix)
    errors = [v for v in result.verdicts if v.blocks]
    warnings = [v for v in result.verdicts if v.outcome in {Outcome.FAIL, Outcome.UNDETERMINED} and not v.blocks]
    yield from (_line("error", v, places) for v in errors[:ERRORS])
    yield from (_line("warning", v, places) for v in warnings[:WARNINGS])
    waived = len(result.of(Outcome.WAIVED))
    left = [
        f"{count:,} more {what}"
        for count, what in (
            (len(errors) - ERRORS, "findings that block"),
            (len(warnings) - WARNINGS, "milder or undetermined ones"),
            (waived, "waived ones"),
        )
        if count > 0
    ]
    if left:
        yield f"::notice title=Incline::{_data('not shown here: ' + ', '.join(left) + '; the report has them all')}"


def _line(kind: str, verdict: Verdict, places: Places) -> str:
    place = places.of(verdict)
    title = f"{verdict.rule} {verdict.severity} {verdict.target}"[:_TITLE_LENGTH]
    parts = [verdict.message]
    if verdict.missing:
        parts.append("cannot be decided without: " + ", ".join(verdict.missing[:3]))
    if told := remedy(verdict):
        parts.append(f"next: {told}")
    return f"::{kind} file={_property(place.file)},line={place.line},title={_property(title)}::{_data(chr(10).join(parts))}"


def _data(text: str) -> str:
    """Escaped as a message: a line end would end the command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escaped as a property: a colon or a comma would end it too."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
