"""A plan of waves in words: a line a night, what binds it, what is left at both sides, and all that is not planned."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from cli.output import styled
from cli.paragraphs import heading, paragraph
from infra.wording import counted, listed
from migration.waves.document import PlannedNight, PlannedServer, WavePlan

if TYPE_CHECKING:
    from migration.discover.model import Finding
    from migration.waves.edits import Rescored
    from migration.waves.model import Conflict

SHOWN = 6
"""So many servers of a night by name."""


def plan_text(plan: WavePlan, findings: Iterable[Finding] = (), conflict: Conflict | None = None) -> str:
    """All of a plan."""
    return "\n".join(_plan(plan, tuple(findings), conflict))


def night_text(plan: WavePlan, night: date) -> str:
    """One night of a plan."""
    number = plan.waves()[night]
    return "\n".join(_night(number, plan.nights[number - 1])).strip()


def _plan(plan: WavePlan, findings: tuple[Finding, ...], conflict: Conflict | None) -> Iterator[str]:
    yield styled(answer(plan), "bold", sys.stdout)
    for number, night in enumerate(plan.nights, 1):
        yield from _night(number, night)
    if conflict is not None:
        yield from _conflict(conflict)
    if plan.left_out:
        yield heading(f"in no night: {counted(len(plan.left_out), 'server')}")
        for why, names in _by_reason(plan):
            yield paragraph(why, indent="  ", first=f"{listed(names, SHOWN)}: ")
    if plan.retained:
        yield heading("retained")
        yield from (paragraph(each.reason, indent="  ", first=f"{each.server}: ") for each in plan.retained)
    if findings:
        yield heading("to know")
        yield from (paragraph(_finding(each), indent="  ") for each in findings)


def answer(plan: WavePlan) -> str:
    """The plan in one sentence."""
    count = sum(len(night.servers) for night in plan.nights)
    if not plan.nights:
        return "no night can be planned"
    span = f"{plan.nights[0].night} to {plan.nights[-1].night}" if len(plan.nights) > 1 else f"{plan.nights[0].night}"
    said = f"{counted(count, 'server')} in {counted(len(plan.nights), 'night')}, {span}, {sum(n.gb for n in plan.nights):,.0f} GB"
    if plan.result is None:
        return said
    proof = "optimal" if plan.result.gap <= 1e-4 else f"at most {plan.result.gap:.2%} above the best possible"
    return f"{said}; cost of waiting {plan.result.cost:,.0f} USD, {proof} ({plan.result.seconds:g} s)"


def _night(number: int, night: PlannedNight) -> Iterator[str]:
    moved = sum(each.state == "moved" for each in night.servers)
    state = f", {moved} moved" if moved else ""
    yield (
        f"\n{night.night} {night.night:%a}  wave {number}  {counted(len(night.servers), 'server')}{state}  {night.gb:,.1f} GB  "
        f"{night.hours:.1f} h ({night.hours_p90:.1f} h)  {night.people:.1f} people"
    )
    groups: dict[str, list[PlannedServer]] = {}
    for each in night.servers:
        groups.setdefault(each.group, []).append(each)
    for group, servers in groups.items():
        yield paragraph(listed([_named(each) for each in servers], SHOWN), indent="  ", first=f"{group}: ")
    if night.held_by:
        yield paragraph(night.held_by, indent="  ")
    if night.left:
        yield paragraph("; ".join(f"{site} {words}" for site, words in night.left.items()), indent="  ", first="left: ")


def _named(each: PlannedServer) -> str:
    return each.server if each.state == "planned" else f"{each.server} ({each.state})"


def _conflict(conflict: Conflict) -> Iterator[str]:
    proof = "" if conflict.proven else " (as far as could be shown in the time)"
    yield heading(f"these demands cannot hold together{proof}")
    yield from (paragraph(each, indent="  ", first="- ") for each in conflict.demands)
    if conflict.ways:
        yield heading("ways out")
        yield from (paragraph(each, indent="  ", first="- ") for each in conflict.ways)


def _by_reason(plan: WavePlan) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for each in plan.left_out:
        found.setdefault(each.why, []).append(each.server)
    return list(found.items())


def _finding(each: Finding) -> str:
    parts = (f"{each.code} {each.where}: {each.what}", each.taken, f"next: {each.remedy}" if each.remedy else "")
    return "; ".join(part for part in parts if part)


def _change(amount: float) -> str:
    return f"{amount:+,.0f} USD" if abs(amount) >= 0.5 else "no change"


def server_text(plan: WavePlan, server: str, night: date, entry: PlannedServer) -> str:
    """One server of a plan."""
    pin = next((pin for pin in plan.pins if pin.server == server), None)
    mates = [each.server for _, each in plan.entries() if each.group == entry.group and each.server != server]
    lines = [
        styled(f"{server} moves to {entry.to} in the night of {night:%A}, {night} (wave {plan.waves()[night]})", "bold", sys.stdout),
        f"  {entry.gb:,.1f} GB; down for about {entry.minutes:.0f} min ({entry.minutes_p90:.0f} min at worst in nine of ten)",
        f"  group {entry.group}" + (f", with {listed(mates, SHOWN)}" if mates else ", alone"),
        f"  {entry.state}" + (f" on {entry.on}" if entry.on else "") + (f", move {entry.move}" if entry.move else ""),
    ]
    if pin is not None:
        lines.append(f"  pinned to {pin.night}" + (f": {pin.why}" if pin.why else ""))
    if entry.chosen and entry.chosen != night:
        lines.append(f"  moved by hand: the planner had chosen {entry.chosen}")
    return "\n".join(lines)


def score_text(plan: WavePlan, found: Rescored) -> str:
    """What a plan as it stands costs, and what it breaks."""
    before = plan.result.cost if plan.result else None
    change = "" if before is None else f", {_change(found.objective - before)} against the planner's"
    lines = [styled(f"cost of waiting {found.objective:,.0f} USD{change}", "bold", sys.stdout)]
    if found.violations:
        lines.append(heading(f"{counted(len(found.violations), 'demand')} broken"))
        lines += [paragraph(words, indent="  ", first="- ") for words in found.words]
    else:
        lines.append("  every demand holds")
    if found.findings:
        lines.append(heading("to know"))
        lines += [paragraph(_finding(each), indent="  ") for each in found.findings]
    return "\n".join(lines)


def changes(before: WavePlan, after: WavePlan) -> list[str]:
    """What is different, a line a server."""
    old, new = before.night_of(), after.night_of()
    lines = [f"{name}: {old[name]} -> {new[name]}" for name in sorted(old.keys() & new.keys()) if old[name] != new[name]]
    stays = {each.server: each.reason for each in after.retained}
    lines += [f"{name}: {old[name]} -> stays ({stays.get(name, 'taken out')})" for name in sorted(old.keys() - new.keys())]
    pins, had = {pin.server: pin.night for pin in after.pins}, {pin.server: pin.night for pin in before.pins}
    lines += [f"{name}: pinned to {pins[name]}" for name in sorted(pins) if had.get(name) != pins[name] and old.get(name) == pins[name]]
    return [*lines, *(f"{name}: no longer pinned" for name in sorted(had.keys() - pins.keys()) if name in new)]


def change_text(before: WavePlan, after: WavePlan, old: Rescored, new: Rescored, findings: tuple[Finding, ...]) -> str:
    """A change of a plan in words: what moves, what it costs, what it newly breaks."""
    lines = [*changes(before, after)] or ["nothing changes"]
    lines.append(styled(f"cost of waiting {new.objective:,.0f} USD, {_change(new.objective - old.objective)}", "bold", sys.stdout))
    known = set(old.words)
    fresh = [words for words in new.words if words not in known]
    lines += [paragraph(words, indent="  ", first="- breaks: ") for words in fresh]
    if known & set(new.words):
        lines.append(f"  broken before already: {counted(len(known & set(new.words)), 'demand')}; see incline plan score")
    told = {(each.code, each.where, each.what) for each in old.findings}
    lines += [
        paragraph(_finding(each), indent="  ") for each in (*findings, *new.findings) if (each.code, each.where, each.what) not in told
    ]
    return "\n".join(lines)


def change_data(before: WavePlan, after: WavePlan, old: Rescored, new: Rescored, findings: tuple[Finding, ...]) -> dict[str, Any]:
    """A change of a plan for programs."""
    return {
        "schema": "incline.plan-change/1",
        "changes": changes(before, after),
        "objective": round(new.objective, 2),
        "objective_before": round(old.objective, 2),
        "violations": list(new.words),
        "violations_before": list(old.words),
        "findings": [finding_data(each) for each in (*findings, *new.findings)],
    }


def finding_data(each: Finding) -> dict[str, Any]:
    """A finding for programs."""
    return {
        "code": each.code, "gravity": str(each.gravity), "where": each.where, "what": each.what, "taken": each.taken, "remedy": each.remedy,
    }  # fmt: skip
