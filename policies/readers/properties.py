"""Property values of Pulumi's wire format as plain Python, with unknowns and secrets as `Unknown`.

A secret arrives in clear text; here it becomes unknown, so that no message or report can ever show it. Signatures and sentinels are those
of pulumi/pulumi sdk/go/common/resource/properties.go and sdk/python/lib/pulumi/runtime/rpc.py.
"""

from __future__ import annotations

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

Plain = str | float | bool | None | list["Plain"] | dict[str, "Plain"] | Unknown


def decode(struct: Struct, owner: str) -> dict[str, Plain]:
    """All properties of one resource; `owner` names it in the unknowns."""
    return {key: _value(value, f"{key} of {owner}") for key, value in struct.fields.items()}


def _value(value: Value, path: str) -> Plain:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _object(value.struct_value, path)
    if kind == "list_value":
        return [_value(item, path) for item in value.list_value.values]
    if kind == "string_value":
        return Unknown(path, "known only after the update") if value.string_value in UNKNOWNS else value.string_value
    if kind == "number_value":
        return value.number_value
    return value.bool_value if kind == "bool_value" else None


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


def integer(value: Plain, path: str) -> int | Unknown:
    """A whole number, or why there is none."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Unknown(path, f"expected a number, got {type(value).__name__}")
    return int(value)


def text(value: Plain, path: str) -> str | Unknown:
    """A text, or why there is none."""
    if isinstance(value, str | Unknown):
        return value
    return Unknown(path, f"expected a text, got {type(value).__name__}")
