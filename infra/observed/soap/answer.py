"""A page of RetrievePropertiesEx's answer, decoded by shapes; a fault becomes an exception that names its type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser

from infra.observed.soap.shapes import VIM25, XSI_TYPE, Shape, kind_of

_ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
_BODY, _FAULT = f"{_ENVELOPE}Body", f"{_ENVELOPE}Fault"
_RETURN, _TOKEN, _OBJECTS = f"{VIM25}returnval", f"{VIM25}token", f"{VIM25}objects"
_OBJ, _PROPERTY, _MISSING = f"{VIM25}obj", f"{VIM25}propSet", f"{VIM25}missingSet"
_NAME, _VALUE, _PATH = f"{VIM25}name", f"{VIM25}val", f"{VIM25}path"
_OPENS, _CLOSES = re.compile(rb"<objects[\s>]"), b"</objects>"
_HEAD = 4096


class BadAnswerError(ValueError):
    """What came is no answer: not well-formed, or not of the form that the WSDL states."""


class FaultAnswer(Exception):  # noqa: N818 - SOAP's word
    """The call's fault. `about` is what the fault names: the object that is gone, the property that does not exist."""

    def __init__(self, fault: str, said: str, about: str) -> None:
        super().__init__(f"{fault}: {said}" if said else fault)
        self.fault, self.said, self.about = fault, said, about


@dataclass(frozen=True, slots=True)
class Found:
    """One managed object: values by path; unset ones are absent. `missing` has the fault of each path that could not be read."""

    moref: str
    kind: str
    values: dict[str, Any]
    missing: Mapping[str, str] = field(default_factory=dict)


def content_of(body: bytes) -> Element | None:
    """The answer's `returnval`, None when the call returns nothing.

    Raises:
        FaultAnswer: the call failed.
        BadAnswerError: this is no SOAP answer.
    """
    if b"<!DOCTYPE" in body[:_HEAD]:  # SOAP forbids it; entities would be a way to make us work for nothing
        raise BadAnswerError("it has a document type, which SOAP forbids")
    parser = XMLParser()  # noqa: S314 - from an authenticated vCenter, without a document type
    try:
        parser.feed(body)
        root = parser.close()
    except ParseError as exc:
        raise BadAnswerError(f"not well-formed after {len(body):,} bytes: {exc}") from exc
    inside = root.find(_BODY)
    if inside is None or len(inside) == 0:
        raise BadAnswerError(f"<{_local(root.tag)}> is no SOAP envelope with a body")
    if inside[0].tag == _FAULT:
        raise _fault(inside[0])
    return inside[0].find(_RETURN)


class Page:
    """One answer: the token of the next page first, the objects as they are asked for.

    Each object is parsed by itself, between the answer's head and tail. A tree of thousands of elements that is used and dropped at once
    stays in the processor's cache; one of hundreds of objects does not, and takes twice the time.
    """

    def __init__(self, body: bytes) -> None:
        """Raises `FaultAnswer` when the call failed, `BadAnswerError` when this is no answer."""
        self._body, self._starts = body, [found.start() for found in _OPENS.finditer(body)]
        self._end = body.rfind(_CLOSES) + len(_CLOSES)
        self._whole: Element | None = None
        frame = None
        if self._starts and self._end > self._starts[-1]:
            with suppress(BadAnswerError):  # the parts may still make sense together, or say better what is wrong
                frame = content_of(body[: self._starts[0]] + body[self._end :])
        if frame is None:  # no objects, a fault, elements with prefixes, or nonsense
            self._starts, self._whole = [], content_of(body)
            frame = self._whole
        self.token = "" if frame is None else (frame.findtext(_TOKEN) or "")

    def objects(self, shapes: Mapping[str, Shape]) -> Iterator[Found]:
        """The objects of the page. One may come twice when an answer turns out to be of an unusual form.

        Raises:
            BadAnswerError: the answer is not well-formed, or a value is not what its type or its shape says.
        """
        try:
            for part in self._parts():
                yield from _objects(part, shapes)
        except ParseError:  # an inner element has the same name: only the whole can tell them apart
            self._starts, self._whole = [], content_of(self._body)
            yield from _objects(self._whole, shapes)

    def _parts(self) -> Iterator[Element | None]:
        if not self._starts:
            yield self._whole
            return
        view, head, tail = memoryview(self._body), self._body[: self._starts[0]], self._body[self._end :]
        for start, end in pairwise((*self._starts, self._end)):
            parser = XMLParser()  # noqa: S314 - as above
            parser.feed(head)
            parser.feed(view[start:end])
            parser.feed(tail)
            inside = parser.close().find(_BODY)
            yield None if inside is None else inside[0].find(_RETURN)


def _objects(content: Element | None, shapes: Mapping[str, Shape]) -> Iterator[Found]:
    for each in content if content is not None else ():
        if each.tag == _OBJECTS:
            yield _object(each, shapes)


def _object(element: Element, shapes: Mapping[str, Shape]) -> Found:
    moref = kind = ""
    values: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for part in element:
        tag = part.tag
        if tag == _PROPERTY:
            path, value = _pair(part)
            shape = shapes.get(path)
            if shape is not None and value is not None:
                try:
                    values[path] = shape(value)
                except ValueError as exc:
                    raise BadAnswerError(f"{moref} {path}: {exc}") from exc
        elif tag == _OBJ:
            moref, kind = part.text or "", part.get("type", "")
        elif tag == _MISSING:
            missing[part.findtext(_PATH) or ""] = _reason(part)
    if not moref:
        raise BadAnswerError("an object without a reference")
    return Found(moref, kind, values, missing)


def _pair(part: Element) -> tuple[str, Element | None]:
    if len(part) == 2 and part[0].tag == _NAME:
        return part[0].text or "", part[1]
    return part.findtext(_NAME) or "", part.find(_VALUE)


def _reason(missing: Element) -> str:
    inner = missing.find(f"{VIM25}fault/{VIM25}fault")
    return "" if inner is None else kind_of(inner)


def _fault(element: Element) -> FaultAnswer:
    said = element.findtext("faultstring") or ""
    detail = element.find("detail")
    if detail is None or len(detail) == 0:
        return FaultAnswer((element.findtext("faultcode") or "fault").rpartition(":")[2], said, "")
    inner = detail[0]
    name = kind_of(inner) if XSI_TYPE in inner.attrib else _local(inner.tag).removesuffix("Fault")
    about = inner.findtext(f"{VIM25}obj") or inner.findtext(f"{VIM25}name") or inner.findtext(f"{VIM25}invalidProperty") or ""
    return FaultAnswer(name, said, about)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
