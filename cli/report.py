"""`incline report`: one page for architects, the map as SVG, draw.io and DOT, and a workbook, from what is known now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import closing_lines, new_app
from cli.names import complete_site
from cli.output import emit, say, say_next
from cli.project import near
from cli.store_path import StoreOption

if TYPE_CHECKING:
    from cli.report_gather import Ready

app = new_app("One page for architects: readiness, sizes, cost, waves, capacity.")

FILES = {"page": "report.html", "drawio": "estate.drawio", "svg": "estate.svg", "dot": "estate.dot", "workbook": "report.xlsx"}


@app.command(
    "report",
    epilog=closing_lines(
        "incline report                               everything into out/architects",
        "incline report --to aws-east --out review    as if all went there",
        "incline report --drawio docs/estate.drawio   the map into a drawing of yours: what you moved stays where it is",
    ),
)
def report(  # noqa: PLR0917 - one parameter for each option
    to: Annotated[
        str, typer.Option("--to", metavar="SITE", help="All go here; else as plan and estate say.", autocompletion=complete_site)
    ] = "",
    out: Annotated[Path | None, typer.Option(help="The folder; out/architects beside the estate.")] = None,
    drawio: Annotated[Path | None, typer.Option(metavar="FILE", help="The draw.io file; what people did to it survives.")] = None,
    plan: Annotated[Path | None, typer.Option(metavar="FILE", help="The plan of waves; plan/waves.yaml if it is there.")] = None,
    prices: Annotated[Path | None, typer.Option(metavar="FILE", help="Prices of your own over those of Incline.")] = None,
    capacity: Annotated[Path | None, typer.Option(help="The capacity snapshot.", envvar="INCLINE_CAPACITY")] = None,
    store: StoreOption = None,
    estate: Annotated[Path | None, typer.Option(help="The estate's folder.", envvar="INCLINE_ESTATE")] = None,
    json_mode: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Write the page and its drawings. Nothing is asked of any site; a drawing that is there keeps its positions."""
    from cli.report_gather import Wish, ready  # noqa: PLC0415 - help stays fast

    found = ready(Wish(to=to, plan=plan, prices=prices, store=store, capacity=capacity, estate=estate))
    folder = out or _usual(estate)
    files = {name: folder / file for name, file in FILES.items()} | ({"drawio": drawio} if drawio else {})
    _write(found, files)
    emit(_document(found, files), lambda: _text(found, files), json_mode)
    for what, command in found.material.missing.items():
        say(f"not shown: {what}: {command}", style="yellow")
    say_next(f"open {near(files['page'])}")


def _usual(estate: Path | None) -> Path:
    from cli.project import estate_path  # noqa: PLC0415
    from infra.errors import InclineError  # noqa: PLC0415

    try:
        return estate_path(estate).resolve().parent / "out" / "architects"
    except InclineError:
        return Path("out") / "architects"


def _write(found: Ready, files: dict[str, Path]) -> None:
    from infra.atomic import replace_file  # noqa: PLC0415
    from migration.report.dot import to_dot  # noqa: PLC0415
    from migration.report.drawio import read_drawing, to_drawio  # noqa: PLC0415
    from migration.report.page import architects_page  # noqa: PLC0415
    from migration.report.svg_map import to_svg  # noqa: PLC0415
    from migration.report.workbook import report_sheets  # noqa: PLC0415
    from migration.waves.workbook import write_workbook  # noqa: PLC0415

    drawing = to_drawio(found.drawing, read_drawing(files["drawio"]), name=str(files["drawio"]))
    replace_file(files["page"], architects_page(found.material, found.drawing))
    replace_file(files["drawio"], drawing)
    replace_file(files["svg"], to_svg(found.drawing))
    replace_file(files["dot"], to_dot(found.drawing))
    write_workbook(files["workbook"], report_sheets(found.material))


def _document(found: Ready, files: dict[str, Path]) -> dict[str, Any]:
    from migration.report.decisions import decisions  # noqa: PLC0415

    material, summary = found.material, found.material.summary
    return {
        "schema": "incline.report/1",
        "files": {name: str(path) for name, path in files.items()},
        "servers": summary.servers,
        "readiness": {state.value: count for state, count in summary.by_readiness.items()},
        "usd_month": {"now": round(summary.now, 2), "then": round(summary.then, 2)},
        "nights": len(material.plan.nights) if material.plan else 0,
        "decisions": [{"who": d.who, "what": d.what, "next": d.next} for d in decisions(material)],
        "not_shown": dict(material.missing),
    }


def _text(found: Ready, files: dict[str, Path]) -> str:
    from migration.report.decisions import decisions  # noqa: PLC0415
    from migration.report.page import answer_of  # noqa: PLC0415

    written = (f"{name:<9} {near(path)}" for name, path in files.items())
    return "\n".join([answer_of(found.material, len(decisions(found.material))), *written])
