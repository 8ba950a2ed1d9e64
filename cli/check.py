"""`incline check`: the rules over the estate, or over a move before it starts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.command import new_app
from cli.exit_codes import ExitCode
from cli.output import emit, say, styled
from cli.project import estate_path
from infra.errors import InclineError

if TYPE_CHECKING:
    from infra.estate.model import Estate
    from policies.evaluate import Result
    from policies.evidence import Evidence
    from policies.verdict import Verdict

app = new_app(
    "Judge the estate, or a move before it starts, by the city's rules.",
    examples=("incline check", "incline check --plan permits-db-01 --to aws-east", "incline check --report out/check --json"),
)

SEVERITIES = ("critical", "high", "medium", "low")


@app.callback(invoke_without_command=True, no_args_is_help=False)
def check(
    estate: Annotated[Path | None, typer.Option(help="The estate's folder.", envvar="INCLINE_ESTATE")] = None,
    plan: Annotated[str, typer.Option(help="A server: judge the state while it is on trial at --to.")] = "",
    to: Annotated[str, typer.Option(help="The site that --plan moves to; the estate's own intent when left out.")] = "",
    fail_on: Annotated[str, typer.Option(help="The mildest severity that fails the command: critical, high, medium or low.")] = "high",
    strict: Annotated[bool, typer.Option(help="Exit with 3 when a verdict is undetermined and nothing fails.")] = False,
    report: Annotated[Path | None, typer.Option(help="A folder for report.html, report.md and report.json.")] = None,
    json_mode: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Judge the estate, or a move before it starts, by the city's rules."""
    from policies.evaluate import evaluate  # noqa: PLC0415 - help and completion stay fast
    from policies.reports.data import result_data  # noqa: PLC0415

    if fail_on not in SEVERITIES:
        raise InclineError(f"--fail-on {fail_on}: no such severity", code="INC-5011", next_step=f"give one of {', '.join(SEVERITIES)}")
    folder = estate_path(estate)
    result = evaluate(_evidence(folder, plan, to))
    if report is not None:
        _write_reports(report, result, f"Check of {folder.name}" + (f": {plan} to {to}" if plan else ""))
    emit(result_data(result), lambda: _text(result), json_mode)
    raise typer.Exit(_exit_code(result, fail_on, strict=strict))


def _evidence(folder: Path, plan: str, to: str) -> Evidence:
    from infra.estate.load import load_estate  # noqa: PLC0415
    from policies.readers.estate import read_estate  # noqa: PLC0415
    from policies.readers.places import locator  # noqa: PLC0415
    from policies.readers.plan import read_plan  # noqa: PLC0415

    loaded, today = load_estate(folder), datetime.now(UTC).date()
    if not plan:
        return read_estate(loaded, today, locator(folder))
    return read_plan(loaded, plan, _target(loaded, plan, to), today, locator(folder))


def _target(estate: Estate, server: str, to: str) -> str:
    if server not in estate.servers:
        raise InclineError(f"{server}: the estate has no such server", code="INC-5012", next_step="incline estate show")
    target = to or estate.servers[server].site
    if target not in estate.sites:
        raise InclineError(f"{target}: the estate has no such site", code="INC-5013", next_step=f"give one of {', '.join(estate.sites)}")
    return target


def _text(result: Result) -> str:
    import sys  # noqa: PLC0415

    colours = {"fail": "red", "undetermined": "yellow", "waived": "yellow"}
    lines = [
        f"{styled(v.outcome.value, colours[v.outcome.value], sys.stdout)} {v.rule} {v.severity} {v.target}\n  {_explained(v)}"
        for v in result.verdicts
        if v.outcome.value in colours
    ]
    lines += [f"finding {finding}" for finding in result.findings]
    lines.append(", ".join(f"{count} {outcome}" for outcome, count in result.counts.items()))
    return "\n".join(lines)


def _explained(verdict: Verdict) -> str:
    parts = [verdict.message]
    if verdict.missing:
        parts.append("cannot be decided without: " + ", ".join(verdict.missing[:3]))
    if verdict.source:
        parts.append(f"see {verdict.source}")
    if verdict.outcome.value == "fail":
        parts.append(f"next: {verdict.remedy}")
    return "\n  ".join(parts)


def _write_reports(folder: Path, result: Result, title: str) -> None:
    from policies.reports.build import build_report  # noqa: PLC0415
    from policies.reports.html import to_html  # noqa: PLC0415
    from policies.reports.markdown import to_markdown  # noqa: PLC0415

    report = build_report(title, result, datetime.now(UTC))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(to_html(report), encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(report.model_dump(mode="json"), indent=1) + "\n", encoding="utf-8")
    say(f"report: {folder / 'report.html'}")


def _exit_code(result: Result, fail_on: str, *, strict: bool) -> ExitCode:
    failing = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    if any(v.outcome.value == "fail" and v.severity.value in failing for v in result.verdicts):
        return ExitCode.FINDINGS
    if strict and result.counts["undetermined"]:
        return ExitCode.UNDETERMINED
    return ExitCode.OK
