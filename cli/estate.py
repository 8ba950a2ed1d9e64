"""`incline estate`: validate, compare, settle and show the estate, and its schemas for editors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import closing_lines, new_app
from cli.exit_codes import ExitCode
from cli.names import complete_server, known_server
from cli.output import emit, say, say_next, styled
from cli.project import estate_path, near

if TYPE_CHECKING:
    from infra.estate.diff import Change
    from infra.estate.model import Estate, Placement, Server
    from infra.estate.problems import Problem

app = new_app(
    "Validate, compare and settle the estate.",
    examples=("incline estate validate", "incline estate diff origin/main", "incline estate settle --observe --yes"),
)

EstateOption = Annotated[Path | None, typer.Option("--estate", help="The estate's folder.", envvar="INCLINE_ESTATE")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it; without this the command only says what it would do.")]


@app.command("validate", epilog=closing_lines("incline estate validate", "incline estate validate --estate ../city/estate --json"))
def validate_command(estate: EstateOption = None, json_mode: JsonOption = False) -> None:
    """Report every problem of every file, and what to write instead."""
    from infra.estate.load import EstateErrors, load_estate  # noqa: PLC0415 - help stays fast
    from infra.estate.schema import outdated  # noqa: PLC0415

    folder = estate_path(estate)
    problems: list[Problem] = []
    counts = ""
    try:
        loaded = load_estate(folder)
        counts = f"{len(loaded.servers)} servers of {len(loaded.services)} services on {len(loaded.sites)} sites"
    except EstateErrors as errors:
        problems = errors.problems
    emit(_validation(folder, problems), lambda: _validation_text(folder, problems, counts), json_mode)
    if (folder / "schema").is_dir() and (old := outdated(folder)):
        say(f"the editors' schemas are older than the model: {', '.join(old)}")
        say_next("incline estate schema --yes")
    raise typer.Exit(ExitCode.FINDINGS if problems else ExitCode.OK)


@app.command("diff", epilog=closing_lines("incline estate diff origin/main", "incline estate diff HEAD~1 --json"))
def diff_command(
    revision: Annotated[str, typer.Argument(metavar="REF", help="A git revision to compare with, such as origin/main.")],
    estate: EstateOption = None,
    json_mode: JsonOption = False,
) -> None:
    """Say what an edit would move, resize, add or retire. Compared with a git revision."""
    from infra.estate.diff import compare  # noqa: PLC0415
    from infra.estate.load import assemble, load_estate  # noqa: PLC0415
    from infra.estate.locate import locations  # noqa: PLC0415
    from infra.estate.revision import draft_at  # noqa: PLC0415

    folder = estate_path(estate)
    new = load_estate(folder, settled=False)
    old = draft_at(folder, revision)
    if old.problems:
        say(f"the estate at {revision} has {len(old.problems)} unreadable parts, which count as absent; the first: {old.problems[0]}")
    changes = compare(assemble(old), new)
    places = {name: str(place) for name, place in locations(near(folder)).items()}
    emit(_diff(revision, changes, places), lambda: _diff_text(revision, changes, places), json_mode)


@app.command(
    "settle",
    epilog=closing_lines(
        "incline estate settle                  what would be recorded",
        "incline estate settle --yes            new machines, which pulumi up will make",
        "incline estate settle --observe --yes  adopt virtual machines that stand there already",
    ),
)
def settle_command(
    observe: Annotated[bool, typer.Option("--observe", help="Look at the vCenters and adopt machines that exist already.")] = False,
    estate: EstateOption = None,
    yes: YesOption = False,
    json_mode: JsonOption = False,
) -> None:
    """Give every new server its placement. That record says where it is declared."""
    from infra.estate.load import load_estate  # noqa: PLC0415
    from infra.estate.settle import settle, sites_to_observe  # noqa: PLC0415
    from infra.estate.write import write_placement  # noqa: PLC0415

    folder = estate_path(estate)
    loaded = load_estate(folder, settled=False)
    if observe:
        from cli.estate_observe import observe_machines  # noqa: PLC0415 - only this option needs a vCenter's client

        seen = observe_machines(loaded, sites_to_observe(loaded))
    else:
        seen = {}
    placements = settle(loaded, seen)
    if yes:
        placements = [write_placement(folder, placement) for placement in placements]
    emit(_settlement(placements, written=yes), lambda: _settlement_text(placements, written=yes), json_mode)
    if placements and not yes:
        say_next(f"incline estate settle{' --observe' if observe else ''} --yes")
    elif placements:
        say_next("git add the placements with the servers, then  pulumi preview")


@app.command(
    "schema",
    epilog=closing_lines("incline estate schema         which files are not up to date", "incline estate schema --yes   write them"),
)
def schema_command(estate: EstateOption = None, yes: YesOption = False, json_mode: JsonOption = False) -> None:
    """Write the JSON Schema files for editors. They complete and check the estate's YAML."""
    from infra.estate.schema import outdated, write_schemas  # noqa: PLC0415

    folder = estate_path(estate)
    names = write_schemas(folder) if yes else outdated(folder)
    verb = "wrote" if yes else "out of date"
    data = {"schema": "incline.estate-schemas/1", "written": yes, "files": [str(folder / "schema" / name) for name in names]}
    emit(data, lambda: "\n".join(f"{verb} {folder / 'schema' / name}" for name in names) or "every schema is up to date", json_mode)
    if names and not yes:
        say_next("incline estate schema --yes")


@app.command("show", epilog=closing_lines("incline estate show", "incline estate show permits-db-01 --json"))
def show_command(
    server: Annotated[
        str, typer.Argument(metavar="SERVER", help="A server's name; without it, all servers.", autocompletion=complete_server)
    ] = "",
    estate: EstateOption = None,
    json_mode: JsonOption = False,
) -> None:
    """Show a server, or list all. What is intended, where it is declared, and where each is written."""
    from infra.estate.load import load_estate  # noqa: PLC0415

    folder = estate_path(estate)
    loaded = load_estate(folder, settled=False)
    if not server:
        rows = [_row(each, loaded) for _, each in sorted(loaded.servers.items())]
        emit({"schema": "incline.estate-servers/1", "servers": rows}, lambda: _table(rows), json_mode)
        return
    known_server(loaded, server)
    emit(_server(folder, loaded, server), lambda: _server_text(folder, loaded, server), json_mode)


def _validation(folder: Path, problems: list[Problem]) -> dict[str, Any]:
    listed = [{"file": p.file, "line": p.line, "what": p.what, "instead": p.instead, "code": p.code} for p in problems]
    return {"schema": "incline.estate-validation/1", "estate": str(folder), "ok": not problems, "problems": listed}


def _validation_text(folder: Path, problems: list[Problem], counts: str) -> str:
    import sys  # noqa: PLC0415

    if not problems:
        return f"{near(folder)}: {styled('valid', 'green', sys.stdout)}, {counts}"
    lines = []
    for problem in problems:
        lines.append(f"{near(folder) / problem.file}:{problem.line}: {styled(problem.code, 'red', sys.stdout)} {problem.what}")
        if problem.instead:
            lines.append(f"    {problem.instead}")
    count = len(problems)
    return "\n".join([*lines, f"{count} problem{'' if count == 1 else 's'}"])


def _diff(revision: str, changes: list[Change], places: dict[str, str]) -> dict[str, Any]:
    listed = [{"kind": c.kind, "object": c.object, "words": c.words, "place": places.get(c.object, "")} for c in changes]
    return {"schema": "incline.estate-diff/1", "since": revision, "changes": listed}


def _diff_text(revision: str, changes: list[Change], places: dict[str, str]) -> str:
    if not changes:
        return f"nothing changes since {revision}"
    return "\n".join(f"{change.words}" + (f"  [{places[change.object]}]" if change.object in places else "") for change in changes)


def _settlement(placements: list[Placement], *, written: bool) -> dict[str, Any]:
    listed = [each.model_dump(mode="json", exclude_defaults=True) for each in placements]
    return {"schema": "incline.estate-settlement/1", "written": written, "placements": listed}


def _settlement_text(placements: list[Placement], *, written: bool) -> str:
    if not placements:
        return "every server has its placement"
    verb = {True: {"created": "declared", "adopted": "adopted"}, False: {"created": "would declare", "adopted": "would adopt"}}[written]
    return "\n".join(
        f"{verb.get(each.origin, each.origin)} {each.server} on {each.site}"
        + (f" ({each.machine.import_id})" if each.machine.import_id else ", for pulumi up to make")
        for each in placements
    )


def _row(server: Server, loaded: Estate) -> dict[str, Any]:
    placement = loaded.placements.get(server.name)
    return {
        "name": server.name,
        "service": server.service,
        "site": server.site,
        "declared": placement.site if placement else "",
        "cpus": server.size.cpus,
        "memory": server.size.memory,
        "disks": len(server.disks),
        "state": _state(server, placement),
    }


def _state(server: Server, placement: Placement | None) -> str:
    if placement is None:
        return "unsettled"
    if placement.move is not None:
        return f"moving to {placement.move.target}"
    if placement.held is not None:
        return f"on trial, source held on {placement.held.machine.site}"
    return "settled" if placement.site == server.site else f"pending move to {server.site}"


def _table(rows: list[dict[str, Any]]) -> str:
    cells = [("SERVER", "SERVICE", "SITE", "CPUS", "MEMORY", "DISKS", "STATE")]
    cells += [
        (r["name"], r["service"], r["declared"] or r["site"], str(r["cpus"]), f"{r['memory'] >> 30} GiB", str(r["disks"]), r["state"])
        for r in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells)


def _server(folder: Path, loaded: Estate, name: str) -> dict[str, Any]:
    from infra.estate.locate import locations  # noqa: PLC0415

    places = locations(near(folder))
    server, placement = loaded.servers[name], loaded.placements.get(name)
    return {
        "schema": "incline.estate-server/1",
        "state": _state(server, placement),
        "server": server.model_dump(mode="json", exclude_defaults=True),
        "service": loaded.services[server.service].model_dump(mode="json"),
        "placement": placement.model_dump(mode="json", exclude_defaults=True) if placement else None,
        "places": {key: str(places[key]) for key in (f"server/{name}", f"service/{server.service}", f"placement/{name}") if key in places},
    }


def _server_text(folder: Path, loaded: Estate, name: str) -> str:
    from infra.estate.diff import describe_disks  # noqa: PLC0415
    from infra.estate.sizes import format_size  # noqa: PLC0415

    server, placement = loaded.servers[name], loaded.placements.get(name)
    service = loaded.services[server.service]
    places = _server(folder, loaded, name)["places"]
    lines = [
        f"{name}: {server.role or 'server'} of {service.title} ({service.owner}), {_state(server, placement)}",
        f"  size      {server.size.cpus} CPUs, {format_size(server.size.memory)}, {describe_disks(server)}",
        *(f"  disk      {disk.name} {format_size(disk.size)}" for disk in server.disks),
        f"  tier      {service.tier.value}, RTO {service.rto_minutes} min, RPO {service.rpo_minutes} min, {service.data_class.value}",
        *(f"  at        {site}: {', '.join(f'{nic.network} {nic.address}' for nic in at.nics)}" for site, at in server.at.items()),
        f"  declared  {placement.site if placement else 'nowhere yet: incline estate settle'}",
        *(f"  {key.partition('/')[0]:<9} {place}" for key, place in places.items()),
    ]
    return "\n".join(lines)
