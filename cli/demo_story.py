"""What happens in the demo, in order. Everything that changes something is a command that is shown."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.demo_guest import MIB, AwsGuest, Guest, VsphereGuest, busy
from cli.demo_stage import Stage
from cli.output import say
from infra.estate.load import load_estate
from infra.estate.model import Estate


@dataclass
class Story:
    """What was seen.

    Args:
        moves: each as `incline move status` tells it.
        previews: the changes left in each stack.
        capacity: the file with what the sites have in the end.
        states: each stack's state in the end.
        architects: the page of what there is and where it could go.
    """

    server: str
    moves: list[dict[str, Any]] = field(default_factory=list)
    previews: dict[str, int] = field(default_factory=dict)
    capacity: Path | None = None
    states: list[Path] = field(default_factory=list)
    architects: Path | None = None


def play(stage: Stage, server: str, target: str) -> Story:
    """The whole story: both sides declared, one server up, written to there, back down, accepted, nothing left to change."""
    estate = load_estate(stage.estate)
    home, disks = estate.placements[server].site, len(estate.servers[server].disks)
    story = Story(server)
    chapter("Both sites as code: existing machines are adopted, the AWS side is created")
    for stack in _stacks(estate):
        stage.pulumi("up", "--yes", "--skip-preview", "--non-interactive", "--suppress-outputs", "--stack", stack)
    chapter(f"Up: {server} goes from {home} to {target} while it runs")
    _move(stage, story, target, VsphereGuest(stage.lab_home, server, disks - 1))
    chapter(f"Down: {server} comes back; only what was written on {target} travels")
    _move(stage, story, home, AwsGuest(stage.lab_home, stage.estate, server))
    stage.incline("move", "accept", server, "--yes")
    chapter("Nothing is left to change, on either side")
    for stack in _stacks(estate):
        story.previews[stack] = _changes(stage, stack)
    chapter("The rules judge what stands there now")
    _look(stage, story, _stacks(estate))
    chapter("What there is, where it could go, in which nights, at what cost")
    _plan(stage, story, target)
    return story


def chapter(title: str) -> None:
    """A heading between the commands."""
    say("")
    say(f"== {title}", style="bold")


def _move(stage: Stage, story: Story, target: str, guest: Guest) -> None:
    """One move: the guest goes on writing between the rounds, so that every round has something to carry."""
    server = story.server
    stage.incline("move", "plan", server, "--to", target)
    guest.write(seed=0, length=4 * MIB)
    stage.incline("move", "start", server, "--to", target, "--yes")
    guest.write(seed=1, length=6 * MIB)
    stage.incline("move", "sync", server, "--yes")
    guest.write(seed=2, length=MIB)
    with busy(guest):
        stage.incline("move", "cutover", server, "--yes")
    story.moves.append(stage.incline_json("move", "status", server))


def _look(stage: Stage, story: Story, stacks: list[str]) -> None:
    """What both sites have and what the stacks declared: a report of declarations alone could decide little."""
    story.capacity = stage.out / "capacity.json"
    stage.incline("capacity", "snapshot", "--quiet", "--out", str(story.capacity))
    for stack in stacks:
        path = stage.out / f"{stack}.state.json"
        stage.pulumi("stack", "export", "--stack", stack, "--file", str(path))
        story.states.append(path)


def _plan(stage: Stage, story: Story, target: str) -> None:
    """Discovery of all sites, a plan of waves for everything that may go to the target, and the architects' page."""
    store = ("--store", str(stage.out / "inventory.sqlite"))
    seen = (*store, "--capacity", str(story.capacity))
    waves = str(stage.out / "waves.yaml")
    stage.incline("discover", "--all", *store)
    # Servers without a night are an answer, told with exit code 1; without a plan at all the report below fails.
    stage.incline("plan", "make", "--to", target, *seen, "--out", waves, "--yes", check=False)
    stage.incline("report", *seen, "--plan", waves, "--out", str(stage.out / "architects"))
    story.architects = stage.out / "architects" / "report.html"


def _stacks(estate: Estate) -> list[str]:
    return [f"{site}.{layer}" for layer in ("foundation", "servers") for site in sorted(estate.sites)]


def _changes(stage: Stage, stack: str) -> int:
    return changes_of(json.loads(stage.pulumi("preview", "--refresh", "--json", "--non-interactive", "--stack", stack)))


def changes_of(preview: dict[str, Any]) -> int:
    """The number of resources that a `pulumi preview --json` would change."""
    summary: dict[str, int] = preview.get("changeSummary", {})
    return sum(count for operation, count in summary.items() if operation not in {"same", "read", "refresh"})
