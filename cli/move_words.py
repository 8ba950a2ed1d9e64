"""A move in words for people: what it would do, where it stands, who serves now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migration.moves import MoveRecord, MoveState

if TYPE_CHECKING:
    from migration.plan import Plan

_GIB = 1 << 30
_UNTIL_CUT_OVER = {MoveState.PLANNED, MoveState.SEEDING, MoveState.SYNCED, MoveState.REHEARSED}


def standing(record: MoveRecord) -> str:
    """Who serves now, and what has become of the other machine: what a person must know before anything else."""
    source, target = record.source, record.target
    match record.state:
        case MoveState.ON_TRIAL:
            return f"{target} serves; the machine on {source} is held, powered off and cut off from its network"
        case MoveState.ACCEPTING | MoveState.ACCEPTED:
            return f"{target} serves; the machine on {source} is given up"
        case MoveState.RETURNED:
            return f"{source} serves again: the server was brought back by a later move"
        case MoveState.ROLLED_BACK:
            return f"{source} serves, as before the move"
        case _:
            return _under_way(record)


def _under_way(record: MoveRecord) -> str:
    source, target = record.source, record.target
    if record.state in _UNTIL_CUT_OVER or "power_off_source" not in record.begun:
        return f"{source} serves"
    if record.state is MoveState.CUTTING_OVER and record.done("check_health"):
        return f"{target} serves; the machine on {source} is powered off"
    return f"NOBODY SERVES: the machine on {source} was shut down and {target} is not proven healthy yet"


def plan_text(plan: Plan) -> str:
    """What a move would do."""
    kind = "a return: only what has changed travels" if plan.returns else "a new move"
    lines = [f"{plan.server}: {plan.source} -> {plan.target} ({kind}), address there {plan.address}"]
    for disk in plan.disks:
        grown = f", {disk.target_size / _GIB:g} GiB there" if disk.target_size != disk.size else ""
        lines.append(f"  disk {disk.name}: {disk.size / _GIB:g} GiB{grown}")
    lines.append("  rules: " + (", ".join(f"{n} {outcome}" for outcome, n in plan.gate.counts.items() if n) or "none asked"))
    lines += [f"  refused: {line}" for line in plan.gate.blocking]
    lines += [f"  cannot begin: {line}" for line in plan.reasons]
    return "\n".join(lines)


def status_text(record: MoveRecord, document: dict[str, Any]) -> str:
    """Where a move stands: who serves, round by round, the proof, the last failure."""
    lines = [f"{record.server}: {record.source} -> {record.target}, {record.state.value} (move {record.id})", f"  {standing(record)}"]
    lines += [_round_line(each) for each in document["rounds"]]
    if document["downtime_s"]:
        lines.append(f"  down for {document['downtime_s']:.0f} s")
    proven = [d for d in document["disks"] if d["target_root"]]
    if proven and record.state is not MoveState.ROLLED_BACK:
        equal = all(d["source_root"] == d["target_root"] for d in proven)
        roots = ", ".join(f"{d['name']} {d['target_root'][:16]}" for d in proven)
        lines.append(f"  {'every block equal on both sides' if equal else 'BLOCKS DIFFER'}: {roots}")
    if document["failure"]:
        lines.append(f"  last failure: {document['failure']}")
    return "\n".join(lines)


def _round_line(copied: dict[str, Any]) -> str:
    disks = ", ".join(f"{d['name']} {d['blocks_sent']:,} of {d['blocks_total']:,}" for d in copied["disks"])
    resumed = sum(d["blocks_resumed"] for d in copied["disks"])
    kept = f"; {resumed:,} were there already" if resumed else ""
    what = f"blocks sent: {disks}" if disks else "nothing yet"
    return f"  round {copied['number']} {copied['kind']}: {what}{kept}{'' if copied['finished'] else ' (not finished)'}"


def verify_text(document: dict[str, Any]) -> str:
    """What a fresh reading of the target found."""
    lines = [f"{document['server']}: {'every block is right' if document['ok'] else 'WRONG BLOCKS'} after round {document['round']}"]
    lines += [f"  {d['name']}: {d['target_root']}" for d in document["disks"]]
    lines += [f"  disk {m['disk']}, offset {m['offset']}" for m in document["mismatches"]]
    return "\n".join(lines)
