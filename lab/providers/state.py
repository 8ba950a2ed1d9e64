"""State and inputs from what is really there: what Create, Update and Read hand back to the engine."""

from __future__ import annotations

from typing import Any

from lab.providers.diff import canonical
from lab.providers.sdk import Property, Sdk
from lab.providers.table import Field, Resource
from lab.providers.values import UNKNOWN, Values, is_empty, without_marks

_NO_MEANING = Field()


def settle(resource: Resource[Any], found: Values, known: Values) -> Values:
    """The state: what was found, in the words of what was known where both mean the same, plus what no one can tell."""
    state = {name: value for name, value in without_marks(known).items() if name not in found}
    for name, value in found.items():
        state[name] = _in_known_words(resource, name, value, known.get(name))
    return {name: value for name, value in state.items() if value is not None}


def _in_known_words(resource: Resource[Any], name: str, value: Any, known: Any) -> Any:
    meaning = resource.fields.get(name, _NO_MEANING)
    if known is None or meaning is _NO_MEANING:
        return value
    if isinstance(value, list) and isinstance(known, list):
        if meaning.unordered and sorted(map(str, value)) == sorted(map(str, known)):
            return known
        if meaning.key:
            return _in_known_order(meaning, value, known)
        return value
    if meaning.canonical is not None and canonical(resource, name, value) == canonical(resource, name, known):
        return known
    return value


def _in_known_order(meaning: Field, value: list[Any], known: list[Any]) -> list[Any]:
    ranks = {str(item.get(meaning.key)): index for index, item in enumerate(known) if isinstance(item, dict)}
    return sorted(value, key=lambda item: ranks.get(str(item.get(meaning.key)), len(ranks)))


def preview(sdk: Sdk, resource: Resource[Any], inputs: Values) -> Values:
    """The outputs of a creation that has not happened: the inputs, and unknowns for all that upstream computes."""
    shape = sdk.shape(resource.name)
    outputs = without_marks(inputs)
    for name in shape.outputs:
        meaning = resource.fields.get(name)
        pure_output = name not in shape.inputs
        if name not in outputs and (pure_output or (meaning is not None and meaning.computed)):
            outputs[name] = UNKNOWN
    if "tagsAll" in shape.outputs:
        outputs["tagsAll"] = inputs.get("tags", {})
    return outputs


def refreshed_inputs(sdk: Sdk, resource: Resource[Any], state: Values, old_inputs: Values) -> Values:
    """The inputs of a refresh: the same properties as before, as they are now."""
    properties = sdk.shape(resource.name).inputs
    inputs: Values = {name: value for name, value in old_inputs.items() if name.startswith("__")}
    for name, old in old_inputs.items():
        kind = properties.get(name)
        if name.startswith("__") or kind is None:
            continue
        value = _like(kind, state.get(name), old)
        if value is not None and not (is_empty(value) and is_empty(old)):
            inputs[name] = value
        elif is_empty(value) and is_empty(old):
            inputs[name] = old
    return inputs


def _like(kind: Property, value: Any, old: Any) -> Any:
    """`value` with the members that `old` has."""
    if kind.kind != "object" or value is None:
        return value
    if kind.many == "list" and isinstance(value, list):
        wanted = [item if isinstance(item, dict) else {} for item in (old if isinstance(old, list) else [])]
        everything = {name: None for item in wanted for name in item}
        return [_members(item, wanted[index] if index < len(wanted) else everything) for index, item in enumerate(value)]
    return _members(value, old) if isinstance(value, dict) and isinstance(old, dict) else value


def _members(value: Values, wanted: Values) -> Values:
    return {name: value[name] if name in value else wanted[name] for name in wanted if not name.startswith("__")}


def imported_inputs(sdk: Sdk, resource: Resource[Any], state: Values) -> Values:
    """The inputs of an import: what a program would have to say to mean exactly this."""
    inputs: Values = {}
    for name, kind in sdk.shape(resource.name).inputs.items():
        meaning = resource.fields.get(name)
        value = state.get(name)
        if meaning is None or value is None or (is_empty(value) and meaning.default is None and not kind.required):
            continue
        inputs[name] = _only_inputs(sdk, resource, kind, value)
    return resource.imported(inputs)


def _only_inputs(sdk: Sdk, resource: Resource[Any], kind: Property, value: Any) -> Any:
    if kind.kind != "object":
        return value
    names = sdk.nested(resource.name, kind.nested)
    if isinstance(value, list):
        return [_told(item, names) for item in value]
    return _told(value, names)


def _told(value: Values, names: dict[str, Property]) -> Values:
    return {key: item for key, item in value.items() if key in names and item is not None and (names[key].required or not is_empty(item))}
