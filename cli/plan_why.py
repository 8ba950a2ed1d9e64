"""Why a server moves when it does: its durations, the nights that are closed to it, what it waits for, what waiting costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cli.paragraphs import columns, heading, paragraph
from migration.waves.build import Built
from migration.waves.build_candidates import Candidate
from migration.waves.build_resources import days_apart, unsaved, waiting_cost
from migration.waves.durations import estimate
from migration.waves.model import Before, Group


def why_data(built: Built, server: str) -> dict[str, Any]:
    """The reasons for programs; empty where the planner knows no such server."""
    found = _known(built, server)
    if found is None:
        return {}
    each, group = found
    nights, moved = built.problem.nights, estimate(each, built.rates[each.site, each.target], built.pace)
    return {
        "formula": moved.formula,
        "source": moved.source,
        "usd_per_night": round(waiting_cost(each, built.inputs.programme, days_apart(built.problem.nights)), 2),
        "closed": [{"from": nights[first], "to": nights[last], "why": why} for first, last, why in group.barred],
        "after": [_order(each.first, each) for each in built.problem.order if each.then == group.name],
        "before": [_order(each.then, each) for each in built.problem.order if each.first == group.name],
        "due": nights[group.due] if group.due is not None and group.due >= 0 else None,
        "uses": [
            {"resource": use.resource, "amount": round(use.amount, 2), "nights_later": use.lag}
            for use in (*group.uses, *(use for use in built.room_uses[group.name] if use not in group.uses))
        ],
    }


def _order(other: str, each: Before) -> dict[str, Any]:
    return {"group": other, "nights": each.gap, "why": each.why}


def why_text(built: Built, server: str) -> str:
    """The reasons in words."""
    found = _known(built, server)
    if found is None:
        left = next((each for each in built.left if each.server == server), None)
        return f"\nin no night: {left.why}" if left else ""
    return "\n".join(_lines(built, *found))


def _lines(built: Built, each: Candidate, group: Group) -> Iterator[str]:
    nights, programme = built.problem.nights, built.inputs.programme
    moved = estimate(each, built.rates[each.site, each.target], built.pace)
    yield heading("how its durations were counted")
    yield paragraph(moved.formula, indent="  ")
    yield paragraph(moved.source, indent="  ")
    apart = days_apart(nights)
    yield heading(f"what a night of waiting costs: {waiting_cost(each, programme, apart):,.2f} USD")
    said = f"{unsaved(each, apart):,.2f} of running cost not saved yet ({apart:.1f} days from night to night)"
    yield f"  {said}, the rest for people, tools and risk (`money:` of the programme)"
    yield heading(f"nights open to its group: {len(group.nights)} of {len(nights)}")
    yield from columns((f"{nights[first]} to {nights[last]}", why) for first, last, why in group.barred)
    order = [each for each in built.problem.order if group.name in {each.first, each.then}]
    if order:
        yield heading("order")
        yield from columns((f"{o.first} before {o.then}", f"{_gap(o.gap)}: {o.why}") for o in order)
    yield heading("what its group takes")
    for use in (*group.uses, *(use for use in built.room_uses[group.name] if use not in group.uses)):
        later = f", {use.lag} nights later" if use.lag else ""
        yield f"  {use.amount:,.1f} of {use.resource}{later}"


def _gap(nights: int) -> str:
    return "the same night will do" if nights == 0 else f"{nights} night{'' if nights == 1 else 's'} at least"


def _known(built: Built, server: str) -> tuple[Candidate, Group] | None:
    name = built.home.get(server)
    if name is None:
        return None
    candidate = next(each for each in built.parts[name].servers if each.server == server)
    return candidate, next(group for group in built.problem.groups if group.name == name)
