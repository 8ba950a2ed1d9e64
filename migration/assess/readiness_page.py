"""docs/readiness.md: every rule of readiness with its remedy and source, made from the rules themselves."""

from __future__ import annotations

from collections.abc import Iterator

from migration.assess.limits.registry import ALL
from migration.assess.limits.rule import ReadinessRule

_PARTS = (
    ("both", "Both ways"),
    ("up", "Up: from vSphere to AWS"),
    ("down", "Down: from AWS to vSphere"),
)


def page() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Readiness: what a server must be to move"
    yield ""
    yield f"`incline assess` judges every server by these {len(ALL)} rules, for the direction in which it would go:"
    yield ""
    yield "- **ready**: no rule has anything to say;"
    yield "- **ready with conditions**: it can be planned; each condition is settled before the night (the engine looks again);"
    yield "- **not ready**: a rule that blocks has spoken; no move can be made before it is settled."
    yield ""
    yield "What nobody told is never taken for good or bad: a rule that lacks its fact is silent."
    yield "The stars of confidence say how much was told."
    for direction, title in _PARTS:
        rules = [rule for rule in ALL if rule.direction == direction]
        yield ""
        yield f"## {title}"
        yield ""
        yield "| code | what | effect | remedy | source |"
        yield "|---|---|---|---|---|"
        yield from (_row(rule) for rule in rules)
    yield ""
    yield "Made by `incline assess --codes`."


def _row(rule: ReadinessRule) -> str:
    return f"| {rule.code} | {rule.title} | {'blocks' if rule.blocks else 'condition'} | {rule.remedy} | {rule.source} |"
