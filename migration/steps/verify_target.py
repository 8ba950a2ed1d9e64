"""Prove that the target holds what the source holds: a fresh process re-reads it and recomputes every digest from the bytes.

Done twice: `verify_seed` while the source still runs, so that a fault costs no downtime, and `verify_target` after the final round.
"""

from __future__ import annotations

from migration.steps.step import Context, ProofRequest, Result, Step, StepRefusedError, nothing_to_undo


def do(ctx: Context) -> Result:
    """Refuse the cut-over when a single block differs; wrong blocks are sent again with the next round."""
    record = ctx.record
    base = record.base_round
    if base is None:
        raise StepRefusedError(f"{record.server}: nothing has been copied yet", code="INC-2070", next_step=_sync(record.server))
    requests = tuple(
        ProofRequest(
            disk=disk.name,
            manifest_id=f"{record.server}/{disk.name}",
            manifest=ctx.manifest_path(disk.name),
            reader=ctx.target.verify_spec(ctx.prepared_machine, disk, base.disks[disk.name].receipt),
        )
        for disk in ctx.source_machine.disks
    )
    try:
        answer = ctx.prover.prove(requests, ctx.journal.folder)
    except StepRefusedError:
        ctx.stop_if_asked()  # Ctrl-C in a terminal reaches the proving process, too: that it ended is no finding
        raise
    proven = {"roots": dict(answer.roots), "expected": dict(answer.expected), "round": base.number}
    ctx.note("verified", mismatches=[dict(m) for m in answer.mismatches], **proven)
    if answer.mismatches or answer.roots != answer.expected:
        raise StepRefusedError(
            f"{record.server}: the copy on {record.target} is not what was sent, so the cut-over is refused",
            code="INC-2071",
            details=tuple(f"disk {m['disk']}, offset {m['offset']} (block {int(m['offset']) // 524288})" for m in answer.mismatches[:20]),
            next_step=f"{_sync(record.server)}  sends these blocks again",
        )
    return proven


def _sync(server: str) -> str:
    return f"incline move sync {server} --yes"


VERIFY_SEED = Step("verify_seed", do, nothing_to_undo, repeats=True)
STEP = Step("verify_target", do, nothing_to_undo)
