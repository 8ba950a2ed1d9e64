"""Look whether the move can begin at all: the source as recorded and readable, room for the journal, the target's address free."""

from __future__ import annotations

import shutil

from infra.estate.model import DiskRecord, Server
from migration.control.interface import MachineState
from migration.rounds import point_prefix
from migration.steps.step import Context, Result, Step, StepRefusedError, nothing_to_undo
from migration.steps.take_lease import taken

MANIFEST_BYTES_PER_BLOCK = 88  # as migration.blocks.manifest lays its records out
SPARE_BYTES = 64 << 20  # journals, proofs and the durable executor's database


def do(ctx: Context) -> Result:
    """Refuse with every reason at once; changes nothing."""
    server = ctx.server
    machine = ctx.source.identify(server, ctx.source_machine)
    state = ctx.source.look(machine)
    if state is None:
        raise StepRefusedError(
            f"{server.name}: its machine is not on {ctx.record.source} any more",
            code="INC-2012",
            next_step=f"compare {server.name}'s placement with the site: incline estate settle --observe",
        )
    if state.lease is not None and state.lease.owner != ctx.record.owner:
        raise taken(server.name, state.lease)
    reasons = [
        *_identity(machine.disks, state),
        *ctx.source.assess(server, machine),
        *_other_moves(ctx, state),
        *_room(ctx, server),
        *_address(ctx, server),
        *_target_attachment(server, ctx.record.target),
    ]
    if reasons:
        raise StepRefusedError(
            f"{server.name}: cannot move to {ctx.record.target} as it is",
            code="INC-2013",
            details=tuple(reasons),
            next_step=f"settle the reasons above, then  incline move start {server.name} --to {ctx.record.target} --yes",
        )
    return {"power": state.power, "tracking": state.tracking, "machine": machine.model_dump(mode="json")}


def _identity(recorded: tuple[DiskRecord, ...], state: MachineState) -> list[str]:
    """Disks that are not those of the placement: copying them would carry the wrong data."""
    key = {d.uuid or d.volume_id: d for d in state.disks}
    wrong = [d.name for d in recorded if (d.uuid or d.volume_id) not in key]
    reasons = [f"disk {name}: the machine has no disk with the recorded identity" for name in wrong]
    if len(state.disks) != len(recorded):
        reasons.append(f"the machine has {len(state.disks)} disks, its placement {len(recorded)}: record or remove the difference first")
    return reasons


def _other_moves(ctx: Context, state: MachineState) -> list[str]:
    """Snapshots that an earlier move left: below a second snapshot a disk's own file is not the whole disk."""
    if ctx.source.point_is_base:
        return []
    left = [n for n in state.snapshots if n.startswith("incline-") and not n.startswith(point_prefix(ctx.record.id))]
    return [f"has the snapshot {name} of an earlier move: remove it in vCenter" for name in left]


def _room(ctx: Context, server: Server) -> list[str]:
    need = sum((d.size >> 19) + 1 for d in server.disks) * MANIFEST_BYTES_PER_BLOCK + SPARE_BYTES
    ctx.folder.root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(ctx.folder.root).free
    if free < need:
        return [f"{ctx.folder.root} has {free >> 20} MiB free, the move's manifests and journal need {need >> 20} MiB"]
    return []


def _address(ctx: Context, server: Server) -> list[str]:
    taken = ctx.target.address_taken(server)
    return [f"its address on {ctx.record.target} is taken: {taken}"] if taken else []


def _target_attachment(server: Server, target: str) -> list[str]:
    return [] if target in server.at else [f"says nothing about {target}: add `at.{target}` with its networks and addresses"]


STEP = Step("check_source", do, nothing_to_undo, repeats=False)
