"""`incline risk`: the register of open and accepted risks, by department."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.command import closing_lines, new_app
from cli.output import emit, say, styled
from cli.paragraphs import paragraph
from cli.project import estate_path

if TYPE_CHECKING:
    from cli.check_evidence import Checked
    from policies.risk import Risk

app = new_app("The risk register, by service and department.")

COLOURS = {"very high": "red", "high": "red", "moderate": "yellow"}


@app.command(
    "risk",
    epilog=closing_lines(
        "incline risk                                            the register as text",
        "incline risk --csv out/risks.csv --html out/risks.html  for a spreadsheet and for people",
        "incline risk --baseline policies.baseline.json --json   with the day each was first seen",
    ),
)
def risk(
    estate: Annotated[Path | None, typer.Option(help="The estate's folder.", envvar="INCLINE_ESTATE")] = None,
    capacity: Annotated[
        Path | None, typer.Option(help="The capacity snapshot; else out/capacity.json beside the estate.", envvar="INCLINE_CAPACITY")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Ask both sides now.")] = False,
    baseline: Annotated[Path | None, typer.Option(help="A saved baseline: it knows since when.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the register as CSV.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the register as one HTML page.")] = None,
    json_mode: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List every open or accepted finding as a risk, gravest first."""
    from infra.atomic import replace_file  # noqa: PLC0415 - help stays fast
    from policies.baseline import read_baseline  # noqa: PLC0415
    from policies.reports.register import register_csv, register_html, risk_data  # noqa: PLC0415
    from policies.risk import register  # noqa: PLC0415

    folder = estate_path(estate)
    checked = _judged(folder, capacity, live=live)
    evidence = checked.evidence
    first_days = read_baseline(baseline).first_days() if baseline else {}
    risks = register(checked.result, evidence, first_days)
    for path, text in (
        (csv, register_csv(risks)),
        (html, register_html(risks, f"Risk register of {checked.estate.title if checked.estate else folder.name}", evidence.today)),
    ):
        if path is not None:
            replace_file(path, text)
            say(f"register: {path}")
    data = {
        "schema": "incline.risks/1",
        "today": evidence.today.isoformat(),
        "risks": [risk_data(r) for r in risks],
        "undetermined": checked.result.counts["undetermined"],
    }
    emit(data, lambda: _text(risks, checked.result.counts["undetermined"]), json_mode)


def _judged(folder: Path, capacity: Path | None, *, live: bool) -> Checked:
    from cli.check_evidence import Asked, judged  # noqa: PLC0415

    return judged(Asked(estate=folder, plan="", to="", live=live, states=(), capacity=None if live else capacity, blind=False, ledger=None))


def _text(risks: tuple[Risk, ...], undetermined: int) -> str:
    """Every risk; and how much nobody could judge, since an empty register over missing evidence is no good news."""
    lines = []
    for each in risks:
        level = styled(f"{each.level.words:<9}", COLOURS.get(each.level.words, "dim"), sys.stdout)
        lines.append(
            paragraph(f"{each.id} {each.rule} {each.target}: {each.owner}, {each.treatment}, decide by {each.due}", first=f"{level} ")
        )
        lines.append(paragraph(each.description, indent="  "))
    high = sum(each.level >= 3 for each in risks)
    found = f"{len(risks)} risks: {high} high or very high, {sum(bool(r.waiver) for r in risks)} accepted for a time"
    unknown = f"; {undetermined} verdicts could not be decided, which incline check tells" if undetermined else ""
    return "\n".join([*lines, paragraph((found if risks else "no rule finds a risk today") + unknown)])
