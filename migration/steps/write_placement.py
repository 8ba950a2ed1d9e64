"""Write where the server is declared from now on: the target's machine, the source held beside it."""

from __future__ import annotations

from infra.estate.model import DiskRecord, Held, Machine
from migration.steps.step import Context, Result, Step, StepRefusedError


def do(ctx: Context) -> Result:
    """Write the placement. The stacks follow it; nothing else decides where a machine is declared."""
    _, _, placement = ctx.load()
    record = ctx.record
    if placement.machine.site == record.target:
        return {"machine": placement.machine.model_dump(mode="json"), "generation": placement.generation}
    machine = _target(ctx)
    held = Held(machine=ctx.source_machine, since=ctx.clock.now(), move=record.id)
    written = ctx.estate.write_placement(placement.model_copy(update={"origin": "moved", "machine": machine, "held": held}))
    return {"machine": machine.model_dump(mode="json"), "generation": written.generation}


def _target(ctx: Context) -> Machine:
    if ctx.goes_up:
        image = ctx.record.result("register_image")
        return Machine(site=ctx.record.target, image_id=image["image"], disks=tuple(DiskRecord.model_validate(d) for d in image["disks"]))
    machine = ctx.prepared_machine
    if machine is None:
        raise StepRefusedError(f"{ctx.record.server}: no machine has been prepared on {ctx.record.target}", code="INC-2073")
    roots = ctx.record.result("verify_target").get("roots", {})
    disks = tuple(d.model_copy(update={"merkle_root": roots.get(d.name, "")}) for d in machine.disks)
    return machine.model_copy(update={"disks": disks})


def undo(ctx: Context) -> None:
    """The placement as it was before the cut-over, the move still open: what record_intent had written."""
    _, _, placement = ctx.load()
    before = ctx.placement_before
    if placement.machine != before.machine or placement.held != before.held:
        ctx.estate.write_placement(before.model_copy(update={"move": placement.move}))


STEP = Step("write_placement", do, undo)
