"""Every step keeps the same promises: done twice it leaves what it left once, and its undo may come twice, or after a part of it.

A step that is not in the registry, or whose file is not named after it, fails here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from migration.steps import registry
from migration.steps.step import Step
from tests.fakes.rig import Rig
from tests.fakes.world import SERVER, Fault, Killed

STEP_FILES = sorted(p.stem for p in Path("migration/steps").glob("*.py") if p.stem not in {"__init__", "step", "registry"})
UP = [*registry.SEED, *registry.APPROACH, *registry.CUTOVER]
NAMES = [s.name for s in UP]


def run_until(rig: Rig, name: str) -> None:
    """Begin a move up and stop where `name` would be next."""
    rig.executor.before = name
    try:
        rig.engine.start(SERVER, "aws-east")
        rig.executor.before = rig.executor.before or name
        rig.engine.cutover(SERVER)
    except Exception as exc:
        if type(exc).__name__ != "StoppedError":
            raise


def do(rig: Rig, step: Step) -> None:
    """Do one step as the engine does, in the context of this moment."""
    ctx = rig.context()
    ctx.note("step-started", step=step.name)
    result = step.do(ctx)
    ctx.note("step-done", step=step.name, result=dict(result))


@pytest.mark.parametrize("name", STEP_FILES)
def test_every_file_is_named_by_a_verb_and_a_noun_and_is_registered(name: str) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name)
    assert name in registry.ALL


@pytest.mark.parametrize("step", UP, ids=NAMES)
def test_done_twice_is_done_once(tmp_path: Path, step: Step) -> None:
    once, twice = Rig(tmp_path / "once"), Rig(tmp_path / "twice")
    for rig in (once, twice):
        run_until(rig, step.name)
        do(rig, step)
    if step.name != "copy_delta":  # a second delta round is a second round, by its purpose
        do(twice, step)

    assert shape(twice) == shape(once)


@pytest.mark.parametrize("step", UP, ids=NAMES)
def test_undone_twice_is_undone_once(tmp_path: Path, step: Step) -> None:
    rig = Rig(tmp_path)
    run_until(rig, step.name)
    do(rig, step)
    undo_down_to(rig, step)
    before = shape(rig)

    step.undo(rig.context())

    assert shape(rig) == before


@pytest.mark.parametrize("step", UP, ids=NAMES)
def test_undo_after_every_part_of_a_step_is_as_if_it_had_never_begun(tmp_path: Path, step: Step) -> None:
    clean = Rig(tmp_path / "clean")
    run_until(clean, step.name)
    parts = len(clean.world.effects)
    do(clean, step)

    for number in range(parts, len(clean.world.effects)):
        rig = Rig(tmp_path / f"{number}")
        run_until(rig, step.name)
        rig.world.fault = Fault(at=number, mode="kill")
        rig.context().note("step-started", step=step.name)
        with pytest.raises(Killed):
            step.do(rig.context())

        rig.engine.rollback(SERVER, discard_writes=True)

        assert not rig.world.instances
        assert not rig.world.volumes
        assert not rig.world.snapshots
        assert not rig.world.images
        assert rig.world.vms[SERVER].power == "on"
        assert rig.world.vms[SERVER].connected
        assert not rig.world.vms[SERVER].snapshots


def undo_down_to(rig: Rig, step: Step) -> None:
    """Undo this one step as a rollback would."""
    ctx = rig.context()
    step.undo(ctx)
    ctx.note("step-undone", step=step.name)


def shape(rig: Rig) -> dict[str, object]:
    """The world without ids and epochs, which rise with every attempt."""
    world, placement = rig.world, rig.store.load().placements[SERVER]
    vm = world.vms[SERVER]
    return {
        "vm": (vm.power, vm.connected, vm.lease is not None, vm.tracking, len(vm.snapshots)),
        "instances": sorted((i.power, i.group) for i in world.instances.values()),
        "volumes": len(world.volumes),
        "snapshots": len(world.snapshots),
        "images": len(world.images),
        "placement": (placement.site, placement.held is not None, placement.move is not None),
    }
