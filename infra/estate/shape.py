"""Turns pydantic's findings about one object into problems with a line and an edit.

It owns the wording. What a field means stands in the model; what needs two objects to check in `infra.estate.checks`.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from infra.estate.document import Document, Plain, Where
from infra.estate.problems import Problem, did_you_mean

M = TypeVar("M", bound=BaseModel)

# What a missing key could look like; a key that is not here gets its name alone.
_EXAMPLES: Mapping[str, str] = {
    "size": "size: {cpus: 2, memory: 8GiB}",
    "disks": "disks: [{name: system, size: 20GiB}]",
    "os": "os: {id: debian-12, family: linux, guest_id: debian12_64Guest}",
    "at": "at: {downtown: {cluster: general, datastore: dt-general-1, nics: [{network: dt-apps, address: 10.20.2.10}]}}",
    "nics": "nics: [{network: dt-apps, address: 10.20.2.10}]",
    "tier": "tier: silver  (gold, silver or bronze)",
    "rto_minutes": "rto_minutes: 240",
    "rpo_minutes": "rpo_minutes: 60",
    "kind": "kind: vsphere  (or aws)",
    "credentials": "credentials: {user_env: INCLINE_VCENTER_USER, password_env: INCLINE_VCENTER_PASSWORD}",
}


def build(model: type[M], value: Plain, document: Document, path: Where, label: str) -> tuple[M | None, list[Problem]]:
    """The object, or what is wrong with it. `label` names it in messages, such as `server permits-db-01`."""
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        return None, [_problem(model, detail, document, path, label) for detail in _telling(error)]


def _telling(error: ValidationError) -> Iterator[ErrorDetails]:
    """The errors that say something of their own: no list that is too short because its entry failed, no key missing that is mistyped."""
    details = error.errors(include_url=False, include_context=True)
    places = [detail["loc"] for detail in details]
    mistyped = [(detail["loc"][:-1], str(detail["loc"][-1])) for detail in details if detail["type"] == "extra_forbidden"]
    for detail in details:
        place, kind = detail["loc"], detail["type"]
        if kind == "too_short" and any(len(other) > len(place) and other[: len(place)] == place for other in places):
            continue
        if kind == "missing" and any(get_close_matches(key, [str(place[-1])]) for parent, key in mistyped if parent == place[:-1]):
            continue
        yield detail


def _problem(model: type[BaseModel], detail: ErrorDetails, document: Document, path: Where, label: str) -> Problem:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    dotted = _dotted(location)
    code, what, instead = _wording(model, detail, location, dotted)
    return Problem(file=document.file, line=document.line((*path, *location)), what=f"{label}: {what}", instead=instead, code=code)


def _wording(model: type[BaseModel], detail: ErrorDetails, location: tuple[int | str, ...], dotted: str) -> tuple[str, str, str]:
    kind, given = detail["type"], detail.get("input")
    last = str(location[-1]) if location else ""
    if kind == "extra_forbidden":
        return "INC-1003", f"unknown key {dotted}", did_you_mean(last, _fields(model, location[:-1]))
    if kind == "missing":
        return "INC-1004", f"{dotted} is missing", f"write {_EXAMPLES.get(last, f'{last}: ...')}"
    if kind == "string_pattern_mismatch" and "a-z" in str(detail.get("ctx", {}).get("pattern")):
        return (
            "INC-1005",
            f"{dotted} {given!r} is not a name",
            "write lower-case letters and digits in words joined by -, beginning with a letter, such as permits-db-01",
        )
    if kind == "string_type" and isinstance(given, int | float):
        return "INC-1005", f"{dotted} is the number {given}", f'write it as text: "{given}"'
    if kind in {"enum", "literal_error"}:
        expected = str(detail.get("ctx", {}).get("expected", ""))
        return "INC-1005", f"{dotted} {given!r} is not one of {expected}", did_you_mean(str(given), _choices(expected))
    return "INC-1005", f"{dotted} {_shown(given)}: {_reason(detail)}", _hint(kind, last)


def _reason(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _hint(kind: str, last: str) -> str:
    if kind.startswith(("dict", "model")):
        return f"write keys and values under it{', such as ' + _EXAMPLES[last] if last in _EXAMPLES else ''}"
    if kind.startswith(("tuple", "list")) or kind == "too_short":
        return f"write a list with at least one entry{', such as ' + _EXAMPLES[last] if last in _EXAMPLES else ''}"
    if kind.startswith(("ip_v4_network", "ip_v4")):
        return "write a network such as 10.20.4.0/24 (its first address) or an address such as 10.20.4.15"
    return f"write {_EXAMPLES[last]}" if last in _EXAMPLES else "correct the value"


def _shown(given: object) -> str:
    text = repr(given)
    return text if len(text) <= 60 else text[:57] + "..."


def _dotted(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "the entry"


def _choices(expected: str) -> list[str]:
    return [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]


def _fields(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that the model knows at a place; empty where no model stands there."""
    here: Any = model
    for part in location:
        here = _step(here, part)
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def _step(annotation: Any, part: int | str) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        info = annotation.model_fields.get(str(part))
        return _unwrap(info.annotation) if info else None
    arguments = get_args(annotation)
    return _unwrap(arguments[0 if isinstance(part, int) else -1]) if arguments else None


def _unwrap(annotation: Any) -> Any:
    if get_origin(annotation) in {Union, types.UnionType}:
        chosen = [each for each in get_args(annotation) if each is not type(None)]
        return _unwrap(chosen[0])
    return annotation
