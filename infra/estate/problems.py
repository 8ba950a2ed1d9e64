"""What can be wrong with an estate, as people read it: file, line, what is wrong, what to write instead.

Problems are collected, never thrown one by one: whoever edits twenty files wants to mend all of them in one go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from infra.errors import InclineError


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One problem. `file` is relative to the estate's folder, `line` counts from 1, `instead` is an edit or a command."""

    file: str
    line: int
    what: str
    instead: str
    code: str

    def __str__(self) -> str:
        """One line, as compilers print it: `servers/permits.yaml:12: what; instead`."""
        return f"{self.file}:{self.line}: {self.what} [{self.code}]" + (f"; {self.instead}" if self.instead else "")


class ProblemsError(InclineError):
    """Everything that is wrong with what people wrote, sorted by file and line."""

    def __init__(self, what: str, problems: Iterable[Problem], *, code: str, next_step: str) -> None:
        self.problems: list[Problem] = sorted(problems)
        count = len(self.problems)
        super().__init__(
            f"{what} has {count} problem{'' if count == 1 else 's'}",
            code=code,
            details=tuple(str(problem) for problem in self.problems),
            next_step=next_step,
        )


class EstateErrors(ProblemsError):  # noqa: N818 - it is many errors, and its name is a contract with the programs
    """Everything that is wrong with an estate, sorted by file and line."""

    def __init__(self, root: str, problems: Iterable[Problem]) -> None:
        super().__init__(
            f"the estate {root}", problems, code="INC-1000", next_step="mend the lines above, then run  incline estate validate"
        )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean permits?`, or the known names when none is near, or nothing when there are none."""
    names = sorted(set(known))
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    shown = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
    return f"known: {shown}" if names else ""
