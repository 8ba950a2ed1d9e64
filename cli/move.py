"""`incline move`: carry a server to the other side, prove it, take it back or accept it. Changing commands are a dry run without --yes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import closing_lines, new_app
from cli.exit_codes import ExitCode
from cli.output import emit, say, say_next
from cli.project import estate_path
from infra.errors import InclineError

if TYPE_CHECKING:
    from migration.engine import Engine
    from migration.journal import StateFolder
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

ServerArgument = Annotated[str, typer.Argument(metavar="SERVER", help="The server's name in the estate.")]
ToOption = Annotated[str, typer.Option("--to", metavar="SITE", help="The site to move to.")]
EstateOption = Annotated[Path | None, typer.Option("--estate", help="The estate's folder.", envvar="INCLINE_ESTATE")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it; without this the command only says what it would do.")]

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
    """Say what a move would do, whether the rules allow it and whether the source can be read. Changes nothing."""
    plan = _plan(estate_path(estate), server, to)
    emit(plan.document(), lambda: _plan_text(plan), json_mode)
    if plan.possible:
        say_next(f"incline move start {server} --to {to} --yes")
    raise typer.Exit(ExitCode.OK if plan.possible else ExitCode.FINDINGS)


@app.command("start", epilog=closing_lines("incline move start permits-db-01 --to aws-east --yes"))
def start_command(
    server: ServerArgument, to: ToOption, estate: EstateOption = None, yes: YesOption = False, json_mode: JsonOption = False
) -> None:
    """Begin the move: copy everything the disks hold while the server runs. Again: go on where it stopped."""
    folder = estate_path(estate)
    if not yes:
        plan = _plan(folder, server, to)
        emit(plan.document(), lambda: _plan_text(plan), json_mode)
        say_next(f"incline move start {server} --to {to} --yes")
        raise typer.Exit(ExitCode.OK if plan.possible else ExitCode.FINDINGS)
    _drive(folder, lambda engine: engine.start(server, to), json_mode)


@app.command("sync", epilog=closing_lines("incline move sync permits-db-01 --yes"))
def sync_command(server: ServerArgument, estate: EstateOption = None, yes: YesOption = False, json_mode: JsonOption = False) -> None:
    """Copy what has changed since the last round, while the server runs."""
    folder = estate_path(estate)
    if not yes:
        _dry(folder, server, "would copy what has changed since the last round", "sync", json_mode)
        return
    _drive(folder, lambda engine: engine.sync(server), json_mode)


@app.command("pause", epilog=closing_lines("incline move pause permits-db-01"))
def pause_command(server: ServerArgument, estate: EstateOption = None, json_mode: JsonOption = False) -> None:
    """Ask the process that drives the move to stop after the step in hand, as one Ctrl-C there would."""
    folder = _state(estate_path(estate))
    record = _record(folder, server)
    if folder.driven:
        folder.pause_file.touch()
        say(f"{server}: asked the running process to stop after the step in hand")
    else:
        say(f"{server}: nothing is running; the move is {record.state.value}")
    _show(folder, record, json_mode)


@app.command("cutover", epilog=closing_lines("incline move cutover permits-db-01 --yes"))
def cutover_command(server: ServerArgument, estate: EstateOption = None, yes: YesOption = False, json_mode: JsonOption = False) -> None:
    """Change hands: last delta, proof, power off, final delta, proof, placement, stacks, health, empty previews."""
    folder = estate_path(estate)
    if not yes:
        what = "would shut the source down, carry the last changes, prove every block and bring up both stacks; the source is held after it"
        _dry(folder, server, what, "cutover", json_mode)
        return
    _drive(folder, lambda engine: engine.cutover(server), json_mode)


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
        _dry(folder, server, what, f"rollback{' --discard-writes' if discard_writes else ''}", json_mode)
        return
    _drive(folder, lambda engine: engine.rollback(server, discard_writes=discard_writes), json_mode)


@app.command("accept", epilog=closing_lines("incline move accept permits-db-01 --yes"))
def accept_command(server: ServerArgument, estate: EstateOption = None, yes: YesOption = False, json_mode: JsonOption = False) -> None:
    """End the trial: the held source and its disks are removed for good. There is no way back but a new move."""
    folder = estate_path(estate)
    if not yes:
        record = _record(_state(folder), server)
        _dry(folder, server, f"would remove the held machine on {record.source} with its disks, for good", "accept", json_mode)
        return
    _drive(folder, lambda engine: engine.accept(server), json_mode)


@app.command("status", epilog=closing_lines("incline move status permits-db-01", "incline move status permits-db-01 --json"))
def status_command(server: ServerArgument, estate: EstateOption = None, json_mode: JsonOption = False) -> None:
    """Where the server's move stands, round by round. Reads the journal only."""
    folder = _state(estate_path(estate))
    _show(folder, _record(folder, server), json_mode)


@app.command("verify", epilog=closing_lines("incline move verify permits-db-01"))
def verify_command(server: ServerArgument, estate: EstateOption = None, json_mode: JsonOption = False) -> None:
    """Read the target again in a fresh process and compare every block with the manifest. Changes nothing."""
    from cli.move_verify import verify  # noqa: PLC0415 - help stays fast

    folder = estate_path(estate)
    document = verify(folder, _state(folder), _record(_state(folder), server))
    emit(document, lambda: _verify_text(document), json_mode)
    raise typer.Exit(ExitCode.OK if document["ok"] else ExitCode.FINDINGS)


@app.command("list", epilog=closing_lines("incline move list", "incline move list --json"))
def list_command(estate: EstateOption = None, json_mode: JsonOption = False) -> None:
    """All moves of this state folder, oldest first."""
    from migration.status import move_document, summary_line  # noqa: PLC0415

    folder = _state(estate_path(estate))
    records = folder.moves()
    documents = [move_document(r, folder.history(r.id)) for r in records]
    emit({"schema": "incline.moves/1", "moves": documents}, lambda: "\n".join(map(summary_line, records)) or "no moves", json_mode)


def _state(estate: Path) -> StateFolder:
    from cli.move_engine import state_folder  # noqa: PLC0415 - help stays fast

    return state_folder(estate)


def _record(folder: StateFolder, server: str) -> MoveRecord:
    record = folder.latest(server)
    if record is None:
        raise _as_finding(
            InclineError(f"{server}: has no move in {folder.root}", code="INC-2111", next_step=f"incline move plan {server} --to SITE")
        )
    return record


def _plan(estate: Path, server: str, to: str) -> Plan:
    from cli.move_engine import gate_of, sites_of  # noqa: PLC0415
    from infra.estate.load import load_estate  # noqa: PLC0415
    from migration.engine import check_new_move  # noqa: PLC0415
    from migration.plan import make_plan  # noqa: PLC0415

    loaded = load_estate(estate)
    try:
        placement = check_new_move(loaded, server, to, _state(estate).latest(server))
        with sites_of(estate) as sites:
            return make_plan(loaded, placement, to, gate_of(estate), sites.side(placement.site), sites.side(to))
    except InclineError as exc:
        raise _as_finding(exc) from None


def _drive(estate: Path, action: Callable[[Engine], MoveRecord], json_mode: bool) -> None:
    from cli.move_engine import running_engine  # noqa: PLC0415
    from cli.move_progress import listener  # noqa: PLC0415

    try:
        with listener(json_mode=json_mode) as watcher, running_engine(estate, watcher) as engine:
            record = action(engine)
    except InclineError as exc:
        raise _as_finding(exc) from None
    _show(_state(estate), record, json_mode)


def _as_finding(error: InclineError) -> InclineError:
    """The error with the exit code that fits: an interruption, a refusal, or a failure."""
    kind = type(error).__name__
    if kind == "InterruptedMoveError":
        error.exit_code = ExitCode.INTERRUPTED  # type: ignore[attr-defined]
    elif kind in REFUSALS:
        error.exit_code = ExitCode.FINDINGS  # type: ignore[attr-defined]
    return error


def _show(folder: StateFolder, record: MoveRecord, json_mode: bool) -> None:
    from migration.engine import next_command  # noqa: PLC0415
    from migration.status import move_document  # noqa: PLC0415

    document = move_document(record, folder.history(record.id))
    emit(document, lambda: _status_text(document), json_mode)
    say_next(next_command(record))


def _dry(estate: Path, server: str, what: str, command: str, json_mode: bool) -> None:
    folder = _state(estate)
    record = _record(folder, server)
    from migration.status import move_document  # noqa: PLC0415

    document = {**move_document(record, folder.history(record.id)), "dry_run": True, "would": what}
    emit(document, lambda: f"{_status_text(document)}\n{server}: {what}", json_mode)
    say_next(
        f"incline move {command.replace('rollback', f'rollback {server}', 1) if 'rollback' in command else f'{command} {server}'} --yes"
    )


def _plan_text(plan: Plan) -> str:
    kind = "a return: only what has changed travels" if plan.returns else "a new move"
    lines = [f"{plan.server}: {plan.source} -> {plan.target} ({kind}), address there {plan.address}"]
    for disk in plan.disks:
        grown = f", {disk.target_size / (1 << 30):g} GiB there" if disk.target_size != disk.size else ""
        lines.append(f"  disk {disk.name}: {disk.size / (1 << 30):g} GiB{grown}")
    lines.append("  rules: " + (", ".join(f"{n} {kind}" for kind, n in plan.gate.counts.items() if n) or "none asked"))
    lines += [f"  refused: {line}" for line in plan.gate.blocking]
    lines += [f"  cannot begin: {line}" for line in plan.reasons]
    return "\n".join(lines)


def _status_text(document: dict[str, Any]) -> str:
    lines = [f"{document['server']}: {document['source']} -> {document['target']}, {document['state']} (move {document['id']})"]
    for round_ in document["rounds"]:
        disks = ", ".join(f"{d['name']} {d['blocks_sent']} of {d['blocks_total']} blocks sent" for d in round_["disks"])
        resumed = sum(d["blocks_resumed"] for d in round_["disks"])
        kept = f", {resumed} were there already" if resumed else ""
        lines.append(f"  round {round_['number']} {round_['kind']}: {disks or 'under way'}{kept}{'' if round_['finished'] else ' (open)'}")
    if document["downtime_s"]:
        lines.append(f"  down for {document['downtime_s']:.0f} s")
    proven = [d for d in document["disks"] if d["target_root"]]
    if proven:
        equal = all(d["source_root"] == d["target_root"] for d in proven)
        lines.append(
            f"  {'every block equal on both sides' if equal else 'BLOCKS DIFFER'}: "
            + ", ".join(f"{d['name']} {d['target_root'][:16]}" for d in proven)
        )
    if document["failure"]:
        lines.append(f"  last failure: {document['failure']}")
    return "\n".join(lines)


def _verify_text(document: dict[str, Any]) -> str:
    lines = [f"{document['server']}: {'every block is right' if document['ok'] else 'WRONG BLOCKS'} after round {document['round']}"]
    lines += [f"  {d['name']}: {d['target_root']}" for d in document["disks"]]
    lines += [f"  disk {m['disk']}, offset {m['offset']}" for m in document["mismatches"]]
    return "\n".join(lines)
