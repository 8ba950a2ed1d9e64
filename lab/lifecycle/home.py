"""The lab's folder: where each thing stands in it. Pure paths, plus making the folder and its secrets."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.lifecycle.errors import not_a_lab

VARIABLE = "INCLINE_LAB_HOME"
USER = "administrator@vsphere.local"


@dataclass(frozen=True)
class LabHome:
    """Paths inside one lab's folder."""

    root: Path

    @classmethod
    def find(cls, project: Path, environ: Mapping[str, str]) -> LabHome:
        """The home named by INCLINE_LAB_HOME, else `.lab` of the project."""
        return cls(Path(environ.get(VARIABLE) or project / ".lab").absolute())

    @property
    def record(self) -> Path:
        """What stands where: lab.json."""
        return self.root / "lab.json"

    @property
    def marker(self) -> Path:
        """Says that this folder is a lab's, so that forgetting it can never remove anything else."""
        return self.root / ".incline-lab"

    @property
    def inventory(self) -> Path:
        """What the vCenter is built from at its first start."""
        return self.root / "vcenter-inventory.json"

    @property
    def password(self) -> Path:
        """The vCenter's password."""
        return self.root / "secrets" / "password"

    @property
    def control_token(self) -> Path:
        """The token of the control endpoints."""
        return self.root / "secrets" / "control-token"

    @property
    def pulumi(self) -> Path:
        """The engine's home, state and plugins."""
        return self.root / "pulumi"

    @property
    def pulumi_home(self) -> Path:
        """PULUMI_HOME."""
        return self.pulumi / "home"

    @property
    def pulumi_state(self) -> Path:
        """The file backend."""
        return self.pulumi / "state"

    def state(self, part: str) -> Path:
        """A server's state folder."""
        return self.root / part

    def log(self, part: str) -> Path:
        """A server's log."""
        return self.root / "logs" / f"{part}.log"

    def ready(self, part: str) -> Path:
        """What a server printed when it was ready."""
        return self.root / "logs" / f"{part}.ready"

    def exists(self) -> bool:
        """Whether a lab was ever brought up here."""
        return self.marker.is_file()

    def make(self) -> None:
        """Make the folders and, once, the secrets.

        Raises:
            LabError: the folder is something else's.
        """
        if self.root.is_dir() and any(self.root.iterdir()) and not self.exists():
            raise not_a_lab(self.root)
        for folder in (self.root, self.log("x").parent, self.pulumi_home, self.pulumi_state, self.password.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self.marker.touch()
        for file in (self.password, self.control_token):
            if not file.exists():
                handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "w") as written:
                    written.write(secrets.token_urlsafe(18))
