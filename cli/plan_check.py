"""Every wave of a plan judged by the rules: the estate after each night, while sources are held, and at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cli.paragraphs import heading, paragraph
from infra.errors import InclineError
from infra.estate.model import Estate
from infra.wording import counted, listed
from migration.waves.document import WavePlan
from policies.evaluate import Result, evaluate
from policies.readers.estate import read_estate
from policies.readers.places import read_files
from policies.readers.plan import PlannedMove, Wave, plan_states
from policies.readers.surroundings import Surroundings, capacity_file
from policies.verdict import Outcome, Verdict

SHOWN = 6
"""So many servers by name."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One night after its wave.

    Attributes:
        failing: what fails then and did not fail before the plan.
        fresh: those of them that no earlier night of the plan had.
        moved: the servers that move in it.
        causes: by rule and target, the servers of the plan that bring it about.
        already: how many findings were there before any wave.
    """

    name: str
    night: date | None
    failing: tuple[Verdict, ...]
    causes: dict[tuple[str, str], tuple[str, ...]]
    already: int
    counts: dict[str, int]
    fresh: frozenset[tuple[str, str]] = frozenset()
    moved: tuple[str, ...] = ()

    @property
    def blocking(self) -> tuple[Verdict, ...]:
        """Those that stop a change."""
        return tuple(each for each in self.failing if each.blocks)


def judged_waves(folder: Path, plan: WavePlan, capacity: Path | None, only: date | None = None) -> list[Judged]:
    """The rules on the state after each wave that is still to come.

    Raises:
        InclineError: the plan is of servers that the estate does not have (INC-7130), or something cannot be read.
    """
    estate, where = read_files(folder)
    waves = _waves(estate, plan)
    now = datetime.now(UTC)
    around = Surroundings(now=now, capacity=capacity_file(folder, str(capacity or ""), Path()), estate=estate.name)
    seen = around.seen()
    before = evaluate(around.over_seen(read_estate(estate, now.date(), where), seen, "capacity snapshot"))
    known = {(each.rule, each.target) for each in before.of(Outcome.FAIL)}
    nights = [wave.on for wave in waves]
    found, done, seen_before = list[Judged](), list[str](), set[tuple[str, str]]()
    for place, state in enumerate(plan_states(estate, waves, now.date())):
        night = nights[place] if place < len(nights) else None
        moved = tuple(move.server for move in waves[place].moves) if place < len(waves) else ()
        done += moved
        left = None if seen is None else state.without_sources(seen)
        result = evaluate(around.over_seen(state.evidence(now.date(), where), left, "capacity snapshot"))
        name = waves[place].name if place < len(waves) else state.name
        judged = _judged(name, night, result, known, estate, done)
        keys = {(each.rule, each.target) for each in judged.failing}
        found.append(replace(judged, fresh=frozenset(keys - seen_before), moved=moved))
        seen_before |= keys
    return [each for each in found if only is None or each.night == only]


def _waves(estate: Estate, plan: WavePlan) -> list[Wave]:
    numbers = plan.waves()
    found = []
    for night in plan.nights:
        coming = [each for each in night.servers if each.state == "planned"]
        strangers = [each.server for each in coming if each.server not in estate.servers]
        if strangers:
            raise InclineError(
                f"{counted(len(strangers), 'server')} of the plan not in the estate: {listed(strangers)}",
                code="INC-7130",
                details=("the rules judge what the estate declares; to plan before that:  incline plan make --no-rules",),
                next_step="write into estate/servers what  incline assess --server NAME  shows of each",
            )
        if coming:
            moves = tuple(PlannedMove(server=each.server, to=each.to) for each in coming)
            found.append(Wave(name=f"wave {numbers[night.night]}", on=night.night, moves=moves))
    return found


def _judged(name: str, night: date | None, result: Result, known: set[tuple[str, str]], estate: Estate, done: Sequence[str]) -> Judged:
    failing = tuple(each for each in result.of(Outcome.FAIL) if (each.rule, each.target) not in known)
    causes = {(each.rule, each.target): _causes(each, estate, done) for each in failing}
    already = sum((each.rule, each.target) in known for each in result.of(Outcome.FAIL))
    return Judged(name=name, night=night, failing=failing, causes=causes, already=already, counts=result.counts)


def _causes(verdict: Verdict, estate: Estate, done: Sequence[str]) -> tuple[str, ...]:
    """The moved servers that a verdict is about: the object itself, or what stands on it after the wave."""
    kind, _, rest = verdict.target.partition("/")
    found = []
    for name in done:
        server = estate.servers[name]
        own = {"server": name, "move": name, "group": server.redundancy_group, "service": server.service}
        if (kind in own and rest.partition("/")[0] == own[kind]) or (kind not in own and _stands_on(estate, name, rest)):
            found.append(name)
    return tuple(found)


def _stands_on(estate: Estate, name: str, rest: str) -> bool:
    server = estate.servers[name]
    site, _, part = rest.partition("/")
    place = server.at.get(site)
    if place is None:
        return False
    return not part or part in {place.cluster, place.datastore} or part.startswith("L-") or any(nic.network == part for nic in place.nics)


def check_text(found: Sequence[Judged]) -> str:
    """The judgement in words."""
    return "\n".join(_text(found))


def _text(found: Sequence[Judged]) -> Iterator[str]:
    stopped = [each for each in found if each.blocking]
    if stopped:
        yield f"{len(stopped)} of {counted(len(found), 'moment')} would be stopped by the rules; the first is {stopped[0].name}"
    else:
        yield f"no rule stands in the way of any wave: {counted(len(found), 'moment')} judged"
    for each in found:
        on = f" ({each.night:%a} {each.night})" if each.night else ""
        fresh = [verdict for verdict in each.failing if (verdict.rule, verdict.target) in each.fresh]
        yield heading(f"{each.name}{on}: {sum(verdict.blocks for verdict in fresh)} block, {len(fresh)} fail for the first time")
        yield from _by_rule(each, fresh)
        if len(each.failing) > len(fresh):
            yield f"  {len(each.failing) - len(fresh)} of earlier waves fail still"
    already = max((each.already for each in found), default=0)
    if already:
        yield f"\n{already} failed before any wave: incline check"


def _by_rule(judged: Judged, fresh: Sequence[Verdict]) -> Iterator[str]:
    """Verdicts of one rule as one line when they are many: the first in full, then the servers of all."""
    rules: dict[str, list[Verdict]] = {}
    for verdict in fresh:
        rules.setdefault(verdict.rule, []).append(verdict)
    for rule, verdicts in rules.items():
        first = verdicts[0]
        servers = sorted({name for verdict in verdicts for name in judged.causes[verdict.rule, verdict.target]})
        by = f" [{listed(servers, SHOWN)}]" if servers else ""
        more = f", and {len(verdicts) - 1} more of this rule" if len(verdicts) > 1 else ""
        yield paragraph(f"{first.message}{more}{by}", indent="  ", first=f"{rule} {first.severity}: ")


def check_data(found: Sequence[Judged]) -> dict[str, Any]:
    """The judgement for programs."""
    return {
        "schema": "incline.plan-check/1",
        "nights": [
            {
                "name": each.name,
                "night": each.night,
                "counts": each.counts,
                "already": each.already,
                "failing": [
                    {
                        "rule": verdict.rule,
                        "target": verdict.target,
                        "severity": str(verdict.severity),
                        "blocks": verdict.blocks,
                        "message": verdict.message,
                        "servers": list(each.causes[verdict.rule, verdict.target]),
                    }
                    for verdict in each.failing
                ],
            }
            for each in found
        ],
    }
