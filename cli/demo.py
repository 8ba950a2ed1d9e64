"""`incline demo`: a server moves from a vSphere data centre to AWS and back, on the lab, with the commands an engineer would type.

The demo owns `out/demo` and nothing else: a copy of the estate under its own version control, a lab of its own, the report and the summary.
It is a caller of the other commands, never of their insides: what it shows is what they do.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from cli.command import closing_lines, new_app
from cli.output import emit, say, say_next

app = new_app(
    "A server moves up to AWS and back, on the lab, with a report.",
)


@app.command(
    "demo",
    epilog=closing_lines(
        "incline demo                           the road of permits-db-01, out/demo/report.html at the end",
        "incline demo --server gis-files-01     of another server",
        "incline demo --keep-lab                leave the lab up, to look around in it",
    ),
)
def demo(
    server: Annotated[str, typer.Option(help="The server that moves.")] = "permits-db-01",
    target: Annotated[str, typer.Option("--to", help="The site it moves to and comes back from.")] = "aws-east",
    out: Annotated[Path, typer.Option(help="Where the report and the demo's own lab go; emptied first.")] = Path("out/demo"),
    keep_lab: Annotated[bool, typer.Option("--keep-lab", help="Leave the demo's lab running.")] = False,
    json_mode: Annotated[bool, typer.Option("--json", help="One JSON document on stdout: the summary.")] = False,
) -> None:
    """A server moves up to AWS and back, on the lab, with a report."""
    from cli.demo_report import summary_text, write_report  # noqa: PLC0415 - help stays fast
    from cli.demo_stage import Stage  # noqa: PLC0415
    from cli.demo_story import play  # noqa: PLC0415

    started = time.monotonic()
    with Stage.prepared(out, keep_lab=keep_lab) as stage:
        story = play(stage, server, target)
        summary = write_report(stage, story, time.monotonic() - started)
    say(f"done in {time.monotonic() - started:.0f} s")
    emit(summary, lambda: summary_text(summary), json_mode)
    say_next("open the report; then go the same road by hand:  incline lab up")
