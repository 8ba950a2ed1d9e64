"""`incline lab`: the offline vCenter and AWS region, with the real Pulumi engine."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.command import closing_lines, new_app
from cli.exit_codes import ExitCode
from cli.lab_knobs import host_app, quota_app, statistics
from cli.output import emit, say, say_next, styled
from cli.project import project_root
from infra.errors import InclineError
from lab.lifecycle import Lab, LabHome
from lab.lifecycle.environment import UNSET, shell_lines
from lab.lifecycle.lab import Forgotten, ServerStatus
from lab.lifecycle.record import Record, as_document
from lab.progress import Progress
from lab.toolchain import ensure_toolchain

app = new_app(
    "The offline vCenter and AWS region, with the real Pulumi engine.",
    examples=(
        "incline lab up                       start it; the first time builds its programs",
        'eval "$(incline lab env)"            then pulumi, govc and aws talk to it',
        "incline lab stop vcenter             its machines and disks wait for: incline lab start vcenter",
        "incline lab host fail dt-esx-01      what a rule must notice: see also host recover, quota set",
        "incline lab down                     forget everything, Pulumi state included",
    ),
)

app.add_typer(host_app, name="host")
app.add_typer(quota_app, name="quota")

JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
QuietFlag = Annotated[bool, typer.Option("--quiet", help="No narration.")]
PartArgument = Annotated[str, typer.Argument(help="vcenter or aws", metavar="PART", autocompletion=lambda: ["vcenter", "aws"])]


def _lab(*, quiet: bool = False) -> Lab:
    project = project_root()
    return Lab(LabHome.find(project, os.environ), project=project, progress=Progress(None if quiet else sys.stderr))


@app.command(epilog=closing_lines("incline lab up", "incline lab up --estate ../city/estate"))
def up(
    estate: Annotated[Path | None, typer.Option(help="Another estate than the project's.", envvar="INCLINE_ESTATE")] = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Start what does not run. What runs is left alone, so it may be called at any time."""
    lab = _lab(quiet=quiet)
    lost = _region_lost(lab)
    record = lab.up(estate)
    _tell_loss(lost)
    emit(as_document(record), lambda: _addresses(record), as_json)
    if not quiet:
        say_next('eval "$(incline lab env)"')


@app.command(epilog=closing_lines("incline lab down", "incline lab down --quiet"))
def down(as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """Stop the lab and forget everything. Machines, disks, snapshots, and the lab's Pulumi state."""
    forgotten = _lab(quiet=quiet).down()
    document = {"schema": "incline.lab-down/1", "home": str(forgotten.home), "existed": forgotten.existed, "stacks": forgotten.stacks}
    emit(document, lambda: "" if quiet else _forgotten(forgotten), as_json)


@app.command(epilog=closing_lines('eval "$(incline lab env)"', "incline lab env --json"))
def env(as_json: JsonFlag = False) -> None:
    """Print the variables that point a shell at the lab, for eval. They are for pulumi, govc, aws and incline."""
    lab = _lab()
    variables = lab.environment()
    asleep = [server.name for server in lab.status() if server.state != "running"]
    if asleep:
        say(f"note: {' and '.join(asleep)} not running; run  incline lab up", style="yellow")
    emit({"schema": "incline.lab-env/1", "env": variables, "unset": list(UNSET)}, lambda: shell_lines(variables), as_json)


@app.command(epilog=closing_lines("incline lab status", "incline lab status --json"))
def status(as_json: JsonFlag = False) -> None:
    """What runs, and what the stacks hold. Exit code 1 when a server does not run."""
    lab = _lab()
    found, stacks = lab.status(), lab.stacks()
    document = {"schema": "incline.lab-status/1", "servers": [_plain(server) for server in found], "stacks": stacks}
    emit(document, lambda: _story(found, stacks), as_json)
    if any(server.state != "running" for server in found):
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(epilog=closing_lines("incline lab start vcenter", "incline lab start aws"))
def start(part: PartArgument, as_json: JsonFlag = False) -> None:
    """Start one server again, with its state and at its old address."""
    lab = _lab()
    lost = part == "aws" and _region_lost(lab)
    record = lab.start(part)
    _tell_loss(lost)
    emit(as_document(record), lambda: _addresses(record), as_json)


@app.command(epilog=closing_lines("incline lab stop vcenter", "incline lab start vcenter"))
def stop(part: PartArgument, as_json: JsonFlag = False) -> None:
    """Stop the vCenter. Its state stays."""
    lab = _lab()
    if part == "aws" and lab.record():
        raise InclineError(
            "lab: the AWS region lives in its process: to stop it would be to lose its machines",
            code="INC-4208",
            next_step="incline lab down forgets the whole lab, Pulumi state included",
        )
    record = lab.stop(part)
    emit(as_document(record), lambda: f"{part} stopped, its state is kept", as_json)
    say_next(f"incline lab start {part}")


@app.command(epilog=closing_lines("incline lab toolchain", 'PATH="$(incline lab toolchain):$PATH" pulumi version'))
def toolchain(as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """Build the lab's programs if missing, print their folder."""
    built = ensure_toolchain(Progress(None if quiet else sys.stderr))
    document = {"schema": "incline.toolchain/1", "bin": str(built.bin), "pulumi": str(built.pulumi)}
    emit(document, lambda: str(built.bin), as_json)


app.command(epilog=closing_lines("incline lab statistics 7", "incline lab statistics 0"))(statistics)


def _region_lost(lab: Lab) -> bool:
    """Whether the AWS region is gone while stacks still tell of what was in it."""
    if not lab.home.record.is_file():
        return False
    region = next(server for server in lab.status() if server.name == "aws")
    return region.state != "running" and any(lab.stacks().values())


def _tell_loss(lost: bool) -> None:
    if lost:
        say("note: the AWS region starts empty, but stacks tell of machines in it; begin anew with  incline lab down", style="yellow")


def _addresses(record: Record) -> str:
    lines = [f"{name:8} {server.addresses.get('url', '-')}" for name, server in sorted(record.servers.items())]
    return "\n".join(lines)


def _forgotten(forgotten: Forgotten) -> str:
    if not forgotten.existed:
        return f"there was no lab in {forgotten.home}"
    resources = sum(forgotten.stacks.values())
    return (
        f"forgotten: the vCenter and the AWS region with all their machines and disks, and the Pulumi state of "
        f"{len(forgotten.stacks)} stacks with {resources} resources ({forgotten.home})"
    )


def _plain(server: ServerStatus) -> dict[str, Any]:
    return {**asdict(server), "log": str(server.log)}


def _story(found: list[ServerStatus], stacks: dict[str, int]) -> str:
    colours = {"running": "green", "stopped": "yellow", "gone": "red"}
    lines = [f"{server.name:8} {styled(f'{server.state:8}', colours[server.state], sys.stdout)} {server.url}" for server in found]
    lines += [f"{'':8} it ended by itself; its log: {server.log}" for server in found if server.state == "gone"]
    lines += [f"stack    {name:24} {count:4d} resources" for name, count in stacks.items()]
    return "\n".join(lines)
