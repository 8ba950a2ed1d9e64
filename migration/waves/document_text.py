"""Writes a plan as text that people edit: one line a server, in a fixed order, with the comments that people left.

A comment belongs to the line that it stands above or behind, and follows it: that of a server goes with the server into another night.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from migration.waves.document import PlannedNight, PlannedServer, WavePlan

HEAD = (
    "# yaml-language-server: $schema=schema/waves.json",
    "# Which servers move in which night. Move a line to another night, then:  incline plan score",
    "# An edit becomes a pin; the next  incline plan make  keeps it and changes as little as it can.",
)

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./+-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off"}
_KEYED = re.compile(r"^\s*(?:-\s*)?\{?\s*(server|night):\s*(\"[^\"]*\"|[^\s,}#]+)")
_TOP = re.compile(r"^([a-z_]+):")


@dataclass
class Comments:
    """Comments by the line that they belong to, as (kind of line, name)."""

    above: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    behind: dict[tuple[str, str], str] = field(default_factory=dict)
    last: list[str] = field(default_factory=list)


def render(plan: WavePlan, old: str = "") -> str:
    """The text of a plan. `old` is what stands in its file now, for its comments."""
    kept = comments(old)
    lines = list(HEAD)
    for key, line in _lines(plan):
        lines += [f"{_indent(line)}{text}" for text in kept.above.get(key, ())]
        behind = kept.behind.get(key)
        lines.append(f"{line}  {behind}" if behind else line)
    return "\n".join([*lines, *kept.last]) + "\n"


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def comments(text: str) -> Comments:
    """The comments of a plan's text."""
    found, waiting, part = Comments(), list[str](), ""
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            if stripped not in HEAD:
                waiting.append(stripped)
            continue
        top = _TOP.match(line)
        part = top[1] if top else part
        key = _key(line, part)
        if key is None:
            continue
        if waiting:
            found.above[key], waiting = waiting, []
        behind = _behind(line)
        if behind:
            found.behind[key] = behind
    found.last = waiting
    return found


def _key(line: str, part: str) -> tuple[str, str] | None:
    if _TOP.match(line):
        return "top", part
    keyed = _KEYED.match(line)
    return None if keyed is None else (f"{part}/{keyed[1]}", keyed[2].strip('"'))


def _behind(line: str) -> str:
    """What stands behind a line as a comment; a # within quotes is none."""
    quote = ""
    for index, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote and line[index - 1] != "\\" else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "#" and (index == 0 or line[index - 1] in " \t"):
            return line[index:].rstrip()
    return ""


def _lines(plan: WavePlan) -> Iterator[tuple[tuple[str, str], str]]:
    yield from _scalar_lines(plan)
    yield ("top", "nights"), "nights:" if plan.nights else "nights: []"
    waves = plan.waves()
    for night in plan.nights:
        yield from _night(night, waves[night.night])
    for name, entries in (("pins", plan.pins), ("retained", plan.retained), ("left_out", plan.left_out)):
        yield ("top", name), f"{name}:" if entries else f"{name}: []"
        for entry in entries:
            values = {key: value for key, value in entry.model_dump().items() if value != ""}
            yield (f"{name}/server", entry.server), f"  - {flow(values)}"


def _scalar_lines(plan: WavePlan) -> Iterator[tuple[tuple[str, str], str]]:
    yield ("top", "schema"), f"schema: {plan.format}"
    yield ("top", "estate"), f"estate: {word(plan.estate)}"
    if plan.made is not None:
        yield ("top", "made"), f"made: {plan.made.isoformat(timespec='seconds')}"
    goal = {key: value for key, value in plan.goal.model_dump().items() if value}
    yield ("top", "goal"), f"goal: {flow(goal)}"
    yield ("top", "inputs"), f"inputs: {flow(plan.inputs)}"
    if plan.result is not None:
        yield ("top", "result"), f"result: {flow(plan.result.model_dump())}"


def _night(night: PlannedNight, wave: int) -> Iterator[tuple[tuple[str, str], str]]:
    key = "nights/night", night.night.isoformat()
    words = f"wave {wave}, {night.night:%A}"
    yield key, f"  - night: {night.night}"
    yield ("", ""), f"    gb: {word(night.gb)}  # {words}"
    yield ("", ""), f"    hours: {word(night.hours)}"
    yield ("", ""), f"    hours_p90: {word(night.hours_p90)}"
    yield ("", ""), f"    people: {word(night.people)}"
    if night.held_by:
        yield ("", ""), f"    held_by: {word(night.held_by)}"
    if night.left:
        yield ("", ""), f"    left: {flow(night.left)}"
    yield ("", ""), "    servers:" if night.servers else "    servers: []"
    for each in night.servers:
        yield ("nights/server", each.server), f"      - {flow(_entry(each))}"


def _entry(each: PlannedServer) -> dict[str, object]:
    values: dict[str, object] = {"server": each.server, "group": each.group, "to": each.to, "gb": each.gb}
    values |= {"minutes": each.minutes, "minutes_p90": each.minutes_p90}
    if each.chosen is not None:
        values["chosen"] = each.chosen
    values["state"] = each.state
    for name, value in (("on", each.on), ("move", each.move), ("note", each.note)):
        if value:
            values[name] = value
    return values


def flow(values: Mapping[str, object]) -> str:
    """A mapping on one line."""
    return "{" + ", ".join(f"{word(key)}: {word(value)}" for key, value in values.items()) + "}"


def word(value: object) -> str:
    """A value as YAML 1.2 reads it back, quoted only where it must be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, int | float):
        return f"{value:.10g}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(word(each) for each in value) + "]"
    if isinstance(value, Mapping):
        return flow(value)
    text = str(value)
    return text if _PLAIN.fullmatch(text) and text.lower() not in _WORDS else json.dumps(text, ensure_ascii=False)
