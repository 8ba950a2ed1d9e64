"""Check: which inputs a type takes, their kinds, the defaults, and a generated name."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.providers.sdk import Property, Sdk
from lab.providers.table import GeneratedName, Problem, Resource
from lab.providers.values import UNKNOWN, Unknown, Values

DEFAULTS = "__defaults"


@dataclass
class Check:
    """One Check of one resource: gathers the complete inputs, and every problem rather than the first."""

    sdk: Sdk
    resource: Resource[Any]
    problems: list[Problem] = field(default_factory=list)

    def run(self, news: Values, olds: Values, *, name: str, seed: bytes, proposed: str = "") -> Values:
        """The inputs with kinds settled, defaults filled in and a name given."""
        properties = self.sdk.shape(self.resource.name).inputs
        inputs = self._object(news, properties, "", "")
        generated = self.resource.generated_name
        if generated is not None:
            _give_name(generated, inputs, olds, name=name, seed=seed, proposed=proposed)
        self._require(inputs, properties, "")
        if not self.problems:
            self.problems.extend(self.resource.check(inputs))
        return inputs

    def _object(self, given: Mapping[str, Any], properties: Mapping[str, Property], path: str, pattern: str) -> Values:
        settled: Values = {}
        for name, value in given.items():
            if name.startswith("__") or value is None:
                continue
            here = f"{path}.{name}" if path else name
            kind = properties.get(name)
            if kind is None:
                self.problems.append(Problem(property=here, reason=self._unknown_name(name, properties)))
            elif not pattern and name not in self.resource.fields:
                self.problems.append(Problem(property=here, reason="the lab's provider does not model this property"))
            else:
                settled[name] = self._value(value, kind, here, f"{pattern}.{name}" if pattern else name)
        self._defaults(settled, pattern)
        return settled

    def _defaults(self, settled: Values, pattern: str) -> None:
        prefix = f"{pattern}." if pattern else ""
        filled = []
        for path, meaning in self.resource.fields.items():
            name = path.removeprefix(prefix)
            if meaning.default is None or not path.startswith(prefix) or "." in name or name in settled:
                continue
            settled[name] = meaning.default
            filled.append(name)
        if not pattern:
            settled[DEFAULTS] = sorted(filled)

    def _value(self, value: Any, kind: Property, path: str, pattern: str) -> Any:
        if isinstance(value, Unknown):
            return UNKNOWN
        if kind.many == "list":
            items = value if isinstance(value, list) else [value]
            return [self._single(item, kind, f"{path}[{index}]", f"{pattern}[]") for index, item in enumerate(items)]
        if kind.many == "map":
            if not isinstance(value, dict):
                return self._mismatch(value, "a map", path)
            return {key: self._single(item, kind, f"{path}.{key}", pattern) for key, item in value.items() if not key.startswith("__")}
        return self._single(value, kind, path, pattern)

    def _single(self, value: Any, kind: Property, path: str, pattern: str) -> Any:
        if isinstance(value, Unknown) or value is None or kind.kind == "any":
            return value
        if kind.kind == "object":
            if not isinstance(value, dict):
                return self._mismatch(value, "an object", path)
            properties = self.sdk.nested(self.resource.name, kind.nested)
            settled = self._object(value, properties, path, pattern)
            self._require(settled, properties, path)
            return settled
        converted = _scalar(value, kind.kind)
        return self._mismatch(value, f"a {kind.kind}", path) if converted is None else converted

    def _mismatch(self, value: Any, wanted: str, path: str) -> Any:
        self.problems.append(Problem(property=path, reason=f"expected {wanted}, got {type(value).__name__} {value!r}"))
        return value

    def _require(self, inputs: Mapping[str, Any], properties: Mapping[str, Property], path: str) -> None:
        for name, kind in properties.items():
            if kind.required and name not in inputs:
                self.problems.append(Problem(property=f"{path}.{name}" if path else name, reason="missing required property"))

    def _unknown_name(self, name: str, properties: Mapping[str, Property]) -> str:
        near = difflib.get_close_matches(name, properties, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        return f"{self.resource.name} has no property '{name}'{hint}"


def _scalar(value: Any, kind: str) -> Any:
    """The value as its kind, as the bridge converts: numbers and booleans also from their text. None when it cannot be."""
    if kind == "str":
        return _text(value)
    if kind == "bool":
        return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else value if isinstance(value, bool) else None
    number = _number(value)
    if number is None or kind == "float":
        return number
    return int(number) if float(number).is_integer() else None


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value if isinstance(value, (int, float)) else None


def _give_name(generated: GeneratedName, inputs: Values, olds: Values, *, name: str, seed: bytes, proposed: str) -> None:
    """A name that is not given is made once, and kept from then on."""
    if generated.field in inputs or "namePrefix" in inputs:
        return
    if generated.field in olds.get(DEFAULTS, ()) and olds.get(generated.field):
        inputs[generated.field] = olds[generated.field]
    else:
        digits = hashlib.sha256(seed or json.dumps([name]).encode()).hexdigest()[:7]
        stem = f"{generated.prefix}{name}"[: generated.max_length - len(digits) - len(generated.separator)]
        inputs[generated.field] = proposed or f"{stem}{generated.separator}{digits}"
    inputs[DEFAULTS] = sorted({*inputs.get(DEFAULTS, ()), generated.field})
