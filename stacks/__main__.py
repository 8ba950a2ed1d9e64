"""The Pulumi program of every stack: settings, estate, the layer's declarations, outputs.

An error meant for people ends the program with its own text and no traceback.
"""

from __future__ import annotations

import os

import pulumi

from infra.errors import InclineError
from infra.estate.load import load_estate
from infra.stack_config import Layer, read_settings
from stacks import foundation, servers

DECLARE = {Layer.FOUNDATION: foundation.declare, Layer.SERVERS: servers.declare}


def main() -> None:
    """Declares the running stack and exports its outputs."""
    settings = read_settings(os.environ)
    estate = load_estate(settings.estate)
    for key, value in DECLARE[settings.name.layer](estate, settings, os.environ).items():
        pulumi.export(key, value)


try:
    main()
except InclineError as error:
    raise pulumi.RunError(str(error).removeprefix("error ")) from error  # Pulumi says "error: " itself
