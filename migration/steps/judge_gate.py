"""Ask the policies, and look whether both stacks are free for this change, before anything is switched off."""

from __future__ import annotations

from functools import partial

from migration.parallel import together
from migration.ports import Change, GateAnswer, GateRequest
from migration.steps.step import Context, Result, Step, StepRefusedError, nothing_to_undo


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
    server, group = ctx.record.server, ctx.server.redundancy_group
    others = [c for c in changes if not belongs_to(c.name, server) and not keeps_apart(c.name, group)]
    losses = [c for c in changes if belongs_to(c.name, server) and c.operation in {"delete", "replace"}]
    if others or losses:
        raise StepRefusedError(
            f"stack {stack} has other changes waiting than the move of {server}",
            code="INC-2051",
            details=tuple(f"{c.operation} {c.name}{' (' + ', '.join(c.fields) + ')' if c.fields else ''}" for c in (*losses, *others)),
            next_step=f"bring the stack up to date first:  pulumi up --stack {stack}",
        )


def belongs_to(resource: str, server: str) -> bool:
    """Whether a resource's logical name is the server's own: the component or one of its children."""
    children = ("-vm", "-sg", "-eni", "-instance", "-disk-", "-attach-")
    return resource == server or any(resource.startswith(f"{server}{child}") for child in children)


def keeps_apart(resource: str, group: str) -> bool:
    """Whether a resource is the server's redundancy group or one of its rules: they change when a member comes or goes."""
    return bool(group) and (resource == group or resource.startswith(f"{group}-"))


STEP = Step("judge_gate", do, nothing_to_undo, repeats=True)
