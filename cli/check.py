"""`incline check`: the rules over the estate, over a plan of moves, over what runs, or over a stack's state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.check_baseline import baseline_data, compared, save
from cli.check_terms import SEVERITIES, Terms, refuse_clashes, typed_options
from cli.command import closing_lines, new_app
from cli.names import complete_server, complete_site
from cli.output import emit, say_next
from cli.project import estate_path
from infra.errors import InclineError

if TYPE_CHECKING:
    from cli.check_evidence import Asked, Checked
    from cli.check_repair import Found
    from policies.baseline import Comparison

app = new_app("Judge the estate, a plan or what runs, by the city's rules.")

UNDETERMINED = ("ignore", "fail")


@app.command(
    "check",
    epilog=closing_lines(
        "incline check                                      the estate as it is declared",
        "incline check --plan permits-db-01 --to aws-east   a move, while both copies exist",
        "incline check --plan waves.json                    a plan, step by step and at its end",
        "incline check --live --undetermined fail           what runs now; exit 3 where evidence is missing",
        "incline check --state state.json                   a stack as pulumi stack export tells it",
        "incline check --repair                             and what would make failed capacity rules pass",
        "incline check --report out/check                   and as HTML, Markdown, JSON, SARIF and JUnit",
        "incline check --from-bundle check.json             what somebody saved with --bundle, judged again",
    ),
)
def check(
    context: typer.Context,
    *,
    estate: Annotated[Path | None, typer.Option(help="The estate's folder.", envvar="INCLINE_ESTATE")] = None,
    plan: Annotated[
        str, typer.Option(metavar="FILE|SERVER", help="Judge a plan of moves, or one server's with --to.", autocompletion=complete_server)
    ] = "",
    to: Annotated[
        str,
        typer.Option(
            metavar="SITE", help="The site that --plan SERVER moves to; left out, the one the estate says.", autocompletion=complete_site
        ),
    ] = "",
    live: Annotated[bool, typer.Option("--live", help="Ask both sides now, and judge what runs.")] = False,
    state: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Judge a state of pulumi stack export; may be repeated.")] = None,
    capacity: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The capacity snapshot; else out/capacity.json beside the estate.", envvar="INCLINE_CAPACITY"),
    ] = None,
    blind: Annotated[bool, typer.Option("--no-capacity", help="Judge without a capacity snapshot.")] = False,
    ledger: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Subtract what this ledger promises to other stacks.", envvar="INCLINE_LEDGER")
    ] = None,
    fail_on: Annotated[
        str, typer.Option(metavar="SEVERITY", help="The mildest that fails the command: critical, high, medium or low.")
    ] = "high",
    undetermined: Annotated[
        str, typer.Option(metavar="ignore|fail", help="fail: exit with 3 when a verdict is undetermined and nothing fails.")
    ] = "ignore",
    strict: Annotated[bool, typer.Option("--strict", help="The same as --undetermined fail.", hidden=True)] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Look for the smallest change that makes a failed capacity rule pass.")] = False,
    report: Annotated[Path | None, typer.Option(help="A folder for the reports: HTML, Markdown, JSON, SARIF, JUnit.")] = None,
    annotations: Annotated[bool, typer.Option("--annotations", help="GitHub annotations of the findings, on stderr.")] = False,
    bundle: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save inputs and result: anybody gets the same report from it.")
    ] = None,
    from_bundle: Annotated[
        Path | None, typer.Option("--from-bundle", metavar="FILE", help="Judge a saved check again; no estate is needed.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Only findings that this baseline does not know fail the command.")
    ] = None,
    save_baseline: Annotated[
        Path | None, typer.Option("--save-baseline", metavar="FILE", help="Save the findings of this check as a baseline.")
    ] = None,
    json_mode: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Judge the estate, a plan of moves or what runs, by its rules."""
    from cli.check_evidence import Asked  # noqa: PLC0415 - help and completion stay fast

    _one_of("--fail-on", fail_on, SEVERITIES, "INC-5011")
    _one_of("--undetermined", undetermined, UNDETERMINED, "INC-3031")
    refuse_clashes(typed_options(context), plan=plan, from_bundle=from_bundle is not None)
    asked = Asked(
        estate=Path() if from_bundle else estate_path(estate), plan=plan, to=to, live=live, states=tuple(state or ()),
        capacity=None if blind or live else capacity, blind=blind, ledger=ledger,
    )  # fmt: skip
    checked = _saved(from_bundle) if from_bundle else _judged(asked)
    terms = Terms(fail_on=fail_on, strict=strict or undetermined == "fail")
    found = _repairs(checked) if repair else {}
    comparison = compared(checked, baseline)
    save(checked, save_baseline)
    if report is not None:
        from cli.check_reports import write_reports  # noqa: PLC0415

        write_reports(report, checked, comparison=comparison, repairs=_in_words(found), strict=terms.strict)
    if bundle is not None:
        from cli.check_bundle import save_bundle  # noqa: PLC0415

        save_bundle(bundle, checked, asked.estate)
    _show(checked, found, comparison, terms, annotations=annotations, json_mode=json_mode)
    _say_next(checked, terms, comparison, reported=report is not None, looked=live or blind or from_bundle is not None)
    raise typer.Exit(terms.exit_code(checked.result, comparison))


def _say_next(checked: Checked, terms: Terms, comparison: Comparison | None, *, reported: bool, looked: bool) -> None:
    if terms.failing(checked.result, comparison) and not reported:
        say_next("mend what the lines above name; for every number:  incline check --report out/check")
    elif checked.result.counts["undetermined"] and checked.snapshot is None and not looked:
        say_next("for what could not be decided, see what both sites really have:  incline capacity snapshot")


def _one_of(option: str, given: str, choices: tuple[str, ...], code: str) -> None:
    if given not in choices:
        raise InclineError(f"{option} {given}: no such choice", code=code, next_step=f"give one of {', '.join(choices)}")


def _judged(asked: Asked) -> Checked:
    from cli.check_evidence import judged  # noqa: PLC0415

    return judged(asked)


def _saved(path: Path) -> Checked:
    from cli.check_bundle import open_bundle  # noqa: PLC0415

    return open_bundle(path)


def _repairs(checked: Checked) -> Found:
    from cli.check_repair import repairs  # noqa: PLC0415

    return repairs(checked.evidence, checked.result, checked.estate)


def _in_words(found: Found) -> dict[tuple[str, str], tuple[str, ...]]:
    return {key: tuple(f"{each.text}: {'; '.join(each.steps)}" for each in mended) for key, mended in found.items()}


def _show(checked: Checked, found: Found, comparison: Comparison | None, terms: Terms, *, annotations: bool, json_mode: bool) -> None:
    from cli.check_words import check_text  # noqa: PLC0415

    if annotations:
        from cli.check_reports import print_annotations  # noqa: PLC0415

        print_annotations(checked.result, checked.evidence)
    emit(_document(checked, found, comparison), lambda: check_text(checked, found, comparison, terms), json_mode)


def _document(checked: Checked, found: Found, comparison: Comparison | None) -> dict[str, Any]:
    from cli.check_repair import repair_data  # noqa: PLC0415
    from policies.reports.data import result_data  # noqa: PLC0415

    document = result_data(checked.result)
    for verdict in document["verdicts"]:
        if mended := found.get((verdict["rule"], verdict["target"])):
            verdict["repairs"] = [repair_data(each) for each in mended]
    steps = [{"name": s.name, "counts": s.result.counts, "blocking": len(s.result.blocking)} for s in checked.steps]
    against = {"baseline": baseline_data(comparison)} if comparison else {}
    return {**document, **({"steps": steps} if steps else {}), **against}
