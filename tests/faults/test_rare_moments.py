"""Moments between two lines of a journal, each of which once led to data that was lost, mixed or thrown away unasked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from infra.errors import InclineError
from infra.estate.model import Machine
from migration.engine import MoveRefusedError
from migration.fence import FenceBrokenError
from migration.moves import MoveState
from migration.ports import Change
from migration.rollback import RollbackRefusedError
from migration.steps.judge_gate import belongs_to, keeps_apart
from migration.steps.step import InterruptedMoveError, StepRefusedError
from tests.fakes.rig import Rig
from tests.fakes.sides import FakeAws
from tests.fakes.world import SERVER, BrokenError, Killed


def record_of(rig: Rig):  # type: ignore[no-untyped-def]
    record = rig.folder.latest(SERVER)
    assert record is not None
    return record


def stop_after_first_disk(rig: Rig) -> None:
    """Ctrl-C when the round's first disk is copied and the second is not."""
    side = rig.deps.side(record_of(rig).target if rig.folder.moves() else "aws-east")
    opened = side.open_target
    seen: list[str] = []

    def open_target(request):  # type: ignore[no-untyped-def]
        seen.append(request.disk.name)
        if len(seen) == 2:
            rig.deps.stop.set()
        return opened(request)

    side.open_target = open_target  # type: ignore[method-assign]
    with pytest.raises(InterruptedMoveError):
        rig.engine.sync(SERVER)
    side.open_target = opened  # type: ignore[method-assign]
    rig.deps.stop.clear()


def test_round_whose_snapshot_vanished_after_one_disk_was_copied_sends_that_disk_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    rig.vm_write("system", 300, b"changed in the round that is lost")
    stop_after_first_disk(rig)
    rig.world.vms[SERVER].snapshots.clear()  # by hand, or by a backup tool

    rig.engine.cutover(SERVER)

    assert rig.instance_disk("system").read(300 << 19, 7) == b"changed"


def test_round_on_a_held_disk_that_lost_its_snapshot_reads_again_what_it_had_written(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.go_up()
    rig.engine.start(SERVER, "downtown")
    disk = rig.instance_disk("system")
    disk.write(300 << 19, b"for a moment")
    stop_after_first_disk(rig)
    disk.put(300, b"")  # back to what it was: no tracking reports it
    for key in [k for k, s in rig.world.snapshots.items() if s.name and "-r2-" in s.name]:
        del rig.world.snapshots[key]

    rig.engine.cutover(SERVER)

    assert rig.world.vms[SERVER].disks["system"].blocks == disk.blocks


def test_cut_off_that_failed_before_it_noted_anything_can_be_rolled_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.go_up()
    rig.engine.accept(SERVER)
    before = rig.world.facts()
    rig.engine.start(SERVER, "downtown")
    side = rig.deps.side("aws-east")
    assert isinstance(side, FakeAws)
    connections, reconnect = side.connections, side.reconnect

    def refuse(machine: Machine) -> Mapping[str, object]:
        raise BrokenError("throttled", code="INC-6999")

    def strict(machine: Machine, known: Mapping[str, object]) -> None:
        if not known:
            raise BrokenError("nobody noted which groups it had", code="INC-2231")  # as the real side does
        reconnect(machine, known)

    side.connections, side.reconnect = refuse, strict  # type: ignore[method-assign, assignment]
    with pytest.raises(BrokenError, match="throttled"):
        rig.engine.cutover(SERVER)
    side.connections = connections  # type: ignore[method-assign]

    rig.engine.rollback(SERVER)

    assert rig.world.facts() == before


@pytest.mark.parametrize("last", ["record_volumes", "start_target"])
def test_launched_instance_may_hold_writes_even_before_start_target_and_they_are_not_thrown_away_unasked(tmp_path: Path, last: str) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    rig.stop_before(last, SERVER)

    with pytest.raises(RollbackRefusedError, match="throw away everything written") as refused:
        rig.engine.rollback(SERVER)

    assert f"incline move cutover {SERVER} --yes" in refused.value.next_step  # a return is refused until the server is on trial
    assert "move start" not in refused.value.next_step


def test_launch_that_the_stack_does_not_know_of_never_lets_the_source_start_beside_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    rig.stop_before("update_target_stack", SERVER)
    rig.listener.on_start["update_target_stack"] = lambda: None
    assert rig.stacks is not None
    bring_up = rig.stacks.up

    def killed(stack: str) -> tuple[Change, ...]:
        """Pulumi was killed between the launch and its note of it."""
        image = rig.store.load().placements[SERVER].machine
        with rig.world.effect("launch"):
            rig.stacks._launch(image)  # type: ignore[union-attr]
        raise Killed

    rig.stacks.up = killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        rig.engine.cutover(SERVER)
    rig.stacks.up = bring_up  # type: ignore[method-assign]

    with pytest.raises(InclineError) as refused:
        rig.engine.rollback(SERVER, discard_writes=True)
    assert rig.world.vms[SERVER].power == "off"
    assert next(iter(rig.world.instances)) in str(refused.value)

    rig.world.instances.clear()  # as the message says
    for volume in rig.world.volumes.values():
        volume.instance = ""
    rig.engine.rollback(SERVER)
    assert rig.world.vms[SERVER].power == "on"
    assert not rig.world.alive_together
    assert not rig.world.volumes


def test_rollback_of_a_return_killed_at_its_last_line_does_not_forget_that_it_wrote_the_held_disks(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.go_up()
    rig.instance_disk("data").write(5 << 20, b"x")
    rig.engine.start(SERVER, "downtown")
    kill_after_state(rig, MoveState.ROLLED_BACK, lambda: rig.engine.rollback(SERVER, discard_writes=True))

    with pytest.raises(RollbackRefusedError, match="not its old data any more"):
        rig.engine.rollback(SERVER, discard_writes=True)


def test_finished_return_that_is_rolled_back_and_killed_at_its_last_line_leaves_the_first_move_on_trial(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.go_up()
    rig.go_back()
    kill_after_state(rig, MoveState.ROLLED_BACK, lambda: rig.engine.rollback(SERVER, discard_writes=True))

    assert record_of(rig).state is MoveState.ON_TRIAL
    assert rig.engine.accept(SERVER).state is MoveState.ACCEPTED


def kill_after_state(rig: Rig, state: MoveState, command: Callable[[], object]) -> None:
    commit = rig.store.commit
    opened = rig.folder.open

    def open_journal(move: str):  # type: ignore[no-untyped-def]
        journal = opened(move)
        append = journal.append

        def watched(now, kind, /, **data):  # type: ignore[no-untyped-def]
            record = append(now, kind, **data)
            if kind == "state" and data["state"] == state.value:
                raise Killed(state.value)
            return record

        journal.append = watched  # type: ignore[method-assign]
        return journal

    rig.folder.open = open_journal  # type: ignore[method-assign]
    with pytest.raises(Killed):
        command()
    rig.folder.open = opened  # type: ignore[method-assign]
    rig.store.commit = commit  # type: ignore[method-assign]


@pytest.mark.parametrize("state", ["accepting", "stuck"])
def test_return_does_not_begin_in_the_middle_of_an_accept_or_a_rollback(tmp_path: Path, state: str) -> None:
    rig = Rig(tmp_path)
    rig.go_up()
    with pytest.raises(Killed):
        kill_in(rig, "write_placement" if state == "accepting" else "power_off", state)

    with pytest.raises(MoveRefusedError, match=record_of(rig).state.value):
        rig.engine.start(SERVER, "downtown")


def kill_in(rig: Rig, effect: str, state: str) -> None:
    around = rig.world.effect

    def killing(name: str):  # type: ignore[no-untyped-def]
        if name == effect:
            raise Killed(name)
        return around(name)

    rig.world.effect = killing  # type: ignore[method-assign]
    try:
        if state == "accepting":
            rig.engine.accept(SERVER)
        else:
            rig.engine.rollback(SERVER, discard_writes=True)
    finally:
        rig.world.effect = around  # type: ignore[method-assign]


def test_source_that_ran_by_hand_in_the_middle_of_a_cutover_is_copied_again_or_rolled_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    rig.stop_before("verify_target", SERVER)
    vm = rig.world.vms[SERVER]
    vm.power = "on"
    with pytest.raises(FenceBrokenError):
        rig.engine.cutover(SERVER)
    vm.disks["data"].write(60 << 19, b"written by hand")
    vm.power = "off"

    rig.engine.cutover(SERVER)

    assert rig.instance_disk("data").read(60 << 19, 15) == b"written by hand"


def test_source_that_ran_by_hand_before_the_target_served_can_be_rolled_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    rig.stop_before("register_image", SERVER)
    vm = rig.world.vms[SERVER]
    vm.power = "on"
    with pytest.raises(FenceBrokenError):
        rig.engine.cutover(SERVER)
    vm.disks["data"].write(60 << 19, b"written by hand")

    rig.engine.rollback(SERVER)

    assert record_of(rig).state is MoveState.ROLLED_BACK
    assert vm.disks["data"].read(60 << 19, 15) == b"written by hand"


def test_source_started_by_hand_while_the_final_round_is_copied_stops_the_copy(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    rig.stop_before("copy_final", SERVER)
    vm = rig.world.vms[SERVER]
    vm.disks["data"].write(70 << 19, b"in the final round")

    def by_hand(_: object) -> None:
        if record_of(rig).open_round is not None:
            vm.power = "on"
            rig.clock.sleep(60)

    rig.listener.progress = by_hand  # type: ignore[method-assign, assignment]
    with pytest.raises(FenceBrokenError):
        rig.engine.cutover(SERVER)
    assert "copy_final" not in record_of(rig).results


@pytest.mark.parametrize("left", [b'{"seq": 99, "at', b"a whole line that was never acknowledged\n"])
def test_what_a_failed_write_left_in_the_journal_goes_before_the_next_line(tmp_path: Path, left: bytes) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    journal = rig.folder.open(record_of(rig).id)
    journal.append(rig.clock.now(), "note", text="before")
    path = journal.folder / "journal.jsonl"
    with path.open("ab") as file:  # the disk was full in the middle of a line, or failed to flush it
        file.write(left)

    journal.append(rig.clock.now(), "note", text="after the disk had room again")

    assert rig.folder.read(record_of(rig).id).last_seq == journal.record.last_seq
    rig.engine.cutover(SERVER)


def test_move_that_was_killed_in_its_first_line_never_was_and_stops_nobody(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    torn = rig.folder.folder("mv-torn") / "journal.jsonl"
    torn.parent.mkdir(parents=True)
    torn.write_text('{"seq": 1, "at')

    rig.engine.start(SERVER, "aws-east")

    assert [r.id for r in rig.folder.moves()] == [record_of(rig).id]


def test_edit_of_another_server_during_an_interrupted_cutover_is_not_brought_up_unseen(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")
    rig.stop_before("settle_stacks", SERVER)
    estate = rig.store.load()
    other = estate.servers[SERVER].model_copy(update={"name": "gis-files-01"})
    rig.store.estate = estate.model_copy(update={"servers": {**estate.servers, "gis-files-01": other}})
    assert rig.stacks is not None
    preview = rig.stacks.preview
    foreign = Change(f"{SERVER_URN}$aws:ec2/instance:Instance::gis-files-01-instance", "replace")
    rig.stacks.preview = lambda stack, *, refresh=False: (*preview(stack, refresh=refresh), foreign)  # type: ignore[method-assign]

    with pytest.raises(StepRefusedError, match="other changes waiting"):
        rig.engine.cutover(SERVER)

    rig.stacks.preview = preview  # type: ignore[method-assign]
    rig.store.estate = rig.store.load().model_copy(update={"servers": estate.servers})
    assert rig.engine.cutover(SERVER).state is MoveState.ON_TRIAL


def test_ctrl_c_during_the_proof_is_a_stop_and_not_a_failed_proof(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.engine.start(SERVER, "aws-east")

    def interrupted(*_: object) -> object:
        rig.deps.stop.set()
        raise StepRefusedError("the proof could not be carried out", code="INC-2079")

    rig.deps.prover.prove = interrupted  # type: ignore[method-assign, assignment]
    with pytest.raises(InterruptedMoveError, match="stopped as asked"):
        rig.engine.cutover(SERVER)


SERVER_URN = "urn:pulumi:aws-east.servers::incline::incline:hybrid:Server"
GROUP_URN = "urn:pulumi:downtown.servers::incline::incline:hybrid:RedundancyGroup"


@pytest.mark.parametrize(
    ("urn", "mine"),
    [
        (f"{GROUP_URN}::portal-web", True),
        (f"{GROUP_URN}$vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule::portal-web-general", True),
        (f"{SERVER_URN}::portal-web-02", False),
        (f"{SERVER_URN}$aws:ec2/instance:Instance::portal-web-02-instance", False),
    ],
)
def test_redundancy_group_is_told_from_its_other_members_though_their_names_begin_alike(urn: str, mine: bool) -> None:
    assert keeps_apart(Change(urn, "delete"), "portal-web") is mine


@pytest.mark.parametrize(
    ("name", "mine"),
    [
        ("app", True),
        ("app-vm", True),
        ("app-disk-data", True),
        ("app-attach-data", True),
        ("app-vm-01", False),
        ("app-vm-01-vm", False),
        ("app-disk-01", False),
        ("app-disk-01-vm", False),
        ("app-disk-01-disk-data", False),
        ("app-sg-eu-instance", False),
    ],
)
def test_server_is_told_from_one_whose_name_begins_with_its_own(name: str, mine: bool) -> None:
    assert belongs_to(name, "app", ("system", "data")) is mine
