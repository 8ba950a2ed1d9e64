"""One copy round: freeze the source, copy what changed, and only then let the next round count from here.

The order is VMware's documented one, and the field's hard-won one: the round before is durable -> its point is removed -> the next is made
-> its ids are noted at once, as pending -> blocks -> the target's round is finished -> manifest -> only now it is a base. A round that was
interrupted goes on from its own point with its own target; one whose point is gone is abandoned and begun again from the same base.

The manifests are committed together, when every disk is copied: a round that is abandoned after some of its disks must not leave them a
base that the others, the journal and the snapshot chain do not have.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from infra.estate.model import DiskRecord
from migration.blocks.digests import block_digest
from migration.blocks.extents import BlockSet
from migration.blocks.manifest import Manifest
from migration.control.interface import Point, TargetRequest
from migration.copy import copy_disk
from migration.fence import Watch
from migration.moves import Round
from migration.ports import Progress
from migration.selection import select_blocks
from migration.steps.step import Context, InterruptedMoveError
from migration.types import BLOCK, BlockSource, BlockTarget, CopyProgress

READ_BLOCKS = 8  # per read of a held disk: 4 MiB, as the copy reads


def point_prefix(move: str) -> str:
    """What every point of a move is called at the beginning: how its leftovers are told from other people's snapshots."""
    return f"incline-{move}-"


def run_round(ctx: Context, kind: str) -> Round:
    """Copy one round over all disks; goes on with one that was interrupted. Answers the finished round."""
    current = _resumable(ctx) or _begin(ctx, kind)
    left = _not_copied(ctx, current)
    if left:
        point = Point(name=current.point, id=_found(ctx, current).id, tracking=current.points)
        watch = Watch(ctx)
        for disk in left:
            ctx.stop_if_asked()
            _copy(ctx, current, point, disk, watch)
    for disk in ctx.source_machine.disks:
        with Manifest.open(ctx.manifest_path(disk.name)) as manifest:
            manifest.commit()
    ctx.note("round-finished", round=current.number)
    if ctx.source.point_is_base:
        _remove_older_points(ctx)
    return ctx.record.rounds[-1]


def _remove_older_points(ctx: Context) -> None:
    """Where the next delta needs the last point itself, the ones before it go only now."""
    for older in ctx.record.rounds[:-1]:
        ctx.source.remove_point(ctx.source_machine, older.point)


def _bases(ctx: Context) -> Mapping[str, str]:
    """By disk, what the next delta counts from; empty when there is nothing to count from. Decided once, when a round begins."""
    base = ctx.record.base_round
    if base is not None:
        return base.points
    before = ctx.placement_before
    if ctx.held_before is None or before.held is None or not _manifests_carried_over(ctx):
        return {}
    return {d.name: d.snapshot_id for d in before.machine.disks if d.snapshot_id}


def _manifests_carried_over(ctx: Context) -> bool:
    """On a return: the first move's manifests say what the held disks hold. Unknown content means a full copy, never a guess."""
    first = ctx.record.returns
    if not first or not (ctx.folder.folder(first) / "journal.jsonl").exists():
        return False
    if ctx.folder.read(first).held_disks_written:
        return False
    for disk in ctx.source_machine.disks:
        mine, theirs = ctx.manifest_path(disk.name), ctx.folder.folder(first) / f"{disk.name}.manifest"
        if not mine.exists():
            if not theirs.exists():
                return False
            _copy_file(theirs, mine)
    return True


def _copy_file(source: Path, destination: Path) -> None:
    temporary = destination.with_name(f".{destination.name}.new")
    shutil.copyfile(source, temporary)
    temporary.replace(destination)


def _resumable(ctx: Context) -> Round | None:
    """The open round, if its point still exists."""
    current = ctx.record.open_round
    if current is None:
        return None
    if not _not_copied(ctx, current) or ctx.source.find_point(ctx.source_machine, current.point) is not None:
        return current
    abandon_open_round(ctx, f"its snapshot {current.point} is gone")
    return None


def abandon_open_round(ctx: Context, why: str) -> None:
    """Give up the round that was begun and not finished, if there is one: the next counts from the last finished one."""
    current = ctx.record.open_round
    if current is None:
        return
    for key in current.targets.values():
        ctx.target.drop_target(key)
    ctx.note("round-abandoned", round=current.number, why=why)


def _not_copied(ctx: Context, current: Round) -> list[DiskRecord]:
    """The disks that the round has still to copy; with none left it needs its point no more, only the commit."""
    return [disk for disk in ctx.source_machine.disks if disk.name not in current.disks]


def _begin(ctx: Context, kind: str) -> Round:
    machine, record = ctx.source_machine, ctx.record
    base = record.base_round
    if base is not None and not ctx.source.point_is_base:
        ctx.source.remove_point(machine, base.point)
    number = record.rounds_begun + 1
    bases = _bases(ctx)
    point = ctx.source.create_point(machine, f"{point_prefix(record.id)}r{number}-{kind}")
    ctx.note("round-started", round=number, kind=kind, point=point.name, points=dict(point.tracking), bases=dict(bases))
    return ctx.record.rounds[-1]


def _found(ctx: Context, current: Round) -> Point:
    point = ctx.source.find_point(ctx.source_machine, current.point)
    if point is None:
        raise InterruptedMoveError(
            f"{ctx.record.server}: snapshot {current.point} disappeared",
            code="INC-2040",
            next_step="run the same command again: the round begins anew from the last finished one",
        )
    return point


def _copy(ctx: Context, current: Round, point: Point, disk: DiskRecord, watch: Watch) -> None:
    source = ctx.source.open_source(ctx.source_machine, point, disk)
    try:
        target = ctx.target.open_target(_request(ctx, current, disk))
        try:
            if current.targets.get(disk.name) != target.round_key:
                ctx.note("target-opened", round=current.number, disk=disk.name, key=target.round_key)
            _copy_open(ctx, current, disk, source, target, watch)
        finally:
            target.close()
    finally:
        source.close()


def _copy_open(ctx: Context, current: Round, disk: DiskRecord, source: BlockSource, target: BlockTarget, watch: Watch) -> None:
    with _manifest(ctx, disk, target) as manifest:
        selection = select_blocks(source, manifest, current.bases.get(disk.name, ""))
        if target.in_place and ctx.held_before is not None and not ctx.record.held_disks_written:
            ctx.note("held-disks-written", disk=disk.name)
        result = copy_disk(
            source,
            target,
            manifest,
            selection.blocks,
            workers=ctx.workers,
            progress=lambda p: _report(ctx, current, disk, p, watch),
            stop=ctx.stop,
            resend=[int(m["offset"]) // BLOCK for m in ctx.record.mismatches if m["disk"] == disk.name],
        )
        ctx.stop_if_asked()
        summary = manifest.summary()
        receipt = target.finish(summary)
        ctx.note(
            "disk-copied",
            round=current.number,
            disk=disk.name,
            blocks_total=result.blocks_total,
            blocks_sent=result.blocks_sent,
            blocks_resumed=result.blocks_resumed,
            bytes=result.bytes_sent,
            receipt=receipt,
            method=selection.method,
        )


def _manifest(ctx: Context, disk: DiskRecord, target: BlockTarget) -> Manifest:
    """The disk's manifest. A target that nobody wrote before is zeros: a first snapshot, or a machine made for this move.

    Of a held disk whose content nobody vouches for it is made by reading that disk: cheaper than writing all of it.
    """
    path, disk_id = ctx.manifest_path(disk.name), f"{ctx.record.server}/{disk.name}"
    if not path.exists() and target.in_place and ctx.held_before is not None:
        _read_what_is_there(ctx, disk, target, path)
    return Manifest.open_or_create(path, size_bytes=target.size_bytes, disk_id=disk_id, blank=True)


def _read_what_is_there(ctx: Context, disk: DiskRecord, target: BlockTarget, path: Path) -> None:
    """A manifest of the held disk as it is. It gets its name when it is whole: an interrupted one is begun anew."""
    machine = ctx.prepared_machine
    if machine is None:
        return
    unfinished = path.with_name(f".{path.name}.reading")
    unfinished.unlink(missing_ok=True)
    disk_id = f"{ctx.record.server}/{disk.name}"
    with (
        Manifest.open_or_create(unfinished, size_bytes=target.size_bytes, disk_id=disk_id, blank=True) as manifest,
        closing(ctx.vsphere.open_reader(machine, disk)) as reader,
    ):
        manifest.begin_round(f"{target.round_key} as found", target.round_key, in_place=False)
        for first, count in BlockSet.of(reader.allocated(), target.size_bytes).runs(READ_BLOCKS):
            ctx.stop_if_asked()
            length = min(count * BLOCK, reader.size_bytes - first * BLOCK)
            data = reader.read(first * BLOCK, length).ljust(count * BLOCK, b"\0")
            for n in range(count):
                manifest.seen(first + n, block_digest(data[n * BLOCK : (n + 1) * BLOCK]))
        manifest.commit()
    unfinished.replace(path)


def _request(ctx: Context, current: Round, disk: DiskRecord) -> TargetRequest:
    record, base = ctx.record, ctx.record.base_round
    parent = base.disks[disk.name].receipt if base is not None and disk.name in base.disks else ""
    return TargetRequest(
        server=ctx.server,
        machine=ctx.prepared_machine,
        disk=disk,
        parent=parent,
        pending=current.targets.get(disk.name, ""),
        token=f"{record.id}-{disk.name}-r{current.number}",
        move=record.id,
    )


def _report(ctx: Context, current: Round, disk: DiskRecord, progress: CopyProgress, watch: Watch) -> None:
    watch.look()
    ctx.listener.progress(
        Progress(
            server=ctx.record.server,
            round=current.number,
            disk=disk.name,
            blocks_done=progress.blocks_done,
            blocks_total=progress.blocks_total,
            bytes_sent=progress.bytes_sent,
        )
    )
