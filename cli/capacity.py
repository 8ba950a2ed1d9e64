"""`incline capacity`: one file with what both sides really have, and a look at it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import closing_lines, new_app
from cli.exit_codes import ExitCode
from cli.names import complete_site
from cli.output import emit, say, say_next
from cli.project import estate_path, near

if TYPE_CHECKING:
    from cli.capacity_look import Seen
    from infra.observed.capacity import AwsCapacity, CapacitySnapshot, VsphereCapacity

app = new_app(
    "Record what the sites really have, for rules that need no credentials.",
    examples=(
        "incline capacity snapshot            ask every site, keep the answers in out/capacity.json",
        "incline capacity show                how full clusters, datastores and quotas are",
    ),
)

SiteOption = Annotated[
    list[str] | None, typer.Option("--site", metavar="SITE", help="Only this site; may be given again.", autocompletion=complete_site)
]
EstateOption = Annotated[Path | None, typer.Option(help="The estate's folder.", envvar="INCLINE_ESTATE")]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.command(
    epilog=closing_lines(
        "incline capacity snapshot",
        "incline capacity snapshot --site downtown --out before.json",
        "incline capacity snapshot --partial     a site that does not answer is left out, and named",
    )
)
def snapshot(
    out: Annotated[Path | None, typer.Option(help="The file; out/capacity.json beside the estate, or what INCLINE_CAPACITY names.")] = None,
    site: SiteOption = None,
    partial: Annotated[bool, typer.Option("--partial", help="Go on without a site that does not answer; exit code 3.")] = False,
    estate: EstateOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No narration.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Ask the sites what they have and keep it in one file. Nothing is changed on them."""
    from cli.capacity_look import look, snapshot_path, write_snapshot  # noqa: PLC0415 - help and completion stay fast
    from infra.estate.load import load_estate  # noqa: PLC0415

    folder = estate_path(estate)
    path = snapshot_path(out, folder)
    seen = look(load_estate(folder, settled=False), site, partial=partial, say=None if quiet else say)
    write_snapshot(path, seen.snapshot)
    emit(_document(path, seen), lambda: _seen_text(path, seen), as_json)
    if not quiet:
        say_next("incline capacity show" if out is None and estate is None else f"incline capacity show {near(path)}")
    if seen.missing:
        raise typer.Exit(ExitCode.UNDETERMINED)


@app.command(epilog=closing_lines("incline capacity show", "incline capacity show before.json --json"))
def show(
    file: Annotated[Path | None, typer.Argument(help="A snapshot; out/capacity.json when left out.", metavar="[FILE]")] = None,
    as_json: JsonFlag = False,
) -> None:
    """How full everything is, from a snapshot. The line in a cluster's bar is what stays without its largest host."""
    from cli.capacity_bars import age_hours, rows  # noqa: PLC0415 - help and completion stay fast
    from cli.capacity_look import snapshot_path  # noqa: PLC0415
    from policies.readers.snapshot import read_snapshot  # noqa: PLC0415

    path = snapshot_path(file)
    found = read_snapshot(path)
    hours = age_hours(found, datetime.now(UTC))
    document = {
        "schema": "incline.capacity-show/1",
        "file": str(path),
        "estate": found.estate,
        "age_hours": round(hours, 2),
        "rows": [
            {"target": r.target, "resource": r.resource, "unit": r.unit, "used": r.used, "total": r.total, "safe": r.safe, "note": r.note}
            for r in rows(found)
        ],
        "missing": {name: each.missing for name, each in found.sites.items() if each.missing},
    }
    emit(document, lambda: _bars_text(path, found, hours), as_json)


def _document(path: Path, seen: Seen) -> dict[str, Any]:
    return {
        "schema": "incline.capacity-snapshot/1",
        "file": str(path),
        "estate": seen.snapshot.estate,
        "taken_at": seen.snapshot.taken_at,
        "sites": {
            name: {"kind": s.kind, "source": s.source, **_counts(s), "missing": s.missing} for name, s in seen.snapshot.sites.items()
        },
        "unanswered": {name: {"code": error.code, "what": error.what} for name, error in seen.missing.items()},
    }


def _counts(site: VsphereCapacity | AwsCapacity) -> dict[str, int]:
    if site.kind == "vsphere":
        hosts = [host for cluster in site.clusters for host in cluster.hosts]
        return {
            "clusters": len(site.clusters),
            "hosts": len(hosts),
            "away": sum(not host.usable for host in hosts),
            "datastores": len(site.datastores),
            "machines": len(site.machines),
            "measured": sum(machine.usage is not None for machine in site.machines),
        }
    return {
        "zones": len(site.zones),
        "subnets": len(site.networks),
        "quotas": len(site.quotas or ()),
        "reservations": len(site.reservations or ()),
        "instances": len(site.instances),
        "measured": sum(instance.usage is not None for instance in site.instances),
    }


def _seen_text(path: Path, seen: Seen) -> str:
    lines = []
    for name, site in seen.snapshot.sites.items():
        lines.append(f"{name:12} {', '.join(f'{count} {what}' for what, count in _counts(site).items())}")
        lines += [f"{'':12} not seen: {part} ({reason})" for part, reason in site.missing.items()]
    lines += [f"{name:12} not asked: {error.what}" for name, error in seen.missing.items()]
    return "\n".join([*lines, f"kept in {near(path)}"])


def _bars_text(path: Path, found: CapacitySnapshot, hours: float) -> str:
    from cli.capacity_bars import age_words, rows  # noqa: PLC0415

    lines = [f"{near(path)}: {found.estate}, {age_words(hours)}", *(row.text() for row in rows(found))]
    for name, site in found.sites.items():
        lines += [f"{name}: not seen: {part} ({reason})" for part, reason in site.missing.items()]
    return "\n".join(lines)
