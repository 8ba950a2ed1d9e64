"""Planning commands as people meet them on a bad day: names that steer a terminal, sizes nobody knows, waves that may not run."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from cli.main import run
from cli.output import emit, harmless, say
from migration.discover.model import FoundDisk, FoundHost, FoundMachine, Inventory
from migration.discover.store import open_store

ROOT = Path(__file__).parents[2]
NOW = datetime.now(UTC)
HOSTILE = "\u202etxt.exe\x07\x1b]0;owned\x07\x1b[2J"


@pytest.fixture(autouse=True)
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("INCLINE_CAPACITY", "INCLINE_ESTATE", "INCLINE_LEDGER", "INCLINE_STORE", "INCLINE_STATE"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(ROOT / "estate", tmp_path / "estate")
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def machine(name: str, **changes: object) -> FoundMachine:
    told: dict[str, object] = {
        "key": f"harbour/{name}",
        "name": name,
        "site": "harbour",
        "kind": "vsphere",
        "source": "v",
        "as_of": NOW,
        "cpus": 2,
        "memory": 8 << 30,
        "os": "debian-12",
        "cluster": "c",
        "power": "on",
        "disks": (FoundDisk(label="Hard disk 1", size=40 << 30),),
    }
    return FoundMachine(**{**told, **changes})  # type: ignore[arg-type]


def stored(city: Path, *machines: FoundMachine, hosts: tuple[FoundHost, ...] = ()) -> str:
    path = str(city / "harbour.sqlite")
    with open_store(path) as opened:
        opened.save("harbour", Inventory(taken_at=NOW, machines=machines, hosts=hosts))
    return path


def test_no_name_can_steer_a_terminal(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = stored(city, machine(HOSTILE))
    for words in (["inventory", "show"], ["assess", "--to", "aws-east"]):
        assert run([*words, "--store", store]) == ExitCode.OK
    say(HOSTILE)
    emit({"schema": "x"}, lambda: HOSTILE, json_mode=False)
    found = capsys.readouterr()

    assert "txt.exe" in found.out
    assert not {"\u202e", "\x07", "\x1b"} & set(found.out + found.err)


def test_colours_stay() -> None:
    assert harmless("\x1b[1mbold\x1b[0m\tand\nlines") == "\x1b[1mbold\x1b[0m\tand\nlines"


def test_a_running_machine_of_unknown_size_is_no_saving(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = stored(city, machine("known"), machine("unknown", cpus=0))

    assert run(["assess", "--to", "aws-east", "--store", store]) == ExitCode.OK
    out = capsys.readouterr().out
    assert "1 of them is in no sum: no size is known." in out
    assert "? vCPU 8 GiB" in out
    assert run(["assess", "--to", "aws-east", "--store", store, "--json"]) == ExitCode.OK
    cost = {each["server"]: each["cost"] for each in json.loads(capsys.readouterr().out)["servers"]}
    assert cost["unknown"] is None
    assert cost["known"]["then_usd_month"] > 0


def test_hosts_without_a_size_are_not_paid_by_the_few_machines_seen(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hosts = tuple(FoundHost(name=f"esx-{n}", site="harbour", cluster="c") for n in range(7))
    store = stored(city, machine("one"), hosts=hosts)

    assert run(["assess", "--to", "aws-east", "--store", store, "--json"]) == ExitCode.OK
    [found] = json.loads(capsys.readouterr().out)["servers"]
    assert found["cost"]["now_usd_month"] < 200
    assert "since its hosts are not known" in found["cost"]["lines"][0]["what"]


def test_a_wave_that_may_not_run_says_what_to_mend_first(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = stored(city, machine("one"))
    made = ["plan", "make", "--to", "aws-east", "--site", "harbour", "--no-rules", "--seconds", "5", "--store", store]
    assert run([*made, "--yes"]) == ExitCode.OK
    capsys.readouterr()

    assert run(["plan", "status"]) == ExitCode.OK
    assert "1 server: 1 planned" in capsys.readouterr().out
    assert run(["plan", "run", "--store", store]) == ExitCode.FINDINGS
    err = capsys.readouterr().err
    assert ": 1 server, go or no-go" in err
    assert "NO GO one: no such server" in err
    assert "--early" not in err
