"""Two levels for what is too large for one program: prices and weeks from the relaxation of the whole, then nights exactly, block by block.

The relaxation says what every limit is worth in every night. A block of nights is then a small exact program over the groups that the
relaxation sees there: each either takes one of its nights, or waits for the best later night at those prices. What does not fit spills to
the next block by itself, and nobody has to guess how full a week may be.
"""

from __future__ import annotations

import numpy as np

from migration.waves.arrays import NOWHERE, Arrays, Bools, Floats, Ints
from migration.waves.highs import Limits
from migration.waves.prices import charged
from migration.waves.relaxation import Relaxed
from migration.waves.window import Window, solve_window

BLOCK = 7
AHEAD = 0
CROWD = 160
SPARE = 1.25
"""Groups in a block: at least so many for each that the relaxation moves by its end, however small and many they are."""


def place_by_blocks(data: Arrays, allowed: Bools, relaxed: Relaxed, out: Floats, limits: Limits) -> Ints:
    """A schedule of all groups that find a night; `out` is what leaving one out counts as."""
    at = np.full(data.groups, NOWHERE, dtype=np.int64)
    for begin in range(0, data.nights, BLOCK):
        end = min(data.nights, begin + BLOCK + AHEAD)
        window = _block(data, allowed, relaxed, out, (begin, end), at)
        if window is None:
            continue
        found = solve_window(data, at, window, limits)
        if found is not None:
            early = (found != NOWHERE) & (found < begin + BLOCK)
            at = np.where(early, found, at)
        if limits.stop is not None and limits.stop.is_set():
            break
    return at


def _block(data: Arrays, allowed: Bools, relaxed: Relaxed, out: Floats, span: tuple[int, int], at: Ints) -> Window | None:
    begin, end = span
    waiting = at == NOWHERE
    inside = allowed & (np.arange(data.nights) >= begin) & (np.arange(data.nights) < end)
    later = allowed & (np.arange(data.nights) >= end)
    dear = charged(data, relaxed.worth)
    near = charged(data, relaxed.worth, nightly=False, standing_from=end)
    wait = np.where(later, dear, np.inf).min(axis=1)
    wait = np.where(np.isfinite(wait), wait, out)
    now = np.where(inside, dear, np.inf).min(axis=1)
    due = relaxed.share[:, :end].sum(axis=1) > 1e-3
    urge = np.where(waiting & inside.any(axis=1), np.where(due, -np.inf, now - wait), np.inf)
    free = np.flatnonzero(urge < np.inf)
    if not len(free):
        return None
    crowd = max(CROWD, int(SPARE * np.isneginf(urge).sum()))
    free = np.sort(free[np.argsort(urge[free], kind="stable")][:crowd])
    return Window(free=free, allowed=inside, cost=near, out=wait)
