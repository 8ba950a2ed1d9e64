"""The proof by a fresh process: `python -m migration.verify --spec FILE --json`.

It shares nothing with the process that wrote the target but the manifest file: no cache, no connection, no memory of what was sent.

The spec (schema incline.verify/1) names disks, manifests and how to reach the targets; credentials only by the names of the environment
variables that hold them:

    {"schema": "incline.verify/1", "workers": 8, "disks": [
      {"disk": "permits-db-01/data", "manifest": "FILE", "reader": {"kind": "ebs", "snapshot": "snap-1", "site": "aws-east",
        "region": "us-east-1", "url": "", "ca_file": "", "role": "",
        "user_env": "AWS_ACCESS_KEY_ID", "password_env": "AWS_SECRET_ACCESS_KEY"}},
      {"disk": "...", "manifest": "FILE", "reader": {"kind": "vsphere-nbd", "address": "host:port", "export": "[ds] vm/vm.vmdk"}},
      {"disk": "...", "manifest": "FILE", "reader": {"kind": "file", "path": "disk.img"}}]}

Exit code 0: every block is right. 1: at least one is not, each named by disk and offset. 2: it could not be found out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.endpoints import Endpoint
from infra.errors import InclineError
from infra.observed.aws_session import AwsSession
from migration.blocks.manifest import Manifest
from migration.ebs.connect import ebs_api
from migration.nbd.connect import connect_nbd
from migration.proof import DiskProof, verify_disk
from migration.sources.ebs import EbsSource
from migration.sources.raw_file import RawFile
from migration.targets.vsphere_nbd import NbdDisk
from migration.types import BlockReader, PermanentError

SCHEMA = "incline.verify/1"
RESULT_SCHEMA = "incline.verify-result/1"


def open_reader(reader: Mapping[str, Any], environ: Mapping[str, str]) -> BlockReader:
    """The target as the spec's `reader` names it."""
    match reader.get("kind"):
        case "ebs":
            return EbsSource(ebs_api(AwsSession(_aws_endpoint(reader, environ), role=str(reader.get("role", "")))), str(reader["snapshot"]))
        case "vsphere-nbd":
            return NbdDisk(lambda: connect_nbd(str(reader["address"]), str(reader["export"]), ca_file=str(reader.get("ca_file", ""))))
        case "file":
            return RawFile(Path(str(reader["path"])))
        case other:
            raise PermanentError(f"a reader of kind {other!r} is not known", code="INC-2981")


def _aws_endpoint(reader: Mapping[str, Any], environ: Mapping[str, str]) -> Endpoint:
    return Endpoint(
        site=str(reader.get("site", "aws")),
        address=str(reader.get("url", "")),
        ca_file=str(reader.get("ca_file", "")),
        region=str(reader["region"]),
        user=environ.get(str(reader.get("user_env", "AWS_ACCESS_KEY_ID")), ""),
        password=environ.get(str(reader.get("password_env", "AWS_SECRET_ACCESS_KEY")), ""),
        session_token=environ.get("AWS_SESSION_TOKEN", ""),
    )


def verify_spec(spec: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[DiskProof, ...]:
    """The proofs of all disks of a spec, one disk after the other."""
    if spec.get("schema") != SCHEMA:
        raise PermanentError(f"the spec's schema is {spec.get('schema')!r}, expected {SCHEMA}", code="INC-2982")
    proofs = []
    for disk in spec["disks"]:
        with (
            Manifest.open(Path(str(disk["manifest"])), writable=False) as manifest,
            closing(open_reader(disk["reader"], environ)) as reader,
        ):
            if manifest.disk_id != disk["disk"]:
                raise PermanentError(f"{disk['manifest']}: belongs to {manifest.disk_id}, not to {disk['disk']}", code="INC-2983")
            proofs.append(verify_disk(reader, manifest, workers=int(spec.get("workers", 8))))
    return tuple(proofs)


def result_of(proofs: Sequence[DiskProof]) -> dict[str, Any]:
    """The answer as JSON values."""
    return {"schema": RESULT_SCHEMA, "ok": all(p.ok for p in proofs), "disks": [{**asdict(p), "ok": p.ok} for p in proofs]}


def _text(proofs: Sequence[DiskProof]) -> str:
    lines = []
    for proof in proofs:
        lines.append(f"{proof.disk}: {'right' if proof.ok else 'WRONG'}, {proof.blocks} blocks, root {proof.root}")
        lines += [f"  offset {m.offset}: expected {m.expected[:16]}, found {m.found[:16]}" for m in proof.mismatches]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m migration.verify", description="Re-read written disks and compare every block.")
    parser.add_argument("--spec", type=Path, required=True, help="file that names disks, manifests and targets")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    given = parser.parse_args(argv)
    try:
        proofs = verify_spec(json.loads(given.spec.read_text(encoding="utf-8")), os.environ)
    except InclineError as exc:
        print(exc, file=sys.stderr)
        return 2
    except (OSError, ValueError, KeyError) as exc:
        print(f"error INC-2982: {given.spec}: {type(exc).__name__}: {exc}", file=sys.stderr)
        return 2
    print(json.dumps(result_of(proofs)) if given.json else _text(proofs))
    return 0 if all(p.ok for p in proofs) else 1


if __name__ == "__main__":
    sys.exit(main())
