"""`incline move verify`: the proof outside of a move's steps; nothing is written into the journal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from cli.move_engine import sites_of
from infra.errors import InclineError
from infra.estate.model import Machine, Placement
from migration.journal import StateFolder
from migration.moves import MoveRecord
from migration.prover import ProcessProver
from migration.steps.step import ProofRequest


def verify(estate: Path, folder: StateFolder, record: MoveRecord) -> dict[str, Any]:
    """Prove the last finished round's target as it is stored now."""
    base = record.base_round
    if base is None:
        raise InclineError(
            f"{record.server}: nothing has been copied yet",
            code="INC-2070",
            next_step=f"incline move start {record.server} --to {record.target} --yes",
        )
    raw = record.result("prepare_target").get("machine")
    machine = Machine.model_validate(raw) if raw else None
    disks = Placement.model_validate(record.placement_before).machine.disks
    with sites_of(estate) as sites:
        requests = tuple(
            ProofRequest(
                disk=d.name,
                manifest_id=f"{record.server}/{d.name}",
                manifest=folder.folder(record.id) / f"{d.name}.manifest",
                reader=sites.side(record.target).verify_spec(machine, d, base.disks[d.name].receipt),
            )
            for d in disks
        )
        answer = ProcessProver(os.environ).prove(requests, folder.folder(record.id))
    return {
        "schema": "incline.move-verify/1",
        "server": record.server,
        "move": record.id,
        "round": base.number,
        "ok": not answer.mismatches and dict(answer.roots) == dict(answer.expected),
        "disks": [{"name": d.name, "source_root": answer.expected[d.name], "target_root": answer.roots[d.name]} for d in disks],
        "mismatches": [dict(m) for m in answer.mismatches],
    }
