"""`incline plan`: which servers move in which night, and why then. Changing commands are a dry run without --yes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import closing_lines, new_app
from cli.exit_codes import ExitCode
from cli.names import complete_server, complete_service, complete_site
from cli.output import emit, say_next
from cli.plan_edit import EPILOGS, export_command, import_command, pin_command, retain_command, unpin_command
from cli.plan_options import CapacityOption, EstateOption, JsonOption, PlanOption, ProgrammeOption, YesOption
from cli.plan_run import RUN_EPILOG, STATUS_EPILOG, run_command, status_command
from cli.store_path import StoreOption

if TYPE_CHECKING:
    from cli.plan_solve import Made
    from migration.discover.model import Finding
    from migration.waves.document import WavePlan
    from migration.waves.edits import Rescored

app = new_app(
    "Plan which servers move in which night.",
    examples=(
        "incline plan make --to aws-east --service permits   a plan, shown; --yes keeps it in plan/waves.yaml",
        "incline plan show                                   the plan that is kept",
        "incline plan pin permits-db-01 2026-12-10 --yes     a night that a person chose",
        "incline plan score                                  what hand edits cost and break",
        "incline plan check                                  every wave judged by the rules",
    ),
)


@app.command(
    "make",
    epilog=closing_lines(
        "incline plan make                                     the moves that the estate says",
        "incline plan make --to aws-east --service permits     these, whatever the estate says",
        "incline plan make --to aws-east --seconds 30 --yes    keep it; people's edits stay, little else changes",
    ),
)
def make_command(
    *,
    to: Annotated[
        str, typer.Option("--to", metavar="SITE", help="The site to move to; else as the estate says.", autocompletion=complete_site)
    ] = "",
    service: Annotated[
        list[str] | None, typer.Option("--service", metavar="SERVICE", help="Only this; may be repeated.", autocompletion=complete_service)
    ] = None,
    server: Annotated[
        list[str] | None, typer.Option("--server", metavar="SERVER", help="Only this; may be repeated.", autocompletion=complete_server)
    ] = None,
    site: Annotated[
        list[str] | None, typer.Option("--site", metavar="SITE", help="Only from this; may be repeated.", autocompletion=complete_site)
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="Longest time to look for a better plan.")] = 120.0,
    gap: Annotated[
        float, typer.Option("--gap", min=0, help="Stop when the plan is proven this close to the best, 0.001 for 0.1 %.")
    ] = 0.001,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not stay near the nights of the plan that is kept; pins stay.")] = False,
    rules: Annotated[bool, typer.Option("--rules/--no-rules", help="Leave out what the rules would stop after some wave.")] = True,
    programme: ProgrammeOption = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where --yes writes; plan/waves.yaml when left out.")] = None,
    store: StoreOption = None,
    capacity: CapacityOption = None,
    estate: EstateOption = None,
    yes: YesOption = False,
    json_mode: JsonOption = False,
) -> None:
    """Make a plan of waves. Shows it; with --yes it is kept."""
    from cli.plan_inputs import places  # noqa: PLC0415
    from cli.plan_make import MakeOptions, make_plan  # noqa: PLC0415 - help and completion stay fast
    from migration.waves.document import Goal  # noqa: PLC0415

    goal = Goal(to=to, sites=tuple(site or ()), services=tuple(service or ()), servers=tuple(server or ()))
    where = places(estate, programme, store, capacity)
    options = MakeOptions(goal=goal, seconds=seconds, gap=gap, fresh=fresh, rules=rules, out=out, yes=yes, quiet=json_mode)
    raise typer.Exit(make_plan(where, options, json_mode=json_mode))


@app.command(
    "show",
    epilog=closing_lines(
        "incline plan show",
        "incline plan show 2026-12-10",
        "incline plan show permits-db-01 --why     which nights are closed to it, and how its hours were counted",
    ),
)
def show_command(
    what: Annotated[str, typer.Argument(metavar="[NIGHT|SERVER]", help="A night or a server; all when left out.")] = "",
    *,
    why: Annotated[bool, typer.Option("--why", help="Of a server: closed nights, order, durations and cost, with reasons.")] = False,
    plan: PlanOption = None,
    programme: ProgrammeOption = None,
    store: StoreOption = None,
    capacity: CapacityOption = None,
    estate: EstateOption = None,
    json_mode: JsonOption = False,
) -> None:
    """Show the plan that is kept, one night or one server."""
    from cli.plan_file import kept_plan, night_or_server, planned_problem  # noqa: PLC0415
    from cli.plan_inputs import places  # noqa: PLC0415
    from cli.plan_why import why_data, why_text  # noqa: PLC0415
    from cli.plan_words import night_text, plan_text, server_text  # noqa: PLC0415

    _, document = kept_plan(plan, estate)
    if not what:
        emit(document_data(document), lambda: plan_text(document), json_mode)
        return
    chosen = night_or_server(document, what)
    if isinstance(chosen, date):
        only = document.model_copy(
            update={"nights": tuple(n for n in document.nights if n.night == chosen), "left_out": (), "retained": ()}
        )
        emit(document_data(only), lambda: night_text(document, chosen), json_mode)
        return
    night, entry = chosen
    data = {"schema": "incline.plan-server/1", "night": night, **entry.model_dump(mode="json")}
    if not why:
        emit(data, lambda: server_text(document, entry.server, night, entry), json_mode)
        return
    built = planned_problem(places(estate, programme, store, capacity), document)
    reasons = {**data, "why": why_data(built, entry.server)}
    emit(reasons, lambda: server_text(document, entry.server, night, entry) + "\n" + why_text(built, entry.server), json_mode)


@app.command("score", epilog=closing_lines("incline plan score", "incline plan score --json", "incline plan score --plan other.yaml"))
def score_command(
    plan: PlanOption = None,
    programme: ProgrammeOption = None,
    store: StoreOption = None,
    capacity: CapacityOption = None,
    estate: EstateOption = None,
    json_mode: JsonOption = False,
) -> None:
    """Score the plan as it stands, hand edits included. Solves nothing."""
    from cli.plan_file import kept_plan, rescored  # noqa: PLC0415
    from cli.plan_inputs import places  # noqa: PLC0415
    from cli.plan_words import score_text  # noqa: PLC0415

    _, document = kept_plan(plan, estate)
    found = rescored(places(estate, programme, store, capacity), document)
    emit(score_data(found), lambda: score_text(document, found), json_mode)
    if found.violations:
        say_next("incline plan make   or   incline plan show SERVER")
        raise typer.Exit(ExitCode.FINDINGS)
    say_next("incline plan check")


@app.command("check", epilog=closing_lines("incline plan check", "incline plan check 2026-12-10", "incline plan check --json"))
def check_command(
    night: Annotated[str, typer.Argument(metavar="[NIGHT]", help="One night; all when left out.")] = "",
    plan: PlanOption = None,
    capacity: CapacityOption = None,
    estate: EstateOption = None,
    json_mode: JsonOption = False,
) -> None:
    """Judge the estate after every wave by the rules. Names which server makes one fail."""
    from cli.plan_check import check_data, check_text, judged_waves  # noqa: PLC0415
    from cli.plan_file import kept_plan, night_or_server  # noqa: PLC0415
    from cli.project import estate_path  # noqa: PLC0415

    _, document = kept_plan(plan, estate)
    chosen = night_or_server(document, night) if night else None
    only = chosen if isinstance(chosen, date) else chosen[0] if chosen else None
    found = judged_waves(estate_path(estate), document, capacity, only)
    emit(check_data(found), lambda: check_text(found), json_mode)
    if any(each.blocking for each in found):
        raise typer.Exit(ExitCode.FINDINGS)


for _name, _command in (
    ("pin", pin_command),
    ("unpin", unpin_command),
    ("retain", retain_command),
    ("import", import_command),
    ("export", export_command),
):
    app.command(_name, epilog=EPILOGS[_name])(_command)
app.command("run", epilog=RUN_EPILOG)(run_command)
app.command("status", epilog=STATUS_EPILOG)(status_command)


def document_data(plan: WavePlan) -> dict[str, Any]:
    """A plan for programs: the file's own form."""
    return plan.model_dump(mode="json", by_alias=True)


def made_data(made: Made, findings: Iterable[Finding]) -> dict[str, Any]:
    """A new plan for programs, with what the planner found."""
    from dataclasses import asdict  # noqa: PLC0415

    from cli.plan_words import finding_data  # noqa: PLC0415

    return {
        **document_data(made.plan),
        "findings": [finding_data(each) for each in findings],
        "conflict": asdict(made.conflict) if made.conflict else None,
        "violations": [each.what for each in made.violations],
        "history": [list(each) for each in made.solution.history],
        "stopped": made.solution.stopped,
    }


def score_data(found: Rescored) -> dict[str, Any]:
    """A score for programs."""
    from cli.plan_words import finding_data  # noqa: PLC0415

    nights = found.built.problem.nights
    return {
        "schema": "incline.plan-score/1",
        "objective": round(found.objective, 2),
        "violations": [
            {
                "kind": each.kind,
                "night": nights[each.night] if each.night is not None else None,
                "groups": list(each.groups),
                "what": each.what,
                "over": each.over,
            }
            for each in found.violations
        ],
        "findings": [finding_data(each) for each in found.findings],
    }
