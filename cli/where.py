"""`incline where`: where a service runs, what it needs, what it promises, and which loss would break that."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import closing_lines, new_app
from cli.names import complete_service, known_service
from cli.output import emit, say, say_next, styled
from cli.project import near

if TYPE_CHECKING:
    from policies.reports.where import FailureRow, NeedRow, ServerRow, Whereabouts

app = new_app("Where a service runs, what it needs, what it promises.")


@app.command(
    "where",
    epilog=closing_lines(
        "incline where permits                         servers, needs, promises, copies, moves",
        "incline where permits --capacity out/capacity.json   with the hosts it runs on now",
        "incline where permits --html out/permits.html",
    ),
)
def where(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="A service's name.", autocompletion=complete_service)],
    estate: Annotated[Path | None, typer.Option(help="The estate's folder.", envvar="INCLINE_ESTATE")] = None,
    capacity: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The capacity snapshot; else out/capacity.json beside the estate.", envvar="INCLINE_CAPACITY"),
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as a page too: one file, no network.")] = None,
    json_mode: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Say where a service runs. What it needs and promises, who answers for it, and which loss would break the promise."""
    from cli.planned_state import planned_state  # noqa: PLC0415 - help and completion stay fast
    from policies.reports.where import build_where  # noqa: PLC0415

    loaded, evidence = planned_state(estate, capacity)
    known_service(loaded, service)
    found = build_where(loaded, evidence, service, datetime.now(UTC))
    if html is not None:
        from infra.atomic import replace_file  # noqa: PLC0415
        from policies.reports.service_pages import where_page  # noqa: PLC0415

        replace_file(html, where_page(found))
    emit(_document(found), lambda: "\n".join(_text(found)), json_mode)
    if html is not None:
        say(f"page: {near(html)}")
    elif found.failures:
        worst = next((f for f in found.failures if not f.kept), found.failures[0])
        say_next(f"incline impact {worst.subject}")


def _document(found: Whereabouts) -> dict[str, Any]:
    return {"schema": "incline.where/1", **asdict(found), "generated": found.generated.isoformat()}


def _text(found: Whereabouts) -> Iterator[str]:
    from cli.paragraphs import columns, heading, paragraph  # noqa: PLC0415

    yield styled(paragraph(found.answer), "bold", sys.stdout)
    yield heading("promise")
    about = ", ".join(each for each in (found.tier, found.lifecycle, f"{found.data_class} data", found.cost_centre) if each)
    yield from (f"  {line}" for line in (*found.promise, f"{about}; see {found.source}"))
    yield heading("runs on")
    yield from columns(_server(row) for row in found.servers)
    if found.needs:
        yield heading("needs")
        yield from columns(_need(row, found.service) for row in found.needs)
    if found.needed_by:
        yield heading("needed by")
        yield from columns(_need(row, found.service) for row in found.needed_by)
    if found.failures:
        yield heading("if something is lost")
        yield from columns(_failure(row) for row in found.failures)
    if found.copies or found.moves:
        yield heading("copies and moves")
        yield from (paragraph(line, indent="  ") for line in (*found.copies, *(f"move of {move}" for move in found.moves)))
    yield f"\n  worked out from {found.basis}"


def _server(row: ServerRow) -> tuple[str, ...]:
    size = f"{row.cpus or '?'} vCPU {row.memory_gib or 0:g} GiB" if row.memory_gib else "size not known"
    place = f"{row.site}/{row.place}" + (f"/{row.host}" if row.host else "")
    return row.name, place, size, ", ".join(row.addresses), row.role + (f" (group {row.group})" if row.group else "")


def _need(row: NeedRow, service: str) -> tuple[str, ...]:
    through = "" if row.through == service else f"through {row.through}; "
    kind = "" if row.hard else "only uses it; "
    return row.name, ", ".join(row.sites) or "nowhere yet", f"{row.title}; {kind}{through}{row.owner} answers for it"


def _failure(row: FailureRow) -> tuple[str, ...]:
    kept = f"promise of {row.promise} kept" if row.kept else f"PROMISE OF {row.promise} BROKEN"
    lost = "" if row.loses == "nothing" else f", {row.loses} of data lost"
    return row.subject, row.state, row.back, f"{kept}{lost} ({row.because})"
