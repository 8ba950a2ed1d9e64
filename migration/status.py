"""A move as data for people and pipelines, from its journal alone: reading it changes nothing and asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from infra.estate.model import Placement
from migration.moves import Event, MoveRecord, MoveState, Round

SCHEMA = "incline.move/1"


def move_document(record: MoveRecord, events: Sequence[Event] = ()) -> dict[str, Any]:
    """Everything about a move. `events` are its journal's, for times."""
    return {
        "schema": SCHEMA,
        "id": record.id,
        "server": record.server,
        "source": record.source,
        "target": record.target,
        "direction": record.direction,
        "state": record.state.value,
        "returns": record.returns,
        "created": record.created,
        "rounds": [_round(r) for r in record.rounds],
        "disks": _disks(record),
        "downtime_s": downtime_s(events),
        "cut_off_at": record.cut_off_at,
        "failure": record.failure,
        "mismatches": [dict(m) for m in record.mismatches],
        "policy": dict(record.result("judge_gate").get("counts", record.result("judge_start").get("counts", {}))),
        "previews": dict(record.result("prove_previews").get("previews", {})),
        "steps": {name: "done" if record.done(name) else "begun" for name in record.begun},
    }


def downtime_s(events: Sequence[Event]) -> float:
    """Seconds from the order to shut down until the target was seen healthy; 0 while there is no such pair."""
    began = _first(events, "step-started", "power_off_source")
    ended = _last(events, "step-done", "check_health")
    return round((ended - began).total_seconds(), 3) if began and ended and ended > began else 0.0


def _first(events: Sequence[Event], kind: str, step: str) -> datetime | None:
    found = next((e for e in events if e.kind == kind and e.data.get("step") == step), None)
    return datetime.fromisoformat(found.at) if found else None


def _last(events: Sequence[Event], kind: str, step: str) -> datetime | None:
    found = next((e for e in reversed(events) if e.kind == kind and e.data.get("step") == step), None)
    return datetime.fromisoformat(found.at) if found else None


def _round(round_: Round) -> dict[str, Any]:
    return {
        "number": round_.number,
        "kind": round_.kind,
        "started": round_.started,
        "finished": round_.finished,
        "disks": [
            {
                "name": d.disk,
                "round": round_.number,
                "method": d.method,
                "blocks_total": d.blocks_total,
                "blocks_sent": d.blocks_sent,
                "blocks_resumed": d.blocks_resumed,
                "bytes": d.bytes,
            }
            for d in round_.disks.values()
        ],
    }


def _disks(record: MoveRecord) -> list[dict[str, Any]]:
    machine = Placement.model_validate(record.placement_before).machine
    proof: Mapping[str, Any] = record.result("verify_target") or record.result("verify_seed")
    return [
        {
            "name": disk.name,
            "size": disk.size,
            "source_root": proof.get("expected", {}).get(disk.name, ""),
            "target_root": proof.get("roots", {}).get(disk.name, ""),
        }
        for disk in machine.disks
    ]


def summary_line(record: MoveRecord) -> str:
    """One line for lists."""
    ended = {MoveState.ON_TRIAL: f"source held on {record.source}", MoveState.STUCK: record.failure}
    rounds = f"{len(record.rounds)} rounds" if record.rounds else "no round yet"
    return f"{record.server}: {record.source} -> {record.target}, {record.state.value}, {ended.get(record.state, rounds)}"
