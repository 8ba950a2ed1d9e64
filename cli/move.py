"""`incline move`: carry a server to the other side, prove it, take it back or accept it. Changing commands are a dry run without --yes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cli.command import closing_lines, new_app
from cli.exit_codes import ExitCode
from cli.move_state import state_folder
from cli.names import complete_server, complete_site, known_server, known_site
from cli.output import emit, say, say_next
from cli.project import estate_path
from infra.errors import InclineError

if TYPE_CHECKING:
    from migration.engine import Engine
    from migration.moves import MoveRecord
    from migration.plan import Plan

app = new_app(
    "Move a server between vSphere and AWS, and prove it.",
    examples=(
        "incline move plan permits-db-01 --to aws-east            what a move would do",
        "incline move start permits-db-01 --to aws-east --yes     copy while it runs; again to go on",
        "incline move sync permits-db-01 --yes                    copy what has changed since",
        "incline move cutover permits-db-01 --yes                 change hands; the source is held",
        "incline move accept permits-db-01 --yes                  end the trial, give the source up",
    ),
)

ServerArgument = Annotated[str, typer.Argument(metavar="SERVER", help="The server's name in the estate.", autocompletion=complete_server)]
ToOption = Annotated[str, typer.Option("--to", metavar="SITE", help="The site to move to.", autocompletion=complete_site)]
EstateOption = Annotated[Path | None, typer.Option("--estate", help="The estate's folder.", envvar="INCLINE_ESTATE")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it; without this the command only says what it would do.")]

APPLIES = {
    "start": {"planned", "seeding"},
    "sync": {"planned", "seeding", "synced", "rehearsed"},
    "cutover": {"synced", "rehearsed", "cutting-over"},
    "accept": {"on-trial", "accepting"},
    "rollback": {"planned", "seeding", "synced", "rehearsed", "cutting-over", "on-trial", "rolling-back", "stuck", "accepting"},
}
"""In which states a command does something: the engine's own conditions, for a dry run that tells the truth."""

REFUSALS = (
    "MoveRefusedError",
    "StepRefusedError",
    "RollbackRefusedError",
    "FenceBrokenError",
    "LeaseTakenError",
    "IllegalTransitionError",
)


@app.command(
    "plan", epilog=closing_lines("incline move plan permits-db-01 --to aws-east", "incline move plan permits-db-01 --to aws-east --json")
)
def plan_command(server: ServerArgument, to: ToOption, estate: EstateOption = None, json_mode: JsonOption = False) -> None:
    """Say what a move would do and whether it may. Asks the rules, looks at the source, changes nothing."""
    _tell_plan(estate_path(estate), server, to, json_mode)


@app.command("start", epilog=closing_lines("incline move start permits-db-01 --to aws-east --yes"))
def start_command(
    server: ServerArgument, to: ToOption, estate: EstateOption = None, yes: YesOption = False, json_mode: JsonOption = False
) -> None:
    """Copy all that the disks hold while the server runs. Again: go on where it stopped."""
    folder = estate_path(estate)
    if not yes:
        open_move = state_folder(folder).latest(server)
        if open_move is not None and open_move.state.value in {"planned", "seeding"} and open_move.target == to:
            _dry(folder, server, "would go on with the copy where it stopped", f"start {server} --to {to}", json_mode)
            return
        _tell_plan(folder, server, to, json_mode)
    _check_names(folder, server, to)
    _drive(folder, server, lambda engine: engine.start(server, to), json_mode)


@app.command("sync", epilog=closing_lines("incline move sync permits-db-01 --yes"))
def sync_command(server: ServerArgument, estate: EstateOption = None, yes: YesOption = False, json_mode: JsonOption = False) -> None:
    """Copy what has changed since the last round. The server runs on."""
    folder = estate_path(estate)
    if not yes:
        _dry(folder, server, "would copy what has changed since the last round", f"sync {server}", json_mode)
        return
    _record(folder, server)
    _drive(folder, server, lambda engine: engine.sync(server), json_mode)


@app.command("pause", epilog=closing_lines("incline move pause permits-db-01"))
def pause_command(server: ServerArgument, estate: EstateOption = None, json_mode: JsonOption = False) -> None:
    """Ask the running process to stop after the step in hand. As one Ctrl-C there would."""
    folder = estate_path(estate)
    record, state = _record(folder, server), state_folder(folder)
    if state.driven:
        state.pause_file.touch()
        say(f"{server}: asked the running process to stop after the step in hand")
    else:
        say(f"{server}: nothing is running; the move is {record.state.value}")
    _show(folder, record, json_mode)


@app.command("cutover", epilog=closing_lines("incline move cutover permits-db-01 --yes"))
def cutover_command(server: ServerArgument, estate: EstateOption = None, yes: YesOption = False, json_mode: JsonOption = False) -> None:
    """Change hands, prove it and begin the trial. Last delta, power-off, final delta, proof, stacks, health, empty previews."""
    folder = estate_path(estate)
    if not yes:
        what = "would shut the source down, carry the last changes, prove every block and bring up both stacks; the source is held after it"
        _dry(folder, server, what, f"cutover {server}", json_mode)
        return
    _record(folder, server)
    _drive(folder, server, lambda engine: engine.cutover(server), json_mode)


@app.command(
    "rollback",
    epilog=closing_lines("incline move rollback permits-db-01 --yes", "incline move rollback permits-db-01 --discard-writes --yes"),
)
def rollback_command(
    server: ServerArgument,
    discard_writes: Annotated[
        bool, typer.Option("--discard-writes", help="On trial: throw away what was written on the target since the cut-over.")
    ] = False,
    estate: EstateOption = None,
    yes: YesOption = False,
    json_mode: JsonOption = False,
) -> None:
    """Everything as it was before the move. Works until the move is accepted."""
    folder = estate_path(estate)
    if not yes:
        what = "would undo every step: the source serves again with its own data, the target is taken away"
        _dry(folder, server, what, f"rollback {server}{' --discard-writes' if discard_writes else ''}", json_mode)
        return
    _record(folder, server)
    _drive(folder, server, lambda engine: engine.rollback(server, discard_writes=discard_writes), json_mode)


@app.command("accept", epilog=closing_lines("incline move accept permits-db-01 --yes"))
def accept_command(server: ServerArgument, estate: EstateOption = None, yes: YesOption = False, json_mode: JsonOption = False) -> None:
    """End the trial: the held source is removed for good. Its disks go too; there is no way back but a new move."""
    folder = estate_path(estate)
    if not yes:
        record = _record(folder, server)
        _dry(folder, server, f"would remove the held machine on {record.source} with its disks, for good", f"accept {server}", json_mode)
        return
    _record(folder, server)
    _drive(folder, server, lambda engine: engine.accept(server), json_mode)


@app.command("status", epilog=closing_lines("incline move status permits-db-01", "incline move status permits-db-01 --json"))
def status_command(server: ServerArgument, estate: EstateOption = None, json_mode: JsonOption = False) -> None:
    """Where the server's move stands, round by round. Reads the journal only."""
    folder = estate_path(estate)
    _show(folder, _record(folder, server), json_mode)


@app.command("verify", epilog=closing_lines("incline move verify permits-db-01"))
def verify_command(server: ServerArgument, estate: EstateOption = None, json_mode: JsonOption = False) -> None:
    """Read the target again and compare every block. In a fresh process, with the manifest; changes nothing."""
    from cli.move_verify import verify  # noqa: PLC0415 - help stays fast
    from cli.move_words import verify_text  # noqa: PLC0415

    folder = estate_path(estate)
    document = verify(folder, state_folder(folder), _record(folder, server))
    emit(document, lambda: verify_text(document), json_mode)
    raise typer.Exit(ExitCode.OK if document["ok"] else ExitCode.FINDINGS)


@app.command("list", epilog=closing_lines("incline move list", "incline move list --json"))
def list_command(estate: EstateOption = None, json_mode: JsonOption = False) -> None:
    """All moves of this state folder, oldest first."""
    from migration.status import move_document, summary_line  # noqa: PLC0415

    folder = state_folder(estate_path(estate))
    records = folder.moves()
    documents = [move_document(r, folder.history(r.id)) for r in records]
    emit({"schema": "incline.moves/1", "moves": documents}, lambda: "\n".join(map(summary_line, records)) or "no moves", json_mode)


def _record(estate: Path, server: str) -> MoveRecord:
    from infra.estate.load import load_estate  # noqa: PLC0415 - help stays fast

    folder = state_folder(estate)
    record = folder.latest(server)
    if record is None:
        known_server(load_estate(estate, settled=False), server)
        raise InclineError(f"{server}: has no move in {folder.root}", code="INC-2111", next_step=f"incline move plan {server} --to SITE")
    return record


def _check_names(estate: Path, server: str, to: str) -> None:
    from infra.estate.load import load_estate  # noqa: PLC0415

    loaded = load_estate(estate, settled=False)
    known_server(loaded, server)
    known_site(loaded, to)


def _tell_plan(estate: Path, server: str, to: str, json_mode: bool) -> NoReturn:
    from cli.move_words import plan_text  # noqa: PLC0415

    _check_names(estate, server, to)
    say(f"{server}: asking the rules and both sites ...", style="dim")
    plan = _plan(estate, server, to)
    emit(plan.document(), lambda: plan_text(plan), json_mode)
    if plan.possible:
        say_next(f"incline move start {server} --to {to} --yes")
    raise typer.Exit(ExitCode.OK if plan.possible else ExitCode.FINDINGS)


def _plan(estate: Path, server: str, to: str) -> Plan:
    from cli.move_engine import gate_of, sites_of  # noqa: PLC0415
    from infra.estate.load import load_estate  # noqa: PLC0415
    from migration.engine import check_new_move  # noqa: PLC0415
    from migration.plan import make_plan  # noqa: PLC0415

    loaded = load_estate(estate)
    try:
        placement = check_new_move(loaded, server, to, state_folder(estate).latest(server))
        with sites_of(estate) as sites:
            return make_plan(loaded, placement, to, gate_of(estate), sites.side(placement.site), sites.side(to))
    except InclineError as exc:
        raise _as_finding(exc) from None


def _drive(estate: Path, server: str, action: Callable[[Engine], MoveRecord], json_mode: bool) -> None:
    from cli.move_progress import listener  # noqa: PLC0415

    try:
        with listener(f"{server}: getting ready", json_mode=json_mode) as watcher:
            from cli.move_engine import running_engine  # noqa: PLC0415 - the clouds' SDKs take seconds: the display stands first

            with running_engine(estate, watcher) as engine:
                record = action(engine)
    except InclineError as exc:
        raise _as_finding(_told_where_it_stands(exc, estate, server)) from None
    except KeyboardInterrupt:
        stopped = InclineError(f"{server}: stopped in the middle of a step; everything acknowledged is kept", code="INC-5004")
        stopped.exit_code = ExitCode.INTERRUPTED  # type: ignore[attr-defined]
        raise _told_where_it_stands(stopped, estate, server) from None
    _show(estate, record, json_mode)


def _told_where_it_stands(error: InclineError, estate: Path, server: str) -> InclineError:
    """The error with what a person must know first: who serves now; after an interruption also how to go on or back."""
    from cli.move_words import standing  # noqa: PLC0415
    from migration.engine import next_command  # noqa: PLC0415
    from migration.moves import FINAL  # noqa: PLC0415

    record = state_folder(estate).latest(server)
    if record is None or record.state in FINAL:
        return error
    error.details = (*error.details, f"the move is {record.state.value}: {standing(record)}")
    if type(error).__name__ == "InterruptedMoveError" or not error.next_step:
        back = f"incline move rollback {server} --yes"
        error.next_step = next_command(record) if back in next_command(record) else f"{next_command(record)}   or   {back}"
    return error


def _as_finding(error: InclineError) -> InclineError:
    """The error with the exit code that fits: an interruption, a refusal, or a failure."""
    kind = type(error).__name__
    if kind == "InterruptedMoveError":
        error.exit_code = ExitCode.INTERRUPTED  # type: ignore[attr-defined]
    elif kind in REFUSALS:
        error.exit_code = ExitCode.FINDINGS  # type: ignore[attr-defined]
    return error


def _show(estate: Path, record: MoveRecord, json_mode: bool) -> None:
    from cli.move_words import status_text  # noqa: PLC0415
    from migration.engine import next_command  # noqa: PLC0415
    from migration.status import move_document  # noqa: PLC0415

    document = move_document(record, state_folder(estate).history(record.id))
    emit(document, lambda: status_text(record, document), json_mode)
    say_next(next_command(record))


def _refuse_as_engine_would(record: MoveRecord, command: str) -> None:
    """A dry run must not promise what `--yes` would refuse."""
    from migration.engine import MoveRefusedError, next_command  # noqa: PLC0415

    word, state = command.split(maxsplit=1)[0], record.state.value
    if state not in APPLIES[word]:
        refused = MoveRefusedError(
            f"{record.server}: its move is {state}, so {word} does not apply", code="INC-2112", next_step=next_command(record)
        )
        raise _as_finding(refused)
    if word == "rollback" and state == "on-trial" and "--discard-writes" not in command:
        what = f"{record.server}: a rollback would throw away everything written on {record.target} since the cut-over"
        returning = f"incline move start {record.server} --to {record.source} --yes"
        losing = f"incline move rollback {record.server} --discard-writes --yes"
        raise _as_finding(MoveRefusedError(what, code="INC-2131", next_step=f"{returning}   or   {losing}"))


def _dry(estate: Path, server: str, what: str, command: str, json_mode: bool) -> None:
    from cli.move_words import status_text  # noqa: PLC0415
    from migration.status import move_document  # noqa: PLC0415

    record = _record(estate, server)
    _refuse_as_engine_would(record, command)
    document = {**move_document(record, state_folder(estate).history(record.id)), "dry_run": True, "would": what}
    emit(document, lambda: f"{status_text(record, document)}\n{server}: {what}", json_mode)
    say_next(f"incline move {command} --yes")
