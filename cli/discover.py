"""`incline discover`: what stands on the sites and what it uses, kept in the inventory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import closing_lines, new_app
from cli.exit_codes import ExitCode
from cli.names import complete_site
from cli.output import emit, say, say_next
from cli.project import estate_path
from cli.store_path import StoreOption, store_from
from infra.errors import InclineError

if TYPE_CHECKING:
    from cli.discover_look import Discovery, SiteLook

app = new_app("Look at sites: machines, hosts, storage, networks, usage.")


@app.command(
    "discover",
    epilog=closing_lines(
        "incline discover --all",
        "incline discover downtown northside --no-usage",
        "incline discover downtown --full               read everything again, not only what changed",
    ),
)
def discover(
    sites: Annotated[list[str] | None, typer.Argument(metavar="SITE", help="Names of sites.", autocompletion=complete_site)] = None,
    *,
    all_sites: Annotated[bool, typer.Option("--all", help="Every site of the estate.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, not only what changed since the last look.")] = False,
    no_usage: Annotated[bool, typer.Option("--no-usage", help="Leave the performance history out.")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Go on without a site that does not answer; exit code 3.")] = False,
    store: StoreOption = None,
    estate: Annotated[Path | None, typer.Option(help="The estate's folder.", envvar="INCLINE_ESTATE")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No narration.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Look at sites and keep what is there. Nothing is changed on them; a second look reads only what changed."""
    from cli.discover_look import Wanted  # noqa: PLC0415 - help and completion stay fast
    from cli.discover_look import discover as look_at  # noqa: PLC0415
    from cli.discover_progress import narrating  # noqa: PLC0415
    from infra.estate.load import load_estate  # noqa: PLC0415

    folder = estate_path(estate)
    loaded = load_estate(folder, settled=False)
    names = list(loaded.sites) if all_sites else list(sites or ())
    if not names:
        raise InclineError(
            "no site is named", code="INC-7096", details=(f"the estate has {', '.join(loaded.sites)}",), next_step="incline discover --all"
        )
    wanted = Wanted(full=full, usage=not no_usage, partial=partial)
    with store_from(store, folder, must_exist=False) as kept, narrating(_mute if quiet else say) as narrator:
        found = look_at(kept, loaded, names, wanted, narrator)
        emit(_document(kept.name, found), lambda: _text(found), as_json)
    if not quiet:
        say_next("incline inventory show   or   incline assess")
    if found.unanswered:
        raise typer.Exit(ExitCode.UNDETERMINED)


def _mute(line: str) -> None:
    del line


def _document(store: str, found: Discovery) -> dict[str, Any]:
    return {
        "schema": "incline.discovery/1",
        "store": store,
        "sites": {name: _site(look) for name, look in found.sites.items()},
        "unanswered": {name: {"code": error.code, "what": error.what} for name, error in found.unanswered.items()},
    }


def _site(look: SiteLook) -> dict[str, Any]:
    parts = ("hosts", "clusters", "datastores", "networks", "quotas")
    usage = look.usage
    return {
        "taken_at": look.inventory.taken_at.isoformat(),
        "seconds": round(look.seconds, 2),
        "first": look.first,
        "machines": look.saved.machines,
        "added": look.saved.added,
        "changed": look.saved.changed,
        "gone": look.saved.gone,
        **{part: len(getattr(look.inventory, part)) for part in parts},
        "findings": len(look.inventory.findings) + (len(usage.findings) if usage else 0),
        "usage": None if usage is None else {"samples": usage.samples, "machines": usage.machines, "percentiles": usage.percentiles},
    }


def _text(found: Discovery) -> str:
    width = max(map(len, (*found.sites, *found.unanswered)))
    lines = [f"{name:{width}}  {_line(look)}" for name, look in found.sites.items()]
    lines += [f"{name:{width}}  not asked: {error.what}" for name, error in found.unanswered.items()]
    count = sum(len(look.inventory.findings) + (len(look.usage.findings) if look.usage else 0) for look in found.sites.values())
    if count:
        lines.append(f"{count:,} {'findings' if count != 1 else 'finding'}: incline inventory findings")
    return "\n".join(lines)


def _line(look: SiteLook) -> str:
    saved = look.saved
    machines = f"{saved.machines:,} {'machines' if saved.machines != 1 else 'machine'}"
    if look.first:
        return f"{machines}, first look, {look.seconds:.1f} s"
    new = f"{saved.added:,} new, " if saved.added else ""
    return f"{machines}, {new}{saved.changed:,} changed, {saved.gone:,} gone, {look.seconds:.1f} s"
