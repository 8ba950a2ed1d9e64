"""The calibration that comes with Incline, for estates too small or too young to have their own."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from infra.forecast.calibration import Calibration, from_document

FILE = "forecast_calibration.json"


@cache
def shipped() -> Calibration:
    """Made by bench/forecast_calibration.py from the traces that bench/data/README.md describes."""
    return from_document(json.loads((files("infra") / "data" / FILE).read_text(encoding="utf-8")))
