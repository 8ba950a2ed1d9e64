"""The text of the calls that a reader makes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
)
_TAIL = "</soapenv:Body></soapenv:Envelope>"


@dataclass(frozen=True, slots=True)
class Reference:
    """A managed object by type and id."""

    kind: str
    moref: str


def _this(target: Reference) -> str:
    return _reference("_this", target)


def _reference(name: str, target: Reference) -> str:
    return f"<{name} type={quoteattr(target.kind)}>{escape(target.moref)}</{name}>"


def _call(method: str, content: str) -> bytes:
    return f'{_HEAD}<{method} xmlns="urn:vim25">{content}</{method}>{_TAIL}'.encode()


def create_view(manager: Reference, container: Reference, kind: str) -> bytes:
    """CreateContainerView: all objects of a type below a container."""
    wanted = f"<type>{escape(kind)}</type><recursive>true</recursive>"
    return _call("CreateContainerView", _this(manager) + _reference("container", container) + wanted)


def destroy_view(view: Reference) -> bytes:
    """DestroyView."""
    return _call("DestroyView", _this(view))


def view_objects(view: Reference) -> str:
    """The object set of a filter: what a view holds, without the view itself."""
    step = "<name>view</name><type>ContainerView</type><path>view</path><skip>false</skip>"
    return f'<objectSet>{_reference("obj", view)}<skip>true</skip><selectSet xsi:type="TraversalSpec">{step}</selectSet></objectSet>'


def named_objects(targets: Iterable[Reference]) -> str:
    """The object set of a filter: these objects and no others."""
    return "".join(f"<objectSet>{_reference('obj', target)}</objectSet>" for target in targets)


def retrieve(collector: Reference, kind: str, paths: Iterable[str], objects: str, page: int) -> bytes:
    """RetrievePropertiesEx: the first page."""
    asked = "".join(f"<pathSet>{escape(path)}</pathSet>" for path in paths)
    properties = f"<propSet><type>{escape(kind)}</type><all>false</all>{asked}</propSet>"
    options = f"<options><maxObjects>{page}</maxObjects></options>"
    return _call("RetrievePropertiesEx", f"{_this(collector)}<specSet>{properties}{objects}</specSet>{options}")


def proceed(collector: Reference, token: str) -> bytes:
    """ContinueRetrievePropertiesEx: the next page."""
    return _call("ContinueRetrievePropertiesEx", f"{_this(collector)}<token>{escape(token)}</token>")
