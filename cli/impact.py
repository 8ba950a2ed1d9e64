"""`incline impact`: what stops when something fails, what comes back where, what cannot, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import closing_lines, new_app
from cli.names import complete_object
from cli.output import emit, say, say_next, styled
from cli.project import near

if TYPE_CHECKING:
    from policies.reports.impact import Impact, MachineRow, ServiceRow

app = new_app("What stops when something fails, and what comes back where.")

STATES = {"down": ("✗", "red"), "interrupted": ("◐", "yellow"), "degraded": ("✓", "green")}


@app.command(
    "impact",
    epilog=closing_lines(
        "incline impact site/downtown                    a whole data centre",
        "incline impact host/dt-esx-01                   one host; dt-esx-01+dt-esx-02 for two together",
        "incline impact link/downtown-aws-east --html out/impact.html",
    ),
)
def impact(
    name: Annotated[
        str,
        typer.Argument(
            metavar="OBJECT",
            help="site/NAME, cluster/SITE/NAME, host/NAME, datastore/NAME, zone/NAME or link/NAME; a bare name where one thing has it.",
            autocompletion=complete_object,
        ),
    ],
    estate: Annotated[Path | None, typer.Option(help="The estate's folder.", envvar="INCLINE_ESTATE")] = None,
    capacity: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The capacity snapshot; else out/capacity.json beside the estate.", envvar="INCLINE_CAPACITY"),
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as a page too: one file, no network.")] = None,
    json_mode: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Say what stops when something fails. Where it comes back, what cannot and why, and what to do; nothing is changed."""
    from cli.planned_state import planned_state  # noqa: PLC0415 - help and completion stay fast
    from policies.reports.impact import build_impact  # noqa: PLC0415
    from policies.simulate.names import find_failure  # noqa: PLC0415

    _, evidence = planned_state(estate, capacity)
    found = build_impact(evidence, find_failure(evidence, name), datetime.now(UTC))
    if html is not None:
        from infra.atomic import replace_file  # noqa: PLC0415
        from policies.reports.service_pages import impact_page  # noqa: PLC0415

        replace_file(html, impact_page(found))
    emit(_document(found), lambda: "\n".join(_text(found)), json_mode)
    if html is not None:
        say(f"page: {near(html)}")
    elif found.services:
        say_next(f"incline where {found.services[0].name}   or   incline impact {found.subject} --html out/impact.html")


def _document(found: Impact) -> dict[str, Any]:
    return {"schema": "incline.impact/1", **asdict(found), "generated": found.generated.isoformat()}


def _text(found: Impact) -> Iterator[str]:
    from cli.paragraphs import columns, heading, paragraph  # noqa: PLC0415

    yield styled(paragraph(found.answer), "bold", sys.stdout)
    if found.todo:
        yield heading("what to do")
        yield from (paragraph(step, indent="  ", first=f"{n}. ") for n, step in enumerate(found.todo, 1))
    if found.services:
        yield heading("services")
        for service in found.services:
            yield from _service(service)
    if found.without:
        yield heading("machines without a place")
        yield from columns((m.name, m.binding, m.why) for m in found.without)
    if found.back:
        yield heading("machines that come back")
        yield from columns(_back(found.back))
    yield heading("taken for granted")
    yield from (paragraph(each, indent="  ", first="- ") for each in (f"worked out from {found.basis}", *found.assumptions))
    yield from (paragraph(f"missing: {each}", indent="  ", first="- ") for each in found.missing)


def _service(service: ServiceRow) -> Iterator[str]:
    from cli.paragraphs import paragraph  # noqa: PLC0415
    from policies.reports.words import span  # noqa: PLC0415

    mark, colour = STATES[service.state]
    state, kept = f"{mark} {service.state:<11}", "kept" if service.kept else "BROKEN"
    lost = f", up to {span(service.loses_minutes)} of data lost" if service.loses_minutes else ""
    back = {"down": "does not come back by itself", "interrupted": f"back in {service.back}"}.get(service.state, service.back)
    told = f"{service.title} ({service.name}, {service.tier}): {back}{lost}; promised {service.promise}: {kept}"
    line = paragraph(told, indent="  ", first=f"{state} ")
    yield line.replace(state, styled(state, colour, sys.stdout), 1).replace(
        f": {kept}", f": {styled(kept, 'green' if service.kept else 'red', sys.stdout)}"
    )
    yield paragraph(f"because {service.because}", indent=" " * (len(state) + 3))


def _back(machines: tuple[MachineRow, ...]) -> Iterator[tuple[str, str, str, str]]:
    """Machines that come back alike, on one line: when, where, how, which."""
    from policies.reports.words import span  # noqa: PLC0415

    def when(machine: MachineRow) -> str:
        return "?" if machine.minutes is None else span(machine.minutes)

    ordered = sorted(machines, key=lambda m: (m.minutes or 0.0, m.where, m.how, m.name))
    for (after, where, how), those in groupby(ordered, key=lambda m: (when(m), m.where, m.how)):
        yield after, where, how, ", ".join(m.name for m in those)
