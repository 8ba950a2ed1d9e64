"""`incline plan pin`, `unpin`, `retain`, `import`, `export`: people's changes to a plan. Dry without --yes; scored at once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.command import closing_lines
from cli.exit_codes import ExitCode
from cli.names import complete_server
from cli.output import emit, say, say_next
from cli.plan_options import CapacityOption, EstateOption, JsonOption, PlanOption, ProgrammeOption, YesOption
from cli.store_path import StoreOption
from infra.errors import InclineError
from infra.wording import counted

if TYPE_CHECKING:
    from cli.plan_inputs import Places
    from migration.discover.model import Finding
    from migration.waves.document import WavePlan

EPILOGS = {
    "pin": closing_lines(
        "incline plan pin permits-db-01 2026-12-10 --yes           its group moves with it",
        "incline plan pin permits-db-01 2026-12-10 --alone         the rest of its group stays where it is",
    ),
    "unpin": closing_lines("incline plan unpin permits-db-01 --yes"),
    "retain": closing_lines('incline plan retain permits-db-01 --reason "the vendor must be there" --yes'),
    "import": closing_lines("incline plan import waves.xlsx", "incline plan import waves.csv --yes"),
    "export": closing_lines("incline plan export waves.xlsx", "incline plan export waves.csv"),
}

ServerArgument = Annotated[str, typer.Argument(metavar="SERVER", help="A server of the plan.", autocompletion=complete_server)]


def pin_command(
    *,
    server: ServerArgument,
    night: Annotated[str, typer.Argument(metavar="NIGHT", help="The evening it begins on, such as 2026-12-10, or wave-3.")],
    alone: Annotated[bool, typer.Option("--alone", help="Only this server; the rest of its group stays where it is.")] = False,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Kept beside the pin.")] = "",
    plan: PlanOption = None,
    programme: ProgrammeOption = None,
    store: StoreOption = None,
    capacity: CapacityOption = None,
    estate: EstateOption = None,
    yes: YesOption = False,
    json_mode: JsonOption = False,
) -> None:
    """Move a server and its group to a night and keep it there."""
    from cli.plan_file import kept_plan  # noqa: PLC0415 - help and completion stay fast
    from cli.plan_inputs import places  # noqa: PLC0415
    from migration.waves.edits import with_pin  # noqa: PLC0415

    path, document = kept_plan(plan, estate)
    chosen = _night(document, night)
    changed = with_pin(document, server, chosen, alone=alone, why=why)
    again = f"incline plan pin {server} {chosen}{' --alone' if alone else ''}"
    _settle(places(estate, programme, store, capacity), path, document, changed, again=again, yes=yes, json_mode=json_mode)


def unpin_command(
    *,
    server: ServerArgument,
    plan: PlanOption = None,
    programme: ProgrammeOption = None,
    store: StoreOption = None,
    capacity: CapacityOption = None,
    estate: EstateOption = None,
    yes: YesOption = False,
    json_mode: JsonOption = False,
) -> None:
    """Let the planner choose the night of a server's group again."""
    from cli.plan_file import kept_plan  # noqa: PLC0415
    from cli.plan_inputs import places  # noqa: PLC0415
    from migration.waves.edits import without_pin  # noqa: PLC0415

    path, document = kept_plan(plan, estate)
    changed = without_pin(document, server)
    where = places(estate, programme, store, capacity)
    _settle(where, path, document, changed, again=f"incline plan unpin {server}", yes=yes, json_mode=json_mode)


def retain_command(
    *,
    server: ServerArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it stays; it is kept in the plan.")],
    plan: PlanOption = None,
    programme: ProgrammeOption = None,
    store: StoreOption = None,
    capacity: CapacityOption = None,
    estate: EstateOption = None,
    yes: YesOption = False,
    json_mode: JsonOption = False,
) -> None:
    """Keep a server where it is, with a reason."""
    from cli.plan_file import kept_plan  # noqa: PLC0415
    from cli.plan_inputs import places  # noqa: PLC0415
    from infra.estate.problems import did_you_mean  # noqa: PLC0415
    from migration.waves.edits import with_retained  # noqa: PLC0415

    path, document = kept_plan(plan, estate)
    names = {each.server for _, each in document.entries()} | {each.server for each in document.left_out}
    if server not in names:
        raise InclineError(f"{server}: the plan has no such server", code="INC-7133", next_step=did_you_mean(server, names))
    changed = with_retained(document, server, reason)
    again = f'incline plan retain {server} --reason "{reason}"'
    _settle(places(estate, programme, store, capacity), path, document, changed, again=again, yes=yes, json_mode=json_mode)


def import_command(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An edited workbook, CSV or YAML of the plan.", dir_okay=False)],
    plan: PlanOption = None,
    programme: ProgrammeOption = None,
    store: StoreOption = None,
    capacity: CapacityOption = None,
    estate: EstateOption = None,
    yes: YesOption = False,
    json_mode: JsonOption = False,
) -> None:
    """Take the edits of a workbook: moved rows become pins."""
    from cli.plan_file import kept_plan  # noqa: PLC0415
    from cli.plan_inputs import places  # noqa: PLC0415
    from migration.waves.workbook_read import import_edits  # noqa: PLC0415

    path, document = kept_plan(plan, estate)
    found = import_edits(file, document, datetime.now(UTC).date())
    where, again = places(estate, programme, store, capacity), f"incline plan import {file}"
    _settle(where, path, document, found.plan, again=again, findings=tuple(found.findings), yes=yes, json_mode=json_mode)


def export_command(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A workbook (.xlsx) or a table (.csv).", dir_okay=False)],
    plan: PlanOption = None,
    programme: ProgrammeOption = None,
    store: StoreOption = None,
    capacity: CapacityOption = None,
    estate: EstateOption = None,
    json_mode: JsonOption = False,
) -> None:
    """Write the plan as a workbook or CSV that people can edit."""
    from cli.plan_file import kept_plan, rescored, told  # noqa: PLC0415
    from cli.plan_inputs import places  # noqa: PLC0415
    from infra.atomic import replace_file  # noqa: PLC0415
    from migration.waves.workbook import csv_text, servers_sheet, sheets, write_workbook  # noqa: PLC0415

    if file.suffix.lower() not in {".xlsx", ".csv"}:
        raise InclineError(f"{file}: neither .xlsx nor .csv", code="INC-7134", next_step=f"incline plan export {file.with_suffix('.xlsx')}")
    _, document = kept_plan(plan, estate)
    found = rescored(places(estate, programme, store, capacity), document)
    if file.suffix.lower() == ".csv":
        replace_file(file, csv_text(servers_sheet(document, found.built)))
    else:
        write_workbook(file, sheets(document, found.built, found.at))
    rows = sum(len(night.servers) for night in document.nights)
    data = {"schema": "incline.plan-export/1", "file": str(file), "servers": rows, "nights": len(document.nights)}
    emit(data, lambda: f"{told(file)}: {counted(rows, 'server')} in {counted(len(document.nights), 'night')}", json_mode)
    place = "the nights in it" if file.suffix.lower() == ".csv" else "the sheet Servers"
    say_next(f"edit {place}, then:  incline plan import {file}")


def _night(document: WavePlan, word: str) -> date:
    """The night of a word: a date, or a wave of the plan.

    Raises:
        InclineError: it is neither (INC-7135), or it has passed (INC-7136).
    """
    waves = {f"wave-{number}": night for night, number in document.waves().items()}
    try:
        night = waves.get(word) or date.fromisoformat(word)
    except ValueError:
        raise InclineError(f"{word}: no night", code="INC-7135", next_step="write the evening as 2026-12-10, or wave-3") from None
    if night <= datetime.now(UTC).date():
        raise InclineError(f"{night} is not ahead", code="INC-7136", next_step="choose a night to come")
    return night


def _settle(
    where: Places,
    path: Path,
    before: WavePlan,
    after: WavePlan,
    *,
    again: str,
    yes: bool,
    json_mode: bool,
    findings: tuple[Finding, ...] = (),
) -> None:
    """Score the changed plan beside the one before, show what moves, and write it when asked to."""
    from cli.plan_file import told, write_plan  # noqa: PLC0415
    from cli.plan_inputs import gather  # noqa: PLC0415
    from cli.plan_words import change_data, change_text  # noqa: PLC0415
    from migration.waves.edits import rescore  # noqa: PLC0415

    inputs = gather(where, before.goal).inputs
    old, new = rescore(inputs, before), rescore(inputs, after)
    emit(change_data(before, after, old, new, findings), lambda: change_text(before, after, old, new, findings), json_mode)
    if yes:
        write_plan(path, after)
        say(f"kept in {told(path)}")
        say_next("incline plan make   or   incline plan check")
    elif before != after:
        say_next(f"{again} --yes")
    if new.violations:
        raise typer.Exit(ExitCode.FINDINGS)
