"""The calibration that comes with Incline, for estates too small or too young to have their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from infra.forecast.calibration import Calibration, calibrate, from_document
from infra.forecast.lines import Floats

FILE = "forecast_calibration.json"


@cache
def shipped() -> Calibration:
    """Made by bench/forecast_calibration.py from the traces that bench/data/README.md describes."""
    return from_document(json.loads((files("infra") / "data" / FILE).read_text(encoding="utf-8")))


def calibration_for(series: Sequence[Floats]) -> Calibration:
    """An estate's own calibration when its histories are long and many enough, else the one that comes with Incline; `source` says which.

    It projects every history again from each week of its past: about 2 ms for each, so make it once for an estate and keep it.
    """
    return calibrate(series) or shipped()
