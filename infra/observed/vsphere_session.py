"""One login to a vCenter: signs on, signs on again when the session has expired, reads by property paths, waits for tasks.

Objects are named by their id (`vm-42`), never handed out bound to a login, so that nothing holds on to an expired one. Unset properties
are absent; they are never read as attributes of a managed object, which pyVmomi answers with an exception.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

from infra.endpoints import Endpoint, variable_prefix
from infra.observed.errors import GoneError, ObservedError, SignOnError, UnreachableError, VsphereFault
from infra.observed.vsphere_rest import VsphereRest

T = TypeVar("T")

TIMEOUT_S = 120  # of one answer; pyVmomi has none by itself
KEEP_ALIVE_S = 600.0  # vCenter ends a session that was idle for 30 minutes; its /folder reads do not count as use everywhere
PAGE = 500  # objects per page: an answer stays at a few megabytes
POLL_S = 0.5


def _trusting(endpoint: Endpoint) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=endpoint.ca_file or None)
    except OSError as exc:  # no such file, or no certificate in it
        raise SignOnError(
            f"site {endpoint.site}: the authority's file {endpoint.ca_file} cannot be read: {exc.strerror or exc}",
            code="INC-6003",
            next_step=f"name the authority's file as ca_file of the site, or in {variable_prefix(endpoint.site)}_CA_FILE",
        ) from exc


class VsphereSession:
    """A login that renews itself. Threads may share it."""

    def __init__(self, endpoint: Endpoint, *, sleep: Callable[[float], object] = time.sleep) -> None:
        self._endpoint, self._sleep = endpoint, sleep
        self.tls = _trusting(endpoint)
        self._lock = threading.RLock()
        self._instance: Any = None
        self._used = 0.0

    @property
    def site(self) -> str:
        """The site's name."""
        return self._endpoint.site

    @property
    def host(self) -> str:
        """The vCenter's host name."""
        return self._endpoint.host

    @property
    def port(self) -> int:
        """The vCenter's port."""
        return self._endpoint.port

    def call(self, action: Callable[[Any], T]) -> T:
        """`action(service instance)`, once more after a new login when the session has expired. Faults become errors for people."""
        instance = self._connected()
        try:
            try:
                return action(instance)
            except vim.fault.NotAuthenticated:
                self._renew(instance)
                return action(self._connected())
        except vmodl.fault.ManagedObjectNotFound as exc:
            raise GoneError(f"{self.site}: {_reference(exc)} does not exist", code="INC-6011") from exc
        except vmodl.MethodFault as exc:
            raise _fault(self.site, exc) from exc
        except (OSError, http.client.HTTPException) as exc:
            self._forget(instance)
            raise self._unreachable(exc) from exc
        finally:
            self._used = time.monotonic()

    def call_on(self, kind: Any, moref: str, action: Callable[[Any], T]) -> T:
        """`action` on the object of type `kind` with id `moref`, bound to the login of the moment."""
        return self.call(lambda instance: action(kind(moref, instance._stub)))  # noqa: SLF001 - pyVmomi names objects in no other way

    def cookie(self) -> str:
        """The session's cookie, as /folder wants it. Signs on first when needed."""
        instance = self._connected()
        return str(instance._stub.cookie).split(";", 1)[0]  # noqa: SLF001 - pyVmomi has no other way to tell

    def soap_action(self) -> str:
        """The API version that the login agreed on, as a request's SOAPAction header."""
        return str(self._connected()._stub.versionId)  # noqa: SLF001 - pyVmomi has no other way to tell

    def renew(self, stale: str) -> None:
        """Sign on again, unless another thread has done so since the cookie `stale` was taken."""
        with self._lock:
            if self._instance is not None and self.cookie() == stale:
                self._renew(self._instance)

    def rest(self) -> VsphereRest:
        """The REST interface with the same address, trust and credentials, for a `with`."""
        return VsphereRest(self._endpoint, self.tls)

    def keep_alive(self) -> None:
        """Touch the session when nothing has for ten minutes; cheap to call often."""
        if time.monotonic() - self._used > KEEP_ALIVE_S:
            self.call(lambda instance: instance.CurrentTime())

    def close(self) -> None:
        """Sign off. May be called twice."""
        with self._lock:
            instance, self._instance = self._instance, None
        if instance is not None:
            with contextlib.suppress(vmodl.MethodFault, OSError, http.client.HTTPException):  # the session may have ended by itself
                Disconnect(instance)

    def properties(self, kind: Any, morefs: Iterable[str], paths: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Values by id and property path of the named objects. Unset paths are absent, vanished objects raise `GoneError`."""
        wanted = list(morefs)
        if not wanted:
            return {}

        def read(instance: Any) -> dict[str, dict[str, Any]]:
            objects = [vmodl.query.PropertyCollector.ObjectSpec(obj=kind(m, instance._stub)) for m in wanted]  # noqa: SLF001
            return dict(_retrieve(instance, kind, objects, paths))

        return self.call(read)

    def of_type(self, kind: Any, paths: Sequence[str], *, within: tuple[Any, str] | None = None) -> dict[str, dict[str, Any]]:
        """Values by id and property path of all objects of a type; `within`: type and id of the datacenter or folder to look in."""

        def read(instance: Any) -> dict[str, dict[str, Any]]:
            content = instance.RetrieveContent()
            root = content.rootFolder if within is None else within[0](within[1], instance._stub)  # noqa: SLF001
            view = content.viewManager.CreateContainerView(root, [kind], True)
            try:
                step = vmodl.query.PropertyCollector.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
                objects = [vmodl.query.PropertyCollector.ObjectSpec(obj=view, skip=True, selectSet=[step])]
                return dict(_retrieve(instance, kind, objects, paths))
            finally:
                view.DestroyView()

        return self.call(read)

    def wait_task(self, task: Any, *, what: str, timeout_s: float = 3600.0, progress: Callable[[int], None] | None = None) -> Any:
        """The task's result; its fault as `VsphereFault`. Reads single paths only: `task.info` as a whole breaks on some tasks."""
        moref, deadline = str(task._moId), time.monotonic() + timeout_s  # noqa: SLF001
        while True:
            found = self.properties(vim.Task, [moref], ["info.state", "info.progress"]).get(moref, {})
            state = str(found.get("info.state", ""))
            if state == "success":
                return self._task_path(moref, "info.result")
            if state == "error":
                fault = self._task_path(moref, "info.error")
                raise VsphereFault(f"{self.site}: {what}: {_text(fault)}", _name(fault))
            if time.monotonic() > deadline:
                raise ObservedError(f"{self.site}: {what}: the task {moref} has not ended after {timeout_s:.0f} s", code="INC-6012")
            if progress is not None and isinstance(found.get("info.progress"), int):
                progress(int(found["info.progress"]))
            self._sleep(POLL_S if self.host not in {"127.0.0.1", "localhost"} else POLL_S / 10)

    def _task_path(self, moref: str, path: str) -> Any:
        return self.properties(vim.Task, [moref], [path]).get(moref, {}).get(path)

    def _connected(self) -> Any:
        with self._lock:
            if self._instance is None:
                self._instance = self._sign_on()
            return self._instance

    def _renew(self, stale: Any) -> None:
        with self._lock:
            if self._instance is stale:
                self._instance = None
        self._connected()

    def _forget(self, instance: Any) -> None:
        with self._lock:
            if self._instance is instance:
                self._instance = None

    def _sign_on(self) -> Any:
        here = self._endpoint
        try:
            instance = SmartConnect(
                host=here.host,
                port=here.port,
                user=here.user,
                pwd=here.password,
                sslContext=self.tls,
                httpConnectionTimeout=TIMEOUT_S,
            )
        except vim.fault.InvalidLogin as exc:
            raise SignOnError(
                f"site {here.site}: vCenter {here.address} refuses user {here.user}",
                code="INC-6002",
                next_step=f"check {here.credentials_from}; then run the same command again",
            ) from exc
        except ssl.SSLCertVerificationError as exc:
            raise SignOnError(
                f"site {here.site}: the certificate of {here.address} is not trusted: {exc.verify_message}",
                code="INC-6003",
                next_step=f"name the authority's file as ca_file of the site, or in {variable_prefix(here.site)}_CA_FILE",
            ) from exc
        except (OSError, http.client.HTTPException) as exc:
            raise self._unreachable(exc) from exc
        except vmodl.MethodFault as exc:
            raise _fault(here.site, exc) from exc
        self._used = time.monotonic()
        return instance

    def _unreachable(self, exc: Exception) -> UnreachableError:
        return UnreachableError(
            f"site {self.site}: vCenter {self._endpoint.address} does not answer: {exc or type(exc).__name__}",
            code="INC-6004",
            next_step="check the site's endpoint and the network between here and there; then run the same command again",
        )


def _retrieve(instance: Any, kind: Any, objects: list[Any], paths: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All pages of a RetrievePropertiesEx."""
    collector = instance.RetrieveContent().propertyCollector
    wanted = vmodl.query.PropertyCollector.PropertySpec(type=kind, pathSet=list(paths), all=False)
    spec = vmodl.query.PropertyCollector.FilterSpec(objectSet=objects, propSet=[wanted])
    options = vmodl.query.PropertyCollector.RetrieveOptions(maxObjects=PAGE)
    page = collector.RetrievePropertiesEx([spec], options)
    while page is not None:
        for found in page.objects:
            yield str(found.obj._moId), {p.name: p.val for p in found.propSet}  # noqa: SLF001
        page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None


def _fault(site: str, exc: Any) -> VsphereFault:
    return VsphereFault(f"{site}: {_text(exc)}", _name(exc))


def _name(fault: Any) -> str:
    return type(getattr(fault, "fault", None) or fault).__name__.rsplit(".", 1)[-1]


def _text(fault: Any) -> str:
    said = getattr(fault, "msg", "") or getattr(fault, "localizedMessage", "") or ""
    return f"{_name(fault)}: {said}" if said else _name(fault)


def _reference(exc: Any) -> str:
    obj = getattr(exc, "obj", None)
    return str(getattr(obj, "_moId", obj) or "the object")
