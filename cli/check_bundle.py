"""Saved checks: `incline check --bundle FILE` and `incline check --from-bundle FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import say
from cli.project import near
from infra.errors import InclineError

if TYPE_CHECKING:
    from infra.observed.capacity import CapacitySnapshot
    from policies.bundle import Replay
    from policies.evidence import Evidence

_TEXTS = {".yaml", ".yml", ".md"}


def save_bundle(path: Path, evidence: Evidence, estate: Path, title: str, snapshot: CapacitySnapshot | None = None) -> str:
    """Save a check with all that went in; answers the report hash.

    Args:
        path: the file to write.
        evidence: what was judged.
        estate: the estate's folder; its documents go along.
        title: what was checked.
        snapshot: the capacity snapshot that was used.
    """
    from policies.bundle import make_bundle, write_bundle  # noqa: PLC0415 - help and completion stay fast

    observed = snapshot.model_dump(mode="json", by_alias=True) if snapshot else None
    bundle = make_bundle(title, evidence, documents(estate), observed, here=str(estate.resolve().parent))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bundle(path, bundle)
    say(f"bundle: {near(path)}")
    say(f"report hash: {bundle.report_hash}")
    return bundle.report_hash


def open_bundle(path: Path) -> tuple[str, Replay]:
    """A saved check, evaluated again: its title and what it gives now.

    Raises:
        InclineError: it gives another result than was saved, since it was edited or the rules are of another version (INC-3042); it
            cannot be read (INC-3040, INC-3041).
    """
    from policies.bundle import read_bundle, replay  # noqa: PLC0415

    bundle = read_bundle(path)
    again = replay(bundle)
    if not again.same:
        raise InclineError(
            f"{near(path)}: gives another report than was saved: {again.report_hash[:16]}, not {bundle.report_hash[:16]}",
            code="INC-3042",
            details=again.changes[:10],
            next_step="take the version of Incline that wrote it, or save the check anew with  incline check --bundle FILE",
        )
    say(f"report hash: {again.report_hash}, as saved")
    return bundle.title, again


def documents(estate: Path) -> dict[str, str]:
    """The estate's files by their path inside the folder."""
    files = sorted(p for p in estate.rglob("*") if p.is_file() and p.suffix in _TEXTS and "schema" not in p.relative_to(estate).parts)
    return {p.relative_to(estate).as_posix(): p.read_text(encoding="utf-8") for p in files}
