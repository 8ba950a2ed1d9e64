"""The base of every error that a person is meant to read: what failed, on which object, what to do next."""

from __future__ import annotations


class InclineError(Exception):
    """An error for people. `code` is stable (INC-####), `next_step` is a command or an edit.

    Args:
        what: what failed, in one clause, naming the object (server, site, file:line).
        code: the stable code that documentation pages are named after.
        details: further lines, worst first.
        next_step: what the reader should do; empty when nothing can be done.
    """

    def __init__(self, what: str, *, code: str, details: tuple[str, ...] = (), next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.code = code
        self.details = details
        self.next_step = next_step

    def __str__(self) -> str:
        """The whole message as it is printed, without colour."""
        lines = [f"error {self.code}: {self.what}", *(f"  {line}" for line in self.details)]
        if self.next_step:
            lines.append(f"  next: {self.next_step}")
        return "\n".join(lines)


def why_unreadable(error: Exception) -> str:
    """Why a file could not be read, in the system's own words, without the number and the path that the message has already."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no text"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return f"it is no JSON: {error}"
