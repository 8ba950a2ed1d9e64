"""The 95th percentile as capacity people use it: the nearest rank, a value that was really measured."""

from __future__ import annotations

import math
from collections.abc import Sequence


def p95(values: Sequence[float]) -> float | None:
    """The smallest value that at least 95 of 100 values do not exceed; None without values."""
    if not values:
        return None
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]
