"""Where the moves of an estate are remembered. Apart from the engine, so that reading a move costs no cloud's SDK."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migration.journal import StateFolder


def state_folder(estate: Path) -> StateFolder:
    """Where the engine keeps what it knows: `INCLINE_STATE`, else `.incline` beside the estate."""
    from migration.journal import StateFolder  # noqa: PLC0415 - help stays fast

    given = os.environ.get("INCLINE_STATE")
    return StateFolder(Path(given).absolute() if given else estate.absolute().parent / ".incline")
