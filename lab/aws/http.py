"""A small threaded HTTP/1.1 server with keep-alive. Werkzeug's closes every connection, which costs a mover of blocks half its speed."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, cast
from urllib.parse import parse_qsl

MAX_BODY = 64 << 20


@dataclass(frozen=True)
class Request:
    """One request, read whole. Header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def parameters(self) -> dict[str, str]:
        """The query string as a map; the last of several values counts."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True)
class Response:
    """What goes back. `drop` closes the connection without an answer, as a broken network would."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    drop: bool = field(default=False)


Application = Callable[[Request], Response]


class BadRequestError(Exception):
    """The peer does not speak HTTP as we need it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def parse_request(self) -> bool:
        """Reads the request line and headers, then answers for every method alike."""
        if not super().parse_request():
            return False
        if not hasattr(self, f"do_{self.command}"):
            setattr(self, f"do_{self.command}", self._answer)
        return True

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            body = _read_body(cast("IO[bytes]", self.rfile), headers)
        except (BadRequestError, ValueError) as error:
            self.close_connection = True
            self.send_error(400, str(error))
            return
        path, _, query = self.path.partition("?")
        response = self.server.application(Request(self.command, path, query, headers, body))
        if response.drop:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response_only(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class names it so
        """Says nothing: the lab's log is for faults, not for traffic."""


def _read_body(stream: IO[bytes], headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", ""):
        return _read_chunks(stream)
    length = int(headers.get("content-length") or 0)
    if length > MAX_BODY:
        raise BadRequestError(f"body of {length} bytes is over {MAX_BODY}")
    body = stream.read(length) if length else b""
    if len(body) != length:
        raise BadRequestError("the connection ended inside the body")
    return body


def _read_chunks(stream: IO[bytes]) -> bytes:
    out = bytearray()
    while size := int(stream.readline().split(b";")[0], 16):
        out += stream.read(size)
        stream.readline()
        if len(out) > MAX_BODY:
            raise BadRequestError(f"body is over {MAX_BODY} bytes")
    while stream.readline().strip():
        pass
    return bytes(out)


class Server(ThreadingHTTPServer):
    """Serves one application on one address; every connection has a thread."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, host: str, port: int, application: Application) -> None:
        self.application = application
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """Where it answers."""
        host, port = self.server_address[0], self.server_address[1]
        return f"http://{host!s}:{port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A peer that goes away in the middle is no news; anything else is printed as the base class does."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]
