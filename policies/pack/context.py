"""What the pack knows of where it runs: the stack, the estate's folder, the snapshot and the ledger, the report it was asked for.

Language hosts differ: some send ConfigureStack, some set `PULUMI_*`. Both are taken; what ConfigureStack says wins. Of a path, the
environment's wins over the stack's setting, so that a pipeline can judge another estate without touching a stack.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from policies.readers.surroundings import Surroundings, capacity_file


@dataclass(frozen=True, kw_only=True)
class PackContext:
    """Stack name, its configuration and paths. `report` is where the full result goes, if anywhere.

    Args:
        change: what the stack is previewed for, such as a branch; its promises in the ledger are kept apart from other changes'.
    """

    root: Path
    stack: str = ""
    config: Mapping[str, str] = field(default_factory=dict)
    estate_override: str = ""
    capacity_override: str = ""
    ledger_override: str = ""
    baseline_override: str = ""
    change: str = ""
    report: str = ""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], root: Path) -> PackContext:
        """The context as the process starts.

        `INCLINE_ESTATE` names the estate, `INCLINE_CAPACITY` the capacity snapshot, `INCLINE_LEDGER` the ledger of promises,
        `INCLINE_BASELINE` the baseline whose findings stop nothing, `INCLINE_CHANGE` the change that is previewed,
        `INCLINE_POLICY_REPORT` the file for the full result.
        """
        return cls(
            root=root,
            stack=environ.get("PULUMI_STACK", ""),
            config=json.loads(environ.get("PULUMI_CONFIG", "{}") or "{}"),
            estate_override=environ.get("INCLINE_ESTATE", ""),
            capacity_override=environ.get("INCLINE_CAPACITY", ""),
            ledger_override=environ.get("INCLINE_LEDGER", ""),
            baseline_override=environ.get("INCLINE_BASELINE", ""),
            change=environ.get("INCLINE_CHANGE", ""),
            report=environ.get("INCLINE_POLICY_REPORT", ""),
        )

    def configured(self, stack: str, config: Mapping[str, str]) -> PackContext:
        """The context after ConfigureStack."""
        return replace(self, stack=stack or self.stack, config=dict(config) or self.config)

    @property
    def estate_path(self) -> Path:
        """The estate's folder: the environment's, else the stack's setting, else `estate` beside the pack."""
        given = self.estate_override or self.config.get("incline:estate", "estate")
        return self.root / given

    @property
    def site(self) -> str:
        """The site of the stack: its setting, else the first part of the stack's name."""
        return self.config.get("incline:site", "") or self.stack.rpartition("/")[2].partition(".")[0]

    @property
    def holder(self) -> str:
        """The name under which the ledger keeps this stack's promises."""
        return f"stack {self.stack}" + (f" of {self.change}" if self.change else "")

    def surroundings(self, now: datetime) -> Surroundings:
        """The capacity snapshot and the ledger of this run."""
        capacity = self.capacity_override or self.config.get("incline:capacity", "")
        return Surroundings(
            now=now, capacity=capacity_file(self.estate_path, capacity, self.root), ledger=self.ledger_path, own=self.holder
        )

    @property
    def ledger_path(self) -> Path | None:
        """The ledger, if one was named."""
        given = self.ledger_override or self.config.get("incline:ledger", "")
        return self.root / given if given else None

    @property
    def baseline_path(self) -> Path | None:
        """The baseline, if one was named."""
        given = self.baseline_override or self.config.get("incline:baseline", "")
        return self.root / given if given else None
