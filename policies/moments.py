"""A plan has moments: after each step, and while both copies of a machine exist. Each is judged; one result says the worst of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from policies.evaluate import Result
from policies.evidence import Evidence
from policies.verdict import Outcome, Verdict

_WORST = (Outcome.FAIL, Outcome.UNDETERMINED, Outcome.WAIVED, Outcome.PASS, Outcome.NOT_APPLICABLE)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One moment of a plan, judged. `name` is empty where there is only one."""

    name: str
    evidence: Evidence
    result: Result


def hardest_of(moments: Sequence[Moment]) -> Moment:
    """The moment that most stands against: what a page about all of them shows in pictures."""
    return max(moments, key=lambda m: (len(m.result.blocking), m.result.counts["fail"], m.result.counts["undetermined"]))


def worst_of(moments: Sequence[Moment]) -> Result:
    """One result of all moments: of every rule and object the worst verdict, which names its moment."""
    if len(moments) == 1:
        return moments[0].result
    worst: dict[tuple[str, str], Verdict] = {}
    for moment in moments:
        for verdict in moment.result.verdicts:
            key = (verdict.rule, verdict.target)
            if key not in worst or _rank(verdict) < _rank(worst[key]):
                worst[key] = replace(verdict, message=f"{verdict.message} ({moment.name})") if _told(verdict) else verdict
    judges = {v.rule for v in worst.values() if v.outcome is not Outcome.NOT_APPLICABLE}
    kept = (v for v in worst.values() if v.outcome is not Outcome.NOT_APPLICABLE or v.rule not in judges)
    verdicts = sorted(kept, key=lambda v: (*_rank(v), v.rule, v.target))
    findings = dict.fromkeys(finding for moment in moments for finding in moment.result.findings)
    return Result(moments[0].result.reader, tuple(verdicts), tuple(findings))


def _rank(verdict: Verdict) -> tuple[int, int]:
    return _WORST.index(verdict.outcome), verdict.severity.rank


def _told(verdict: Verdict) -> bool:
    return verdict.outcome not in {Outcome.PASS, Outcome.NOT_APPLICABLE}
