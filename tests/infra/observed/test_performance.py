"""Counters as vCenter tells them: gaps, devices, orders; percentiles and daily demand made of them."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyVmomi import vim

from infra.observed.percentile import p95
from infra.observed.vsphere_history import daily_history
from infra.observed.vsphere_performance import Performance, Question, Series
from infra.observed.vsphere_usage import machine_usage

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KIB = 1024


class Stored:
    """A performance manager that answers what a test has put into it, by interval."""

    def __init__(self, by_interval):
        self.by_interval = by_interval
        self.asked = []

    def read(self, question: Question):
        self.asked.append(question)
        return {m: s for m, s in self.by_interval.get(question.interval_s, {}).items() if m in question.morefs}


class Answering:
    """A session whose vCenter has two counters and answers comma-separated samples."""

    def __init__(self, answer):
        self.answer = answer
        self.calls = 0

    def call(self, action):
        self.calls += 1
        return action(SimpleNamespace(_stub=None, RetrieveContent=lambda: SimpleNamespace(perfManager=self)))

    perfCounter = tuple(  # noqa: N815 - vSphere's name
        SimpleNamespace(key=key, groupInfo=SimpleNamespace(key="disk"), nameInfo=SimpleNamespace(key=name), rollupType="average")
        for key, name in ((1, "read"), (2, "write"))
    )

    def QueryPerf(self, specs):  # noqa: N802 - vSphere's name
        return [self.answer(spec) for spec in specs]


def series(values, *, start=NOW, step=timedelta(minutes=30)):
    length = max(len(v) for v in values.values())
    return Series(tuple(start + i * step for i in range(length)), {name: tuple(v) for name, v in values.items()})


def csv(entity, moments, **counters):
    told = ",".join(f"1800,{m.isoformat()}" for m in moments)
    numbers = {"read": 1, "write": 2}
    value = [SimpleNamespace(id=SimpleNamespace(counterId=numbers[n.split("_")[0]]), value=v) for n, v in counters.items()]
    return SimpleNamespace(entity=SimpleNamespace(_moId=entity), sampleInfoCSV=told, value=value)


def asked(morefs):
    return Question(kind=vim.VirtualMachine, morefs=morefs, counters={"disk.read.average": "*"}, interval_s=1800, since=NOW)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], None), ([7.0], 7.0), ([float(v) for v in range(1, 21)], 19.0), ([float(v) for v in range(100, 0, -1)], 95.0)],
)
def test_the_95th_percentile_is_the_nearest_rank(values, expected):
    assert p95(values) == expected


@given(st.lists(st.floats(0, 1e9), min_size=1))
def test_19_of_20_values_do_not_exceed_it_and_it_was_measured(values):
    found = p95(values)

    assert found in values
    assert sum(v <= found for v in values) >= 0.95 * len(values)


def test_gaps_devices_and_an_answer_that_begins_with_the_newest():
    moments = [NOW + timedelta(minutes=30), NOW]
    session = Answering(lambda _: csv("vm-1", moments, read_a="5,3", read_b="7,-1", read_c="1"))

    found = Performance(session).read(asked(["vm-1"]))["vm-1"]

    assert found.moments == (NOW, NOW + timedelta(minutes=30))
    assert found.of("disk.read.average") == [(NOW, 3.0), (moments[0], 13.0)]
    assert session.calls == 2


def test_no_query_asks_for_more_than_64_metrics():
    session = Answering(lambda spec: csv(spec.entity._moId, [NOW], read_a="1"))

    found = Performance(session).read(asked([f"vm-{n}" for n in range(130)]))

    assert len(found) == 130
    assert session.calls == 1 + 3


def test_memory_that_is_touched_wins_over_memory_that_is_held():
    both = {"mem.active.average": [100.0] * 3, "mem.consumed.average": [900.0] * 3, "cpu.usagemhz.average": [50.0] * 3}
    held = {"mem.consumed.average": [900.0] * 3}

    used = machine_usage(Stored({1800: {"vm-1": series(both), "vm-2": series(held)}}), ["vm-1", "vm-2"], now=NOW)

    assert used["vm-1"].memory_p95 == 100 * KIB
    assert used["vm-2"].memory_p95 == 900 * KIB
    assert used["vm-2"].cpu_mhz_p95 is None
    assert used["vm-1"].days == 0.1


def test_reads_and_writes_are_added_before_the_percentile():
    reads = {"virtualDisk.numberReadAveraged.average": [100.0, 0.0], "virtualDisk.numberWriteAveraged.average": [0.0, 100.0]}

    assert machine_usage(Stored({1800: {"vm-1": series(reads)}}), ["vm-1"], now=NOW)["vm-1"].iops_p95 == 100


def test_a_day_s_largest_value_counts_and_midnight_ends_the_day_before():
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    year = series({"cpu.usagemhz.maximum": [10.0, 20.0], "mem.consumed.maximum": [1.0, 2.0]}, start=midnight, step=timedelta(days=1))

    cpu, memory = daily_history(Stored({86400: {"domain-1": year}}), ["domain-1"], [], now=NOW)["domain-1"]

    assert [(d.day, d.value) for d in cpu.days] == [(date(2026, 11, 23), 10.0), (date(2026, 11, 24), 20.0)]
    assert [d.value for d in memory.days] == [1.0 * KIB, 2.0 * KIB]


def test_without_stored_maxima_the_largest_two_hours_of_each_day_count():
    begin = datetime(2026, 11, 23, 2, tzinfo=UTC)
    month = series({"cpu.usagemhz.average": [float(v) for v in range(24)]}, start=begin, step=timedelta(hours=2))
    stored = Stored({7200: {"domain-1": month}, 86400: {}})

    (cpu,) = daily_history(stored, ["domain-1"], [], now=NOW)["domain-1"]

    assert [(d.day.day, d.value) for d in cpu.days] == [(23, 11.0), (24, 23.0)]
    assert all("average" not in name for q in stored.asked if q.interval_s == 86400 for name in q.counters), "a day's average is no demand"


def test_a_cluster_without_anything_stored_is_absent():
    assert daily_history(Stored({}), ["domain-1"], ["datastore-1"], now=NOW) == {}
