"""The two documents of the benchmark, in and out: an instance and a plan. The README describes every key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from migration.waves.model import Before, Group, Problem, Resource, Use

INSTANCE = "incline.waves.instance/1"
PLAN = "incline.waves.plan/1"


def instance_document(name: str, problem: Problem) -> dict[str, Any]:
    """An instance as plain data."""
    return {
        "schema": INSTANCE,
        "name": name,
        "nights": [night.isoformat() for night in problem.nights],
        "resources": [
            {"name": each.name, "unit": each.unit, "standing": each.standing, "capacity": list(each.capacity), "step": each.step}
            for each in problem.resources
        ],
        "groups": [_group_document(group) for group in problem.groups],
        "order": [{"first": each.first, "then": each.then, "gap": each.gap} for each in problem.order],
        "stay": dict(problem.stay),
        "stay_weight": problem.stay_weight,
    }


def instance_of(document: Mapping[str, Any]) -> Problem:
    """The problem that a document describes."""
    if document.get("schema") != INSTANCE:
        raise ValueError(f"the document's schema is {document.get('schema')!r}, not {INSTANCE!r}")
    return Problem(
        nights=tuple(date.fromisoformat(night) for night in document["nights"]),
        resources=tuple(
            Resource(
                name=each["name"],
                unit=each["unit"],
                standing=each["standing"],
                capacity=tuple(map(float, each["capacity"])),
                step=each.get("step", 0.0),
            )
            for each in document["resources"]
        ),
        groups=tuple(_group_of(each) for each in document["groups"]),
        order=tuple(Before(first=each["first"], then=each["then"], gap=each["gap"]) for each in document["order"]),
        stay=dict(document.get("stay", {})),
        stay_weight=document.get("stay_weight", 0.0),
    )


def plan_document(name: str, at: Mapping[str, int]) -> dict[str, Any]:
    """A plan as plain data."""
    return {"schema": PLAN, "instance": name, "at": dict(at)}


def plan_of(document: Mapping[str, Any]) -> dict[str, int]:
    """The night of each group."""
    if document.get("schema") != PLAN:
        raise ValueError(f"the document's schema is {document.get('schema')!r}, not {PLAN!r}")
    return {str(name): int(night) for name, night in document["at"].items()}


def _group_document(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "servers": len(group.servers),
        "nights": _ranges(group.nights),
        "uses": [{"resource": use.resource, "amount": use.amount, "lag": use.lag} for use in group.uses],
        "per_night": group.per_night,
        "due": group.due,
        "late_per_night": group.late_per_night,
        "hard": group.hard,
        "pinned": group.pinned,
    }


def _group_of(each: Mapping[str, Any]) -> Group:
    return Group(
        name=each["name"],
        servers=tuple(f"{each['name']}-{n}" for n in range(each["servers"])),
        nights=tuple(night for first, last in each["nights"] for night in range(first, last + 1)),
        uses=tuple(Use(resource=use["resource"], amount=float(use["amount"]), lag=use.get("lag", 0)) for use in each["uses"]),
        per_night=each["per_night"],
        due=each["due"],
        late_per_night=each["late_per_night"],
        hard=each["hard"],
        pinned=each["pinned"],
    )


def _ranges(nights: Iterable[int]) -> list[list[int]]:
    """Nights as stretches, both ends in."""
    stretches: list[list[int]] = []
    for night in nights:
        if stretches and night == stretches[-1][1] + 1:
            stretches[-1][1] = night
        else:
            stretches.append([night, night])
    return stretches
