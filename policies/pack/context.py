"""What the pack knows of where it runs: the stack, the estate's folder, the report it was asked for.

Language hosts differ: some send ConfigureStack, some set `PULUMI_*`. Both are taken; what ConfigureStack says wins.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class PackContext:
    """Stack name, its configuration and paths. `report` is where the full result goes, if anywhere."""

    root: Path
    stack: str = ""
    config: Mapping[str, str] = field(default_factory=dict)
    estate_override: str = ""
    report: str = ""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], root: Path) -> PackContext:
        """The context as the process starts. `INCLINE_ESTATE` names the estate, `INCLINE_POLICY_REPORT` the file for the full result."""
        return cls(
            root=root,
            stack=environ.get("PULUMI_STACK", ""),
            config=json.loads(environ.get("PULUMI_CONFIG", "{}") or "{}"),
            estate_override=environ.get("INCLINE_ESTATE", ""),
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
