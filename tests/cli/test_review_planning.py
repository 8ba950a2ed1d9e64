"""Planning commands as people meet them on a bad day: names that steer a terminal, sizes nobody knows, waves that may not run."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cli.capacity_bars import age_words
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


def permits(*more: str) -> list[str]:
    return ["plan", "make", "--to", "aws-east", "--service", "permits", "--no-rules", "--seconds", "5", *more]


def programme(city: Path, text: str) -> None:
    (city / "plan").mkdir(exist_ok=True)
    (city / "plan/programme.yaml").write_text(text)


def test_a_deadline_that_has_passed_is_said(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programme(city, "deadlines: [{server: permits-db-01, by: 2025-01-01, reason: the lease ends}]\n")

    assert run(permits()) == ExitCode.OK
    out = capsys.readouterr().out
    assert "PLN-019 group permits: moves on" in out
    assert "after its deadline, which has passed" in out


def test_a_hard_deadline_that_has_passed_names_no_night_zero(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programme(city, "deadlines: [{server: permits-db-01, by: 2025-01-01, hard: true, reason: the lease ends}]\n")

    assert run(permits()) == ExitCode.FINDINGS
    found = capsys.readouterr()
    assert "by the day before the first night" in found.out
    assert "night 0" not in found.out


def test_a_plan_without_a_night_is_not_offered_for_keeping(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programme(city, "freezes: [{begins: 2020-01-01, ends: 2040-01-01, reason: for ever}]\n")

    assert run(permits()) == ExitCode.FINDINGS
    found = capsys.readouterr()
    assert "freeze 2020-01-01 to 2040-01-01: for ever" in found.out
    assert "--yes" not in found.err


def test_whom_the_programme_retains_is_told_with_its_reason(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programme(city, "retained: [{server: permits-web-01, reason: it ends in spring}]\n")

    run(permits())
    out = capsys.readouterr().out
    assert "in no night: 1 server\n" in out
    assert "permits-web-01: it ends in spring" in out


def test_contradictory_pins_and_unknown_services_are_told_by_line(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programme(
        city,
        "pins:\n"
        "  - {server: permits-db-01, night: 2040-12-10}\n"
        "  - {server: permits-db-01, night: 2040-12-11}\n"
        "freezes: [{begins: 2040-12-01, ends: 2040-12-03, reason: count, services: [permit]}]\n",
    )

    assert run(permits()) == ExitCode.ERROR
    err = capsys.readouterr().err
    assert "programme.yaml:3: permits-db-01 is pinned to 2040-12-10 and to 2040-12-11" in err
    assert "programme.yaml:4: the estate has no service permit" in err
    assert "did you mean permits?" in err


def test_what_is_solved_at_once_shows_no_gap_that_is_out_of_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(permits()) == ExitCode.OK
    found = capsys.readouterr()
    assert "optimal" in found.out
    assert "gap" not in found.err


def test_the_suggested_command_names_the_estate_that_was_named(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(permits("--estate", "estate")) == ExitCode.OK
    assert "next: incline plan make --to aws-east --service permits --no-rules --estate estate --yes" in capsys.readouterr().err


def test_servers_that_the_estate_lacks_have_a_way_on(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = stored(city, *(machine(f"vm-{n}") for n in range(5)))

    assert run(["plan", "make", "--to", "aws-east", "--site", "harbour", "--seconds", "5", "--store", store]) == ExitCode.ERROR
    err = capsys.readouterr().err
    assert "5 servers of the plan not in the estate: vm-0, vm-1, vm-2 and 2 more" in err
    assert "--no-rules" in err


@pytest.fixture
def kept(city: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A plan of the permits, kept."""
    assert run(permits("--yes")) == ExitCode.OK
    capsys.readouterr()
    return city / "plan/waves.yaml"


def first_night(plan: Path) -> str:
    return re.findall(r"- night: (\d{4}-\d\d-\d\d)", plan.read_text())[0]


def moved_to(plan: Path, day: date) -> None:
    """As if the first wave were planned for that day, and no calendar forbade it."""
    programme(plan.parent.parent, "weekdays: [mon, tue, wed, thu, fri, sat, sun]\n")
    text = plan.read_text().replace(first_night(plan), str(day))
    plan.write_text(text)


def test_a_server_that_nobody_knows_is_told_when_a_plan_is_scored(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept.write_text(kept.read_text().replace("server: permits-web-01", "server: permits-wbe-01"))

    run(["plan", "score"])
    out = capsys.readouterr().out
    assert "PLN-022 permits-wbe-01: there is no such server to move" in out
    assert "did you mean permits-web-01?" in out


def test_a_night_long_past_is_no_go_and_leads_to_a_new_plan(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moved_to(kept, date(2024, 12, 2))

    assert run(["plan", "status"]) == ExitCode.OK
    err = capsys.readouterr().err
    assert "the night of 2024-12-02 has passed" in err
    assert "next: incline plan make" in err
    assert run(["plan", "run"]) == ExitCode.FINDINGS
    err = capsys.readouterr().err
    assert "NO GO night: it was planned for 2024-12-02, which has passed" in err
    assert "next: incline plan make" in err


def test_the_wave_of_tonight_is_judged_and_not_waved_through(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    today = datetime.now(UTC).astimezone().date()
    moved_to(kept, today)
    programme(kept.parent.parent, f"freezes: [{{begins: {today}, ends: {today}, reason: the count}}]\n")

    assert run(["plan", "run"]) == ExitCode.FINDINGS
    err = capsys.readouterr().err
    assert "go    night:" in err
    assert "NO GO plan: permits may not move" in err


def test_an_empty_plan_file_is_a_problem(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept.write_text("")

    assert run(["plan", "show"]) == ExitCode.ERROR
    assert "waves.yaml:1: the file is empty" in capsys.readouterr().err


def test_a_workbook_that_cannot_be_written_is_no_defect(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (kept.parent / "file").write_text("")

    assert run(["plan", "export", str(kept.parent / "file" / "w.xlsx")]) == ExitCode.ERROR
    assert "INC-1052" in capsys.readouterr().err


def test_a_dry_run_needs_no_place_to_write(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (city / "out").write_text("")

    assert run(permits()) == ExitCode.OK
    found = capsys.readouterr()
    assert "4 servers in 2 nights" in found.out
    assert "not set aside for --yes" in found.err


def test_a_folder_without_tables_of_usage_is_an_error(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = stored(city, machine("one"))
    (city / "empty").mkdir()

    assert run(["inventory", "usage", "empty", "--as", "harbour", "--store", store]) == ExitCode.ERROR
    assert "INC-7184: empty: no .csv file is in it" in re.sub(r"/\S*/empty", "empty", capsys.readouterr().err)


def test_dependencies_of_a_site_that_nobody_knows_are_an_error(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = stored(city, machine("one"))

    assert run(["inventory", "dependencies", "--site", "harbor", "--store", store]) == ExitCode.ERROR
    assert "did you mean harbour?" in capsys.readouterr().err


def test_a_store_that_a_server_holds_is_no_matter_of_folders(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["assess", "--store", "mysql://somebody:secret@127.0.0.1:1/x"]) == ExitCode.ERROR
    err = capsys.readouterr().err
    assert "next: see to the server, its user and the URL" in err
    assert "secret" not in err


@pytest.mark.parametrize(("hours", "words"), [(0, "0 minutes old"), (1 / 60, "1 minute old"), (1, "1 hour old"), (48, "2 days old")])
def test_ages_are_said_as_people_say_them(hours: float, words: str) -> None:
    assert age_words(hours) == words
