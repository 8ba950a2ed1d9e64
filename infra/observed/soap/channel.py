"""One kept connection to a vCenter's /sdk, with the cookie of a session. The next request may be sent before the last answer is parsed."""

from __future__ import annotations

import gzip
import http.client
import zlib
from http import HTTPStatus

from infra.observed.soap.answer import BadAnswerError
from infra.observed.vsphere_session import TIMEOUT_S, VsphereSession

_PATH = "/sdk"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class CutError(Exception):
    """The connection ended, or never began. The text says how."""


class Channel:
    """Request and answer in turn. Not for several threads at once."""

    def __init__(self, session: VsphereSession, *, compress: bool | None = None) -> None:
        """Text of the kind packs to a tenth, which pays on every network but loopback: `compress` says otherwise."""
        self._session = session
        self._compress = session.host not in _LOOPBACK if compress is None else compress
        self._connection: http.client.HTTPSConnection | None = None
        self._pending = False
        self.cookie = ""

    def ask(self, request: bytes) -> bytes:
        """One call's answer."""
        self.send(request)
        return self.receive()

    def send(self, request: bytes) -> None:
        """Send; the answer is fetched by `receive`. An answer that nobody fetched is dropped together with its connection.

        Raises:
            CutError: nobody takes it.
        """
        if self._pending:
            self.close()
        self.cookie = self._session.cookie()
        headers = {"Cookie": self.cookie, "SOAPAction": self._session.soap_action(), "Content-Type": "text/xml; charset=UTF-8"}
        if self._compress:
            headers["Accept-Encoding"] = "gzip"
        try:
            if self._connection is None:
                self._connection = http.client.HTTPSConnection(
                    self._session.host, self._session.port, context=self._session.tls, timeout=TIMEOUT_S
                )
            self._connection.request("POST", _PATH, body=request, headers=headers)
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            raise CutError(str(exc) or type(exc).__name__) from exc
        self._pending = True

    def receive(self) -> bytes:
        """The whole answer to what was sent, unpacked. A fault is an answer too.

        Raises:
            CutError: the connection ended first, or another than the vCenter's API answered.
            BadAnswerError: it cannot be unpacked.
        """
        if self._connection is None:
            raise CutError("nothing was sent")
        try:
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            raise CutError(str(exc) or type(exc).__name__) from exc
        self._pending = False
        if answer.status not in {HTTPStatus.OK, HTTPStatus.INTERNAL_SERVER_ERROR}:
            self.close()
            raise CutError(f"HTTP {answer.status} {answer.reason}")
        return _unpacked(body) if answer.headers.get("Content-Encoding", "").lower() == "gzip" else body

    def close(self) -> None:
        """End the connection; the next request opens another."""
        connection, self._connection, self._pending = self._connection, None, False
        if connection is not None:
            connection.close()


def _unpacked(body: bytes) -> bytes:
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as exc:
        raise BadAnswerError(f"compressed, and cannot be unpacked: {exc}") from exc
