"""What a check is asked to hold against the estate: which findings fail it, and which of its options fit together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.exit_codes import ExitCode
from infra.errors import InclineError

if TYPE_CHECKING:
    import typer

    from policies.baseline import Comparison
    from policies.evaluate import Result
    from policies.verdict import Verdict

SEVERITIES = ("critical", "high", "medium", "low")
INPUTS = ("estate", "plan", "to", "live", "state", "capacity", "blind", "ledger", "bundle")
"""The options that say what is judged."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Exit code and last line both come from here, so that they never say different things.

    Args:
        fail_on: the mildest severity that fails the command.
        strict: what is undetermined is not good enough.
    """

    fail_on: str = "high"
    strict: bool = False

    def failing(self, result: Result, comparison: Comparison | None = None) -> tuple[Verdict, ...]:
        """The findings that fail the command; with a baseline only new ones do."""
        grave = SEVERITIES[: SEVERITIES.index(self.fail_on) + 1]
        findings = comparison.new if comparison else result.verdicts
        return tuple(v for v in findings if v.outcome.value == "fail" and v.severity.value in grave)

    def undecided(self, result: Result) -> int:
        """How many undetermined verdicts are held against the estate."""
        return result.counts["undetermined"] if self.strict else 0

    def exit_code(self, result: Result, comparison: Comparison | None = None) -> ExitCode:
        """0 pass, 1 a finding as grave as asked, 3 nothing fails and something is undetermined; 2 is for errors of tool or data."""
        if self.failing(result, comparison):
            return ExitCode.FINDINGS
        return ExitCode.UNDETERMINED if self.undecided(result) else ExitCode.OK


def typed_options(context: typer.Context) -> frozenset[str]:
    """The options that stand on the command line; what a variable of the environment sets is a default and gives way."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return frozenset(name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE")


def refuse_clashes(typed: Collection[str], *, plan: str, from_bundle: bool) -> None:
    """Options that would be passed over in silence are refused instead.

    Raises:
        InclineError: some were typed that do not go together (INC-3032, INC-3043).
    """
    if from_bundle and (beside := [_word(name) for name in INPUTS if name in typed]):
        raise InclineError(
            f"--from-bundle judges what was saved: it does not go with {', '.join(beside)}",
            code="INC-3043",
            next_step=f"leave {' and '.join(beside)} out",
        )
    clashes = (
        (
            "live" in typed and "capacity" in typed,
            "--live and --capacity: they do not go together",
            "--live takes its own look at the sites: leave --capacity out",
        ),
        ("blind" in typed and "capacity" in typed, "--no-capacity and --capacity: they do not go together", "leave one of them out"),
        ("plan" in typed and not plan, "--plan: nothing is named", "name a server or a plan's file; to judge the estate leave --plan out"),
    )
    for clash, what, advice in clashes:
        if clash:
            raise InclineError(what, code="INC-3032", next_step=advice)


def _word(name: str) -> str:
    return "--no-capacity" if name == "blind" else f"--{name}"
