"""Makes a plan that the rules let pass: what they would stop after some wave is left out with their words, and the rest planned again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from cli.output import say
from cli.plan_check import Judged, judged_waves
from cli.plan_inputs import Gathered, Places
from cli.plan_solve import Made
from migration.discover.model import Finding, Gravity
from migration.waves.build import Inputs
from migration.waves.build_candidates import Candidate, LeftOut
from policies.verdict import Verdict

ROUNDS = 6
"""So often at most; each round leaves out at least one server."""

MOST_LOOKS = 20_000
"""Nights x servers of the estate that are judged while a plan is made: about a minute. Beyond that, incline plan check does it."""

_OWN = ("server", "move", "group", "service")


@dataclass(frozen=True, slots=True)
class _Stopped:
    """A server that a rule stops, and the words."""

    server: str
    words: str


def obedient(
    where: Places, gathered: Gathered, solve: Callable[[Gathered], Made], *, quiet: bool = False
) -> tuple[Made, tuple[Finding, ...]]:
    """A plan without what the rules would stop, and a finding for each server that was left out for it."""
    made, findings = solve(gathered), list[Finding]()
    folder = where.estate
    if folder is None or gathered.inputs.estate is None:
        return made, ()
    if len(made.plan.nights) * len(gathered.inputs.estate.servers) > MOST_LOOKS:
        say("too many nights to judge while planning; every wave is judged by  incline plan check", style="yellow")
        return made, ()
    for _ in range(ROUNDS):
        if made.solution.stopped:
            say("stopped early: the waves are not judged; incline plan check does it", style="yellow")
            break
        try_next = _stopped(judged_waves(folder, made.plan, where.capacity), gathered.inputs)
        if not try_next:
            break
        if not quiet:
            say(f"the rules would stop {', '.join(each.server for each in try_next)}: planned again without")
        findings += [_finding(each) for each in try_next]
        gathered = replace(gathered, inputs=_without(gathered.inputs, try_next))
        made = solve(gathered)
    return made, tuple(findings)


def _stopped(found: Sequence[Judged], inputs: Inputs) -> list[_Stopped]:
    """Whom to leave out: what a blocking verdict is about, of those that moved in its first night."""
    about = {each.server: each for each in inputs.candidates}
    before: set[str] = set()
    stopped: dict[str, _Stopped] = {}
    for judged in found:
        moved = {name for causes in judged.causes.values() for name in causes}
        for verdict in judged.blocking:
            key = (verdict.rule, verdict.target)
            if key in judged.fresh:
                for name in _blamed(verdict, [n for n in judged.causes[key] if n not in before], about):
                    words = f"{verdict.rule} would stop it after {judged.name}: {verdict.message}"
                    stopped.setdefault(name, _Stopped(name, words))
        before |= moved & set(judged.moved)
    return list(stopped.values())


def _blamed(verdict: Verdict, causes: Sequence[str], about: Mapping[str, Candidate]) -> list[str]:
    """All of those that a verdict names; of a cluster or a quota that overflows, the one that takes most of it."""
    known = [name for name in causes if name in about]
    if verdict.target.partition("/")[0] in _OWN or not known:
        return known
    return [max(known, key=lambda name: (about[name].then_memory, about[name].bytes, name))]


def _without(inputs: Inputs, stopped: Sequence[_Stopped]) -> Inputs:
    names = {each.server for each in stopped}
    left = tuple(LeftOut(server=each.server, why=each.words, kind="rules") for each in stopped)
    return replace(inputs, candidates=tuple(each for each in inputs.candidates if each.server not in names), left=(*inputs.left, *left))


def _finding(each: _Stopped) -> Finding:
    return Finding(
        code="PLN-016",
        gravity=Gravity.WARNING,
        where=f"server {each.server}",
        what=each.words,
        taken="it is in no night; all others are planned",
        remedy="mend what the rule names, waive it, or plan with --no-rules",
    )
