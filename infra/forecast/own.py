"""What a long history says of its own errors, against what a fleet's calibration says of series like it.

The shipped calibration was measured on three months of servers. A year of a cluster that is calmer, or wilder, than they were has a say:
what eight in ten of its own errors stay below, two to four weeks ahead, counts k / (k + 4) after k months, the fleet's the rest.
"""

from __future__ import annotations

import numpy as np

from infra.forecast.calibration import Calibration
from infra.forecast.fit import WEEK, Fit, without_spikes
from infra.forecast.lines import NAMES, Floats, lines
from infra.forecast.shifts import aligned

LEAST_DAYS = 112
"""Four months: before that a history's own errors are three or four, and say less than the fleet's."""

FAR = 28
NEAR = 14
MONTHS_TO_HALF = 4.0
NARROWEST, WIDEST = 0.3, 2.0


def own_share(values: Floats, found: Fit, known: Calibration) -> float:
    """What errors of a fortnight and more are to be multiplied by; 1 for a short history."""
    if len(values) < LEAST_DAYS or found.scale <= 0:
        return 1.0
    plain = values - np.asarray(found.week)[(np.arange(len(values)) - len(values)) % WEEK]
    calm = aligned(without_spikes(plain), found.moved)
    ends = np.arange(len(values) - FAR, 2 * FAR, -WEEK)
    levels, slopes = lines(calm, ends)
    weights = np.array([found.weights[name] for name in NAMES])
    ahead = np.arange(NEAR, FAR + 1)
    middle = (levels @ weights)[:, None] + (slopes @ weights)[:, None] * ahead
    mine = float(np.quantile(np.abs(plain[ends[:, None] + ahead - 1] - middle), 0.8))
    theirs = found.scale * float(np.diff(known.errors(ahead.astype(float), (0.1, 0.9), found.burst), axis=1).mean()) / 2
    months = len(ends) / 4
    ratio = float(np.clip(mine / max(theirs, 1e-300), NARROWEST, WIDEST))
    return float(ratio ** (months / (months + MONTHS_TO_HALF)))
