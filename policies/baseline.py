"""A saved set of findings to compare with, so that a team may begin with three hundred findings and block only new ones.

A finding is known by its rule and its object, never by its numbers, which move. One that has become graver than it was is new again,
and so is one whose waiver has lapsed since.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from infra.atomic import replace_file
from infra.errors import InclineError, why_unreadable
from policies.evaluate import Result
from policies.verdict import Outcome, Severity, Verdict

SCHEMA = "incline.baseline/1"


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """A finding that was there when the baseline was saved.

    Args:
        since: the day it was first seen, kept from baseline to baseline.
        waived: a waiver covered it then: once that lapses, the finding is new, or a baseline would make a waiver last for ever.
    """

    rule: str
    target: str
    severity: str
    message: str
    since: str
    waived: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by."""
        return self.rule, self.target


@dataclass(frozen=True, slots=True)
class Baseline:
    """The findings of one day, in order of rule and object."""

    taken: str
    findings: tuple[KnownFinding, ...]

    def document(self) -> dict[str, Any]:
        """As its file holds it."""
        return {"schema": SCHEMA, "taken": self.taken, "findings": [asdict(f) for f in self.findings]}

    def first_days(self) -> dict[tuple[str, str], str]:
        """The day each finding was first seen, by rule and object."""
        return {f.key: f.since for f in self.findings}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A result against a baseline. `fixed` findings were judged again and hold now; `unjudged` ones could not be judged."""

    taken: str
    new: tuple[Verdict, ...]
    old: tuple[Verdict, ...]
    fixed: tuple[KnownFinding, ...]
    unjudged: tuple[KnownFinding, ...]

    @property
    def blocking(self) -> tuple[Verdict, ...]:
        """The new findings that stop a change."""
        return tuple(v for v in self.new if v.blocks)


def baseline_of(result: Result, today: date, earlier: Baseline | None = None) -> Baseline:
    """What a result would be saved as. Findings that `earlier` knew keep their first day."""
    known = earlier.first_days() if earlier else {}
    findings = (
        KnownFinding(
            rule=v.rule,
            target=v.target,
            severity=v.severity.value,
            message=v.message,
            since=known.get((v.rule, v.target), today.isoformat()),
            waived=v.outcome is Outcome.WAIVED,
        )
        for v in _findings(result)
    )
    return Baseline(taken=today.isoformat(), findings=tuple(sorted(findings, key=lambda f: f.key)))


def compare(result: Result, baseline: Baseline) -> Comparison:
    """New, old and fixed findings. An object that is gone counts as fixed; an undetermined one as not judged."""
    known = {f.key: f for f in baseline.findings}
    new: list[Verdict] = []
    old: list[Verdict] = []
    for verdict in _findings(result):
        before = known.get((verdict.rule, verdict.target))
        (new if before is None or _worse(verdict, before) else old).append(verdict)
    present = {(v.rule, v.target) for v in _findings(result)}
    open_questions = {(v.rule, v.target) for v in result.of(Outcome.UNDETERMINED)}
    gone = [f for f in baseline.findings if f.key not in present]
    return Comparison(
        taken=baseline.taken,
        new=tuple(new),
        old=tuple(old),
        fixed=tuple(f for f in gone if f.key not in open_questions),
        unjudged=tuple(f for f in gone if f.key in open_questions),
    )


def _worse(verdict: Verdict, before: KnownFinding) -> bool:
    """Whether a finding has become graver, or has lost the waiver that covered it."""
    return verdict.severity.rank < Severity(before.severity).rank or (before.waived and verdict.outcome is Outcome.FAIL)


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Save it, whole or not at all."""
    replace_file(path, json.dumps(baseline.document(), indent=1) + "\n")


def read_baseline(path: Path) -> Baseline:
    """A saved baseline.

    Raises:
        InclineError: it cannot be read (INC-3060) or is something else (INC-3061).
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecursionError, json.JSONDecodeError) as error:
        raise InclineError(f"{path}: the baseline cannot be read: {why_unreadable(error)}", code="INC-3060", next_step=_HOW) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InclineError(f"{path}: is no baseline of this version ({SCHEMA})", code="INC-3061", next_step=_HOW)
    try:
        findings = tuple(KnownFinding(**each) for each in document["findings"])
        for finding in findings:
            Severity(finding.severity)
        return Baseline(taken=str(document["taken"]), findings=findings)
    except (KeyError, TypeError, ValueError) as error:
        raise InclineError(f"{path}: the baseline is damaged: {error}", code="INC-3061", next_step=_HOW) from error


_HOW = "incline check --save-baseline FILE writes one"


def _findings(result: Result) -> tuple[Verdict, ...]:
    """Failed and waived verdicts: a waived finding is still there."""
    return tuple(v for v in result.verdicts if v.outcome in {Outcome.FAIL, Outcome.WAIVED})
