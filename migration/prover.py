"""The proof in a fresh process: `python -m migration.verify`, which shares nothing with the mover but the manifest file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from migration.steps.step import ProofAnswer, ProofRequest, StepRefusedError
from migration.verify import RESULT_SCHEMA, SCHEMA

ANSWERED = frozenset({0, 1})  # right, wrong; anything else: it could not be found out


class ProcessProver:
    """Starts the verifying process. `environ` holds the credentials that the specification names."""

    def __init__(self, environ: Mapping[str, str], *, workers: int = 8) -> None:
        self._environ, self._workers = dict(environ), workers

    def prove(self, requests: tuple[ProofRequest, ...], folder: Path) -> ProofAnswer:
        """Prove these disks.

        Raises:
            StepRefusedError: the process could not find out (INC-2076).
        """
        spec = folder / "verify.json"
        disks = [{"disk": r.manifest_id, "manifest": str(r.manifest), "reader": dict(r.reader)} for r in requests]
        spec.write_text(json.dumps({"schema": SCHEMA, "workers": self._workers, "disks": disks}, indent=1), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "migration.verify", "--spec", str(spec), "--json"]
        done = subprocess.run(command, env=self._environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode not in ANSWERED:
            raise StepRefusedError(
                "the proof could not be carried out",
                code="INC-2079",
                details=tuple(done.stderr.strip().splitlines()[-8:]),
                next_step="run the same command again; nothing was changed",
            )
        (folder / "proof.json").write_text(done.stdout, encoding="utf-8")
        return _answer(json.loads(done.stdout), requests)


def _answer(found: Mapping[str, Any], requests: tuple[ProofRequest, ...]) -> ProofAnswer:
    if found.get("schema") != RESULT_SCHEMA:
        raise StepRefusedError(f"the proof answered schema {found.get('schema')!r}, expected {RESULT_SCHEMA}", code="INC-2079")
    proofs = {p["disk"]: p for p in found["disks"]}
    mismatches, roots, expected = [], {}, {}
    for request in requests:
        proof = proofs[request.manifest_id]
        roots[request.disk], expected[request.disk] = proof["root"], proof["expected_root"]
        mismatches += [{"disk": request.disk, "offset": m["offset"]} for m in proof["mismatches"]]
    return ProofAnswer(mismatches=tuple(mismatches), roots=roots, expected=expected)
