"""Records of the inventory as JSON and back, driven by the types of the model: a field that is added there is kept without a change here.

Fields that hold their default are left out. A field that this version does not know is passed over, so that a store written by a
newer Incline of the same schema can be read.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

R = TypeVar("R")
Reader = Callable[[Any], Any]


def encode(record: Any, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What of a record is no default, as JSON knows it. `without`: fields that have columns of their own."""
    kind: Any = type(record)
    found = {}
    for name, default in _defaults(kind):
        value = getattr(record, name)
        if name not in without and value != default:
            found[name] = _plain(value)
    return found


def dumps(found: Mapping[str, Any]) -> str:
    """Compact, and the same for the same record."""
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def decode(kind: type[R], found: Mapping[str, Any]) -> R:
    """The record again."""
    readers = _readers(kind)  # type: ignore[arg-type]  # typeshed takes no class for hashable
    return kind(**{name: readers[name](value) for name, value in found.items() if name in readers})


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return encode(value)


@lru_cache(maxsize=64)
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    """Names and defaults; a required field has one that nothing equals."""
    found = []
    for each in dataclasses.fields(kind):
        made = each.default_factory
        default = each.default if made is dataclasses.MISSING else made()
        found.append((each.name, object() if default is dataclasses.MISSING else default))
    return tuple(found)


@lru_cache(maxsize=64)
def _readers(kind: Any) -> dict[str, Reader]:
    hints = get_type_hints(kind)
    return {each.name: _reader(hints[each.name]) for each in dataclasses.fields(kind)}


def _reader(hint: Any) -> Reader:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        reader = _reader(next(each for each in inner if each is not type(None)))
        return lambda value: None if value is None else reader(value)
    if origin is tuple:
        return _tuple(_reader(inner[0]))
    if origin is Literal or hint in {str, int, float, bool}:
        return _same
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    if hint is datetime:
        return _moment
    if dataclasses.is_dataclass(hint):
        return lambda value: decode(hint, value)  # type: ignore[arg-type]  # a class, as every hint of the model is
    return _same


def _tuple(reader: Reader) -> Reader:
    if reader is _same:
        return tuple
    return lambda value: tuple(reader(each) for each in value)


def _moment(value: Any) -> Any:
    """A column has one already; JSON has its text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _same(value: Any) -> Any:
    return value
