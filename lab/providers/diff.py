"""Diff: new inputs against the last known state, property by property, as Terraform plans it.

The state is what counts, not the old inputs: what a refresh has found is a difference. A property that the program does not set is right as
it is when upstream computes it, and is to be removed when upstream does not.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lab.providers.sdk import Property, Sdk
from lab.providers.table import Field, Resource
from lab.providers.values import Unknown, Values, has_unknown, is_empty

_PLAIN = re.compile(r"[A-Za-z_]\w*$")
_SEGMENT = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\*|\d+)\]|([^.\[\]]+)')
_NO_MEANING = Field()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One property that differs: where, whether it comes, goes or changes, and whether that takes a new resource."""

    path: str
    pattern: str
    kind: str
    replace: bool = False

    @property
    def top(self) -> str:
        """The top-level property that it stands in."""
        return re.split(r"[.\[]", self.pattern, maxsplit=1)[0]


@dataclass
class Diff:
    """One comparison of one resource."""

    sdk: Sdk
    resource: Resource[Any]
    found: list[Difference] = field(default_factory=list)

    def run(self, state: Values, old_inputs: Values, news: Values, ignored: Iterable[str] = ()) -> list[Difference]:
        """Every difference that `ignored` (ignore_changes) does not cover."""
        self.found = []
        for name, kind in self.sdk.shape(self.resource.name).inputs.items():
            if name not in self.resource.fields:
                continue
            self._top(name, kind, state.get(name), old_inputs.get(name), news.get(name))
        patterns = [segments(item) for item in ignored]
        kept = [item for item in self.found if not any(_covers(pattern, segments(item.path)) for pattern in patterns)]
        return [self._judged(item, state, news) for item in kept if not self.resource.suppresses(item.pattern, state, news)]

    def _judged(self, item: Difference, state: Values, news: Values) -> Difference:
        replace = self.resource.replaces(item.pattern, state, news)
        return Difference(path=item.path, pattern=item.pattern, kind=item.kind, replace=replace)

    def _top(self, name: str, kind: Property, old: Any, old_input: Any, new: Any) -> None:
        meaning = self.resource.fields[name]
        if new is None:
            if not meaning.computed and not is_empty(old) and old != meaning.default:
                self._note(name, name, "delete")
            return
        self._compare(name, name, kind, old, old_input, new)

    def _compare(self, path: str, pattern: str, kind: Property, old: Any, old_input: Any, new: Any) -> None:
        if isinstance(new, Unknown):
            self._note(path, pattern, "add" if is_empty(old) else "update")
        elif is_empty(old) and is_empty(new):
            return
        elif kind.many == "list":
            self._lists(path, pattern, kind, _items(old), _items(old_input), new)
        elif kind.many == "map":
            self._maps(path, pattern, old if isinstance(old, dict) else {}, new)
        elif kind.kind == "object" and isinstance(new, dict):
            self._objects(path, pattern, kind, old, old_input, new)
        elif canonical(self.resource, pattern, old) != canonical(self.resource, pattern, new):
            self._note(path, pattern, "add" if is_empty(old) else "delete" if is_empty(new) else "update")

    def _lists(self, path: str, pattern: str, kind: Property, old: list[Any], old_input: list[Any], new: list[Any]) -> None:
        meaning = self.resource.fields.get(pattern, _NO_MEANING)
        single = Property(kind=kind.kind, nested=kind.nested)
        if meaning.unordered and not has_unknown(new) and kind.kind != "object":
            there, wanted = {str(item) for item in old}, {str(item) for item in new}
            come = {index for index, item in enumerate(new) if str(item) not in there}
            gone = {index for index, item in enumerate(old) if str(item) not in wanted}
            for index in sorted(come | gone):
                kind_here = "update" if index in come & gone else "add" if index in come else "delete"
                self._note(f"{path}[{index}]", f"{pattern}[]", kind_here)
            return
        pairs = _paired(meaning, old, new)
        inputs = {_key(meaning, index, item): item for index, item in enumerate(old_input)}
        for before, after in pairs:
            if after is None:
                self._note(f"{path}[{before}]", f"{pattern}[]", "delete")
            elif before is None:
                self._note(f"{path}[{after}]", f"{pattern}[]", "add")
            else:
                said = inputs.get(_key(meaning, after, new[after]))
                self._compare(f"{path}[{after}]", f"{pattern}[]", single, old[before], said, new[after])

    def _maps(self, path: str, pattern: str, old: Values, new: Values) -> None:
        for key in sorted({*old, *new}):
            here = member(path, key)
            if key not in new:
                self._note(here, pattern, "delete")
            elif key not in old:
                self._note(here, pattern, "add")
            elif isinstance(new[key], Unknown) or str(old[key]) != str(new[key]):
                self._note(here, pattern, "update")

    def _objects(self, path: str, pattern: str, kind: Property, old: Any, old_input: Any, new: Values) -> None:
        """Members without an entry in the table are Optional + Computed, as nearly all nested ones are upstream."""
        if not isinstance(old, dict):
            self._note(path, pattern, "add")
            return
        before = old_input if isinstance(old_input, dict) else {}
        for name, nested in self.sdk.nested(self.resource.name, kind.nested).items():
            here, deep = member(path, name), f"{pattern}.{name}"
            if name in new and new[name] is not None:
                self._compare(here, deep, nested, old.get(name), before.get(name), new[name])
            elif name in before and deep in self.resource.fields and not is_empty(old.get(name)):
                meaning = self.resource.fields[deep]
                if not meaning.computed and old[name] != meaning.default:
                    self._note(here, deep, "delete")

    def _note(self, path: str, pattern: str, kind: str) -> None:
        self.found.append(Difference(path=path, pattern=pattern, kind=kind))


def canonical(resource: Resource[Any], pattern: str, value: Any) -> Any:
    """The form in which a property's values are compared."""
    meaning = resource.fields.get(pattern, _NO_MEANING)
    if meaning.canonical is not None and value is not None and not isinstance(value, Unknown):
        return meaning.canonical(value)
    return None if is_empty(value) else value


def _key(meaning: Field, index: int, item: Any) -> str:
    """What tells the items of a list apart: their key, or their place."""
    return str(item.get(meaning.key)) if meaning.key and isinstance(item, dict) else str(index)


def _paired(meaning: Field, old: list[Any], new: list[Any]) -> list[tuple[int | None, int | None]]:
    """Which old item became which new one: those of one key, then those that are left, in order."""
    free = list(range(len(old)))
    pairs: list[tuple[int | None, int | None]] = []
    left: list[int] = []
    for index, item in enumerate(new):
        key = _key(meaning, index, item)
        match = next((place for place in free if _key(meaning, place, old[place]) == key), None)
        if match is None:
            left.append(index)
        else:
            free.remove(match)
            pairs.append((match, index))
    return [*pairs, *itertools.zip_longest(free[: len(left)], left), *((place, None) for place in free[len(left) :])]


def member(path: str, key: str) -> str:
    """The path of a member, quoted when the key is no plain name."""
    return f"{path}.{key}" if _PLAIN.match(key) else f'{path}["{key}"]'


def segments(path: str) -> list[str]:
    """The parts of a property path, `disks[0].label` being disks, 0, label."""
    return [quoted or index or plain for quoted, index, plain in _SEGMENT.findall(path)]


def _covers(pattern: list[str], path: list[str]) -> bool:
    if len(pattern) > len(path):
        return False
    return all(mine in ("*", theirs) for mine, theirs in zip(pattern, path, strict=False))


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
