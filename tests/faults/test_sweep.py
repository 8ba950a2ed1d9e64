"""Every effect on the world fails before it happens, fails after it has happened, or is the last thing before kill -9.

Whatever was hit: the same command again ends where an undisturbed run ends; or a rollback leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.errors import InclineError
from migration.moves import FINAL, MoveState
from tests.fakes.rig import Rig
from tests.fakes.world import SERVER, Fault, Killed

Story = Callable[[Rig], None]
WRITTEN = b"while it runs"
PATIENCE = 6  # attempts; one fault needs two


def up(rig: Rig) -> None:
    record = rig.folder.latest(SERVER)
    if record is None or record.state in {MoveState.PLANNED, MoveState.SEEDING}:
        rig.engine.start(SERVER, "aws-east")
        rig.vm_write("data", 300, WRITTEN)
    record = rig.folder.latest(SERVER)
    assert record is not None
    if record.state is not MoveState.ON_TRIAL:
        rig.engine.cutover(SERVER)


def back(rig: Rig) -> None:
    record = rig.folder.latest(SERVER)
    assert record is not None
    if record.direction == "up" or record.state in {MoveState.PLANNED, MoveState.SEEDING}:
        rig.engine.start(SERVER, "downtown")
    record = rig.folder.latest(SERVER)
    assert record is not None
    if record.state is not MoveState.ON_TRIAL:
        rig.engine.cutover(SERVER)


def accept(rig: Rig) -> None:
    record = rig.folder.latest(SERVER)
    assert record is not None
    if record.state is not MoveState.ACCEPTED:
        rig.engine.accept(SERVER)


def undo(rig: Rig) -> None:
    record = rig.folder.latest(SERVER)
    if record is not None and record.state not in FINAL:
        rig.engine.rollback(SERVER, discard_writes=True)


def prepared(path: Path, before: tuple[Story, ...]) -> Rig:
    rig = Rig(path)
    for story in before:
        story(rig)
    rig.world.effects.clear()
    return rig


def outcome(rig: Rig) -> dict[str, Any]:
    """What the world looks like, with ids replaced by their order: two runs make different ones."""
    facts = rig.world.facts()
    facts["volumes"] = sorted(str(sorted(b.items())) for b in facts["volumes"].values())  # type: ignore[attr-defined]
    facts["instances"] = [(power, group, bool(lease)) for power, group, lease in facts["instances"].values()]  # type: ignore[attr-defined]
    facts["vms"] = {n: (*v[:3], bool(v[3]), *v[4:]) for n, v in facts["vms"].items()}  # type: ignore[attr-defined]
    facts["snapshots"] = len(facts["snapshots"])  # type: ignore[arg-type]
    facts["images"] = len(facts["images"])  # type: ignore[arg-type]
    placement = rig.store.load().placements[SERVER]
    facts["placement"] = (placement.site, placement.held is not None, placement.move is not None, rig.store.load().servers[SERVER].site)
    return facts


def until_done(rig: Rig, story: Story) -> None:
    for _ in range(PATIENCE):
        try:
            story(rig)
        except (InclineError, Killed):
            continue
        return
    raise AssertionError(f"never got through: {rig.listener.steps[-5:]}")


JOURNEYS: dict[str, tuple[tuple[Story, ...], Story]] = {
    "up": ((), up),
    "back": ((up,), back),
    "accept-up": ((up,), accept),
    "accept-back": ((up, back), accept),
    "down-anew": ((up, accept), back),
    "rollback-of-up": ((up,), undo),
    "rollback-of-back": ((up, back), undo),
}


@pytest.mark.parametrize("mode", ["before", "kill"])
@pytest.mark.parametrize("journey", JOURNEYS)
def test_every_effect_may_fail_and_the_same_command_ends_alike(tmp_path: Path, journey: str, mode: str) -> None:
    before, story = JOURNEYS[journey]
    clean = prepared(tmp_path / "clean", before)
    story(clean)
    expected, effects = outcome(clean), list(clean.world.effects)

    for number, effect in enumerate(effects):
        rig = prepared(tmp_path / f"{number}", before)
        rig.world.fault = Fault(at=number, mode=mode)
        until_done(rig, story)
        assert rig.world.fault.fired, effect
        assert outcome(rig) == expected, f"{mode} {effect} ({number})"
        assert not rig.world.alive_together, f"{mode} {effect} ({number})"


@pytest.mark.parametrize("mode", ["after", "kill"])
@pytest.mark.parametrize("journey", ["up", "back", "down-anew"])
def test_every_effect_may_fail_and_a_rollback_leaves_nothing(tmp_path: Path, journey: str, mode: str) -> None:
    before, story = JOURNEYS[journey]
    clean = prepared(tmp_path / "clean", before)
    if journey == "up":
        clean.vm_write("data", 300, WRITTEN)  # the server's own data, which the story writes while the move goes on
    start = outcome(clean)
    story(clean)

    for number, effect in enumerate(list(clean.world.effects)):
        rig = prepared(tmp_path / f"{number}", before)
        if journey == "up":
            rig.vm_write("data", 300, WRITTEN)
        rig.world.fault = Fault(at=number, mode=mode)
        with pytest.raises((InclineError, Killed)):
            story(rig)
        until_done(rig, undo_open_move)
        after = outcome(rig)
        if journey == "back":
            # The return had written on the held disks: they are not what they were, and the first move's journal says so.
            start["vms"], after["vms"] = None, None
        assert after == start, f"{mode} {effect} ({number})"
        assert not rig.world.alive_together, f"{mode} {effect} ({number})"


def undo_open_move(rig: Rig) -> None:
    """Roll back what the story began; a move that was on trial before it stays on trial."""
    moves = rig.folder.moves()
    if moves and moves[-1].state not in FINAL and (len(moves) == 1 or moves[-1].direction == "down"):
        rig.engine.rollback(SERVER, discard_writes=True)
