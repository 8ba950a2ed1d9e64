"""What to make of a property's value. A shape is a function of the value's element; elements that no shape names are passed over unread.

Values of simple types, references (as ids) and lists of them say by themselves what they are: `plain` reads those. Data objects do not
(their fields carry no type), so a caller names the fields that it wants: `record(key=number, backing=record(fileName=text))`.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element

Shape = Callable[[Element], Any]

VIM25 = "{urn:vim25}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
KIND = "kind"
"""The key under which a record keeps the name of its data object's type; empty where the answer leaves the declared type unsaid."""


class ShapeError(ValueError):
    """A value is not what the caller, or the type that it states, says."""


def text(element: Element) -> str:
    """A string, an enumeration's value, or the id of a reference."""
    return element.text or ""


def number(element: Element) -> int:
    """A whole number."""
    return int(element.text or "")


def real(element: Element) -> float:
    """A number with a fraction."""
    return float(element.text or "")


def flag(element: Element) -> bool:
    """A truth value."""
    said = (element.text or "").strip()
    if said in {"true", "1"}:
        return True
    if said in {"false", "0"}:
        return False
    raise ShapeError(f"{said!r} is no truth value")


def moment(element: Element) -> datetime:
    """A point in time, always with its zone; vCenter's are UTC when they do not say."""
    found = datetime.fromisoformat((element.text or "").strip())
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def octets(element: Element) -> bytes:
    """Bytes, sent as base64."""
    return b64decode(element.text or "")


def kind_of(element: Element) -> str:
    """The type that an element states, without its prefix; empty when it states none."""
    return _without_prefix(element.get(XSI_TYPE, ""))


@lru_cache(maxsize=1024)
def _without_prefix(name: str) -> str:
    return name[name.rfind(":") + 1 :]


class Many:
    """A field that may repeat: a list, in the order of the answer."""

    __slots__ = ("shape",)

    def __init__(self, shape: Shape) -> None:
        self.shape = shape


def record(**fields: Shape | Many) -> Shape:
    """A data object: a dictionary of the named fields that are set, and under `KIND` its type."""
    single = {VIM25 + name: (name, shape) for name, shape in fields.items() if not isinstance(shape, Many)}
    several = {VIM25 + name: (name, shape.shape) for name, shape in fields.items() if isinstance(shape, Many)}

    def decode(element: Element) -> dict[str, Any]:
        found: dict[str, Any] = {KIND: kind_of(element)}
        for child in element:
            known = single.get(child.tag)
            if known is not None:
                found[known[0]] = known[1](child)
            elif several and (repeated := several.get(child.tag)) is not None:
                found.setdefault(repeated[0], []).append(repeated[1](child))
        return found

    return decode


def only(name: str, shape: Shape) -> Shape:
    """A data object of which one field matters: that field's value, None when it is unset. Cheaper than a record of one field."""
    tag = VIM25 + name

    def decode(element: Element) -> Any:
        found = element.find(tag)
        return None if found is None else shape(found)

    return decode


def listed(shape: Shape, *, without: Collection[str] = ()) -> Shape:
    """A list property (`ArrayOf...`), leaving out entries of the types `without`."""
    unwanted = frozenset(without)
    if not unwanted:
        return lambda element: [shape(entry) for entry in element]

    def decode(element: Element) -> list[Any]:
        return [shape(entry) for entry in element if kind_of(entry) not in unwanted]

    return decode


def plain(element: Element) -> Any:
    """A value that says what it is: of a simple type, an enumeration, a reference, or a list of such.

    Raises:
        ShapeError: it is a data object, whose fields must be named.
    """
    said = element.get(XSI_TYPE, "")
    decode = _PLAIN.get(said) or _PLAIN.get(_without_prefix(said))
    if decode is not None:
        return decode(element)
    if len(element) == 0:
        return [] if kind_of(element).startswith("ArrayOf") else text(element)
    return _listed_plain(element)


def _listed_plain(element: Element) -> list[Any]:
    kind = kind_of(element)
    if not kind.startswith("ArrayOf") or any(len(entry) for entry in element):
        raise ShapeError(f"{kind or element.tag} is a data object: name the fields to read")
    if any(XSI_TYPE in entry.attrib for entry in element):
        return [plain(entry) for entry in element]
    entry_shape = _PLAIN.get(kind.removeprefix("ArrayOf").lower(), text)
    return [entry_shape(entry) for entry in element]


_SIMPLE: dict[str, Shape] = {
    "string": text,
    "anyURI": text,
    "boolean": flag,
    "byte": number,
    "short": number,
    "int": number,
    "long": number,
    "float": real,
    "double": real,
    "dateTime": moment,
    "base64Binary": octets,
    "ManagedObjectReference": text,
}
_PLAIN: dict[str, Shape] = {**_SIMPLE, **{f"xsd:{name}": shape for name, shape in _SIMPLE.items()}}
