"""The contract of the store, on SQLite and, where one is named, on PostgreSQL."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from infra.errors import InclineError
from migration.discover.model import Edge, Finding, Gravity, Metric
from migration.discover.store import Store, open_store
from tests.migration.discover.machines import NOW, inventory, machine, percentiles

ROOT = Path(__file__).parents[3]
LATER = NOW + timedelta(hours=1)


def test_what_was_saved_comes_back_whole(store: Store) -> None:
    machines = (machine("permits-db-01"), machine("web-01", power="off", booted=None, devices=("usb",)))
    found = inventory(*machines, usage=(percentiles(machines[0].key),), findings=(_finding("DSC-020"),))

    saved = store.save("hill", found)

    assert (saved.machines, saved.added, saved.changed, saved.gone, saved.same) == (2, 2, 0, 0, 0)
    assert store.load() == found
    assert store.load(["hill"]) == found
    assert store.load(["elsewhere"]).machines == ()


def test_sites_do_not_touch_each_other(store: Store) -> None:
    store.save("hill", inventory(machine("a")))
    store.save("dale", inventory(machine("b", site="dale"), site="dale", taken_at=LATER))

    assert [each.name for each in store.load().machines] == ["b", "a"]
    assert store.load().taken_at == NOW
    assert [each.site for each in store.load(["dale"]).hosts] == ["dale"]
    assert list(store.sites()) == ["dale", "hill"]


def test_an_inventory_of_another_site_is_no_picture_of_this_one(store: Store) -> None:
    with pytest.raises(ValueError, match="dale"):
        store.save("hill", inventory(machine("b", site="dale")))


def test_the_second_discovery_says_what_changed(store: Store) -> None:
    store.save("hill", inventory(machine("a"), machine("b"), machine("c")))

    saved = store.save("hill", inventory(machine("a", as_of=LATER, in_use=7, version="2"), machine("b", cpus=8), taken_at=LATER))

    assert (saved.added, saved.changed, saved.gone, saved.same) == (0, 1, 1, 1)
    assert store.known_versions("hill") == {"hill/a-uuid": "2", "hill/b-uuid": "1"}
    assert store.previous("hill")["hill/b-uuid"].cpus == 8


def test_a_vanished_machine_is_kept_as_gone_and_may_come_back(store: Store) -> None:
    store.save("hill", inventory(machine("a"), machine("b")))
    store.save("hill", inventory(machine("a"), taken_at=LATER))

    gone = store.gone()
    assert [(each.machine.name, each.last_seen, each.gone_at) for each in gone] == [("b", NOW, LATER)]
    assert store.save("hill", inventory(machine("a"), taken_at=LATER)).gone == 0

    back = store.save("hill", inventory(machine("a"), machine("b"), taken_at=LATER))
    assert (back.added, back.same) == (1, 1)
    assert store.gone() == ()


def test_an_incomplete_look_takes_nothing_for_gone(store: Store) -> None:
    store.save("hill", inventory(machine("a"), machine("b")))

    saved = store.save("hill", inventory(machine("a"), quotas=(), hosts=()), complete=False)

    assert saved.gone == 0
    assert {each.name for each in store.load().machines} == {"a", "b"}
    assert len(store.load().hosts) == len(store.load().quotas) == 1
    assert [run.complete for run in store.runs("hill")] == [True, False]


def test_two_machines_with_one_key_are_refused_or_one(store: Store) -> None:
    saved = store.save("hill", inventory(machine("a"), machine("copy", key="hill/a-uuid")))

    assert saved.machines == 1
    [kept] = store.load().machines
    assert kept.name == "a"
    assert [each.code for each in store.load().findings] == ["DSC-101"]


def test_findings_of_one_part_do_not_drop_those_of_another(store: Store) -> None:
    store.save("hill", inventory(machine("a"), findings=(_finding("DSC-001"),)))
    store.save_usage("hill", (), [_finding("DSC-012")])
    store.save("hill", inventory(machine("a"), findings=(_finding("DSC-002"),)))

    assert sorted(each.code for each in store.load().findings) == ["DSC-002", "DSC-012"]


def test_percentiles_are_kept_by_month_and_the_finest_week_counts(store: Store) -> None:
    a = machine("a")
    store.save("hill", inventory(a))
    october = percentiles(a.key, last=NOW.replace(month=10), first=NOW.replace(month=10, day=1), p95=1.0)
    coarse = percentiles(a.key, interval_s=7200, samples=360, p95=2.0)
    fine = percentiles(a.key, p95=3.0)

    store.save_usage("hill", [october, coarse, fine])
    store.save_usage("hill", [replace(fine, p95=4.0)])

    assert [each.p95 for each in store.months(a.key, Metric.CPU_MHZ)] == [1.0, 4.0, 2.0]
    assert store.load().usage_of()[a.key][Metric.CPU_MHZ].p95 == 4.0


def test_a_day_of_the_finest_interval_does_not_count_more_than_a_month(store: Store) -> None:
    a = machine("a")
    store.save("hill", inventory(a))

    store.save_usage("hill", [percentiles(a.key, samples=288), percentiles(a.key, interval_s=7200, samples=360, p95=2.0)])

    assert store.load().usage_of()[a.key][Metric.CPU_MHZ].p95 == 2.0


def test_edges_replace_themselves_and_belong_to_the_sites_of_their_ends(store: Store) -> None:
    store.save("hill", inventory(machine("a")))
    edge = Edge(source="hill/a-uuid", target="dale/b-uuid", port=5432, connections=3, first=NOW, last=NOW, basis=("flows",))
    store.save_edges([edge, Edge(source="x/1", target="x/2", port=80)], [_finding("DSC-060")])
    store.save_edges([replace(edge, connections=9)])

    assert [each.connections for each in store.load(["dale"]).edges] == [9]
    assert len(store.load().edges) == 2


def test_what_looks_like_a_secret_is_not_kept_and_said(tmp_path: Path) -> None:
    file = tmp_path / "i.sqlite"
    leaky = machine("a", custom={"DB Password": "hunter2hunter2", "owner": "permits"}, tags={"note": "password=swordfish99"})

    with open_store(str(file)) as store:
        store.save("hill", inventory(leaky))
        told = store.load()

    assert told.machines[0].custom == {"owner": "permits"}
    assert [each.code for each in told.findings] == ["DSC-102", "DSC-102"]
    content = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert b"hunter2" not in content
    assert b"swordfish" not in content
    assert file.stat().st_mode & 0o077 == 0


def test_a_save_that_breaks_off_leaves_the_old_picture(store: Store) -> None:
    before = inventory(machine("a"), machine("b"))
    store.save("hill", before)

    class BreakError(Exception):
        pass

    def usage() -> Iterator[object]:
        raise BreakError
        yield

    broken = inventory(machine("c"), taken_at=LATER)
    object.__setattr__(broken, "usage", usage())
    with pytest.raises(BreakError):
        store.save("hill", broken)

    assert store.load() == before
    assert len(store.runs()) == 1


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from migration.discover.store import open_store
from tests.migration.discover.machines import inventory, machine

def usage():
    os.kill(os.getpid(), signal.SIGKILL)
    yield

with open_store(sys.argv[1]) as store:
    found = inventory(*(machine(f"new-{n}") for n in range(2000)))
    object.__setattr__(found, "usage", usage())
    store.save("hill", found)
"""


def test_a_process_killed_in_the_middle_of_a_save_leaves_the_old_picture(tmp_path: Path) -> None:
    file, before = tmp_path / "i.sqlite", inventory(machine("a"), machine("b"))
    with open_store(str(file)) as store:
        store.save("hill", before)

    killed = subprocess.run([sys.executable, "-c", KILLED, str(file), str(ROOT)], cwd=ROOT, check=False, capture_output=True)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with open_store(str(file)) as store:
        assert store.load() == before
        assert store.save("hill", before).same == 2


def test_a_reader_does_not_wait_for_a_writer_and_a_second_writer_is_told(tmp_path: Path) -> None:
    file = tmp_path / "i.sqlite"
    with open_store(str(file)) as first, open_store(str(file), wait_s=0.1) as second:
        first.save("hill", inventory(machine("a")))
        with first._database.writing():
            assert len(second.load().machines) == 1
            with pytest.raises(InclineError) as told:
                second.save("hill", inventory(machine("b")))
        assert told.value.code == "INC-7094"
        assert second.save("hill", inventory(machine("b"))).added == 1


def test_a_newer_store_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "i.sqlite"
    open_store(str(file)).close()
    with sqlite3.connect(file) as database:
        database.execute("update about set value = '99' where name = 'schema'")

    with pytest.raises(InclineError) as told:
        open_store(str(file))
    assert told.value.code == "INC-7093"
    assert "99" in told.value.what


def test_what_is_no_store_is_left_alone(tmp_path: Path) -> None:
    text, other = tmp_path / "notes.txt", tmp_path / "other.sqlite"
    text.write_text("not a database at all " * 100)
    with sqlite3.connect(other) as database:
        database.execute("create table songs (title text)")

    for file in (text, other):
        before = file.read_bytes()
        with pytest.raises(InclineError) as told:
            open_store(str(file))
        assert told.value.code == "INC-7092"
        assert file.read_bytes() == before


def test_where_nothing_can_be_opened_the_reason_is_given_without_the_password(tmp_path: Path) -> None:
    cases = {
        str(tmp_path / "absent.sqlite"): "INC-7090",
        "mysql://me:swordfish@db/x": "INC-7091",
        "postgresql://me:swordfish@127.0.0.1:9/x": "INC-7091",
    }
    for url, code in cases.items():
        with pytest.raises(InclineError) as told:
            open_store(url, must_exist=True, wait_s=2)
        assert told.value.code == code
        assert "swordfish" not in str(told.value)
    assert not list(tmp_path.iterdir())


def _finding(code: str) -> Finding:
    return Finding(code=code, gravity=Gravity.WARNING, where="hill/a", what="odd", taken="nothing", remedy="look")
