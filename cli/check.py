"""`incline check`: the rules over the estate, or over a move before it starts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.command import closing_lines, new_app
from cli.exit_codes import ExitCode
from cli.names import complete_server, complete_site, known_server, known_site
from cli.output import emit, say, say_next, styled
from cli.project import estate_path
from infra.errors import InclineError

if TYPE_CHECKING:
    from infra.estate.model import Estate
    from policies.evaluate import Result
    from policies.evidence import Evidence
    from policies.verdict import Verdict

app = new_app("Judge the estate, or a move before it starts, by the city's rules.")

SEVERITIES = ("critical", "high", "medium", "low")


@app.command(
    "check",
    epilog=closing_lines(
        "incline check                                      the estate as it is declared",
        "incline check --plan permits-db-01 --to aws-east   a move, while both copies exist",
        "incline check --report out/check --json            report.html, report.md and report.json too",
    ),
)
def check(
    estate: Annotated[Path | None, typer.Option(help="The estate's folder.", envvar="INCLINE_ESTATE")] = None,
    plan: Annotated[
        str, typer.Option(metavar="SERVER", help="Judge the state while this server is on trial at --to.", autocompletion=complete_server)
    ] = "",
    to: Annotated[
        str,
        typer.Option(
            metavar="SITE", help="The site that --plan moves to; left out, the one the estate says.", autocompletion=complete_site
        ),
    ] = "",
    fail_on: Annotated[
        str, typer.Option(metavar="SEVERITY", help="The mildest that fails the command: critical, high, medium or low.")
    ] = "high",
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 when a verdict is undetermined and nothing fails.")] = False,
    report: Annotated[Path | None, typer.Option(help="A folder for report.html, report.md and report.json.")] = None,
    json_mode: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Judge the estate, or a move before it starts, by its rules."""
    from policies.evaluate import evaluate  # noqa: PLC0415 - help and completion stay fast
    from policies.reports.data import result_data  # noqa: PLC0415

    if fail_on not in SEVERITIES:
        raise InclineError(f"--fail-on {fail_on}: no such severity", code="INC-5011", next_step=f"give one of {', '.join(SEVERITIES)}")
    folder = estate_path(estate)
    result = evaluate(_evidence(folder, plan, to))
    if report is not None:
        _write_reports(report, result, f"Check of {folder.name}" + (f": {plan} to {to}" if plan else ""))
    emit(result_data(result), lambda: _text(result), json_mode)
    if report is None and result.blocking:
        say_next("mend what the lines above name; for every number:  incline check --report out/check")
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
    known_server(estate, server)
    placement = estate.placements.get(server)
    target = to or estate.servers[server].site
    known_site(estate, target)
    if placement is not None and placement.site == target:
        others = ", ".join(sorted(set(estate.sites) - {target}))
        raise InclineError(
            f"{server}: is on {target} already, there is no move to judge", code="INC-5014", next_step=f"--to one of {others}"
        )
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
    return "\n".join([*lines, _answer(result)])


def _answer(result: Result) -> str:
    """The last line is the one that matters: may it be, and how many verdicts say so."""
    blocking = len(result.blocking)
    answer = f"{blocking} finding{'s' * (blocking > 1)} must be decided" if blocking else "no rule stands in the way"
    return f"{answer}: " + ", ".join(f"{count} {outcome}" for outcome, count in result.counts.items() if count)


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
    (folder / "report.json").write_text(
        json.dumps({"schema": "incline.report/1", **report.model_dump(mode="json")}, indent=1) + "\n", encoding="utf-8"
    )
    say(f"report: {folder / 'report.html'}")


def _exit_code(result: Result, fail_on: str, *, strict: bool) -> ExitCode:
    failing = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    if any(v.outcome.value == "fail" and v.severity.value in failing for v in result.verdicts):
        return ExitCode.FINDINGS
    if strict and result.counts["undetermined"]:
        return ExitCode.UNDETERMINED
    return ExitCode.OK
