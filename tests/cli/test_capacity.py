"""`incline capacity` and the lab's knobs that it shows, on a lab of the example city."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.capacity_bars import age_words, rows
from cli.capacity_look import look, snapshot_path, write_snapshot
from cli.exit_codes import ExitCode
from cli.main import run
from infra.errors import InclineError
from infra.estate.load import load_estate
from infra.estate.model import HighAvailability
from infra.observed.capacity import (
    AwsCapacity,
    CapacitySnapshot,
    ObservedCluster,
    ObservedHost,
    ObservedMachine,
    ObservedQuota,
    VsphereCapacity,
)
from policies.readers.snapshot import read_snapshot
from tests.fakes.city_lab import CityLab

GIB = 1 << 30
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
NOBODY = "127.0.0.1:9"


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def snapshot(path: Path, capsys: pytest.CaptureFixture[str], *words: str, expect: ExitCode = ExitCode.OK) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["capacity", "snapshot", "--out", str(path), "--quiet", "--json", *words]) == expect
    return document(capsys)


def test_all_sites_in_one_file_that_holds_no_secret(here: CityLab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = snapshot(tmp_path / "c.json", capsys)

    assert set(told["sites"]) == {"aws-east", "downtown", "northside"}
    assert told["sites"]["downtown"]["hosts"] == 8
    assert told["sites"]["downtown"]["measured"] == told["sites"]["downtown"]["machines"] == 32
    text = (tmp_path / "c.json").read_text()
    secrets = [value for name, value in here.environ.items() if name.endswith("PASSWORD") or "SECRET" in name]
    assert secrets
    assert not any(secret in text for secret in secrets if len(secret) > 3)


def test_what_the_lab_serves_is_what_the_estate_says(here: CityLab) -> None:
    estate = load_estate(here.estate, settled=False)

    seen = look(estate, ["downtown", "northside"]).snapshot.sites

    for name, found in seen.items():
        assert isinstance(found, VsphereCapacity)
        declared = {cluster.name: cluster for cluster in estate.sites[name].clusters}  # type: ignore[union-attr]
        for cluster in found.clusters:
            wanted = declared[cluster.name]
            assert cluster.ha == wanted.ha
            assert cluster.drs == wanted.drs
            assert [(h.name, h.cores, h.mhz, h.memory) for h in cluster.hosts] == sorted(
                (h.name, h.cores, h.mhz, h.memory) for h in wanted.hosts
            )
        assert all(machine.server for machine in found.machines)


def test_a_failed_host_and_a_lowered_quota_show(here: CityLab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.json"
    assert run(["lab", "host", "fail", "dt-esx-01"]) == ExitCode.OK
    assert snapshot(path, capsys)["sites"]["downtown"]["away"] == 0, "a dry run does nothing"
    assert run(["lab", "host", "fail", "dt-esx-01", "--yes"]) == ExitCode.OK
    assert run(["lab", "quota", "set", "L-1216C47A", "64"]) == ExitCode.OK
    try:
        assert snapshot(path, capsys)["sites"]["downtown"]["away"] == 1
        assert run(["capacity", "show", str(path)]) == ExitCode.OK
        shown = capsys.readouterr().out
    finally:
        run(["lab", "host", "recover", "dt-esx-01"])
        run(["lab", "quota", "set", "L-1216C47A", "640"])
    assert "away: dt-esx-01" in shown
    assert "0 of 64 vCPU" in shown
    assert "0 minutes old" in shown
    assert snapshot(path, capsys)["sites"]["downtown"]["away"] == 0


def test_a_mistyped_host_or_site_is_suggested(here: CityLab, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "host", "fail", "dt-esx-99"]) == ExitCode.ERROR
    assert "INC-4308" in capsys.readouterr().err
    assert run(["capacity", "snapshot", "--site", "downtwon"]) == ExitCode.ERROR
    assert "did you mean downtown?" in capsys.readouterr().err


def test_a_site_that_is_away_is_named_and_partial_goes_on(
    here: CityLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INCLINE_SITE_NORTHSIDE_ENDPOINT", NOBODY)
    path = tmp_path / "c.json"

    assert run(["capacity", "snapshot", "--out", str(path), "--quiet"]) == ExitCode.ERROR
    assert "site northside: vCenter 127.0.0.1:9 does not answer" in capsys.readouterr().err
    assert not path.exists()

    told = snapshot(path, capsys, "--partial", expect=ExitCode.UNDETERMINED)

    assert set(told["sites"]) == {"aws-east", "downtown"}
    assert told["unanswered"]["northside"]["code"] == "INC-6004"
    assert set(read_snapshot(path).sites) == {"aws-east", "downtown"}


def test_when_nobody_answers_partial_is_an_error_too(here: CityLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCLINE_SITE_NORTHSIDE_ENDPOINT", NOBODY)

    with pytest.raises(InclineError, match="northside"):
        look(load_estate(here.estate, settled=False), ["northside"], partial=True)


def small() -> CapacitySnapshot:
    hosts = (ObservedHost(name="a", cores=10, mhz=1000, memory=60 * GIB), ObservedHost(name="b", cores=10, mhz=1000, memory=40 * GIB))
    gone = ObservedHost(name="c", cores=10, mhz=1000, memory=40 * GIB, connection="notResponding")
    cluster = ObservedCluster(name="data", ha=HighAvailability(), drs=True, hosts=(*hosts, gone))
    machine = ObservedMachine(
        name="m", server="m", uuid="u", cluster="data", host="a", datastore="fast", running=True, cpus=2, memory=25 * GIB, disks=(GIB,)
    )
    quota = ObservedQuota(code="L-1", name="Running On-Demand F instances", families=("f",), limit=10, used=5)
    sites = {
        "hall": VsphereCapacity(taken_at=NOW, source="test", clusters=(cluster,), datastores=(), machines=(machine,)),
        "cloud": AwsCapacity(taken_at=NOW - timedelta(hours=3), source="test", region="us-east-1", quotas=(quota,)),
    }
    return CapacitySnapshot(estate="village", taken_at=NOW, sites=sites)


def test_a_snapshot_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "c.json"
    write_snapshot(path, small())

    assert read_snapshot(path) == small()
    assert json.loads(path.read_text())["schema"] == "incline.capacity/1"


def test_bars_count_what_is_there(tmp_path: Path) -> None:
    memory, quota = rows(small())

    assert (memory.used, memory.total, memory.safe, memory.note) == (25, 100, 40, "away: c")
    assert memory.text().count("#") == 8
    assert memory.text().index("|") - memory.text().index("[") == 1 + 12
    assert (quota.share, quota.note) == (0.5, "F")


def test_a_snapshot_is_as_old_as_its_oldest_site() -> None:
    assert small().taken() == NOW - timedelta(hours=3)


@pytest.mark.parametrize(
    ("hours", "words"), [(0.0, "0 minutes old"), (0.5, "30 minutes old"), (47.0, "47 hours old"), (72.0, "3 days old")]
)
def test_ages_in_words(hours: float, words: str) -> None:
    assert age_words(hours) == words


def test_what_is_no_snapshot_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.json").write_text('{"schema": "incline.capacity/2"}')

    assert run(["capacity", "show", str(tmp_path / "c.json")]) == ExitCode.ERROR
    assert "incline capacity snapshot" in capsys.readouterr().err
    assert run(["capacity", "show", str(tmp_path / "none.json")]) == ExitCode.ERROR
    assert "cannot be read" in capsys.readouterr().err


def test_where_the_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("INCLINE_CAPACITY", raising=False)
    assert snapshot_path().parts[-2:] == ("out", "capacity.json")
    monkeypatch.setenv("INCLINE_CAPACITY", str(tmp_path / "mine.json"))
    assert snapshot_path() == tmp_path / "mine.json"
    assert snapshot_path(tmp_path / "given.json") == tmp_path / "given.json"
