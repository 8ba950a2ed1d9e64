"""Verdicts as the console of a preview shows them: short, worst first, and never more than the engine can take.

A failure is shown by itself; what cannot be decided is one line a rule, or hundreds of lines would hide the failures. The engine's host
reads answers of at most 4 MiB: what does not fit is counted, and stands in the full report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from pulumi.runtime.proto import analyzer_pb2

from infra.wording import listed
from policies.pack.levels import SEVERITIES, Level, level_of, policy_name
from policies.rule import Rule
from policies.verdict import Outcome, Verdict

PACK, VERSION = "incline", "0.1.0"
SHOWN_BY_RULE = 25
LONGEST_MESSAGE = 2000
LARGEST_ANSWER = 3 << 20
_SHOWN = (Outcome.FAIL, Outcome.WAIVED)
_MISSING_SHOWN, _OBJECTS_SHOWN = 3, 5


class Console:
    """Makes diagnostics of verdicts.

    Args:
        rules: all rules.
        levels: enforcement by policy name, as `--policy-pack-config` sets it.
        report: the file with the full result, if one is written.
        known: findings of the baseline, by rule and object, that are no graver than they were: they are shown and stop nothing.
    """

    def __init__(
        self, rules: Iterable[Rule], levels: Mapping[str, Level], report: str = "", known: frozenset[tuple[str, str]] = frozenset()
    ) -> None:
        self._rules = {rule.id: rule for rule in rules}
        self._levels = levels
        self._report = report
        self._known = known

    def diagnostics(self, verdicts: Iterable[Verdict]) -> list[analyzer_pb2.AnalyzeDiagnostic]:
        """What is shown of the verdicts, worst first, within the size of an answer."""
        listed = [v for v in verdicts if not self._disabled(v)]
        made = [*self._each(v for v in listed if v.outcome in _SHOWN), *self._undecided(listed)]
        size = 0
        for count, diagnostic in enumerate(made):
            size += diagnostic.ByteSize() + 8
            if size > LARGEST_ANSWER:
                blocks = any(d.enforcementLevel == analyzer_pb2.MANDATORY for d in made[count:])
                return [*made[:count], self._left_out(diagnostic, len(made) - count, blocks=blocks)]
        return made

    def _disabled(self, verdict: Verdict) -> bool:
        return self._levels.get(policy_name(self._rules[verdict.rule])) == analyzer_pb2.DISABLED

    def _each(self, verdicts: Iterable[Verdict]) -> list[analyzer_pb2.AnalyzeDiagnostic]:
        """One line a verdict, and one for those of a rule that are too many. Rules come in the order of their worst verdict."""
        by_rule: dict[str, list[Verdict]] = {}
        for verdict in verdicts:
            by_rule.setdefault(verdict.rule, []).append(verdict)
        for found in by_rule.values():
            found.sort(key=self._is_known)  # new ones first: the line that stands for the rest is never milder than one of them
        made = []
        for found in by_rule.values():
            made += [self._diagnostic(v, message_of(v)) for v in found[:SHOWN_BY_RULE]]
            rest = found[SHOWN_BY_RULE:]
            if rest:
                made.append(self._diagnostic(rest[0], f"and {len(rest)} more: {_objects(rest)}\n{self._where(rest[0])}", urn=""))
        return made

    def _undecided(self, verdicts: list[Verdict]) -> list[analyzer_pb2.AnalyzeDiagnostic]:
        undecided = sorted((v for v in verdicts if v.outcome is Outcome.UNDETERMINED), key=lambda v: (v.severity.rank, v.rule))
        groups = (list(found) for _, found in groupby(undecided, key=lambda v: v.rule))
        return [self._diagnostic(found[0], self._aggregate(found), urn=found[0].urn if len(found) == 1 else "") for found in groups]

    def _aggregate(self, found: list[Verdict]) -> str:
        lacks = list(dict.fromkeys(text for v in found for text in v.missing))
        first = found[0].message if len(found) == 1 else f"{len(found)} objects undetermined: {_objects(found)}"
        return f"{first}\n{_without(lacks)}\n{self._where(found[0])}"

    def _where(self, verdict: Verdict) -> str:
        return f"full result: {self._report}" if self._report else f"about the rule: incline rules show {verdict.rule}"

    def _left_out(self, like: analyzer_pb2.AnalyzeDiagnostic, count: int, *, blocks: bool) -> analyzer_pb2.AnalyzeDiagnostic:
        left = analyzer_pb2.AnalyzeDiagnostic()
        left.CopyFrom(like)
        left.urn = ""
        left.message = f"{count} more lines are left out: more than Pulumi takes in one answer; INCLINE_POLICY_REPORT=FILE keeps all"
        left.enforcementLevel = analyzer_pb2.MANDATORY if blocks else analyzer_pb2.ADVISORY
        return left

    def _diagnostic(self, verdict: Verdict, message: str, urn: str | None = None) -> analyzer_pb2.AnalyzeDiagnostic:
        rule = self._rules[verdict.rule]
        name = policy_name(rule)
        return analyzer_pb2.AnalyzeDiagnostic(
            policyName=name,
            policyPackName=PACK,
            policyPackVersion=VERSION,
            description=f"{rule.id} {rule.title}",
            message=clipped(f"{message}\nknown: the baseline has it" if self._is_known(verdict) else message, LONGEST_MESSAGE),
            enforcementLevel=analyzer_pb2.ADVISORY if self._is_known(verdict) else level_of(verdict, self._levels.get(name)),
            urn=verdict.urn if urn is None else urn,
            severity=SEVERITIES[verdict.severity],
        )

    def _is_known(self, verdict: Verdict) -> bool:
        return verdict.outcome is Outcome.FAIL and (verdict.rule, verdict.target) in self._known


def message_of(verdict: Verdict) -> str:
    """What the console shows: the finding with its numbers, where to look, what to do, and where the rule is explained."""
    lines = [verdict.message]
    if verdict.source and verdict.source != verdict.urn:
        lines.append(f"see {verdict.source}")
    if verdict.outcome is Outcome.FAIL:
        lines.append(f"next: {verdict.remedy}")
    lines.append(f"about the rule: incline rules show {verdict.rule}")
    return "\n".join(lines)


def _without(lacks: list[str]) -> str:
    return f"cannot be decided without: {listed(lacks, _MISSING_SHOWN)}"


def _objects(found: list[Verdict]) -> str:
    names = list(dict.fromkeys(v.target for v in found))
    return listed(names, _OBJECTS_SHOWN)


def clipped(text: str, longest: int) -> str:
    """A text that takes no more than so many bytes."""
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= longest else raw[: longest - 4].decode("utf-8", "ignore") + " ..."
