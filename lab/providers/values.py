"""Property values on the wire: plain Python values with two marks of Pulumi's own, unknown and secret.

Inside the providers a value is `None`, `bool`, `int`, `float`, `str`, a list or a dict; `UNKNOWN` stands for what only a real run can tell.
Secrets are opened at the door and closed again on the way out, by top-level property as the bridge of the real providers does it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from google.protobuf import struct_pb2

Values = dict[str, Any]

_UNKNOWN_SENTINELS: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # a mark of the protocol, no secret
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"


class Unknown:
    """A value that only a real run can tell. There is one, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "<unknown>"

    def __bool__(self) -> bool:
        return True


UNKNOWN: Final = Unknown()


def decode(struct: struct_pb2.Struct) -> tuple[Values, frozenset[str]]:
    """The plain values of a message, and the names of the top-level properties that hold a secret."""
    secrets: set[str] = set()
    plain: Values = {}
    for name, value in struct.fields.items():
        found: list[bool] = []
        plain[name] = _open(value, found)
        if found:
            secrets.add(name)
    return plain, frozenset(secrets)


def encode(values: Mapping[str, Any], secrets: Iterable[str] = ()) -> struct_pb2.Struct:
    """A message of `values`; the named top-level properties are marked secret."""
    hidden = frozenset(secrets)
    struct = struct_pb2.Struct()
    for name, value in values.items():
        wrapped = {_SIGNATURE: _SECRET, "value": value} if name in hidden and value is not None else value
        struct.fields[name].CopyFrom(_close(wrapped))
    return struct


def has_unknown(value: object) -> bool:
    """Whether an unknown stands anywhere in the value."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return False


def is_empty(value: object) -> bool:
    """Whether the value is what Terraform takes for "not set": nothing, zero, false, an empty text, list or map."""
    return value is None or (not isinstance(value, Unknown) and value in ("", 0, False, [], {}))


def without_marks(values: Mapping[str, Any]) -> Values:
    """The properties without the bridge's own notes (`__defaults` and the like), at every depth."""
    return {name: _without_marks(value) for name, value in values.items() if not name.startswith("__")}


def _without_marks(value: object) -> object:
    if isinstance(value, dict):
        return without_marks(value)
    if isinstance(value, list):
        return [_without_marks(item) for item in value]
    return value


def _open(value: struct_pb2.Value, found: list[bool]) -> Any:
    kind = value.WhichOneof("kind")
    if kind in (None, "null_value"):
        return None
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWN_SENTINELS else value.string_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "list_value":
        return [_open(item, found) for item in value.list_value.values]
    fields = value.struct_value.fields
    if _SIGNATURE in fields:
        return _open_marked(fields, found)
    return {name: _open(item, found) for name, item in fields.items()}


def _open_marked(fields: Any, found: list[bool]) -> Any:
    signature = fields[_SIGNATURE].string_value
    if signature == _SECRET:
        found.append(True)
        return _open(fields["value"], found)
    if signature == _OUTPUT:
        if "secret" in fields and fields["secret"].bool_value:
            found.append(True)
        return _open(fields["value"], found) if "value" in fields else UNKNOWN
    if signature == _REFERENCE and "id" in fields:
        return _open(fields["id"], found) or UNKNOWN
    return {name: _open(item, found) for name, item in fields.items()}


def _close(value: Any) -> struct_pb2.Value:
    wire = struct_pb2.Value()
    if value is None:
        wire.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, Unknown):
        wire.string_value = _UNKNOWN_TEXT
    elif isinstance(value, bool):
        wire.bool_value = value
    elif isinstance(value, (int, float)):
        wire.number_value = value
    elif isinstance(value, str):
        wire.string_value = value
    elif isinstance(value, (list, tuple)):
        wire.list_value.SetInParent()
        for item in value:
            wire.list_value.values.append(_close(item))
    elif isinstance(value, dict):
        wire.struct_value.SetInParent()
        for name, item in value.items():
            wire.struct_value.fields[name].CopyFrom(_close(item))
    else:
        raise TypeError(f"no property value: {type(value).__name__}")
    return wire
