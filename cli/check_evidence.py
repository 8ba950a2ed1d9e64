"""What `incline check` judges: the estate, a plan's moments, the live sites, or stacks' states, each as evidence with its result."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.names import known_server, known_site
from cli.output import say
from cli.project import near
from infra.errors import InclineError
from infra.estate.model import Estate
from policies.evaluate import Result, evaluate
from policies.evidence import Evidence
from policies.moments import Moment, hardest_of, worst_of
from policies.readers.estate import read_estate
from policies.readers.places import Where, read_files
from policies.readers.plan import PlannedMove, Wave, plan_states, read_plan_file
from policies.readers.surroundings import Surroundings, capacity_file

if TYPE_CHECKING:
    from infra.observed.capacity import CapacitySnapshot


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks to be judged.

    Args:
        plan: a server, or a plan's file.
        to: the site that a single server goes to.
        states: files of `pulumi stack export`.
        capacity: the snapshot that was named; None for the usual one, if it is there.
        blind: no snapshot, even if there is one.
    """

    estate: Path
    plan: str = ""
    to: str = ""
    live: bool = False
    states: tuple[Path, ...] = ()
    capacity: Path | None = None
    blind: bool = False
    ledger: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The answer: the result with the evidence that it was made from.

    Args:
        estate: as it is declared; None for a saved check, which has evidence only.
        before: the evidence without the plan, for capacity before and after.
        steps: a plan's moments; empty where nothing was planned.
    """

    title: str
    estate: Estate | None
    evidence: Evidence
    result: Result
    before: Evidence | None = None
    snapshot: CapacitySnapshot | None = None
    steps: tuple[Moment, ...] = field(default=())

    @property
    def moments(self) -> tuple[Moment, ...]:
        """All that was judged: a plan's moments, else the one state."""
        return self.steps or (Moment(name="", evidence=self.evidence, result=self.result),)


def judged(asked: Asked) -> Checked:
    """Read what was asked for and judge it.

    Raises:
        InclineError: something that was named cannot be read or fits nothing else.
    """
    _only_one(asked)
    estate, where = read_files(asked.estate)
    now = datetime.now(UTC)
    capacity = None if asked.blind else capacity_file(asked.estate, str(asked.capacity or ""), Path())
    around = Surroundings(now=now, capacity=capacity, ledger=asked.ledger, estate=estate.name)
    declared = read_estate(estate, now.date(), where)
    if asked.live:
        return _live(asked, estate, declared, around)
    seen = around.seen()
    if asked.plan:
        return _plan(asked, estate, where, around, seen)
    evidence = around.over_seen(declared, seen, _named(around))
    if asked.states:
        return _states(asked, estate, evidence, seen)
    return Checked(title=f"Check of {estate.title}", estate=estate, evidence=evidence, result=evaluate(evidence), snapshot=seen)


def _only_one(asked: Asked) -> None:
    clashes = (
        (asked.plan and asked.live, "--plan and --live", "a plan is judged on what is declared and a capacity snapshot: leave --live out"),
        (asked.plan and asked.states, "--plan and --state", "judge the two one after the other"),
        (asked.to and not asked.plan, "--to without --plan", "name the server: --plan SERVER --to SITE"),
    )
    for clash, what, advice in clashes:
        if clash:
            raise InclineError(f"{what}: they do not go together", code="INC-3030", next_step=advice)


def _named(around: Surroundings) -> str:
    return str(near(around.capacity.resolve())) if around.capacity else ""


def _live(asked: Asked, estate: Estate, declared: Evidence, around: Surroundings) -> Checked:
    from cli.capacity_look import look  # noqa: PLC0415 - the clouds' SDKs take seconds
    from policies.readers.live import read_live  # noqa: PLC0415
    from policies.readers.state import read_state  # noqa: PLC0415

    states = [read_state(path) for path in asked.states]
    seen = look(estate, partial=True, say=lambda line: say(f"{line} ...", style="dim"))
    gaps = tuple(f"site/{name}: {_not_seen(name, error)}; it is judged as declared" for name, error in sorted(seen.missing.items()))
    evidence = read_live(declared, seen.snapshot, replace(around, now=datetime.now(UTC)), states)
    evidence = replace(evidence, findings=(*gaps, *evidence.findings))
    return Checked(
        title=f"Live check of {estate.title}", estate=estate, evidence=evidence, result=evaluate(evidence), snapshot=seen.snapshot
    )


def _not_seen(name: str, error: InclineError) -> str:
    """Why a site could not be looked at, and what to do about it."""
    why = error.what.removeprefix(f"site {name}: ")
    return f"{why} ({error.next_step})" if error.next_step else why


def _states(asked: Asked, estate: Estate, ground: Evidence, seen: CapacitySnapshot | None) -> Checked:
    from policies.readers.state import overlay_state, read_state  # noqa: PLC0415 - only where a state is asked for

    evidence, names = ground, []
    for path in asked.states:
        state = read_state(path)
        evidence = overlay_state(evidence, state)
        names.append(state.stack or path.name)
    return Checked(title=f"State of {', '.join(names)}", estate=estate, evidence=evidence, result=evaluate(evidence), snapshot=seen)


def _plan(asked: Asked, estate: Estate, where: Where, around: Surroundings, seen: CapacitySnapshot | None) -> Checked:
    today, source = around.now.date(), _named(around)
    before = around.over_seen(read_estate(estate, today, where), seen, source)
    steps = []
    for state in plan_states(estate, _waves(asked, estate), today):
        left = None if seen is None else state.without_sources(seen)
        evidence = around.over_seen(state.evidence(today, where), left, source)
        steps.append(Moment(name=state.name, evidence=evidence, result=evaluate(evidence)))
    if asked.to or not Path(asked.plan).is_file():
        steps = steps[:1]  # one move is asked about as its engine asks: while both copies exist
    hardest = hardest_of(steps)
    title = f"Check of {estate.title}: {asked.plan}" + (f" to {asked.to}" if asked.to else "")
    return Checked(
        title=title,
        estate=estate,
        evidence=hardest.evidence,
        result=worst_of(steps),
        before=before,
        snapshot=seen,
        steps=tuple(steps),
    )


def _waves(asked: Asked, estate: Estate) -> tuple[Wave, ...]:
    path = Path(asked.plan)
    if not asked.to and asked.plan not in estate.servers and (path.is_file() or path.suffix == ".json"):
        return read_plan_file(path)
    known_server(estate, asked.plan)
    target = asked.to or estate.servers[asked.plan].site
    known_site(estate, target)
    placement = estate.placements.get(asked.plan)
    if placement is not None and placement.site == target:
        others = ", ".join(sorted(set(estate.sites) - {target}))
        raise InclineError(
            f"{asked.plan}: is on {target} already, there is no move to judge", code="INC-5014", next_step=f"--to one of {others}"
        )
    return (Wave(moves=(PlannedMove(server=asked.plan, to=target),)),)
