"""`incline plan run` and `incline plan status`: a wave through go or no-go and the `incline move` commands, and the plan after it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import closing_lines
from cli.exit_codes import ExitCode
from cli.output import emit, say, say_next, styled
from cli.plan_options import CapacityOption, EstateOption, JsonOption, PlanOption, ProgrammeOption
from cli.store_path import StoreOption
from infra.wording import counted

if TYPE_CHECKING:
    from cli.plan_go import Asked, Check
    from migration.waves.document import PlannedNight, WavePlan
    from migration.waves.run import Done

RUN_EPILOG = closing_lines(
    "incline plan run                             go or no-go for the next wave; changes nothing",
    "incline plan run --yes                       copy, change hands, take back what fails, plan again",
    "incline plan run --copies-only --yes         begin the copies days before the night",
    'incline plan run 2026-12-10 --early "agreed with Ana" --yes',
)
STATUS_EPILOG = closing_lines("incline plan status", "incline plan status --json")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asks for."""

    night: str
    early: str
    copies_only: bool
    replan: bool
    yes: bool


def run_command(  # noqa: PLR0917 - one parameter for each option
    night: Annotated[str, typer.Argument(metavar="[NIGHT]", help="The night; the next one when left out.")] = "",
    early: Annotated[str, typer.Option("--early", metavar="WHY", help="Run a wave before its night, for this reason.")] = "",
    copies_only: Annotated[bool, typer.Option("--copies-only", help="Begin the copies; change no hands.")] = False,
    no_replan: Annotated[bool, typer.Option("--no-replan", help="Do not plan the rest again afterwards.")] = False,
    plan: PlanOption = None,
    programme: ProgrammeOption = None,
    store: StoreOption = None,
    capacity: CapacityOption = None,
    estate: EstateOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this the command only says whether it may.")] = False,
    json_mode: JsonOption = False,
) -> None:
    """Run a wave: go or no-go, the moves, what fails taken back. Without --yes it only asks."""
    from cli.plan_file import kept_plan  # noqa: PLC0415 - help stays fast
    from cli.plan_go import Asked  # noqa: PLC0415
    from cli.plan_inputs import places  # noqa: PLC0415
    from cli.project import estate_path  # noqa: PLC0415

    options = Options(night=night, early=early, copies_only=copies_only, replan=not no_replan, yes=yes)
    path, document = kept_plan(plan, estate)
    chosen = _chosen(document, night)
    asked = Asked(
        folder=estate_path(estate),
        where=places(estate, programme, store, capacity),
        plan=document,
        night=chosen,
        today=datetime.now(UTC).astimezone().date(),
        early=early or ("the copies may begin before it" if copies_only else ""),
    )
    found = _ask(asked)
    if any(not each.ok for each in found) or not yes:
        _tell(found, chosen, options, json_mode)
    _carry_out(asked, path, options, found, json_mode)


def _chosen(plan: WavePlan, night: str) -> PlannedNight:
    """The night that was named, else the first in which somebody waits."""
    from cli.plan_file import night_or_server  # noqa: PLC0415
    from infra.errors import InclineError  # noqa: PLC0415
    from migration.waves.run import next_night  # noqa: PLC0415

    if not night:
        following = next_night(plan)
        if following is None:
            raise InclineError(
                "nobody of the plan waits to move", code="INC-7141", next_step="incline plan status   or   incline plan make"
            )
        return following
    found = night_or_server(plan, night)
    day = found if isinstance(found, date) else found[0]
    return next(each for each in plan.nights if each.night == day)


def _ask(asked: Asked) -> list[Check]:
    from cli.plan_go import checks  # noqa: PLC0415

    say(f"wave of {asked.night.night}: {counted(len(asked.night.servers), 'server')}, go or no-go")
    found = []
    for each in checks(asked):
        mark = styled("go   ", "green", sys.stderr) if each.ok else styled("NO GO", "red", sys.stderr)
        say(f"  {mark} {each.name}: {each.what.removeprefix(f'{each.name}: ')}")
        found.append(each)
    return found


def _tell(found: Sequence[Check], night: PlannedNight, options: Options, json_mode: bool) -> None:
    """The answer without doing anything; the exit code says whether it may be done."""
    stopped = [each for each in found if not each.ok]
    data = {"schema": "incline.plan-run/1", "night": night.night, "go": not stopped, "checks": [asdict(each) for each in found], "done": []}
    words = f"no go: {len(stopped)} of {len(found)} questions say no" if stopped else f"go: all {len(found)} questions say yes"
    emit(data, lambda: words, json_mode)
    if stopped:
        say_next(_way_on(stopped))
        raise typer.Exit(ExitCode.FINDINGS)
    command = [
        "incline plan run",
        *([str(night.night)] if options.night else []),
        *([f'--early "{options.early}"'] if options.early else []),
    ]
    say_next(" ".join([*command, *(["--copies-only"] if options.copies_only else []), "--yes"]))
    raise typer.Exit(ExitCode.OK)


def _way_on(stopped: Sequence[Check]) -> str:
    """What to do first. To run a wave early helps only where nothing but the night says no."""
    others = [each.next for each in stopped if each.next and each.name != "night"]
    passed = [each.next for each in stopped if each.name == "night" and not each.next.startswith("wait")]
    return next(iter(passed or others or [each.next for each in stopped if each.next]), "incline plan make")


def _carry_out(asked: Asked, path: Path, options: Options, found: Sequence[Check], json_mode: bool) -> None:
    from cli.plan_file import write_plan  # noqa: PLC0415
    from cli.plan_mover import CommandMover  # noqa: PLC0415
    from migration.waves.run import recorded, run_wave  # noqa: PLC0415

    kept: dict[str, Done] = {}

    def record(done: Done) -> None:
        kept[done.server] = done
        write_plan(path, recorded(asked.plan, kept, asked.today))
        say(f"{done.server}: {done.state}{f' ({done.note})' if done.note else ''}", style="green" if done.state == "moved" else "yellow")

    results = run_wave(asked.night, CommandMover(asked.folder), record, copies_only=options.copies_only, say=say)
    if options.replan and not options.copies_only:
        _replan(asked, path, recorded(asked.plan, kept, asked.today))
    data = {
        "schema": "incline.plan-run/1",
        "night": asked.night.night,
        "go": True,
        "checks": [asdict(each) for each in found],
        "done": [asdict(each) for each in results],
    }
    emit(data, lambda: _said(asked.night, results, copies_only=options.copies_only), json_mode)
    say_next("incline plan status")
    if any(each.state in {"failed", "rolled-back"} for each in results):
        raise typer.Exit(ExitCode.FINDINGS)


def _replan(asked: Asked, path: Path, plan: WavePlan) -> None:
    """The rest planned again from what really happened: durations as measured, who was taken back in a later night."""
    from cli.plan_file import write_plan  # noqa: PLC0415
    from cli.plan_inputs import gather  # noqa: PLC0415
    from cli.plan_rules import obedient  # noqa: PLC0415
    from cli.plan_solve import make  # noqa: PLC0415
    from infra.errors import InclineError  # noqa: PLC0415

    if all(each.state == "moved" for _, each in plan.entries()):
        return
    try:
        gathered = gather(asked.where, plan.goal)
        made, _ = obedient(asked.where, gathered, lambda inputs: make(inputs, plan, seconds=30.0, gap=0.001, quiet=True), quiet=True)
    except InclineError as error:
        say(f"the rest is not planned again: {error.what}; next: incline plan make", style="yellow")
        return
    write_plan(path, made.plan)
    before, after = plan.night_of(), made.plan.night_of()
    changed = sorted(name for name, night in after.items() if before.get(name) != night)
    say(f"planned again: {counted(len(changed), 'server')} in another night" + (f": {', '.join(changed[:5])}" if changed else ""))


def _said(night: PlannedNight, results: Sequence[Done], *, copies_only: bool) -> str:
    count = {state: sum(each.state == state for each in results) for state in ("moved", "rolled-back", "failed", "planned")}
    if copies_only:
        copied = len(night.servers) - count["failed"] - count["rolled-back"]
        return f"{night.night}: up to date: the copies of {counted(copied, 'server')}"
    parts = [f"{number} {state if state != 'planned' else 'waiting'}" for state, number in count.items() if number]
    lines = [f"{night.night}: {', '.join(parts) or 'nothing to do'}"]
    lines += [f"  {each.server}: {each.state}: {each.note}" for each in results if each.note]
    return "\n".join(lines)


def status_command(plan: PlanOption = None, estate: EstateOption = None, json_mode: JsonOption = False) -> None:
    """Which waves are done, what became of each server, what is next. Reads files only."""
    from cli.plan_file import kept_plan  # noqa: PLC0415
    from migration.waves.run import LATEST, next_night  # noqa: PLC0415

    _, document = kept_plan(plan, estate)
    rows = [_row(number, night) for number, night in enumerate(document.nights, 1)]
    following = next_night(document)
    data = {"schema": "incline.plan-status/1", "next": following.night if following else None, "waves": rows}
    emit(data, lambda: "\n".join(_lines(rows)), json_mode)
    if following and following.night + LATEST < datetime.now(UTC).astimezone().date():
        say(f"the night of {following.night} has passed, and nothing says what became of its servers", style="yellow")
        say_next("incline plan make")
        return
    say_next("incline plan run" if following else "incline move list" if rows else "incline plan make")


def _row(number: int, night: PlannedNight) -> dict[str, Any]:
    states = {state: sum(each.state == state for each in night.servers) for state in ("planned", "moved", "failed", "rolled-back")}
    odd = [{"server": e.server, "state": e.state, "on": e.on, "note": e.note} for e in night.servers if e.note or e.state != "planned"]
    return {"wave": number, "night": night.night, "servers": len(night.servers), **states, "notes": odd}


def _lines(rows: Iterable[dict[str, Any]]) -> Iterable[str]:
    for row in rows:
        states = [f"{row[state]} {state}" for state in ("moved", "planned", "failed", "rolled-back") if row[state]]
        yield f"{row['night']:%Y-%m-%d %a}  wave {row['wave']:<3} {counted(row['servers'], 'server'):>10}: {', '.join(states)}"
        for each in row["notes"]:
            if each["state"] != "moved" or each["note"]:
                on = f" on {each['on']}" if each["on"] else ""
                yield f"  {each['server']}: {each['state']}{on}" + (f": {each['note']}" if each["note"] else "")
