"""What a person is told when the lab does not do as asked."""

from __future__ import annotations

from pathlib import Path

from infra.errors import InclineError


class LabError(InclineError):
    """Something of the lab failed; codes INC-42xx."""


def not_up(home: Path) -> LabError:
    """A command needs a lab, and there is none."""
    return LabError(f"lab: there is no lab in {home}", code="INC-4201", next_step="incline lab up")


def half_up(home: Path) -> LabError:
    """The first `up` was interrupted before the servers had told their addresses."""
    return LabError(f"lab: the lab in {home} was never fully up", code="INC-4207", next_step="incline lab up")


def did_not_start(name: str, why: str, tail: tuple[str, ...], log: Path) -> LabError:
    """A process ended or stayed silent before it was ready."""
    words = " ".join(tail)
    advice = "read the log, then  incline lab up"
    if "address already in use" in words.lower():
        advice = "another program holds the port it had before: end that program, or  incline lab down && incline lab up  for fresh ports"
    return LabError(f"lab: {name} {why}", code="INC-4202", details=(*tail, f"log: {log}"), next_step=advice)


def not_a_lab(home: Path) -> LabError:
    """A folder to be forgotten does not look like a lab's home."""
    return LabError(
        f"lab: {home} holds files, but is not a lab's home; nothing was touched",
        code="INC-4203",
        next_step="name the lab's folder in INCLINE_LAB_HOME, or an empty one",
    )


def pulumi_failed(what: str, stderr: str) -> LabError:
    """A pulumi command of the lab's own failed."""
    tail = tuple(stderr.strip().splitlines()[-8:])
    return LabError(f"lab: {what} failed", code="INC-4204", details=tail, next_step="run the command again with --debug")


def unknown_part(name: str, known: tuple[str, ...]) -> LabError:
    """There is no such process in the lab."""
    return LabError(f"lab: no part named {name!r}", code="INC-4205", next_step=f"name one of: {', '.join(known)}")


def other_estate(estate: str) -> LabError:
    """The lab was built from another estate than the one that is named now."""
    return LabError(
        f"lab: it was built from {estate}; its machines cannot become another estate's",
        code="INC-4206",
        next_step="incline lab down, then bring it up with the other estate, or use a second lab: INCLINE_LAB_HOME=... incline lab up",
    )
