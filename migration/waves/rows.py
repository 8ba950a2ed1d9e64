"""The problem as rows and columns for HiGHS: one column per group and night it may move in. Serves the whole, its relaxation and windows.

Limits of standing resources are sparse: a running total is a column of its own, carried from one night worth a look to the next, so that a
group's use stands in one row and not in every row after its night. Nights are worth a look where the limit is lowest of all that follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migration.waves.arrays import NOWHERE, Arrays, Bools, Floats, Ints, Standing

Ints32 = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one kind that follow each other: `row` is the first, `night` the night of each, `pair` for rows of the order the pair."""

    kind: str
    name: str
    row: int
    night: Ints
    pair: Ints


@dataclass(frozen=True, slots=True)
class Cuts:
    """Sharper rows of the order, parallel: by this night no more of the pair's `then` has moved than of its `first` a gap before."""

    pair: Ints
    night: Ints


NONE = np.zeros(0, dtype=np.int64)
NO_CUTS = Cuts(pair=NONE, night=NONE)


@dataclass(frozen=True, slots=True)
class Rows:
    """A model, row-wise. Columns: first the choices (group, night), then the running totals of standing resources.

    Attributes:
        group, night: of each choice, sorted by both; then, where leaving groups out is allowed, one column per group that says so.
        members: the groups in the model, by the row that gives each its one night.
        totals: the running totals' columns: resource, first column, nights.
        blocks: what the rows after the first (one per group: exactly one night) are.
    """

    group: Ints
    night: Ints
    members: Ints
    cost: Floats
    low: Floats
    high: Floats
    start: Ints32
    index: Ints32
    value: Floats
    row_low: Floats
    row_high: Floats
    blocks: tuple[Block, ...]
    totals: tuple[Block, ...]

    @property
    def choices(self) -> int:
        """How many columns are choices."""
        return len(self.group)

    @property
    def ranges(self) -> int:
        """How many columns are running totals."""
        return len(self.cost) - len(self.group)

    def columns(self, nights: Ints) -> Floats:
        """A schedule as values of the choices."""
        return np.asarray(nights[self.group] == self.night, dtype=np.float64)

    def nights(self, values: Floats, into: Ints) -> Ints:
        """The schedule that values of the choices say; other groups as in `into`."""
        into = into.copy()
        taken = np.flatnonzero(values[: self.choices] > 0.5)
        into[self.group[taken]] = self.night[taken]
        return into


class _Entries:
    """Collects rows of a sparse matrix as arrays."""

    def __init__(self) -> None:
        self.row: list[Ints] = []
        self.column: list[Ints] = []
        self.value: list[Floats] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []
        self.rows = 0

    def put(self, row: Ints, column: Ints, value: Floats) -> None:
        """Entries of rows counted from the block's first."""
        keep = value != 0
        self.row.append(row[keep] + self.rows)
        self.column.append(column[keep])
        self.value.append(value[keep])

    def close(self, low: Floats, high: Floats) -> int:
        """The block is whole; gives the number of its first row."""
        first = self.rows
        self.low.append(low)
        self.high.append(high)
        self.rows += len(low)
        return first

    def sparse(self) -> tuple[Ints32, Ints32, Floats]:
        """Start, index and value, row-wise; what a row says twice of a column (a group that takes and gives back) is summed."""
        row, column, value = np.concatenate(self.row), np.concatenate(self.column), np.concatenate(self.value)
        by_row = np.lexsort((column, row))
        row, column, value = row[by_row], column[by_row], value[by_row]
        new = np.append(True, (np.diff(row) != 0) | (np.diff(column) != 0))[: len(row)]
        places = np.flatnonzero(new)
        summed = np.add.reduceat(value, places) if len(places) else value
        start = np.zeros(self.rows + 1, dtype=np.int32)
        np.cumsum(np.bincount(row[places], minlength=self.rows), out=start[1:])
        return start, column[places].astype(np.int32), summed


def build(
    data: Arrays,
    allowed: Bools,
    capacity: Floats,
    standing: tuple[Floats, ...],
    *,
    cost: Floats | None = None,
    out: Floats | None = None,
    cuts: Cuts = NO_CUTS,
) -> Rows:
    """The model of the groups that have any allowed night; capacities are what is left for them.

    Args:
        data: the problem.
        allowed: the choices.
        capacity: of nightly resources.
        standing: capacity of each standing resource.
        cost: replaces the objective.
        out: what leaving a group out costs, infinite where it may not be; who may be left out is in the model even without a choice.
        cuts: rows that sharpen the relaxation of the order; they cut off no schedule. Not together with `out`.
    """
    group, night = (each.astype(np.int64) for each in np.nonzero(allowed))
    leavers = NONE if out is None else np.flatnonzero(np.isfinite(out))
    members = np.union1d(np.flatnonzero(allowed.any(axis=1)), leavers)
    place = np.full(data.groups, -1, dtype=np.int64)
    place[members] = np.arange(len(members))
    entries = _Entries()
    everyone = np.concatenate([group, leavers])
    entries.put(place[everyone], np.arange(len(everyone)), np.ones(len(everyone)))
    entries.close(np.ones(len(members)), np.ones(len(members)))
    blocks = [_nightly(entries, data, number, group, night, capacity[number]) for number in range(len(data.nightly))]
    columns, totals, highs = len(everyone), [], []
    for resource, left in zip(data.standing, standing, strict=True):
        total, high = _running(entries, resource, left, allowed, (group, night), columns)
        totals.append(total)
        highs.append(high)
        columns += len(high)
    blocks.append(_order(entries, data, (everyone, np.concatenate([night, beyond(data)[leavers]])), len(group), place))
    blocks.append(_cuts(entries, data, group, night, cuts))
    start, index, value = entries.sparse()
    prices = (data.cost if cost is None else cost)[group, night]
    leaving = out[leavers] if out is not None else np.zeros(0)
    extra = columns - len(everyone)
    return Rows(
        group=everyone,
        night=np.concatenate([night, np.full(len(leavers), NOWHERE)]),
        members=members,
        cost=np.concatenate([prices, leaving, np.zeros(extra)]),
        low=np.concatenate([np.zeros(len(everyone)), np.full(extra, -np.inf)]),
        high=np.concatenate([np.ones(len(everyone)), *highs]),
        start=start,
        index=index,
        value=value,
        row_low=np.concatenate(entries.low),
        row_high=np.concatenate(entries.high),
        blocks=tuple(blocks),
        totals=tuple(totals),
    )


def _nightly(entries: _Entries, data: Arrays, number: int, group: Ints, night: Ints, capacity: Floats) -> Block:
    """One row for each night in which anything could move."""
    amount = data.amount[number][group]
    used = np.unique(night[amount != 0])
    row = np.searchsorted(used, night)
    row = np.where(amount != 0, row, 0)
    entries.put(row, np.arange(len(group)), amount)
    first = entries.close(np.full(len(used), -np.inf), capacity[used])
    return Block(kind="nightly", name=data.nightly[number], row=first, night=used, pair=NONE)


def looked_at(resource: Standing, left: Floats, effects: Ints) -> Ints:
    """The nights whose limit says something: the lowest between two changes of the total.

    Of a total that only rises none is needed that a later and lower limit implies.
    """
    if not len(effects):
        return effects
    changes = np.unique(effects)
    ends = np.append(changes[1:], len(left))
    nights = np.array([start + int(np.argmin(left[start:end])) for start, end in zip(changes, ends, strict=True)], dtype=np.int64)
    if resource.rises_only:
        after = np.append(np.minimum.accumulate(left[nights][::-1])[::-1][1:], np.inf)
        nights = nights[left[nights] < after]
    return nights


def _running(
    entries: _Entries, resource: Standing, left: Floats, allowed: Bools, choices: tuple[Ints, Ints], first_column: int
) -> tuple[Block, Floats]:
    """Total at a night worth a look = total at the one before + what began to count between."""
    night = choices[1]
    begins = np.concatenate([[0], np.cumsum(allowed.sum(axis=1))])
    counts = (begins[resource.group + 1] - begins[resource.group]).astype(np.int64)
    use = np.repeat(np.arange(len(resource.group)), counts)
    column = begins[resource.group][use] + np.arange(len(use)) - np.repeat(np.cumsum(counts) - counts, counts)
    from_night = night[column] + resource.lag[use]
    within = from_night < len(left)
    column, from_night, amount = column[within], from_night[within], resource.amount[use][within]
    nights = looked_at(resource, left, from_night)
    row = np.searchsorted(nights, from_night)
    seen = row < len(nights)
    entries.put(row[seen], column[seen], -amount[seen])
    own = np.arange(len(nights))
    entries.put(own, first_column + own, np.ones(len(nights)))
    entries.put(own[1:], first_column + own[:-1], -np.ones(max(0, len(nights) - 1)))
    entries.close(np.zeros(len(nights)), np.zeros(len(nights)))
    return Block(kind="standing", name=resource.name, row=first_column, night=nights, pair=NONE), left[nights]


def beyond(data: Arrays) -> Ints:
    """A night after the last for each group that is left out, such that the order holds among those, and no follower of one can move."""
    night = np.full(data.groups, data.nights, dtype=np.int64)
    for _ in range(data.groups):
        later = night.copy()
        np.maximum.at(later, data.then, night[data.first] + data.gap)
        if (later == night).all() or later.max() > 4 * data.nights + data.groups:
            break
        night = later
    return night


def _order(entries: _Entries, data: Arrays, choices: tuple[Ints, Ints], real: int, place: Ints) -> Block:
    """Night of `then` - night of `first` >= gap, for the pairs of which both are in the model."""
    group, night = choices
    both = np.flatnonzero((place[data.first] >= 0) & (place[data.then] >= 0)) if len(data.first) else np.zeros(0, dtype=np.int64)
    begins = np.searchsorted(group[:real], np.arange(data.groups + 1))
    for sign, side in ((1.0, data.then), (-1.0, data.first)):
        member = side[both]
        counts = begins[member + 1] - begins[member]
        row = np.repeat(np.arange(len(both)), counts)
        column = np.repeat(begins[member], counts) + np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        entries.put(row, column, np.asarray(sign * night[column], dtype=np.float64))
        if real < len(group):
            left_out = real + np.searchsorted(group[real:], member)
            found = left_out < len(group)
            found[found] = group[left_out[found]] == member[found]
            entries.put(np.flatnonzero(found), left_out[found], np.asarray(sign * night[left_out[found]], dtype=np.float64))
    first = entries.close(data.gap[both].astype(np.float64), np.full(len(both), np.inf))
    return Block(kind="order", name="", row=first, night=NONE, pair=both)


def _cuts(entries: _Entries, data: Arrays, group: Ints, night: Ints, cuts: Cuts) -> Block:
    begins = np.searchsorted(group, np.arange(data.groups + 1))
    for sign, side, until in (
        (1.0, data.then[cuts.pair], cuts.night),
        (-1.0, data.first[cuts.pair], cuts.night - data.gap[cuts.pair]),
    ):
        counts = begins[side + 1] - begins[side]
        row = np.repeat(np.arange(len(side)), counts)
        column = np.repeat(begins[side], counts) + np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        entries.put(row, column, sign * np.asarray(night[column] <= until[row], dtype=np.float64))
    first = entries.close(np.full(len(cuts.pair), -np.inf), np.zeros(len(cuts.pair)))
    return Block(kind="cut", name="", row=first, night=cuts.night, pair=cuts.pair)
