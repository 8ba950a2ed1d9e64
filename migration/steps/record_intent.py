"""Write the open move into the placement and the new site into the server's entry: from now on an edit to the server is refused."""

from __future__ import annotations

from infra.estate.fingerprint import fingerprint
from infra.estate.model import OpenMove
from migration.steps.step import Context, Result, Step, StepRefusedError


def do(ctx: Context) -> Result:
    """Open the move in the estate."""
    _, server, placement = ctx.load()
    record = ctx.record
    own = {record.id, record.returns}
    if placement.move is not None and placement.move.id not in own:
        raise StepRefusedError(
            f"{server.name}: has another open move, {placement.move.id}",
            code="INC-2021",
            next_step=f"finish it first: incline move status {server.name}",
        )
    print_ = fingerprint(server)
    if placement.move is None or placement.move.id != record.id:
        move = OpenMove(id=record.id, target=record.target, since=ctx.clock.now(), fingerprint=print_)
        ctx.estate.write_placement(placement.model_copy(update={"move": move}))
    if server.site != record.target:
        ctx.estate.set_server_site(server.name, record.target)
    return {"fingerprint": print_}


def undo(ctx: Context) -> None:
    """Close the move in the estate: placement and site as they were."""
    _, server, placement = ctx.load()
    before = ctx.placement_before
    if placement != before.model_copy(update={"generation": placement.generation}):
        ctx.estate.write_placement(before)
    if server.site != ctx.record.site_before:
        ctx.estate.set_server_site(server.name, ctx.record.site_before)


STEP = Step("record_intent", do, undo)
