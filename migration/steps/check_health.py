"""Wait until the target has come up as the server: running, connected, guest up, disks as recorded."""

from __future__ import annotations

from migration.steps.step import Context, Result, Step, StepRefusedError, nothing_to_undo

PATIENCE_S = 600  # a Windows server's first boot on new hardware; AWS's own status checks alone take a few minutes
POLL_S = 2.0


def do(ctx: Context) -> Result:
    """Poll the target's health; what is missing at the end is said."""
    machine = ctx.target_machine
    server = ctx.server
    if machine is None:
        raise StepRefusedError(f"{server.name}: has no machine on {ctx.record.target} yet", code="INC-2076")
    began = ctx.clock.now()
    while True:
        health = ctx.target.health(server, machine)
        if health.ok:
            return {"detail": health.detail, "after_s": (ctx.clock.now() - began).total_seconds()}
        if (ctx.clock.now() - began).total_seconds() >= PATIENCE_S:
            raise StepRefusedError(
                f"{server.name}: did not come up on {ctx.record.target}",
                code="INC-2080",
                details=(health.detail,),
                next_step=f"look at its console; then  incline move cutover {server.name} --yes  to wait again, or "
                f"incline move rollback {server.name} --discard-writes --yes",
            )
        ctx.stop_if_asked()
        ctx.clock.sleep(POLL_S)


STEP = Step("check_health", do, nothing_to_undo)
