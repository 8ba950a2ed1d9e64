"""Up: write the launched instance and its volumes into the placement. Down: nothing, the machine is known."""

from __future__ import annotations

from migration.steps.step import Context, Result, Step, StepRefusedError, nothing_to_undo


def do(ctx: Context) -> Result:
    """Find what was launched from the image and record it."""
    _, server, placement = ctx.load()
    if not ctx.goes_up:
        return {}
    found = ctx.aws.find_launched(server, placement.machine.image_id)
    if found is None:
        raise StepRefusedError(
            f"{server.name}: stack {ctx.target_stack} came up, but no instance runs from image {placement.machine.image_id}",
            code="INC-2074",
            next_step=f"incline move rollback {server.name} --yes",
        )
    by_device = {d.device: d for d in found.disks}
    disks = tuple(
        d.model_copy(update={"volume_id": by_device[d.device].volume_id}) for d in placement.machine.disks if d.device in by_device
    )
    if len(disks) != len(placement.machine.disks):
        missing = sorted({d.device for d in placement.machine.disks} - set(by_device))
        raise StepRefusedError(f"{server.name}: instance {found.instance_id} lacks {', '.join(missing)}", code="INC-2075")
    machine = placement.machine.model_copy(update={"instance_id": found.instance_id, "disks": disks})
    if machine != placement.machine:
        ctx.estate.write_placement(placement.model_copy(update={"machine": machine}))
    return {"machine": machine.model_dump(mode="json")}


# The undo of write_placement brings the placement back as it was.
STEP = Step("record_volumes", do, nothing_to_undo)
