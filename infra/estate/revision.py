"""The estate as it was at a git revision. The only part of the ground that runs git."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from infra.errors import InclineError
from infra.estate.draft import Draft
from infra.estate.load import draft_estate


class RevisionError(InclineError):
    """git cannot say how the estate was."""


def draft_at(root: Path, revision: str) -> Draft:
    """The estate's files at a revision, unvalidated: an old estate need not satisfy the rules of today.

    An estate that did not exist then is an empty draft.

    Raises:
        RevisionError: no repository (INC-1081) or no such revision (INC-1080).
    """
    prefix = _git(root, "rev-parse", "--show-prefix")
    if prefix.returncode != 0:
        raise RevisionError(
            f"{root} does not lie in a git repository",
            code="INC-1081",
            details=(prefix.stderr.decode().strip(),),
            next_step="git init, or compare two clones by hand",
        )
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode != 0:
        raise RevisionError(
            f"git knows no revision {revision!r}",
            code="INC-1080",
            next_step="fetch it (git fetch origin), or name a branch, tag or commit that git log shows",
        )
    tree = f"{found.stdout.decode().strip()}:{prefix.stdout.decode().strip()}"
    # git archive from within a folder would look for that folder inside the tree: it must start at the top.
    top = Path(_git(root, "rev-parse", "--show-toplevel").stdout.decode().strip())
    archive = _git(top, "archive", "--format=tar", tree)
    if archive.returncode != 0:
        return Draft(root=tree)
    with tempfile.TemporaryDirectory(prefix="incline-estate-") as folder, tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")
        return draft_estate(Path(folder))


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise RevisionError("git is not installed", code="INC-1081", next_step="install git") from error
