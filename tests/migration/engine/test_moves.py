"""A server goes up, comes back, is accepted or rolled back; over the world in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration.moves import MoveState
from migration.rollback import RollbackRefusedError
from migration.steps.step import StepRefusedError
from tests.fakes.rig import Rig
from tests.fakes.world import DISKS, SERVER


def test_up_carries_every_block_and_ends_on_trial(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    before = {n: d.copy() for n, d in rig.world.vms[SERVER].disks.items()}

    rig.go_up()

    record = rig.folder.latest(SERVER)
    assert record is not None
    assert record.state is MoveState.ON_TRIAL
    assert {n: rig.instance_disk(n).blocks for n in before} == {n: d.blocks for n, d in before.items()}
    assert (rig.world.vms[SERVER].power, rig.world.vms[SERVER].connected) == ("off", False)
    assert not rig.world.vms[SERVER].snapshots
    assert not rig.world.alive_together


def test_delta_round_sends_only_what_changed(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    rig.vm_write("data", 300, b"new")
    rig.world.sent.clear()

    rig.engine.sync(SERVER)

    assert [s.rsplit(":", 1)[1] for s in rig.world.sent] == ["300"]


def test_writes_before_the_power_off_arrive(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    rig.vm_write("system", 77, b"late")

    rig.engine.cutover(SERVER)

    assert rig.instance_disk("system").read(77 << 19, 4) == b"late"


def test_return_during_trial_writes_only_the_delta_and_loses_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.go_up()
    tail = DISKS["data"] + 4096  # in the rounded tail that the old disk did not have
    rig.instance_disk("data").write(tail, b"written on AWS")
    rig.world.sent.clear()

    rig.go_back()

    assert len(rig.world.sent) == 1
    vm = rig.world.vms[SERVER]
    assert vm.disks["data"].read(tail, 14) == b"written on AWS"
    assert (vm.power, vm.connected) == ("on", True)
    first, second = rig.folder.moves()
    assert (first.state, second.state) == (MoveState.RETURNED, MoveState.ON_TRIAL)
    assert not rig.world.alive_together


def test_accepted_return_leaves_only_the_first_machine(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.go_up()
    rig.go_back()

    rig.engine.accept(SERVER)

    assert not rig.world.instances
    assert not rig.world.volumes
    assert not rig.world.snapshots
    assert not rig.world.images
    assert rig.world.vms[SERVER].lease is None
    placement = rig.store.load().placements[SERVER]
    assert (placement.site, placement.held, placement.move) == ("downtown", None, None)


def test_accepted_up_move_gives_the_source_up_and_keeps_what_the_instance_is_declared_from(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.go_up()

    rig.engine.accept(SERVER)

    assert SERVER not in rig.world.vms
    assert len(rig.world.instances) == 1
    assert len(rig.world.snapshots) == 2
    assert len(rig.world.images) == 1


def test_down_without_a_held_machine_makes_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.go_up()
    rig.engine.accept(SERVER)
    content = {n: dict(rig.instance_disk(n).blocks) for n in ("system", "data")}

    rig.go_back()

    assert {n: d.blocks for n, d in rig.world.vms[SERVER].disks.items()} == content
    rig.engine.accept(SERVER)
    assert not rig.world.instances


@pytest.mark.parametrize("until", ["start", "sync", "cutover"])
def test_rollback_brings_everything_back(tmp_path: Path, until: str) -> None:
    rig = Rig(tmp_path)
    before, estate = rig.world.facts(), rig.store.load()
    rig.engine.start(SERVER, "aws-east")
    if until != "start":
        rig.engine.sync(SERVER)
    if until == "cutover":
        rig.engine.cutover(SERVER)

    rig.engine.rollback(SERVER, discard_writes=True)

    assert rig.world.facts() == before
    after = rig.store.load()
    assert after.servers == estate.servers
    assert after.placements[SERVER].model_copy(update={"generation": 7}) == estate.placements[SERVER]
    assert not rig.world.alive_together


def test_rollback_of_a_return_puts_the_first_move_on_trial_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.go_up()
    placement = rig.store.load().placements[SERVER]
    rig.instance_disk("data").write(5 << 20, b"x")
    rig.go_back()

    rig.engine.rollback(SERVER, discard_writes=True)

    first, second = rig.folder.moves()
    assert (first.state, second.state) == (MoveState.ON_TRIAL, MoveState.ROLLED_BACK)
    assert rig.store.load().placements[SERVER].model_copy(update={"generation": 0}) == placement.model_copy(update={"generation": 0})
    assert (rig.world.vms[SERVER].power, rig.world.vms[SERVER].connected) == ("off", False)
    with pytest.raises(RollbackRefusedError, match="not its old data any more"):
        rig.engine.rollback(SERVER, discard_writes=True)
    rig.go_back()
    assert rig.world.vms[SERVER].disks["data"].read(5 << 20, 1) == b"x"


def test_rollback_on_trial_wants_the_word_and_offers_the_return(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.go_up()
    rig.clock.sleep(7200)

    with pytest.raises(RollbackRefusedError, match="throw away everything written") as refused:
        rig.engine.rollback(SERVER)

    assert "2 h old" in str(refused.value)
    assert f"incline move start {SERVER} --to downtown --yes" in str(refused.value)


def test_bit_flip_on_the_target_is_named_and_stops_the_cutover_while_the_source_runs(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    record = rig.folder.latest(SERVER)
    assert record is not None
    assert record.base_round is not None
    receipt = record.base_round.disks["data"].receipt
    rig.world.snapshots[receipt].disk.write(900 << 19, b"flipped")

    with pytest.raises(StepRefusedError, match="cut-over is refused") as refused:
        rig.engine.cutover(SERVER)

    assert f"disk data, offset {900 << 19}" in str(refused.value)
    assert rig.world.vms[SERVER].power == "on"


def test_policy_that_blocks_stops_before_anything_is_written(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.gate.blocking = ("ha-failover-capacity: cluster/aws",)

    with pytest.raises(StepRefusedError, match="policies refuse"):
        rig.engine.start(SERVER, "aws-east")

    assert rig.world.effects == []
