"""The answer of `incline check` in words: what must be decided first, the answer last."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cli.check_baseline import baseline_words
from cli.check_terms import Terms
from cli.output import styled
from cli.paragraphs import paragraph
from infra.wording import listed

if TYPE_CHECKING:
    from cli.check_evidence import Checked
    from cli.check_repair import Found
    from policies.baseline import Comparison
    from policies.evaluate import Result
    from policies.evidence import Evidence
    from policies.repair import Repair
    from policies.verdict import Verdict

_COLOURS = {"fail": "red", "undetermined": "yellow", "waived": "yellow"}
_MISSING_SHOWN, _OBJECTS_SHOWN = 3, 4
_AS_EVER = Terms()


def check_text(checked: Checked, found: Found, comparison: Comparison | None = None, terms: Terms = _AS_EVER) -> str:
    """Failures and waived findings one by one with their repairs, what is undetermined by rule, the moments of a plan, and the answer."""
    result = checked.result
    lines = [_finding(v, found.get((v.rule, v.target), ())) for v in result.verdicts if v.outcome.value in {"fail", "waived"}]
    lines += list(_undetermined(result, checked.evidence))
    lines += [paragraph(finding, first="finding ") for finding in result.findings]
    if len(checked.steps) > 1:
        lines += [paragraph(f"{step.name}: {_answer(step.result, terms)}") for step in checked.steps]
    lines += [paragraph(line) for line in (*_waivers(checked), *baseline_words(comparison))]
    return "\n".join([*lines, paragraph(_answer(result, terms, comparison))])


def _finding(verdict: Verdict, repairs: tuple[Repair, ...]) -> str:
    outcome = styled(verdict.outcome.value, _COLOURS[verdict.outcome.value], sys.stdout)
    shown = [paragraph(f"{outcome} {verdict.rule} {verdict.severity} {verdict.target}"), paragraph(verdict.message, indent="  ")]
    if verdict.source:
        shown.append(f"  see {verdict.source}")
    if verdict.outcome.value == "fail":
        shown.append(paragraph(verdict.remedy, indent="  ", first="next: "))
    if repairs:
        from cli.check_repair import lines  # noqa: PLC0415 - only where a repair was asked for

        shown += [_indented(line) for repair in repairs for line in lines(repair)]
    return "\n".join(shown)


def _indented(line: str) -> str:
    """A line of a repair, two steps in where it belongs to the line before."""
    text = line.lstrip()
    return paragraph(text, indent=" " * (2 + len(line) - len(text)))


def _undetermined(result: Result, evidence: Evidence) -> Iterator[str]:
    """One entry a rule: forty machines that nobody measured are one thing to do, not forty."""
    from policies.reports.gaps import missing_groups  # noqa: PLC0415 - help and completion stay fast

    by_rule: dict[str, list[Verdict]] = {}
    for verdict in result.verdicts:
        if verdict.outcome.value == "undetermined":
            by_rule.setdefault(verdict.rule, []).append(verdict)
    word = styled("undetermined", _COLOURS["undetermined"], sys.stdout)
    for rule, found in by_rule.items():
        targets = list(dict.fromkeys(v.target for v in found))
        lacks = [f"{group.datum} ({group.why})" if group.why else group.datum for group in missing_groups(found, evidence)]
        yield paragraph(f"{word} {rule} {found[0].severity} {listed(targets, _OBJECTS_SHOWN)}")
        if len(found) == 1:
            yield paragraph(found[0].message, indent="  ")
        yield paragraph(f"cannot be decided without: {listed(lacks, _MISSING_SHOWN)}", indent="  ")


def _waivers(checked: Checked) -> Iterator[str]:
    """What will fail again soon, and what excuses nothing any more."""
    from policies.outlook import outlook, unused  # noqa: PLC0415 - only where waivers are
    from policies.waivers import SOON_DAYS  # noqa: PLC0415

    waivers = checked.evidence.waivers
    for lapse in outlook(checked.result, waivers, checked.evidence.today):
        if lapse.days_left <= SOON_DAYS:
            covered = listed([f"{v.rule} {v.target}" for v in lapse.findings], _OBJECTS_SHOWN)
            yield f"waiver {lapse.waiver.id} ends in {lapse.days_left} days, on {lapse.last_day}: {covered} will then fail"
    for waiver in unused(checked.result, waivers):
        yield f"waiver {waiver.id} covers nothing: what it excused holds now, or its rules and target are misspelt"


def _answer(result: Result, terms: Terms, comparison: Comparison | None = None) -> str:
    """The last line is the one that matters, and it says what the exit code says."""
    failing, undecided = len(terms.failing(result, comparison)), terms.undecided(result)
    if failing:
        answer = f"{failing} {'new ' if comparison else ''}finding{'s' * (failing > 1)} must be decided"
    else:
        nothing = "nothing new stands in the way" if comparison else "no rule stands in the way"
        answer = f"nothing fails, but {undecided} verdicts cannot be decided" if undecided else nothing
    return f"{answer}: " + ", ".join(f"{count} {outcome}" for outcome, count in result.counts.items() if count)
