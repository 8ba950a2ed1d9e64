"""`incline assess`: can each server go, by which way, at what size, for how much; with the reason and the source of every word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.command import closing_lines, new_app
from cli.names import complete_server, complete_service, complete_site
from cli.output import emit, say, say_next
from cli.store_path import StoreOption

if TYPE_CHECKING:
    from cli.assess_load import Judged
    from migration.assess.model import Assessment

app = new_app("Judge every server: can it move, how, at what size, for how much.")


class Sort(StrEnum):
    """In which order servers are listed."""

    LEGACY = "legacy"
    NAME = "name"
    READINESS = "readiness"
    SAVING = "saving"
    COST = "cost"
    COMPLEXITY = "complexity"
    SIZE = "size"
    CONFIDENCE = "confidence"


@app.command(
    "assess",
    epilog=closing_lines(
        "incline assess                               every server, towards its pending move or the one other side",
        "incline assess --server permits-db-01        everything about one: reasons, sizes, every price with its source",
        "incline assess --to aws-east --sort saving --prices city-prices.yaml --csv out/assess.csv",
    ),
)
def assess(  # noqa: PLR0917 - one parameter for each option
    to: Annotated[str, typer.Option("--to", metavar="SITE", help="All go here (or: aws, vsphere).", autocompletion=complete_site)] = "",
    site: Annotated[
        list[str] | None,
        typer.Option("--site", metavar="SITE", help="Only what stands here; may be given again.", autocompletion=complete_site),
    ] = None,
    server: Annotated[str, typer.Option(metavar="NAME", help="One server, in full.", autocompletion=complete_server)] = "",
    service: Annotated[str, typer.Option(metavar="NAME", help="Only this service.", autocompletion=complete_service)] = "",
    sort: Annotated[Sort, typer.Option(help="The order of the list.")] = Sort.LEGACY,
    prices: Annotated[Path | None, typer.Option(metavar="FILE", help="Prices of your own over those of Incline.")] = None,
    policy: Annotated[
        str, typer.Option(metavar="NAME", help="How sizes are chosen: frontier, cpu-p99-memory-max, p95, azure, max, provisioned.")
    ] = "",
    risk: Annotated[
        float | None,
        typer.Option(metavar="PERCENT", min=0, max=100, help="Hours too small that a fleet may risk; 0.15 when left out."),
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the list as CSV too.")] = None,
    codes: Annotated[bool, typer.Option("--codes", help="The rules of readiness, as a page, and nothing else.")] = False,
    store: StoreOption = None,
    estate: Annotated[Path | None, typer.Option(help="The estate's folder.", envvar="INCLINE_ESTATE")] = None,
    json_mode: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Judge every server that was discovered. Nothing is changed, and no site is asked: the inventory answers."""
    if codes:
        _codes(json_mode)
        return
    from cli.assess_load import Wanted, judged  # noqa: PLC0415 - help and completion stay fast
    from cli.assess_rows import csv_text, document, ordered  # noqa: PLC0415

    wanted = Wanted(to=to, sites=tuple(site or ()), server=server, service=service, prices=prices, policy=policy, risk=risk)
    found = judged(replace(wanted, store=store, estate=estate))
    listed = ordered(found.assessments, sort.value)
    if csv is not None:
        from infra.atomic import replace_file  # noqa: PLC0415

        replace_file(csv, csv_text(listed))
    emit(document(found, listed), lambda: _text(found, listed, full=bool(server)), json_mode)
    if csv is not None:
        say(f"list: {csv}")
    say_next(_next(found, server))


def _text(found: Judged, listed: Sequence[Assessment], *, full: bool) -> str:
    from cli.assess_detail import detail  # noqa: PLC0415
    from cli.assess_table import overview  # noqa: PLC0415

    return "\n".join(line for each in listed for line in detail(each)) if full else "\n".join(overview(found, listed))


def _codes(json_mode: bool) -> None:
    from migration.assess.limits.registry import ALL  # noqa: PLC0415
    from migration.assess.readiness_page import page  # noqa: PLC0415

    rules = [
        {"code": r.code, "what": r.title, "direction": r.direction, "blocks": r.blocks, "remedy": r.remedy, "source": r.source} for r in ALL
    ]
    emit({"schema": "incline.readiness-rules/1", "rules": rules}, page, json_mode)


def _next(found: Judged, server: str) -> str:
    from cli.main import COMMANDS  # noqa: PLC0415

    if not found.discovered:
        return "incline discover --all" if "discover" in COMMANDS else "incline capacity snapshot"
    if not server:
        first = next((a for a in found.assessments if a.reasons), found.assessments[0])
        return f"incline assess --server {first.server}"
    return "incline plan make" if "plan" in COMMANDS else "incline move plan " + found.assessments[0].server
