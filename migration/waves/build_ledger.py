"""What each room of both sides has left after each night of a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from migration.waves.build import Built
from migration.waves.build_capacity import Room


@dataclass(frozen=True, slots=True)
class Left:
    """A room, what it holds in each night for moves and growth, and what of that is left after the night."""

    room: Room
    capacity: tuple[float, ...]
    left: tuple[float, ...]


def ledger(built: Built, at: Mapping[str, int]) -> tuple[Left, ...]:
    """The rooms that the schedule touches, each with what is left after every night."""
    nights = built.problem.nights
    change: dict[str, list[float]] = {}
    for group, night in at.items():
        for use in built.room_uses.get(group, ()):
            row = change.setdefault(use.resource, [0.0] * len(nights))
            if night + use.lag < len(nights):
                row[night + use.lag] += use.amount
    growth = built.inputs.programme.growth.percent_per_month
    found = []
    for room in built.rooms:
        if room.title not in change:
            continue
        capacity = tuple(room.free(night, built.inputs.today, growth) for night in nights)
        taken, left = 0.0, []
        for index, more in enumerate(change[room.title]):
            taken += more
            left.append(capacity[index] - taken)
        found.append(Left(room, capacity, tuple(left)))
    return tuple(found)


def tightest(lefts: tuple[Left, ...], night: int) -> dict[str, str]:
    """For each site the room with the smallest share left after a night, in words."""
    best: dict[str, tuple[float, str]] = {}
    for each in lefts:
        usable = each.room.whole - each.room.reserve
        share = each.left[night] / usable if usable > 0 else 0.0
        words = f"{each.left[night]:,.0f} {each.room.unit} ({max(0.0, share):.0%}) of {each.room.title}"
        if each.room.site not in best or share < best[each.room.site][0]:
            best[each.room.site] = (share, words)
    return {site: words for site, (_, words) in sorted(best.items())}
