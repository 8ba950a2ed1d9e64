"""`incline plan`: a plan is shown before it is kept, edits are scored at once, and every command answers in words and as a document."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.exit_codes import ExitCode
from cli.main import run
from migration.waves.document import read_wave_plan
from tests.fakes.village import Village

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("INCLINE_CAPACITY", "INCLINE_ESTATE", "INCLINE_LEDGER", "INCLINE_STORE", "INCLINE_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The example city's estate, without what somebody decided about its nights."""
    shutil.copytree(ROOT / "estate", tmp_path / "estate")
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan/programme.yaml").write_text(
        "early: {nights: 0}\nweekdays: [mon, tue, wed, thu, fri, sat, sun]\npeople: {per_night: 1, hours: 3}\n"
    )
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = run(["plan", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def make(*words: str) -> int:
    return run(["plan", "make", "--to", "aws-east", "--service", "permits", "--seconds", "5", *words])


@pytest.fixture
def kept(city: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A city with a plan for its permits: three servers in one night, the second of the pair in the next."""
    assert make("--yes") == ExitCode.OK
    capsys.readouterr()
    return city / "plan/waves.yaml"


def soon(days: int) -> str:
    return str(datetime.now(UTC).date() + timedelta(days=days))


def test_a_plan_is_shown_and_not_kept(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make() == ExitCode.OK
    out = capsys.readouterr()

    assert "4 servers in 2 nights" in out.out
    assert "optimal" in out.out
    assert out.err.splitlines()[-1] == "next: incline plan make --to aws-east --service permits --yes"
    assert not (city / "plan/waves.yaml").exists()


def test_yes_keeps_what_the_dry_run_has_shown(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make()
    shown = capsys.readouterr().out.splitlines()[0]
    assert make("--yes") == ExitCode.OK

    assert capsys.readouterr().out.splitlines()[0] == shown
    assert not (city / "out/waves-next.yaml").exists()
    assert len(read_wave_plan(city / "plan/waves.yaml").night_of()) == 4


def test_a_dry_run_of_other_inputs_is_not_kept(city: Path) -> None:
    make()
    (city / "plan/programme.yaml").write_text("retained: [{server: permits-web-01, reason: it stays}]\n")
    make("--yes")

    assert "permits-web-01" not in read_wave_plan(city / "plan/waves.yaml").night_of()


def test_the_document_is_the_files_own_form(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer(capsys, "make", "--to", "aws-east", "--service", "permits", "--seconds", "5")

    assert code == ExitCode.OK
    assert document["schema"] == "incline.waves/1"
    assert [len(night["servers"]) for night in document["nights"]] == [3, 1]
    assert document["violations"] == []
    assert document["result"]["gap"] <= 0.001


def test_what_nobody_moves_is_an_error_with_a_next_step(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer(capsys, "make")

    assert (code, document["error"]["code"]) == (ExitCode.ERROR, "INC-7126")


@pytest.mark.parametrize(("words", "hint"), [(("--to", "aws-est"), "aws-east"), (("--to", "aws-east", "--service", "permit"), "permits")])
def test_mistyped_names_get_a_suggestion(city: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], hint: str) -> None:
    code, document = answer(capsys, "make", *words)

    assert (code, document["error"]["code"]) == (ExitCode.ERROR, "INC-7127")
    assert document["error"]["next_step"] == f"did you mean {hint}?"


def test_a_mistake_in_the_programme_has_its_line(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (city / "plan/programme.yaml").write_text("nights: 10\npeeple: {per_night: 3}\n")
    code, document = answer(capsys, "make", "--to", "aws-east")

    assert (code, document["error"]["code"]) == (ExitCode.ERROR, "INC-7120")
    assert "programme.yaml:2: " in document["error"]["details"][0]


def test_what_cannot_hold_together_is_named_and_the_rest_is_planned(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Four servers and one night for two of them."""
    (city / "plan/programme.yaml").write_text("nights: 1\nearly: {nights: 0}\npeople: {per_night: 1, hours: 3}\ngroups: {by: server}\n")
    code, document = answer(capsys, "make", "--to", "aws-east", "--service", "permits", "--seconds", "5")

    assert code == ExitCode.FINDINGS
    assert sum(len(night["servers"]) for night in document["nights"]) == 3
    assert document["conflict"]["demands"]
    assert [each["kind"] for each in document["left_out"]] == ["not placed"]


def test_what_the_rules_would_stop_is_left_out_with_the_rule(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer(capsys, "make", "--to", "aws-east", "--service", "identity", "--seconds", "5")

    stopped = [each for each in document["left_out"] if each["kind"] == "rules"]
    assert code == ExitCode.FINDINGS
    assert [each["why"].partition(" ")[0] for each in stopped] == ["REL-002"]
    assert run(["plan", "make", "--to", "aws-east", "--service", "identity", "--seconds", "5", "--yes"]) == ExitCode.FINDINGS
    assert answer(capsys, "check")[0] == ExitCode.OK


def test_without_the_rules_the_check_finds_it(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["plan", "make", "--to", "aws-east", "--service", "identity", "--seconds", "5", "--no-rules", "--yes"])
    code, document = answer(capsys, "check")

    blocking = [each for night in document["nights"] for each in night["failing"] if each["blocks"]]
    assert code == ExitCode.FINDINGS
    assert {each["rule"] for each in blocking} == {"REL-002"}
    assert "identity-dns-02" in blocking[0]["servers"]


def test_show_all_a_night_and_a_server(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    night = str(read_wave_plan(kept).nights[0].night)

    assert run(["plan", "show"]) == run(["plan", "show", night]) == run(["plan", "show", "wave-1"]) == ExitCode.OK
    assert "permits: permits-app-01, permits-db-01, permits-web-01" in capsys.readouterr().out
    code, document = answer(capsys, "show", "permits-db-01")
    assert (code, document["night"], document["group"]) == (ExitCode.OK, night, "permits")
    code, document = answer(capsys, "show", "permits-db-1")
    assert (code, document["error"]["code"], document["error"]["next_step"]) == (ExitCode.ERROR, "INC-7128", "did you mean permits-db-01?")


def test_why_a_server_moves_when_it_does(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programme = kept.parent / "programme.yaml"
    programme.write_text(programme.read_text() + f"freezes: [{{begins: {soon(12)}, ends: {soon(14)}, reason: elections}}]\n")
    code, document = answer(capsys, "show", "permits-app-02", "--why")
    why = document["why"]

    assert code == ExitCode.OK
    assert {"from": soon(12), "to": soon(14), "why": f"freeze {soon(12)} to {soon(14)}: elections"} in why["closed"]
    assert [(each["group"], each["nights"]) for each in why["after"]] == [("permits", 1)]
    assert "first copy 100.0 GiB" in why["formula"]
    run(["plan", "show", "permits-app-02", "--why"])
    out = capsys.readouterr().out
    assert "permits before permits/2" in out
    assert "elections" in out


def test_the_kept_plan_scores_what_the_planner_said(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer(capsys, "score")
    result = read_wave_plan(kept).result

    assert (code, document["violations"]) == (ExitCode.OK, [])
    assert result is not None
    assert document["objective"] == pytest.approx(result.objective, abs=0.01)


def test_a_pin_is_shown_with_what_it_breaks_and_kept_with_yes(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, other = kept.read_text(), str(read_wave_plan(kept).night_of()["permits-app-02"])
    code, document = answer(capsys, "pin", "permits-db-01", other)

    assert code == ExitCode.FINDINGS
    assert len(document["changes"]) == 3
    assert any("redundancy" in words for words in document["violations"])
    assert kept.read_text() == before
    run(["plan", "pin", "permits-db-01", other, "--yes"])
    assert str(read_wave_plan(kept).night_of()["permits-db-01"]) == other


def test_a_new_plan_keeps_the_pin_and_repairs_the_rest(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = read_wave_plan(kept).night_of()["permits-app-02"]
    run(["plan", "pin", "permits-db-01", str(other), "--yes"])
    assert run(["plan", "make", "--seconds", "5", "--yes"]) == ExitCode.OK
    nights = read_wave_plan(kept).night_of()

    assert nights["permits-db-01"] == nights["permits-app-01"] == other
    assert nights["permits-app-02"] != other


def test_a_pin_that_breaks_nothing_changes_nothing_else(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = read_wave_plan(kept).night_of()["permits-app-02"]
    assert run(["plan", "pin", "permits-db-01", soon(20), "--yes"]) == ExitCode.OK
    assert run(["plan", "make", "--seconds", "5", "--yes"]) == ExitCode.OK
    nights = read_wave_plan(kept).night_of()

    assert str(nights["permits-db-01"]) == soon(20)
    assert nights["permits-app-02"] == before
    assert answer(capsys, "score")[0] == ExitCode.OK
    assert run(["plan", "unpin", "permits-db-01", "--yes"]) == ExitCode.OK
    assert read_wave_plan(kept).pins == ()


def test_a_hand_edit_of_the_file_is_seen_and_comments_stay(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = kept.read_text().splitlines()
    place = next(n for n, line in enumerate(lines) if "server: permits-web-01" in line)
    line = lines.pop(place)
    end = next(n for n, each in enumerate(lines) if each.startswith("pins:"))
    lines[end:end] = [f"  - night: {soon(25)}", "    servers:", "      # after the council's session", line]
    kept.write_text("\n".join(lines) + "\n")
    code, document = answer(capsys, "score")

    assert code == ExitCode.OK
    assert "PLN-005" in {each["code"] for each in document["findings"]}
    assert run(["plan", "make", "--seconds", "5", "--yes"]) == ExitCode.OK
    assert str(read_wave_plan(kept).night_of()["permits-web-01"]) == soon(25)
    assert "# after the council's session" in kept.read_text()


def test_a_plan_for_something_else_says_whom_it_drops(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer(capsys, "make", "--to", "aws-east", "--service", "parks", "--seconds", "5")

    assert code == ExitCode.OK
    assert ["4 servers" in each["what"] for each in document["findings"] if each["code"] == "PLN-018"] == [True]


def test_retained_with_a_reason(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "retain", "permits-web-01", "--reason", "stays in the hall", "--yes"]) == ExitCode.OK
    assert run(["plan", "make", "--seconds", "5", "--yes"]) == ExitCode.OK

    plan = read_wave_plan(kept)
    assert "permits-web-01" not in plan.night_of()
    assert [(each.server, each.reason) for each in plan.retained] == [("permits-web-01", "stays in the hall")]
    assert answer(capsys, "retain", "permits-web-1", "--reason", "x")[1]["error"]["code"] == "INC-7133"


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_out_to_a_workbook_and_in_again(kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    path = tmp_path / f"waves{suffix}"
    assert run(["plan", "export", str(path)]) == ExitCode.OK
    code, document = answer(capsys, "import", str(path))

    assert (code, document["changes"], document["violations"]) == (ExitCode.OK, [], [])


def test_edits_of_a_table_become_pins(kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "edited.csv"
    path.write_text(f"Server,Night\npermits-app-02,{soon(30)}\npermits-dbb-01,{soon(30)}\n")
    code, document = answer(capsys, "import", str(path), "--yes")

    assert code == ExitCode.OK
    assert {"PLN-030", "PLN-035"} <= {each["code"] for each in document["findings"]}
    assert [str(pin.night) for pin in read_wave_plan(kept).pins] == [soon(30)]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("pin", "permits-db-01", "soon"), "INC-7135"),
        (("pin", "permits-db-01", "2020-01-01"), "INC-7136"),
        (("pin", "permits-dbb-01", "2099-01-01"), "INC-7123"),
        (("unpin", "permits-db-01"), "INC-7125"),
        (("export", "waves.pdf"), "INC-7134"),
        (("import", "none.xlsx"), "INC-7131"),
    ],
)
def test_refusals_have_codes(kept: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: str) -> None:
    assert answer(capsys, *words)[1]["error"]["code"] == code


def test_without_a_plan_the_next_step_is_to_make_one(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("show", "score", "check"):
        assert answer(capsys, command)[1]["error"]["code"] == "INC-7122"


def test_the_moves_that_the_estate_says_need_no_target(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    village = Village(tmp_path / "estate")
    night = datetime.now(UTC).date() + timedelta(days=9)
    village.edit(
        "servers/servers.yaml",
        "site: hall  # the database stays here until spring",
        f"site: cloud\n    move: {{on: {night}, window_minutes: 240}}",
    )
    code, document = answer(capsys, "make", "--estate", str(village.root), "--seconds", "5", "--no-rules")

    assert code == ExitCode.OK
    assert [(date.fromisoformat(each["night"]), [s["server"] for s in each["servers"]]) for each in document["nights"]] == [
        (night, ["desk-db-01"])
    ]
