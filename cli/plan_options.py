"""The options that the commands of `incline plan` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EstateOption = Annotated[Path | None, typer.Option("--estate", help="The estate's folder.", envvar="INCLINE_ESTATE")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it; without this the command only says what it would do.")]
PlanOption = Annotated[
    Path | None, typer.Option("--plan", metavar="FILE", help="The plan; plan/waves.yaml beside the estate when left out.", dir_okay=False)
]
ProgrammeOption = Annotated[
    Path | None, typer.Option("--programme", metavar="FILE", help="What people decided; plan/programme.yaml beside the estate.")
]
CapacityOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The capacity snapshot; else out/capacity.json beside the estate.", envvar="INCLINE_CAPACITY"),
]
