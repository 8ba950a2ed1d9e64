"""The session on a vCenter: SOAP through pyVmomi, REST for tags, one login for both that renews itself."""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pyVim.connect import SmartConnect
from pyVmomi import vim, vmodl

from lab.providers.failures import ProviderError, sentence
from lab.providers.table import Problem, Wait
from lab.providers.values import Values

T = TypeVar("T")

_REST = "/rest/com/vmware/cis"
_TIMEOUT = 120
_FRESH = 5.0
"""Seconds for which a look-up by name is not repeated."""
_ENVIRONMENT = {"user": "VSPHERE_USER", "password": "VSPHERE_PASSWORD", "vsphereServer": "VSPHERE_SERVER"}  # names alone


def configured(config: Values, key: str) -> str:
    """A setting, or what the environment variable that the real provider reads says."""
    value = config.get(key) or (config.get("vcenterServer") if key == "vsphereServer" else "") or os.environ.get(_ENVIRONMENT[key], "")
    return str(value)


def required_config(config: Values) -> Iterable[Problem]:
    """Server, user and password are needed."""
    for key, variable in _ENVIRONMENT.items():
        if not configured(config, key):
            yield Problem(property=key, reason=f"missing required configuration key 'vsphere:{key}' (or the variable {variable})")


@dataclass
class VsphereSession:
    """One vCenter. Threads share it."""

    config: Values
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _instance: Any = None
    _token: str = ""
    _service: Any = None
    _connections: threading.local = field(default_factory=threading.local)
    _seen: dict[str, tuple[float, Any]] = field(default_factory=dict)

    def call(self, action: Callable[[Any], T]) -> T:
        """`action(content)`; once more after a new login when the session has ended."""
        content = self._content()
        try:
            return action(content)
        except vim.fault.NotAuthenticated:
            with self._lock:
                content.sessionManager.Login(configured(self.config, "user"), configured(self.config, "password"))
            return action(content)

    def ref(self, kind: Any, moref: str) -> Any:
        """The object of a type with an id, bound to this login."""
        self._content()
        return kind(moref, self._instance._stub)  # noqa: SLF001 - pyVmomi names objects in no other way

    def properties(self, obj: Any, *paths: str) -> Values:
        """Values by property path of one object; unset ones are absent. Nothing at all when the object is gone."""
        return self.many([obj], *paths).get(_id(obj), {})

    def many(self, objects: Sequence[Any], *paths: str) -> dict[str, Values]:
        """Values by object id and property path. Objects of one type; those that are gone are absent."""
        if not objects:
            return {}
        collector = vmodl.query.PropertyCollector

        def read(content: Any) -> dict[str, Values]:
            wanted = [collector.PropertySpec(type=type(objects[0]), pathSet=list(paths), all=False)]
            filters = [collector.FilterSpec(objectSet=[collector.ObjectSpec(obj=obj) for obj in objects], propSet=wanted)]
            page = content.propertyCollector.RetrievePropertiesEx(specSet=filters, options=collector.RetrieveOptions())
            found: dict[str, Values] = {}
            while page is not None:
                found.update({_id(item.obj): {prop.name: prop.val for prop in item.propSet} for item in page.objects})
                page = content.propertyCollector.ContinueRetrievePropertiesEx(token=page.token) if page.token else None
            return found

        try:
            return self.call(read)
        except vmodl.fault.ManagedObjectNotFound:
            return {} if len(objects) == 1 else {key: value for obj in objects for key, value in self.many([obj], *paths).items()}

    def at(self, path: str, *kinds: Any) -> Any:
        """The object at an inventory path, or None; with `kinds`, only one of these."""
        found = self.call(lambda content: content.searchIndex.FindByInventoryPath(path))
        return found if found is not None and (not kinds or isinstance(found, kinds)) else None

    def machine(self, uuid: str) -> Any:
        """The virtual machine with a BIOS uuid, or None."""
        return self.call(lambda content: content.searchIndex.FindByUuid(None, uuid, True, False))

    def glance(self, obj: Any, *paths: str) -> Values:
        """As `properties`, but the answer may be a few seconds old: for folders, data centres and networks, which every read walks by."""
        key = f"{_id(obj)} {paths}"
        when, found = self._seen.get(key, (0.0, {}))
        if time.monotonic() - when > _FRESH or not found:
            found = self.properties(obj, *paths)
            self._seen[key] = (time.monotonic(), found)
        return dict(found)

    def above(self, obj: Any, known: Values | None = None) -> list[tuple[Any, str]]:
        """An object and everything that it stands in, with their names, the object first. `known` is its name and parent, if at hand."""
        chain: list[tuple[Any, str]] = []
        found = known if known is not None else self.properties(obj, "name", "parent")
        while obj is not None and found:
            chain.append((obj, str(found["name"]).replace("%2f", "/")))
            obj = found.get("parent")
            found = self.glance(obj, "name", "parent") if obj is not None else {}
        return chain

    def path_of(self, obj: Any) -> str:
        """The inventory path of an object; the root folder is not named in it."""
        return inventory_path(self.above(obj))

    def run(self, wait: Wait, what: str, start: Callable[[], Any]) -> Any:
        """Start a task and wait for its end; its result, or its fault as an error. Single paths only are read of it."""
        task = self.call(lambda _content: start())

        def ended() -> str | None:
            state = str(self.properties(task, "info.state").get("info.state", ""))
            return state if state in ("success", "error") else None

        if wait.until(what, ended) == "error":
            fault = self.properties(task, "info.error").get("info.error")
            raise ProviderError(f"{what}: {sentence(fault) if isinstance(fault, Exception) else fault}")
        return self.properties(task, "info.result").get("info.result")

    def look(self, method: str, path: str) -> Any:
        """A question of the tagging service whose answer may be a few seconds old: finding a name there takes a call for every tag."""
        key = f"{method} {path}"
        when, answer = self._seen.get(key, (0.0, None))
        if time.monotonic() - when > _FRESH:
            answer = self.rest(method, path)
            self._seen[key] = (time.monotonic(), answer)
        return answer

    def forget(self) -> None:
        """Something was changed: look again."""
        self._seen.clear()

    def rest(self, method: str, path: str, body: Values | None = None) -> Any:
        """A call of the tagging service; None when the object does not exist."""
        for attempt in (1, 2):
            status, answer = self._request(method, f"{_REST}/{path}", body, {"vmware-api-session-id": self._rest_login(renew=attempt == 2)})
            if status != 401:
                break
        if status == 404:
            return None
        if status >= 300:
            raise ProviderError(f"{method} {path}: vCenter answered {status}: {json.dumps(answer)[:400]}")
        return answer.get("value") if isinstance(answer, dict) else answer

    def _rest_login(self, *, renew: bool) -> str:
        with self._lock:
            if renew or not self._token:
                pair = f"{configured(self.config, 'user')}:{configured(self.config, 'password')}"
                basic = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
                status, answer = self._request("POST", f"{_REST}/session", None, basic)
                if status >= 300:
                    raise ProviderError(f"vCenter refuses the login of {configured(self.config, 'user')} at its REST service ({status})")
                self._token = str(answer["value"])
            return self._token

    def _request(self, method: str, path: str, body: Values | None, headers: dict[str, str]) -> tuple[int, Any]:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json", **headers}
        for attempt in (1, 2):
            connection = self._connection()
            try:
                connection.request(method, path, body=data, headers=headers)
                response = connection.getresponse()
                raw = response.read()
                break
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self._connections.open = None
                if attempt == 2 or not isinstance(error, (ConnectionError, http.client.RemoteDisconnected, http.client.CannotSendRequest)):
                    raise ProviderError(f"vCenter {configured(self.config, 'vsphereServer')} does not answer: {error}") from error
        try:
            return response.status, json.loads(raw) if raw else {}
        except ValueError:
            return response.status, {"text": raw.decode("utf-8", "replace")}

    def _connection(self) -> http.client.HTTPSConnection:
        """This thread's connection: a new one for each call would cost more than the call."""
        connection = getattr(self._connections, "open", None)
        if connection is None:
            host, port = self._address()
            connection = http.client.HTTPSConnection(host, port, context=self._tls(), timeout=_TIMEOUT)
            self._connections.open = connection
        return connection

    def _content(self) -> Any:
        with self._lock:
            if self._instance is None:
                self._instance = self._sign_on()
                self._service = self._instance.RetrieveContent()
            return self._service

    def _sign_on(self) -> Any:
        host, port = self._address()
        user = configured(self.config, "user")
        try:
            return SmartConnect(
                host=host,
                port=port,
                user=user,
                pwd=configured(self.config, "password"),
                sslContext=self._tls(),
                httpConnectionTimeout=_TIMEOUT,
            )
        except vim.fault.InvalidLogin as error:
            raise ProviderError(f"vCenter {host}:{port} refuses the login of {user}: check vsphere:user and vsphere:password") from error
        except OSError as error:
            raise ProviderError(f"vCenter {host}:{port} does not answer: {error}") from error

    def _address(self) -> tuple[str, int]:
        server = configured(self.config, "vsphereServer")
        parts = urlsplit(server if "//" in server else f"//{server}")
        return parts.hostname or "", parts.port or 443

    def _tls(self) -> ssl.SSLContext:
        given = self.config.get("allowUnverifiedSsl")
        unverified = given if given is not None else os.environ.get("VSPHERE_ALLOW_UNVERIFIED_SSL", "")
        context = ssl.create_default_context()
        if str(unverified).lower() in ("true", "1"):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def connect(config: Values) -> VsphereSession:
    """A session that is signed on: upstream does so when it is configured."""
    session = VsphereSession(config)
    session.call(lambda content: content.about)
    return session


def _id(obj: Any) -> str:
    return str(obj._moId)  # noqa: SLF001 - pyVmomi tells an object's id in no other way


def inventory_path(chain: list[tuple[Any, str]]) -> str:
    """The path of the first object of a chain; the last is the root folder, which is not named in a path."""
    return "/" + "/".join(name for _, name in reversed(chain[:-1]))


def moref(obj: Any) -> str:
    """The id of a managed object, as `vm-12`."""
    return _id(obj)
