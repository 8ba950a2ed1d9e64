"""New samples into the store, percentiles out of it: a second look asks only for what is new."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest

from migration.discover.model import Metric
from migration.discover.samples import Samples
from migration.discover.store import Store
from migration.discover.usage import Told, refresh
from tests.migration.discover.machines import NOW, inventory, machine

END = int(NOW.timestamp())


@pytest.fixture
def hill(store: Store) -> Store:
    """A site of two machines."""
    store.save("hill", inventory(machine("a", booted=None), machine("b", booted=None)))
    return store


def series(name: str, count: int, *, end: int = END, metric: Metric = Metric.CPU_MHZ, value: float | None = None) -> Samples:
    times = np.array([end - 300 * n for n in reversed(range(count))], dtype=np.int64)
    values = np.arange(1, count + 1, dtype=float) if value is None else np.full(count, value)
    return Samples(machine=f"hill/{name}-uuid", metric=metric, interval_s=300, times=times, values=values)


def told(*some: Samples) -> Told:
    return Told(series=some, whole={}, source="by hand")


def test_percentiles_are_of_all_that_is_stored_not_only_of_what_is_new(hill: Store) -> None:
    machines = hill.load().machines
    refresh(hill, "hill", told(series("a", 50, value=10.0)), machines, before={}, now=NOW)
    later = NOW + timedelta(minutes=250)

    done = refresh(hill, "hill", told(series("a", 50, end=END + 15000, value=30.0)), machines, before={}, now=later)

    assert (done.samples, done.machines, done.percentiles) == (50, 1, 1)
    found = hill.load().usage_of()["hill/a-uuid"][Metric.CPU_MHZ]
    assert (found.samples, found.p50, found.p95, found.mean) == (100, 10.0, 30.0, 20.0)


def test_nothing_new_changes_nothing(hill: Store) -> None:
    machines = hill.load().machines
    refresh(hill, "hill", told(series("a", 10, value=-1.0), series("b", 10)), machines, before={}, now=NOW)
    before = hill.load()

    done = refresh(hill, "hill", told(), machines, before={}, now=NOW)

    assert (done.samples, done.findings) == (0, ())
    assert hill.load() == before
    assert [each.code for each in before.findings] == ["DSC-011"]


def test_samples_of_a_machine_that_nobody_found_are_passed_over(hill: Store) -> None:
    done = refresh(hill, "hill", told(series("stranger", 10)), hill.load().machines, before={}, now=NOW)

    assert done.samples == 0


def test_percentages_of_a_machine_with_other_processors_count_from_then_on(hill: Store) -> None:
    machines = hill.load().machines
    both = [series("a", 100, metric=Metric.CPU_PERCENT, value=80.0), series("a", 100, value=4000.0)]
    refresh(hill, "hill", told(*both), machines, before={}, now=NOW)
    before = {each.key: machine(each.name, cpus=2) for each in machines if each.name == "a"}
    new = [series("a", 4, end=END + 1200, metric=Metric.CPU_PERCENT, value=40.0), series("a", 4, end=END + 1200, value=4000.0)]

    done = refresh(hill, "hill", told(*new), machines, before=before, now=NOW + timedelta(seconds=1200))

    usage = hill.load().usage_of()["hill/a-uuid"]
    assert (usage[Metric.CPU_PERCENT].samples, usage[Metric.CPU_PERCENT].maximum) == (4, 40.0)
    assert usage[Metric.CPU_MHZ].samples == 104
    assert [each.code for each in done.findings] == ["DSC-014"]


def test_a_look_that_breaks_off_keeps_what_came(hill: Store) -> None:
    class BreakError(Exception):
        pass

    def some() -> Iterator[Samples]:
        for _ in range(3000):
            yield series("a", 5)
        raise BreakError

    with pytest.raises(BreakError):
        refresh(hill, "hill", Told(series=some(), whole={}, source=""), hill.load().machines, before={}, now=NOW)

    assert hill.last_samples("hill") == {("hill/a-uuid", Metric.CPU_MHZ, 300): NOW}
