"""The estate's files as the move engine writes them, and the commit that records what it did."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from infra.estate.load import load_estate
from infra.estate.model import Estate, Placement
from infra.estate.write import set_server_site, write_placement

IDENTITY = ("-c", "user.name=Incline", "-c", "user.email=incline@localhost")


class EstateFiles:
    """The move engine's `EstateStore` over a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def load(self) -> Estate:
        """The whole estate, validated."""
        return load_estate(self.root)

    def write_placement(self, placement: Placement) -> Placement:
        """Write a placement under the next generation."""
        return write_placement(self.root, placement)

    def set_server_site(self, server: str, site: str) -> None:
        """Change a server's site where people wrote it."""
        set_server_site(self.root, server, site)

    def commit(self, message: str) -> str:
        """Commit what the move wrote, and nothing else that people may have been editing.

        Left alone, with the reason as the answer: no repository, INCLINE_COMMIT=0, an operation such as a merge under way.
        """
        if os.environ.get("INCLINE_COMMIT", "1") == "0":
            return "not committed: INCLINE_COMMIT=0"
        if self._git("rev-parse", "--is-inside-work-tree").returncode != 0:
            return "not committed: the estate is not in a git repository"
        if self._git("rev-parse", "-q", "--verify", "MERGE_HEAD").returncode == 0:
            return "not committed: a merge is under way"
        paths = [p for p in ("placements", "servers", "generation.yaml") if (self.root / p).exists()]
        self._git("add", "--", *paths)
        changed = self._git("diff", "--cached", "--name-only", "--relative", "-z", "--", *paths).stdout.split("\0")[:-1]
        if not changed:
            return self._git("rev-parse", "HEAD").stdout.strip()
        identity = () if self._git("config", "user.email").returncode == 0 else IDENTITY
        done = self._git(*identity, "commit", "--quiet", "--message", message, "--only", "--", *changed)
        if done.returncode != 0:
            return f"not committed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}"
        return self._git("rev-parse", "HEAD").stdout.strip()

    def _git(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], cwd=self.root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
