"""`incline discover` and `incline inventory` on a lab of the example city."""

from __future__ import annotations

import itertools
import json
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from cli.discover_progress import narrating
from cli.exit_codes import ExitCode
from cli.inventory_tables import size
from cli.lab_knobs import _region, _vcenter
from cli.main import run
from migration.discover.model import Edge, Metric
from migration.discover.store import open_store
from tests.fakes.city_lab import CityLab

NOBODY = "127.0.0.1:9"
PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def discovered(city: CityLab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The city's inventory, as a first discovery leaves it."""
    store = tmp_path_factory.mktemp("store") / "inventory.sqlite"
    city.run("incline", "discover", "--all", "--quiet", "--store", str(store))
    return store


@pytest.fixture
def store(discovered: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    copy = tmp_path / "inventory.sqlite"
    with sqlite3.connect(discovered) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    return copy


def told(capsys: pytest.CaptureFixture[str], *words: str, expect: ExitCode = ExitCode.OK) -> dict[str, Any]:
    capsys.readouterr()
    assert run([*words, "--json"]) == expect
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def said(capsys: pytest.CaptureFixture[str], *words: str, expect: ExitCode = ExitCode.OK) -> tuple[str, str]:
    capsys.readouterr()
    assert run(list(words)) == expect
    return capsys.readouterr()


def test_all_sites_are_in_the_inventory_with_their_usage_and_no_secret(here: CityLab, discovered: Path) -> None:
    with open_store(str(discovered)) as opened:
        found, runs = opened.load(), opened.runs()

    assert {run.site for run in runs} == {"aws-east", "downtown", "northside"}
    assert all(run.complete for run in runs)
    assert sum(machine.site == "downtown" and not machine.template for machine in found.machines) == 32
    usage = found.usage_of()
    running = [machine for machine in found.machines if machine.power == "on" and not machine.template]
    assert all({Metric.CPU_MHZ, Metric.MEMORY, Metric.IOPS} <= set(usage[machine.key]) for machine in running)
    assert all(machine.server == machine.name for machine in running)
    assert next(m for m in found.machines if m.name == "permits-db-01").os == "debian-12"
    content = b"".join(each.read_bytes() for each in discovered.parent.iterdir())
    secrets = [value for name, value in here.environ.items() if name.endswith("PASSWORD") or "SECRET" in name]
    assert secrets
    assert not any(secret.encode() in content for secret in secrets if len(secret) > 3)


def test_a_second_look_says_what_changed(here: CityLab, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here.govc("vm.change", "-vm", "/Northside/vm/Three Rivers/library-web-01", "-m", "12288")

    found = told(capsys, "discover", "northside", "--store", str(store), "--quiet")["sites"]["northside"]
    out, err = said(capsys, "discover", "northside", "--store", str(store), "--no-usage")

    assert (found["first"], found["added"], found["changed"], found["gone"]) == (False, 0, 1, 0)
    assert out.startswith("northside  11 machines, 0 changed, 0 gone, ")
    assert "northside: inventory: 10 machines, 1 template, 3 hosts" in err
    assert "next: incline inventory show" in err


def test_what_went_away_is_gone_and_remembered(here: CityLab, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = "/Northside/vm/Three Rivers"
    place = ("-dc", "Northside", "-ds", "ns-vmfs-1", "-pool", "/Northside/host/north/Resources", "-folder", folder)
    here.govc("vm.clone", *place, "-vm", f"{folder}/library-web-01", "-on=false", "passing-by")
    new = told(capsys, "discover", "northside", "--store", str(store), "--no-usage", "--quiet")
    here.govc("vm.destroy", f"{folder}/passing-by")

    away = told(capsys, "discover", "northside", "--store", str(store), "--no-usage", "--quiet")

    assert (new["sites"]["northside"]["added"], away["sites"]["northside"]["gone"]) == (1, 1)
    gone = told(capsys, "inventory", "show", "--gone", "--store", str(store))["machines"]
    assert [each["name"] for each in gone] == ["passing-by"]


def test_a_discovery_killed_in_the_middle_leaves_whole_sites_and_the_next_one_goes_on(here: CityLab, tmp_path: Path) -> None:
    store = tmp_path / "inventory.sqlite"
    command = [sys.executable, "-m", "cli.main", "discover", "downtown", "northside", "--store", str(store)]
    process = subprocess.Popen(command, cwd=PROJECT, env=dict(here.environ), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    first = process.stderr.readline()
    process.kill()
    process.communicate()

    with open_store(str(store)) as opened:
        sites = {machine.site for machine in opened.load().machines}
        runs = [run.site for run in opened.runs()]
    here.run("incline", "discover", "downtown", "northside", "--quiet", "--store", str(store))

    assert first.startswith("downtown: inventory: 32 machines")
    assert sites == set(runs) == {"downtown"}
    with open_store(str(store)) as opened:
        assert len(opened.load().usage_of()) == 42


def test_a_site_that_does_not_answer_stops_or_is_named(
    here: CityLab, store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCLINE_SITE_NORTHSIDE_ENDPOINT", NOBODY)
    words = ["discover", "--all", "--no-usage", "--quiet", "--store", str(store)]

    stopped = told(capsys, *words, expect=ExitCode.ERROR)
    found = told(capsys, *words, "--partial", expect=ExitCode.UNDETERMINED)

    assert stopped["error"]["code"] == "INC-6004"
    assert set(found["sites"]) == {"aws-east", "downtown"}
    assert found["unanswered"]["northside"]["code"] == "INC-6004"
    with open_store(str(store)) as opened:
        assert any(machine.site == "northside" for machine in opened.load().machines), "the old picture stays"


def test_names_that_nothing_has_are_suggested(here: CityLab, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = {
        ("discover", "downtwn"): "INC-5013",
        ("discover",): "INC-7096",
        ("inventory", "show", "--site", "downtwn"): "INC-7097",
        ("inventory", "show", "permit-db-01"): "INC-7098",
    }
    for words, code in cases.items():
        error = told(capsys, *words, "--store", str(store), expect=ExitCode.ERROR)["error"]
        assert error["code"] == code
        assert error["next_step"]


def test_without_an_inventory_the_next_step_is_said(here: CityLab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = told(capsys, "inventory", "show", "--store", str(tmp_path / "none.sqlite"), expect=ExitCode.ERROR)["error"]

    assert error["code"] == "INC-7090"
    assert "incline discover --all" in error["next_step"]


def test_machines_by_site_and_cluster_and_one_in_full(here: CityLab, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed, _ = said(capsys, "inventory", "show", "--store", str(store))
    full, _ = said(capsys, "inventory", "show", "permits-db-01", "--store", str(store))
    document = told(capsys, "inventory", "show", "permits-db-01", "--store", str(store))
    by_address = told(capsys, "inventory", "show", document["machine"]["addresses"][0], "--store", str(store))

    assert "downtown: 32 machines" in listed
    assert "  data: 9 machines" in listed
    assert "aws-east: no machines" in listed
    assert "Hard disk 1" in full
    assert "memory" in full.partition("usage")[2]
    assert document["machine"]["server"] == "permits-db-01"
    assert document["usage"]["memory_bytes"]["p95"] > 0
    assert by_address["machine"]["key"] == document["machine"]["key"]


def test_dependencies_are_shown_by_name(here: CityLab, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_store(str(store)) as opened:
        keys = {machine.name: machine.key for machine in opened.load().machines}
        edges = [
            Edge(source=keys["permits-app-01"], target=keys["permits-db-01"], port=5432, confidence=0.9, why="seen on 5 days"),
            Edge(source=keys["permits-web-01"], target="address/10.9.9.9", port=443, once=True, confidence=0.2),
        ]
        opened.save_edges(edges)

    out, _ = said(capsys, "inventory", "dependencies", "--store", str(store))
    one = told(capsys, "inventory", "dependencies", "--machine", "permits-db-01", "--store", str(store))

    assert "permits-app-01  ->  permits-db-01" in out
    assert "seen once" in out
    assert len(one["edges"]) == 1


def test_a_site_goes_out_as_a_workbook_and_comes_in_as_another(
    here: CityLab, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out" / "downtown.xlsx"
    words = ["inventory", "export", str(file), "--site", "downtown", "--store", str(store)]

    written = told(capsys, *words)
    refused = told(capsys, *words, expect=ExitCode.ERROR)
    told(capsys, *words, "--force")
    brought = told(capsys, "inventory", "import", str(file), "--as", "harbour", "--store", str(store))

    assert (written["format"], written["machines"]) == ("rvtools", 33)
    assert refused["error"]["code"] == "INC-7181"
    assert (brought["machines"], brought["added"]) == (33, 33)
    with open_store(str(store)) as opened:
        harbour = {m.name: m for m in opened.load(["harbour"]).machines}
        downtown = {m.name: m for m in opened.load(["downtown"]).machines}
    assert set(harbour) == set(downtown)
    assert all(harbour[name].cpus == downtown[name].cpus and harbour[name].memory == downtown[name].memory for name in harbour)


def test_a_file_takes_the_place_of_a_live_look_only_when_told_to(
    here: CityLab, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "northside.json"
    told(capsys, "inventory", "export", str(file), "--site", "northside", "--store", str(store))
    words = ["inventory", "import", str(file), "--as", "northside", "--store", str(store)]

    refused = told(capsys, *words, expect=ExitCode.ERROR)
    done = told(capsys, *words, "--replace")
    again = told(capsys, *words)

    assert refused["error"]["code"] == "INC-7180"
    assert done["machines"] == 11
    assert (again["added"], again["changed"], again["gone"]) == (0, 0, 0)


def test_statistics_that_are_denied_are_a_finding(here: CityLab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fresh = tmp_path / "fresh.sqlite"
    control = _vcenter()
    control.faults({"method": "QueryPerf", "fault": "NoPermission"})
    try:
        denied = told(capsys, "discover", "northside", "--store", str(fresh), "--quiet")["sites"]["northside"]
    finally:
        control.calm()
    findings = told(capsys, "inventory", "findings", "--store", str(fresh))["findings"]
    allowed = told(capsys, "discover", "northside", "--store", str(fresh), "--quiet")["sites"]["northside"]

    assert (denied["machines"], denied["usage"]["samples"]) == (11, 0)
    assert [each["code"] for each in findings] == ["DSC-107"]
    assert allowed["usage"]["machines"] == 10


def test_instances_are_machines_with_usage_and_go(here: CityLab, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _region().settings(metrics_days=2.0)
    launched = here.aws("ec2", "run-instances", "--image-id", "ami-0deb12000000000a1", "--instance-type", "m6i.large", "--count", "2")
    words = ["discover", "aws-east", "--store", str(store), "--quiet"]
    found = told(capsys, *words)["sites"]["aws-east"]
    here.aws("ec2", "terminate-instances", "--instance-ids", *(each["InstanceId"] for each in launched["Instances"]))
    gone = told(capsys, *words)["sites"]["aws-east"]

    assert (found["added"], found["usage"]["machines"]) == (2, 2)
    assert found["usage"]["samples"] > 2 * 5 * 500
    assert (gone["machines"], gone["gone"]) == (0, 2)


def test_usage_comes_from_a_table_too(here: CityLab, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "usage.csv"
    rows = [f"{1_790_000_000_000 + 300_000 * n},library-web-01,{n % 50},-1" for n in range(300)]
    file.write_text("\n".join(["time,machine,CPU usage [%],memory usage [MB]", *rows]))

    done = told(capsys, "inventory", "usage", str(file), "--as", "northside", "--store", str(store))
    findings = told(capsys, "inventory", "findings", "--site", "northside", "--store", str(store))["findings"]

    assert (done["machines"], done["samples"]) == (1, 300)
    assert {each["code"] for each in findings} >= {"DSC-010", "DSC-011"}
    assert told(capsys, "inventory", "usage", str(file), "--as", "nowhere", expect=ExitCode.ERROR)["error"]["code"] in {
        "INC-7097",
        "INC-7090",
    }


def test_long_work_is_never_silent_and_short_work_says_one_line() -> None:
    lines: list[tuple[float, str]] = []
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            lines.append((time.monotonic(), line))

    with narrating(say) as narrator:
        begun = time.monotonic()
        narrator.begin("hill: inventory")
        for done in range(25):
            narrator.at(done * 40)
            time.sleep(0.1)
        narrator.end("960 machines", count=960, unit="machines")
        time.sleep(0.1)

    moments = [begun, *(moment for moment, _ in lines)]
    assert max(later - earlier for earlier, later in itertools.pairwise(moments)) < 2.3
    assert lines[0][1].startswith("hill: inventory: ")
    assert lines[-1][1].startswith("hill: inventory: 960 machines (2.")
    assert lines[-1][1].endswith(" machines/s)")
    assert len(lines) == 2


def test_sizes_are_said_as_people_say_them() -> None:
    assert [size(each) for each in (0, 1536, 40 << 30, 48.5 * (1 << 30), 4096 << 30, 700 << 20)] == [
        *("0 B", "1.5 KiB", "40 GiB", "48.5 GiB", "4 TiB", "700 MiB")
    ]
