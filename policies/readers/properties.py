"""Property values of Pulumi's wire format as plain Python, with unknowns and secrets as `Unknown`.

A secret arrives in clear text; here it becomes unknown, so that no message or report can ever show it. Signatures and sentinels are those
of pulumi/pulumi sdk/go/common/resource/properties.go and sdk/python/lib/pulumi/runtime/rpc.py. What is longer or larger than any value
that a rule reads becomes unknown too: a stack's text of 10 MB has no place in a message.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from ipaddress import ip_network
from math import isfinite
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

from policies.evidence import Unknown

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the marker of a secret, not one
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWNS = frozenset(
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
LONGEST_TEXT = 1024
LARGEST_NUMBER = 1 << 53
"""Beyond it a float has no whole numbers: a size or port of that order is no size or port."""

Plain = str | float | bool | None | list["Plain"] | dict[str, "Plain"] | Unknown


def decode(struct: Struct, owner: str, keys: Collection[str] | None = None) -> dict[str, Plain]:
    """The properties of one resource; `owner` names it in the unknowns, `keys` are those that are wanted."""
    fields = struct.fields
    wanted = fields if keys is None else [key for key in keys if key in fields]
    return {key: _value(fields[key], f"{key} of {owner}") for key in wanted}


def _value(value: Value, path: str) -> Plain:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _object(value.struct_value, path)
    if kind == "list_value":
        return [_value(item, path) for item in value.list_value.values]
    if kind == "string_value":
        return _text(value.string_value, path)
    if kind == "number_value":
        return value.number_value
    return value.bool_value if kind == "bool_value" else None


def _text(value: str, path: str) -> str | Unknown:
    if value in UNKNOWNS:
        return Unknown(path, "known only after the update")
    return value if len(value) <= LONGEST_TEXT else Unknown(path, f"its text of {len(value):,} characters is longer than rules read")


def _object(struct: Struct, path: str) -> Plain:
    signature = struct.fields[SIGNATURE].string_value if SIGNATURE in struct.fields else ""
    if signature == SECRET:
        return Unknown(path, "it is a secret")
    if signature == OUTPUT:
        if "value" not in struct.fields:
            return Unknown(path, "known only after the update")
        secret = "secret" in struct.fields and struct.fields["secret"].bool_value
        return Unknown(path, "it is a secret") if secret else _value(struct.fields["value"], path)
    return {key: _value(item, path) for key, item in struct.fields.items()}


def decode_plain(values: Mapping[str, Any], owner: str, keys: Collection[str] | None = None) -> dict[str, Plain]:
    """The same for properties that came as JSON, in a state file."""
    return {key: _plain(value, f"{key} of {owner}") for key, value in values.items() if keys is None or key in keys}


def _plain(value: Any, path: str) -> Plain:
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return Unknown(path, "it is a secret")
        if value.get(SIGNATURE) == OUTPUT:
            hidden = value.get("secret") is True
            return (
                Unknown(path, "it is a secret" if hidden else "known only after the update")
                if hidden or "value" not in value
                else _plain(value["value"], path)
            )
        return {str(key): _plain(item, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, path) for item in value]
    if isinstance(value, str):
        return _text(value, path)
    return (
        value if value is None or isinstance(value, bool | int | float) else Unknown(path, f"expected a value, got {type(value).__name__}")
    )


def integer(value: Plain, path: str) -> int | Unknown:
    """A whole number that is not negative, or why there is none."""
    if isinstance(value, Unknown):
        return value
    if value is None:
        return Unknown(path, "the resource does not say")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Unknown(path, f"expected a number, got {type(value).__name__}")
    if not isfinite(value) or not 0 <= value < LARGEST_NUMBER:
        return Unknown(path, "the number given is out of range")
    return int(value)


def text(value: Plain, path: str) -> str | Unknown:
    """A text, or why there is none."""
    if isinstance(value, str | Unknown):
        return value
    return Unknown(path, "the resource does not say" if value is None else f"expected a text, got {type(value).__name__}")


def flag(value: Plain, path: str) -> bool | Unknown:
    """Yes or no, or why there is neither."""
    if isinstance(value, bool | Unknown):
        return value
    return Unknown(path, "the resource does not say" if value is None else f"expected true or false, got {type(value).__name__}")


def address_range(value: Plain, path: str) -> str | Unknown:
    """An address range, or why there is none."""
    given = text(value, path)
    if isinstance(given, Unknown):
        return given
    try:
        ip_network(given, strict=False)
    except ValueError:
        return Unknown(path, "the text given is no address range")
    return given


def objects(value: Plain) -> Iterator[dict[str, Plain]]:
    """The objects of a list; what is none is passed over."""
    for item in value if isinstance(value, list) else []:
        if isinstance(item, dict):
            yield item
