"""Raw samples: what comes in comes out, what comes again replaces, what is over goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from migration.discover.model import Metric
from migration.discover.samples import DAY_S, Samples, chunks_of, unpack
from migration.discover.store import Store
from tests.migration.discover.machines import NOW

END = int(NOW.timestamp())


def series(start: int, end: int, *, machine: str = "hill/a", metric: Metric = Metric.CPU_MHZ, step: int = 300, add: float = 0.0) -> Samples:
    times = np.arange(start, end, step, dtype=np.int64)
    return Samples(machine=machine, metric=metric, interval_s=step, times=times, values=times % 1000 + add)


def test_series_come_back_in_order(store: Store) -> None:
    first = series(END - 3 * DAY_S, END)
    second = series(END - DAY_S, END, machine="hill/b")
    store.add_samples([second, first, series(END - DAY_S, END, metric=Metric.MEMORY)])

    found = list(store.samples(Metric.CPU_MHZ))

    assert [each.machine for each in found] == ["hill/a", "hill/b"]
    assert np.array_equal(found[0].times, first.times)
    assert np.array_equal(found[0].values, first.values)
    assert [each.machine for each in store.samples(Metric.CPU_MHZ, machines_of=["hill/b"], interval_s=300)] == ["hill/b"]
    assert list(store.samples(Metric.CPU_MHZ, interval_s=7200)) == []


def test_later_samples_are_added_and_a_moment_told_again_takes_the_new_value(store: Store) -> None:
    store.add_samples([series(END - DAY_S, END)])
    store.add_samples([series(END - 600, END + 600, add=0.5)])

    [found] = store.samples(Metric.CPU_MHZ)

    assert found.times[-1] == END + 300
    assert len(found.times) == 290
    assert found.values[-3] == (END - 300) % 1000 + 0.5
    assert found.values[-5] == (END - 900) % 1000


def test_the_newest_sample_of_each_series_is_known(store: Store) -> None:
    store.add_samples([series(END - 2 * DAY_S, END - 30), series(END - DAY_S, END, step=7200), series(END - 900, END, machine="hilly/a")])

    last = store.last_samples("hill")

    assert last == {
        ("hill/a", Metric.CPU_MHZ, 300): datetime.fromtimestamp(END - 300, UTC),
        ("hill/a", Metric.CPU_MHZ, 7200): datetime.fromtimestamp(END - 7200, UTC),
    }


def test_what_is_over_goes_and_longer_intervals_stay_longer(store: Store) -> None:
    store.add_samples([series(END - 60 * DAY_S, END), series(END - 60 * DAY_S, END, step=1800), series(END - 500 * DAY_S, END, step=DAY_S)])

    dropped = store.prune(NOW)

    spans = {each.interval_s: (END - each.times[0]) // DAY_S for each in store.samples(Metric.CPU_MHZ)}
    assert spans == {300: 35, 1800: 60, DAY_S: 500}
    assert dropped == (60 - 35) * 288 - 144  # whole days go: the first one began at noon
    assert store.prune(NOW + timedelta(hours=1)) == 0


@given(st.lists(st.tuples(st.integers(0, 10 * DAY_S), st.floats(0, 2.0**40, width=32)), min_size=1, unique_by=lambda pair: pair[0]))
def test_any_series_survives_packing(pairs: list[tuple[int, float]]) -> None:
    pairs.sort()
    times, values = np.array([t for t, _ in pairs], dtype=np.int64), np.array([v for _, v in pairs])
    whole = Samples(machine="m", metric=Metric.IOPS, interval_s=1, times=times, values=values)

    parts = [unpack(c.chunk * DAY_S, c.count, c.packed) for c in chunks_of(whole)]

    assert np.array_equal(np.concatenate([t for t, _ in parts]), times)
    assert np.array_equal(np.concatenate([v for _, v in parts]), values)
