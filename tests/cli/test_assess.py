"""`incline assess`, as it is run on the example estate and on an imported workbook."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.exit_codes import ExitCode
from cli.main import run
from migration.discover.exchange import read_file
from migration.discover.model import FoundDisk, FoundMachine, Inventory, Metric, Percentiles
from migration.discover.store import open_store

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("estate")


@pytest.fixture
def store(tmp_path: Path) -> str:
    path = str(tmp_path / "sample.sqlite")
    now = datetime.now(UTC)
    with open_store(path) as opened:
        opened.save("sample", read_file(ROOT / "tests/data/rvtools/example1.xlsx", "sample", now))
    return path


def told(capsys: pytest.CaptureFixture[str], *words: str, code: ExitCode = ExitCode.OK) -> tuple[str, str]:
    assert run(["assess", *words]) == code
    found = capsys.readouterr()
    return found.out, found.err


def document(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(capsys, *words, "--json")[0])
    return found


def test_the_answer_stands_first_and_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = told(capsys)

    lines = out.splitlines()
    assert lines[0] == "47 servers judged (42 to aws-east and 5 to downtown): 14 ready, 31 ready with conditions, 2 not ready."
    assert "a month now" in lines[1]
    assert "over three years that" in lines[1]
    assert lines[2].startswith("Really saved on hosts: ")
    assert "Legacy systems first: courts-app-01, courts-db-01." in lines
    assert "nothing was discovered yet: judged by what the estate declares" in err
    assert "next: incline discover --all" in err


def test_who_is_not_judged_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = told(capsys)

    assert "ops-vault-01  could go to downtown or northside: say which with --to" in out


def test_one_server_shows_reasons_remedies_sources_and_every_price(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = told(capsys, "--server", "courts-db-01")

    assert "RDY-008  BLOCKS     has rhel-6; rhel 7.4 is the oldest that starts on aws" in out
    assert "by: Amazon EC2 User Guide" in out
    assert "out of support since 2020-11-30" in out
    assert "220.00 GiB at 0.08 USD per GiB-month; Amazon EBS pricing, gp3, us-east-1, 2025-06-30" in out
    assert "assumption, put your own figure" in out
    assert "for comparison, Red Hat's planner: operating system 1 of 4" in out


def test_json_is_one_document_with_the_sums(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "--service", "permits")

    assert found["schema"] == "incline.assess/1"
    assert found["discovered"] is False
    assert [each["server"] for each in found["servers"]] == ["permits-app-01", "permits-app-02", "permits-db-01", "permits-web-01"]
    going = [s for s in found["servers"] if s["strategy"] in {"rehost", "replatform"}]
    assert found["summary"]["now"] == pytest.approx(sum(s["cost"]["now_usd_month"] for s in going))
    line = going[0]["cost"]["lines"][0]
    assert set(line) == {"what", "amount", "unit", "usd", "per", "side", "source", "dated"}


def test_the_order_is_what_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    found = [s["cost"]["three_years_usd"] for s in document(capsys, "--sort", "saving")["servers"]]
    sizes = [s["bytes"] for s in document(capsys, "--sort", "size")["servers"]]

    assert found == sorted(found, reverse=True)
    assert sizes == sorted(sizes, reverse=True)


def test_a_table_for_spreadsheets_runs_no_formulas(capsys: pytest.CaptureFixture[str], tmp_path: Path, estate: Path) -> None:
    services = estate / "services" / "services.yaml"
    services.write_text(services.read_text().replace("owner: Municipal Court", 'owner: "=cmd()"'))
    file = tmp_path / "list.csv"
    told(capsys, "--csv", str(file))

    rows = list(csv.DictReader(file.read_text().splitlines()))
    courts = next(row for row in rows if row["server"] == "courts-db-01")
    assert len(rows) == 47
    assert courts["owner"] == "'=cmd()"
    assert (courts["readiness"], courts["blocking"], courts["supported_until"]) == ("not ready", "RDY-008", "2020-11-30")


def test_prices_of_the_city_change_the_bill(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("prices:\n  ebs-gp3-gib-month: {value: 1, unit: USD per GiB-month, source: a dear region, dated: 2026-11-01}\n")
    before = document(capsys, "--server", "gis-files-01")["servers"][0]["cost"]["then_usd_month"]
    after = document(capsys, "--server", "gis-files-01", "--prices", str(file))["servers"][0]

    gib = after["bytes"] / (1 << 30)
    assert after["cost"]["then_usd_month"] - before == pytest.approx(gib * 0.92, rel=0.01)


def test_mistakes_in_prices_are_told_by_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("prices:\n  ebs-gp3-gib: {value: 1}\n")
    _, err = told(capsys, "--prices", str(file), code=ExitCode.ERROR)

    assert "INC-7061" in err
    assert "prices.yaml:2: nothing has the price ebs-gp3-gib; did you mean ebs-gp3-gib-month?" in err


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (["--server", "permits-db-1"], "INC-7064", "did you mean permits-db-01?"),
        (["--site", "downtwn"], "INC-7063", "did you mean downtown?"),
        (["--to", "aws-west"], "INC-7062", "did you mean aws-east?"),
        (["--service", "permit"], "INC-3083", "did you mean permits?"),
        (["--policy", "azur"], "INC-7070", "did you mean azure?"),
        (["--to", "northside", "--site", "downtown"], "INC-7065", "name a target with --to"),
    ],
)
def test_a_name_that_nothing_has_gets_a_suggestion(capsys: pytest.CaptureFixture[str], words: list[str], code: str, hint: str) -> None:
    _, err = told(capsys, *words, code=ExitCode.ERROR)

    assert code in err
    assert hint in err


def test_the_rules_of_readiness_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = told(capsys, "--codes")
    rules = document(capsys, "--codes")["rules"]

    assert out == (ROOT / "docs/readiness.md").read_text(encoding="utf-8")
    assert {"code", "what", "direction", "blocks", "remedy", "source"} == set(rules[0])


def test_a_workbook_is_judged_beside_an_estate_that_does_not_know_it(capsys: pytest.CaptureFixture[str], store: str) -> None:
    out, _ = told(capsys, "--store", store)
    found = {each["server"]: each for each in document(capsys, "--store", store)["servers"]}

    assert out.startswith("9 servers judged (9 to aws-east): 0 ready, 7 ready with conditions, 2 not ready.")
    assert {each["confidence"]["value"] for each in found.values()} == {0}
    assert "has no measurements" in found["vm-3"]["confidence"]["why"][0]
    assert [r["code"] for r in found["vm-2"]["reasons"] if r["blocks"]] == ["RDY-005", "RDY-009"]
    assert all("RDY-011" in {r["code"] for r in each["reasons"]} for each in found.values())


def test_servers_that_no_look_has_shown_are_judged_as_declared(
    capsys: pytest.CaptureFixture[str], estate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(str(estate.parent / "out/inventory.sqlite")) as opened:
        opened.save("harbour", read_file(ROOT / "tests/data/rvtools/example1.xlsx", "harbour", datetime.now(UTC)))
    out, err = told(capsys, "--to", "aws-east")

    assert out.startswith("51 servers judged (51 to aws-east)")
    assert "48 servers of the estate were not discovered (at aws-east, downtown, northside): judged as declared there" in err
    assert document(capsys, "--server", "permits-db-01")["servers"][0]["server"] == "permits-db-01"


def test_a_name_that_nothing_resembles_lists_names_and_no_keys(capsys: pytest.CaptureFixture[str], store: str) -> None:
    _, err = told(capsys, "--store", store, "--server", "zebra", code=ExitCode.ERROR)

    assert "known: vm-1, vm-2" in err


def test_a_workbook_needs_no_estate(
    capsys: pytest.CaptureFixture[str], store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INCLINE_ESTATE")
    monkeypatch.chdir(tmp_path)
    found = document(capsys, "--store", store, "--to", "aws")

    assert {each["target"] for each in found["servers"]} == {"aws"}
    assert "RDY-011" not in {r["code"] for each in found["servers"] for r in each["reasons"]}


def test_a_store_that_is_not_there_is_an_error_with_a_next_step(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, err = told(capsys, "--store", str(tmp_path / "none.sqlite"), code=ExitCode.ERROR)

    assert "INC-7090" in err
    assert "incline discover" in err


def test_the_way_of_sizing_can_be_chosen(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    now = datetime.now(UTC)
    path = str(tmp_path / "measured.sqlite")
    machine = FoundMachine(
        key="harbour/1",
        name="vm-1",
        site="harbour",
        kind="vsphere",
        source="vCenter",
        as_of=now,
        cpus=16,
        memory=64 << 30,
        os="debian-12",
        disks=(FoundDisk(label="Hard disk 1", size=40 << 30),),
    )
    seen = tuple(
        _steady("harbour/1", metric, value, now) for metric, value in ((Metric.CPU_PERCENT, 20.0), (Metric.MEMORY, float(8 << 30)))
    )
    with open_store(path) as opened:
        opened.save("harbour", Inventory(taken_at=now, machines=(machine,), usage=seen))
    chosen = {
        name: document(capsys, "--store", path, "--policy", name)["servers"][0]["sizing"]["chosen"]["cpus"]
        for name in ("max", "provisioned")
    }

    assert chosen == {"max": 4, "provisioned": 16}


def test_a_server_has_the_same_size_alone_and_among_all(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    now = datetime.now(UTC)
    path = str(tmp_path / "fleet.sqlite")
    machines = tuple(
        FoundMachine(key=f"harbour/{n}", name=f"vm-{n}", site="harbour", kind="vsphere", source="v", as_of=now, cpus=8, memory=32 << 30)
        for n in range(40)
    )
    seen = [_steady(m.key, Metric.CPU_PERCENT, 2.0 * n, now) for n, m in enumerate(machines)]
    seen += [_steady(m.key, Metric.MEMORY, (32 << 30) * n / 50, now) for n, m in enumerate(machines)]
    with open_store(path) as opened:
        opened.save("harbour", Inventory(taken_at=now, machines=machines, usage=tuple(seen)))
    fleet = {each["server"]: each["sizing"]["chosen"] for each in document(capsys, "--store", path)["servers"]}

    for name in ("vm-3", "vm-20", "vm-39"):
        [alone] = document(capsys, "--store", path, "--server", name)["servers"]
        assert alone["sizing"]["chosen"] == fleet[name]


def _steady(machine: str, metric: Metric, value: float, now: datetime) -> Percentiles:
    return Percentiles(
        machine=machine,
        metric=metric,
        interval_s=300,
        samples=8640,
        expected=8640,
        first=now - timedelta(days=30),
        last=now,
        mean=value,
        p50=value,
        p90=value,
        p95=value,
        p99=value,
        maximum=value,
    )
