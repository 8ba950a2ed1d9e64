"""The stacks of an estate in the lab's backend: made when they are missing, counted for the status."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.lifecycle.errors import pulumi_failed

PROJECT = "incline"
LAYERS = ("foundation", "servers")
_AT_ONCE = 2


def stack_names(sites: Sequence[str]) -> list[str]:
    """The stacks of these sites, in the order in which they are brought up."""
    return [f"{site}.{layer}" for layer in LAYERS for site in sites]


def checkpoint(state: Path, stack: str) -> Path:
    """Where the file backend keeps a stack."""
    return state / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"


def make_stacks(stacks: Sequence[str], *, pulumi: Path, project: Path, state: Path, env: Mapping[str, str]) -> list[str]:
    """Make the stacks that do not exist and return their names.

    Raises:
        LabError: pulumi refused.
    """
    missing = [stack for stack in stacks if not checkpoint(state, stack).exists()]

    def make(stack: str) -> None:
        answer = subprocess.run(
            [str(pulumi), "stack", "init", stack, "--non-interactive", "--no-select", "--cwd", str(project)],
            env=dict(env),
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0 and not checkpoint(state, stack).exists():
            raise pulumi_failed(f"pulumi stack init {stack}", answer.stderr)

    if missing:
        make(missing[0])  # alone: the first one also lays out the backend
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            list(pool.map(make, missing[1:]))
    return missing


def count_resources(state: Path) -> dict[str, int]:
    """Every stack of the lab and how many resources it holds."""
    folder = checkpoint(state, "any").parent
    counts = {}
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        latest = (document.get("checkpoint") or {}).get("latest") or {}
        counts[path.stem] = len(latest.get("resources") or [])
    return counts
