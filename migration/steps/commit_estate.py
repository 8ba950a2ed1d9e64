"""Commit the estate's new placement, where the estate lies in a version control that may be used."""

from __future__ import annotations

from migration.steps.step import Context, Result, Step, nothing_to_undo


def do(ctx: Context) -> Result:
    """Commit; a repository that is left alone is no error, its reason is noted."""
    record = ctx.record
    return {"revision": ctx.estate.commit(f"{record.server}: {record.source} -> {record.target}, move {record.id}")}


# A rollback commits its own change at its end.
STEP = Step("commit_estate", do, nothing_to_undo)
