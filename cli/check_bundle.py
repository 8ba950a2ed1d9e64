"""Saved checks: `incline check --bundle FILE` and `incline check --from-bundle FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import say
from cli.project import near
from infra.errors import InclineError

if TYPE_CHECKING:
    from cli.check_evidence import Checked

_TEXTS = {".yaml", ".yml", ".md"}


def save_bundle(path: Path, checked: Checked, estate: Path) -> str:
    """Save a check with all that went in; answers the report hash.

    Args:
        path: the file to write.
        checked: what was judged, and what came out.
        estate: the estate's folder; its documents go along.
    """
    from policies.bundle import make_bundle, write_bundle  # noqa: PLC0415 - help and completion stay fast

    snapshot = checked.snapshot.model_dump(mode="json", by_alias=True) if checked.snapshot else None
    here = str(estate.resolve().parent)
    bundle = make_bundle(checked.title, checked.moments, documents(estate), before=checked.before, snapshot=snapshot, here=here)
    write_bundle(path, bundle)
    say(f"bundle: {near(path)}")
    say(f"report hash: {bundle.report_hash}")
    return bundle.report_hash


def open_bundle(path: Path) -> Checked:
    """A saved check, evaluated again.

    Raises:
        InclineError: it gives another result than was saved, since it was edited or the rules are of another version (INC-3042); it
            cannot be read (INC-3040, INC-3041).
    """
    from cli.check_evidence import Checked  # noqa: PLC0415
    from policies.bundle import read_bundle, replay  # noqa: PLC0415
    from policies.moments import hardest_of  # noqa: PLC0415

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
    steps = again.moments if any(moment.name for moment in again.moments) else ()
    evidence = hardest_of(again.moments).evidence
    return Checked(title=bundle.title, estate=None, evidence=evidence, result=again.result, before=again.before, steps=steps)


def documents(estate: Path) -> dict[str, str]:
    """The estate's files by their path inside the folder."""
    files = sorted(p for p in estate.rglob("*") if p.is_file() and p.suffix in _TEXTS and "schema" not in p.relative_to(estate).parts)
    return {p.relative_to(estate).as_posix(): p.read_text(encoding="utf-8") for p in files}
