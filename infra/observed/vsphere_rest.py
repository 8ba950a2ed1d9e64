"""vCenter's REST interface, for the tags that SOAP does not have. A login of its own, signed off with the caller."""

from __future__ import annotations

import http.client
import json
import ssl
from base64 import b64encode
from types import TracebackType
from typing import Any, Self

from infra.endpoints import Endpoint
from infra.observed.errors import RestRefusedError

_ROOT = "/rest/com/vmware/cis"
_TIMEOUT_S = 60


class VsphereRest:
    """One connection and one login, for the time of a `with`."""

    def __init__(self, endpoint: Endpoint, tls: ssl.SSLContext) -> None:
        self._endpoint, self._token = endpoint, ""
        self._connection = http.client.HTTPSConnection(endpoint.host, endpoint.port, context=tls, timeout=_TIMEOUT_S)

    def __enter__(self) -> Self:
        pair = f"{self._endpoint.user}:{self._endpoint.password}".encode()
        self._token = str(self._send("POST", "/session", {"Authorization": f"Basic {b64encode(pair).decode()}"}))
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if self._token and kind is None:
                self._send("DELETE", "/session", {})
        finally:
            self._connection.close()

    def get(self, path: str) -> Any:
        """GET a path below the interface's root; the answer's `value`."""
        return self._send("GET", path, {})

    def post(self, path: str, body: object) -> Any:
        """POST a JSON body."""
        return self._send("POST", path, {}, body)

    def _send(self, method: str, path: str, headers: dict[str, str], body: object = None) -> Any:
        sent = {**headers, **({"vmware-api-session-id": self._token} if self._token else {}), "Content-Type": "application/json"}
        try:
            self._connection.request(method, _ROOT + path, body=None if body is None else json.dumps(body), headers=sent)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as exc:
            raise RestRefusedError(self._endpoint.site, f"{method} {path}: {exc or type(exc).__name__}", 0) from exc
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise RestRefusedError(self._endpoint.site, f"{method} {path}: {answer.status} {answer.reason}", answer.status)
        return json.loads(content).get("value") if content.strip() else None
