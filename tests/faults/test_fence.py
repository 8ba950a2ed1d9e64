"""Two engines on one server, machines started by hand, Ctrl-C and a full disk: every further step is blocked, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import InclineError
from migration.control.interface import Lease, LeaseTakenError
from migration.fence import FenceBrokenError
from migration.journal import StateError
from migration.moves import MoveState
from migration.steps.step import InterruptedMoveError, StepRefusedError
from tests.fakes.rig import Rig
from tests.fakes.world import SERVER, FakeEstateStore, make_estate


def second_engine(path: Path, first: Rig) -> Rig:
    """Another laptop: its own state folder and its own copy of the estate, the same machines."""
    return Rig(path, world=first.world, store=FakeEstateStore(make_estate()), stacks=first.stacks)


def test_second_engine_with_its_own_database_is_refused_by_the_machine_itself(tmp_path: Path) -> None:
    first = Rig(tmp_path / "first")
    first.engine.start(SERVER, "aws-east")
    second = second_engine(tmp_path / "second", first)

    with pytest.raises(LeaseTakenError, match="another engine"):
        second.engine.start(SERVER, "aws-east")

    assert second.store.load().placements[SERVER].move is None
    first.engine.cutover(SERVER)


def test_engine_that_has_lost_its_lease_does_nothing_more(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    rig.world.vms[SERVER].lease = Lease(move="mv-other", owner="somebody", epoch=9)

    with pytest.raises(LeaseTakenError, match="lease is not on the machine any more"):
        rig.engine.cutover(SERVER)

    assert rig.world.vms[SERVER].power == "on"


def test_return_by_another_engine_is_refused(tmp_path: Path) -> None:
    first = Rig(tmp_path / "first")
    first.go_up()
    second = Rig(tmp_path / "second", world=first.world, store=first.store, stacks=first.stacks)

    with pytest.raises(InclineError, match="does not know"):
        second.engine.start(SERVER, "downtown")


@pytest.mark.parametrize("command", ["accept", "return", "cutover"])
def test_held_source_started_by_hand_blocks_every_further_step(tmp_path: Path, command: str) -> None:
    rig = Rig(tmp_path)
    if command == "cutover":
        rig.engine.start(SERVER, "aws-east")
        rig.stop_before("verify_target", SERVER)
    else:
        rig.go_up()
    rig.world.vms[SERVER].power = "on"
    effects = len(rig.world.effects)

    with pytest.raises((FenceBrokenError, StepRefusedError), match=r"must be off|gone, running or connected"):
        {
            "accept": lambda: rig.engine.accept(SERVER),
            "return": lambda: rig.engine.start(SERVER, "downtown"),
            "cutover": lambda: rig.engine.cutover(SERVER),
        }[command]()

    assert set(rig.world.effects[effects:]) <= {"write_lease", "write_placement", "set_server_site"}


def test_held_source_that_ran_by_hand_is_not_trusted_as_a_base(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.go_up()
    vm = rig.world.vms[SERVER]
    vm.power = "on"
    with pytest.raises(FenceBrokenError):
        rig.engine.accept(SERVER)
    vm.disks["data"].write(60 << 19, b"written by hand")
    vm.power = "off"

    rig.go_back()

    assert vm.disks["data"].blocks == rig.instance_content["data"]


def test_ctrl_c_stops_after_the_step_in_hand_and_the_same_command_goes_on(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.stop_on("take_lease")

    with pytest.raises(InterruptedMoveError, match="everything acknowledged is kept"):
        rig.engine.start(SERVER, "aws-east")
    record = rig.folder.latest(SERVER)
    assert record is not None
    assert record.done("take_lease")
    assert not record.done("record_intent")

    rig.deps.stop.clear()
    assert rig.engine.start(SERVER, "aws-east").state is MoveState.SYNCED


def test_second_process_on_one_state_folder_is_told_to_wait(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    with rig.folder.lock(), pytest.raises(StateError, match="another incline process"):
        rig.engine.start(SERVER, "aws-east")


def test_journal_line_cut_short_by_a_crash_is_dropped(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    record = rig.folder.latest(SERVER)
    assert record is not None
    path = rig.folder.folder(record.id) / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])

    rig.engine.start(SERVER, "aws-east")

    assert rig.folder.read(record.id).state is MoveState.SYNCED


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_under_the_journal_is_said_and_loses_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    record = rig.folder.latest(SERVER)
    assert record is not None
    path = rig.folder.folder(record.id) / "journal.jsonl"
    kept = path.with_suffix(".kept")
    opened = rig.folder.open(record.id)
    path.rename(kept)
    path.symlink_to("/dev/full")

    with pytest.raises(StateError, match="cannot be written") as refused:
        opened.append(rig.clock.now(), "note", text="x")

    assert "free space" in str(refused.value)
    path.unlink()
    kept.rename(path)
    rig.engine.cutover(SERVER)
