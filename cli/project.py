"""Where the project and its estate are: the nearest folder upwards with a Pulumi.yaml, as Pulumi itself looks for it."""

from __future__ import annotations

import os
from pathlib import Path

from infra.errors import InclineError


def project_root(start: Path | None = None) -> Path:
    """The project's folder.

    Raises:
        InclineError: no folder upwards from here holds a Pulumi.yaml (INC-5001).
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise InclineError(
        f"{here} is not inside an Incline project: no Pulumi.yaml upwards from it", code="INC-5001", next_step="cd to the project"
    )


def estate_path(given: Path | None = None) -> Path:
    """The estate's folder: the one given, else `INCLINE_ESTATE`, else `estate` in the project.

    Raises:
        InclineError: the folder holds no estate.yaml (INC-5002), or there is no project to look in.
    """
    chosen = given or (Path(os.environ["INCLINE_ESTATE"]) if os.environ.get("INCLINE_ESTATE") else project_root() / "estate")
    if not (chosen / "estate.yaml").is_file():
        raise InclineError(f"{chosen} holds no estate.yaml", code="INC-5002", next_step="name the estate's folder with --estate")
    return chosen


def near(path: Path) -> Path:
    """The path as a person here would write it: relative when it lies below the folder they stand in."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
