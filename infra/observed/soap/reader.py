"""Properties of many objects: views, pages, renewal of the login, second tries. The connection is its own, the login the session's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from infra.observed.errors import GoneError, ObservedError, UnreachableError, VsphereFault
from infra.observed.soap import request
from infra.observed.soap.answer import BadAnswerError, FaultAnswer, Found, Page, content_of
from infra.observed.soap.channel import Channel, CutError
from infra.observed.soap.request import Reference
from infra.observed.soap.shapes import Shape, plain
from infra.observed.vsphere_session import VsphereSession

PAGE = 500  # objects per answer: some megabytes with devices
_NAMED_AT_ONCE = 500
_TRIES = 3

Wanted = Collection[str] | Mapping[str, Shape]
"""Property paths; with the shape of each that is, or holds, a data object."""


@dataclass(frozen=True, slots=True)
class _Service:
    """The objects that the calls are made on, as this login names them."""

    collector: Reference
    views: Reference
    root: Reference


_Held = Callable[[_Service], contextlib.AbstractContextManager[str]]
"""Makes the object set of a filter, and removes afterwards what it had to make for it."""


class _GoneMemberError(GoneError):
    """An object that was asked for does not exist."""

    def __init__(self, site: str, moref: str) -> None:
        super().__init__(f"{site}: {moref or 'an object'} does not exist", code="INC-6011")
        self.moref = moref


class PropertyReader:
    """Reads property paths of many objects. For one thread, for the time of a `with`."""

    def __init__(self, session: VsphereSession, *, page: int = PAGE, compress: bool | None = None) -> None:
        self._session, self._page = session, page
        self._channel = Channel(session, compress=compress)
        self._services: dict[str, _Service] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._channel.close()

    def of_type(self, kind: str, wanted: Wanted, *, within: tuple[str, str] | None = None) -> Iterator[Found]:
        """All objects of a type (`VirtualMachine`), each once; `within`: type and id of the datacenter or folder to look in.

        Raises:
            ObservedError: the vCenter refused, is not reachable, or what it answers cannot be read.
        """

        @contextlib.contextmanager
        def held(service: _Service) -> Iterator[str]:
            view = self._create_view(service, Reference(*within) if within else service.root, kind)
            try:
                yield request.view_objects(view)
            finally:
                with contextlib.suppress(CutError, FaultAnswer, BadAnswerError):  # it ends with the session anyway
                    self._channel.ask(request.destroy_view(view))

        return self._read(kind, wanted, held)

    def named(self, kind: str, morefs: Iterable[str], wanted: Wanted) -> Iterator[Found]:
        """The named objects, each once; those that exist no longer are left out."""
        remaining = list(dict.fromkeys(morefs))
        while remaining:
            part, remaining = remaining[:_NAMED_AT_ONCE], remaining[_NAMED_AT_ONCE:]
            yield from self._named(kind, part, wanted)

    def _named(self, kind: str, morefs: Sequence[str], wanted: Wanted) -> Iterator[Found]:
        left = dict.fromkeys(morefs)
        while left:
            held = _just(request.named_objects(Reference(kind, moref) for moref in left))
            try:
                for found in self._read(kind, wanted, held, gone_tries=1):
                    left.pop(found.moref, None)
                    yield found
            except _GoneMemberError as error:
                if error.moref not in left:
                    raise
                del left[error.moref]
            else:
                return

    def _read(self, kind: str, wanted: Wanted, held: _Held, *, gone_tries: int = _TRIES) -> Iterator[Found]:
        """Page after page; from the start again, leaving out what was told already, when the login or the connection ended meanwhile."""
        shapes = dict(wanted) if isinstance(wanted, Mapping) else dict.fromkeys(wanted, plain)
        unknown: dict[str, str] = {}
        told: set[str] = set()
        tries = 0
        while True:
            try:
                for found in self._pages(kind, shapes, held):
                    if found.moref not in told:
                        told.add(found.moref)
                        yield replace(found, missing={**found.missing, **unknown}) if unknown else found
            except FaultAnswer as fault:
                if fault.fault == "InvalidProperty" and fault.about in shapes:  # an older vCenter: the others are worth having
                    unknown[fault.about] = fault.fault
                    del shapes[fault.about]
                    continue
                tries += 1
                self._judge(fault, tries, gone_tries)
            except CutError as cut:
                tries += 1
                if tries >= _TRIES:
                    raise self._unreachable(cut) from cut
            except BadAnswerError as bad:
                self._channel.close()
                raise self._unreadable(bad) from bad
            else:
                return

    def _judge(self, fault: FaultAnswer, tries: int, gone_tries: int) -> None:
        """Return when another try may do better, else raise."""
        if fault.fault == "NotAuthenticated" and tries < _TRIES:
            self._session.renew(self._channel.cookie)
        elif fault.fault != "ManagedObjectNotFound":
            raise VsphereFault(f"{self._session.site}: {fault}", fault.fault) from fault
        elif tries >= gone_tries:  # else it went between the making of the view and the reading: the next view is without it
            raise _GoneMemberError(self._session.site, fault.about) from fault

    def _pages(self, kind: str, shapes: Mapping[str, Shape], held: _Held) -> Iterator[Found]:
        service = self._service()
        with held(service) as objects:
            self._channel.send(request.retrieve(service.collector, kind, shapes, objects, self._page))
            more = True
            while more:
                page = Page(self._channel.receive())
                if more := bool(page.token):  # the vCenter makes the next page while this one is decoded here
                    self._channel.send(request.proceed(service.collector, page.token))
                yield from page.objects(shapes)

    def _service(self) -> _Service:
        cookie = self._session.cookie()
        known = self._services.get(cookie)
        if known is None:
            content = self._session.call(lambda instance: instance.RetrieveContent())
            known = _Service(*(_reference(each) for each in (content.propertyCollector, content.viewManager, content.rootFolder)))
            self._services = {self._session.cookie(): known}
        return known

    def _create_view(self, service: _Service, container: Reference, kind: str) -> Reference:
        content = content_of(self._channel.ask(request.create_view(service.views, container, kind)))
        if content is None or not content.text:
            raise BadAnswerError("a view without a reference")
        return Reference(content.get("type") or "ContainerView", content.text)

    def _unreachable(self, cut: CutError) -> UnreachableError:
        return UnreachableError(
            f"site {self._session.site}: vCenter {self._session.host}:{self._session.port} broke off {_TRIES} times: {cut}",
            code="INC-6004",
            next_step="check the site's endpoint and the network between here and there; then run the same command again",
        )

    def _unreadable(self, bad: BadAnswerError) -> ObservedError:
        return ObservedError(
            f"site {self._session.site}: what vCenter {self._session.host}:{self._session.port} answers cannot be read: {bad}",
            code="INC-6015",
            next_step="run the same command again; if it stays, look for a proxy between here and there, and report the message",
        )


def _just(objects: str) -> _Held:
    return lambda _: contextlib.nullcontext(objects)


def _reference(managed: object) -> Reference:
    return Reference(type(managed).__name__.rpartition(".")[2], str(managed._moId))  # type: ignore[attr-defined]  # noqa: SLF001
