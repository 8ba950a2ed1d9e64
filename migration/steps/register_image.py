"""Up: make one image that carries every disk, so that all of them are there at first boot. Down: nothing, the machine is there."""

from __future__ import annotations

from infra.estate.model import DiskRecord
from infra.estate.settle import device_name
from migration.steps.step import Context, Result, Step, StepRefusedError

GIB = 1 << 30


def do(ctx: Context) -> Result:
    """Register the image from the final snapshots."""
    base = ctx.record.base_round
    if not ctx.goes_up:
        return {}
    if base is None or base.kind != "final":
        raise StepRefusedError(f"{ctx.record.server}: the final round is not finished", code="INC-2072")
    roots = ctx.record.result("verify_target").get("roots", {})
    disks = tuple(
        DiskRecord(
            name=disk.name,
            size=-(-disk.size // GIB) * GIB,
            device=device_name(index),
            snapshot_id=base.disks[disk.name].receipt,
            merkle_root=roots.get(disk.name, ""),
        )
        for index, disk in enumerate(ctx.source_machine.disks)
    )
    image = ctx.aws.register_image(ctx.server, image_name(ctx.record.id), disks)
    return {"image": image, "disks": [d.model_dump(mode="json") for d in disks]}


def undo(ctx: Context) -> None:
    """Remove the image; its snapshots go with the undo of copy_seed."""
    if ctx.goes_up:
        image = ctx.record.result(STEP.name).get("image") or ctx.aws.find_image(image_name(ctx.record.id))
        if image:
            ctx.aws.deregister_image(image)


def image_name(move: str) -> str:
    """The image's name: the same for the same move, whoever asks."""
    return f"incline-{move}"


STEP = Step("register_image", do, undo)
