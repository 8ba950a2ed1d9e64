"""Makes infra/data/forecast_calibration.json, the calibration that comes with Incline: `python -m bench.forecast_calibration` (minutes).

Errors of July and August make the table; how often its levels hold is measured on September, which no step before has seen.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from bench.forecast_data import ALL_DAYS, METRICS, TRAINED_DAYS, machines
from infra.forecast.calibration import MINIMUM_HISTORY, as_document, errors_of, held, pool

FILE = Path(__file__).parent.parent / "infra" / "data" / "forecast_calibration.json"
STEP = 2
"""Days between origins: whatever is no multiple of seven meets every weekday. Sundays alone would flatter the levels."""

SOURCE = "calibrated on July and August of 342 business servers' daily figures (GWA-T-12), checked on their September"


def main() -> None:
    trained, later = [], []
    for metric in METRICS:
        for series in machines(metric).values():
            trained.append(errors_of(series, first=MINIMUM_HISTORY, last=TRAINED_DAYS - 1, until=TRAINED_DAYS, step=STEP))
            later.append(errors_of(series, first=TRAINED_DAYS, last=ALL_DAYS - 1, step=STEP))
    made = pool(trained, SOURCE)
    FILE.write_text(json.dumps(as_document(replace(made, achieved=held(made, later)))) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
