"""Making a plan: solve, show, and keep it when asked to. A dry run's result is not lost: `--yes` on the same inputs keeps that one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.exit_codes import ExitCode
from cli.output import emit, say, say_next
from cli.plan import made_data
from cli.plan_file import path_of, told, write_plan
from cli.plan_inputs import Gathered, Places, gather
from cli.plan_words import plan_text
from infra.atomic import FileWriteError, remove_file, replace_file
from infra.errors import InclineError
from migration.waves.document import Goal, WavePlan, read_wave_plan
from migration.waves.document_make import dropped, fingerprint, late, small_nights
from migration.waves.document_text import render

if TYPE_CHECKING:
    from cli.plan_solve import Made
    from migration.discover.model import Finding

NEXT = Path("out") / "waves-next.yaml"
"""Where a dry run leaves its plan, beside the estate."""


@dataclass(frozen=True, kw_only=True)
class MakeOptions:
    """What the command line asks for."""

    goal: Goal
    seconds: float
    gap: float
    fresh: bool = False
    rules: bool = True
    out: Path | None = None
    yes: bool = False
    quiet: bool = False


def make_plan(where: Places, options: MakeOptions, *, json_mode: bool) -> ExitCode:
    """Make, show and perhaps keep a plan. The exit code says whether every server that may move has a night."""
    path = path_of(options.out, where.estate) if where.estate or options.out else where.base / "plan" / "waves.yaml"
    before = read_wave_plan(path) if path.is_file() else None
    goal = options.goal if options.goal != Goal() or before is None else before.goal
    gathered = gather(where, goal)
    gathered.fingerprints["before"] = fingerprint(before) if before else ""
    gathered.fingerprints["asked"] = fingerprint([options.fresh, options.rules])
    if options.yes and (found := _dry_run(where, gathered)) is not None:
        write_plan(path, found)
        remove_file(where.base / NEXT)
        emit(found.model_dump(mode="json", by_alias=True), lambda: plan_text(found), json_mode)
        return _kept(path, found)
    return _solve(where, options, gathered, before, path, json_mode=json_mode)


def _solve(where: Places, options: MakeOptions, gathered: Gathered, before: WavePlan | None, path: Path, *, json_mode: bool) -> ExitCode:
    from cli.plan_rules import obedient  # noqa: PLC0415 - neither rules nor solver are needed to keep a dry run's plan
    from cli.plan_solve import make  # noqa: PLC0415

    def solve(inputs: Gathered) -> Made:
        return make(inputs, before, seconds=options.seconds, gap=options.gap, fresh=options.fresh, quiet=options.quiet)

    made, stopped = obedient(where, gathered, solve, quiet=options.quiet) if options.rules else (solve(gathered), ())
    findings = (*made.built.findings, *stopped, *_about(made, gathered, before))
    emit(made_data(made, findings), lambda: plan_text(made.plan, findings, made.conflict), json_mode)
    if made.violations:
        raise InclineError(
            "the plan breaks demands that it was to keep: a defect of the planner",
            code="INC-7129",
            details=tuple(each.what for each in made.violations[:10]),
            next_step="report it with the programme; nothing was written",
        )
    if options.yes:
        write_plan(path, made.plan)
        return _kept(path, made.plan)
    _set_aside(where.base / NEXT, made.plan)
    if made.plan.nights:
        say_next(f"{_command(where, options)} --yes")
    return _code(made.plan)


def _set_aside(path: Path, plan: WavePlan) -> None:
    """Keep the plan of a dry run for --yes. Where nothing can be written it was shown all the same, and --yes solves again."""
    try:
        replace_file(path, render(plan))
    except FileWriteError as error:
        say(f"this plan is not set aside for --yes: {error.what}", style="yellow")


def _about(made: Made, gathered: Gathered, before: WavePlan | None) -> tuple[Finding, ...]:
    """What is to be said of the plan itself."""
    small = small_nights(made.plan, gathered.inputs.programme)
    return (*late(made.built, made.solution), *small, *dropped(before, made.plan))


def _dry_run(where: Places, gathered: Gathered) -> WavePlan | None:
    """The plan of a dry run just before, if it was made from the same inputs."""
    path = where.base / NEXT
    if not path.is_file():
        return None
    try:
        found = read_wave_plan(path)
    except InclineError:
        return None  # a scratch file: solving again is the answer
    return found if found.inputs == dict(gathered.fingerprints) and found.goal == gathered.goal else None


def _kept(path: Path, plan: WavePlan) -> ExitCode:
    say(f"kept in {told(path)}")
    say_next("incline plan check   or   incline plan export waves.xlsx")
    return _code(plan)


def _code(plan: WavePlan) -> ExitCode:
    return ExitCode.FINDINGS if any(each.kind in {"not placed", "does not fit", "rules"} for each in plan.left_out) else ExitCode.OK


def _command(where: Places, options: MakeOptions) -> str:
    """The command line of this run, without --yes."""
    goal = options.goal
    words = ["incline plan make", *((f"--to {goal.to}",) if goal.to else ())]
    for flag, names in (("--site", goal.sites), ("--service", goal.services), ("--server", goal.servers)):
        words += [f"{flag} {name}" for name in names]
    words += ["--fresh"] if options.fresh else []
    words += [] if options.rules else ["--no-rules"]
    files = (
        ("--estate", where.named),
        ("--programme", where.programme),
        ("--store", where.store),
        ("--capacity", where.capacity),
        ("--out", options.out),
    )
    for flag, given in files:
        words += [f"{flag} {given}"] if given else []
    return " ".join(words)
