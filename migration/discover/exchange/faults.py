"""Why a file gives nothing at all, in words for people. What is odd but usable is a finding and no fault."""

from __future__ import annotations

from pathlib import Path

from infra.errors import InclineError, why_unreadable

_AGAIN = "export it again"


def unreadable(path: Path, error: Exception) -> InclineError:
    """It is not there, or not for us."""
    return InclineError(f"{path} cannot be read: {why_unreadable(error)}", code="INC-7033", next_step="see to the path and its permissions")


def unknown(what: str, next_step: str = _AGAIN, *details: str) -> InclineError:
    """Nobody knows what it is."""
    return InclineError(what, code="INC-7034", details=details, next_step=next_step)


def damaged(name: str, why: str) -> InclineError:
    """It is cut off or changed on the way."""
    return InclineError(f"{name} is damaged: {why}", code="INC-7035", next_step="copy or export it again")


def protected(name: str) -> InclineError:
    """It wants a password."""
    return InclineError(
        f"{name} is protected with a password", code="INC-7036", next_step="save a copy without a password, then import that"
    )


def too_large(name: str, why: str) -> InclineError:
    """It would fill the memory."""
    return InclineError(
        f"{name} is too large: {why}", code="INC-7037", next_step="export one vCenter at a time, and be sure where the file comes from"
    )


def without_machines(what: str, next_step: str, *details: str) -> InclineError:
    """It is readable and names no machine."""
    return InclineError(what, code="INC-7038", details=details, next_step=next_step)


def no_format(what: str, known: tuple[str, ...]) -> InclineError:
    """Nobody writes that."""
    return InclineError(
        what, code="INC-7039", details=(f"known: {', '.join(known)}",), next_step="name the format, or end the file in .xlsx, .csv or .json"
    )


def several_sites(name: str, sites: set[str], asked: str) -> InclineError:
    """It holds more than one site, and not the one that is asked for."""
    return InclineError(
        f"{name} holds several sites ({', '.join(sorted(sites))}), none of them {asked}", code="INC-7040", next_step="name one of them"
    )
