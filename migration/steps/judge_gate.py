"""Ask the policies, and look whether both stacks are free for this change, before anything is switched off."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import partial

from migration.parallel import together
from migration.ports import Change, GateAnswer, GateRequest, StackResource
from migration.steps.step import Context, Result, Step, StepRefusedError, nothing_to_undo

GROUP_TYPE = "::incline:hybrid:RedundancyGroup"


def do(ctx: Context) -> Result:
    """Refuse when a policy blocks or when a stack has changes waiting that are not this move's."""
    record = ctx.record
    refuse_busy_stacks(ctx, ctx.source_stack, ctx.target_stack)
    answer = ctx.gate.judge(GateRequest(server=record.server, source=record.source, target=record.target, move=record.id))
    refuse_blocked(record.server, record.target, answer)
    return {"counts": dict(answer.counts)}


def refuse_blocked(server: str, target: str, answer: GateAnswer) -> None:
    """Refuse when a verdict blocks."""
    if answer.blocking:
        raise StepRefusedError(
            f"{server}: the policies refuse it on {target}",
            code="INC-2050",
            details=answer.blocking,
            next_step="mend what they name, or have a waiver approved, then run the same command again",
        )


def refuse_busy_stacks(ctx: Context, *stacks: str) -> None:
    """Preview these stacks side by side and refuse when one of them would change more than this server."""
    found = together(*(partial(ctx.stacks.preview, stack) for stack in stacks))
    for stack, changes in zip(stacks, found, strict=True):
        refuse_others(ctx, stack, changes)


def refuse_others(ctx: Context, stack: str, changes: tuple[Change, ...]) -> None:
    """Refuse to bring a stack up when that would change anything but this server, or would take something of it away."""
    others = [c for c in changes if is_foreign(ctx, c)]
    losses = [c for c in changes if is_own(ctx, c) and c.operation in {"delete", "replace"}]
    if others or losses:
        raise StepRefusedError(
            f"stack {stack} has other changes waiting than the move of {ctx.record.server}",
            code="INC-2051",
            details=tuple(f"{c.operation} {c.name}{' (' + ', '.join(c.fields) + ')' if c.fields else ''}" for c in (*losses, *others)),
            next_step=f"bring the stack up to date first:  pulumi up --stack {stack}",
        )


def others_of(ctx: Context) -> str:
    """A digest of the estate without this server: the same digest, the same changes waiting for the others."""
    estate, name = ctx.load()[0], ctx.record.server
    rest = {
        "generation": 0,
        "servers": {n: s for n, s in estate.servers.items() if n != name},
        "placements": {n: p for n, p in estate.placements.items() if n != name},
    }
    return hashlib.sha256(estate.model_copy(update=rest).model_dump_json().encode()).hexdigest()


def is_own(ctx: Context, resource: Change | StackResource) -> bool:
    """Whether a resource is this server's component or one of its children."""
    disks = {d.name for d in ctx.server.disks} | {d.name for d in ctx.source_machine.disks}
    return belongs_to(resource.name, ctx.record.server, disks)


def is_foreign(ctx: Context, change: Change) -> bool:
    """Whether a change is neither this server's nor that of the redundancy group that it comes to or leaves."""
    return not is_own(ctx, change) and not keeps_apart(change, ctx.server.redundancy_group)


def belongs_to(resource: str, server: str, disks: Collection[str]) -> bool:
    """Whether a resource's logical name is the server's own. Whole names only: `app-vm-01` is another server than `app`."""
    children = {f"{server}-{child}" for child in ("vm", "sg", "eni", "instance")}
    volumes = {f"{server}-{part}-{disk}" for part in ("disk", "attach") for disk in disks}
    return resource == server or resource in children or resource in volumes


def keeps_apart(change: Change, group: str) -> bool:
    """Whether a change is to the redundancy group or one of its rules. By type: the group's members are called like its rules."""
    return bool(group) and GROUP_TYPE in change.urn and (change.name == group or change.name.startswith(f"{group}-"))


STEP = Step("judge_gate", do, nothing_to_undo, repeats=True)
