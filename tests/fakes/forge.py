"""A forge on loopback: the comments of one pull request, as GitHub's and GitLab's interfaces hand them out."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "token-of-the-test"
GITHUB_LIST = re.compile(r"^/repos/city/estate/issues/7/comments$")
GITHUB_ONE = re.compile(r"^/repos/city/estate/issues/comments/(\d+)$")
GITLAB_LIST = re.compile(r"^/projects/city%2Festate/merge_requests/7/notes$")
GITLAB_ONE = re.compile(r"^/projects/city%2Festate/merge_requests/7/notes/(\d+)$")


class Forge:
    """What was written, and how often it was asked. `refusal`: a status that every request gets."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.refusal = 0
        self.url = ""

    def github(self) -> dict[str, str]:
        """The variables of a GitHub pipeline of pull request 7."""
        return {
            "GITHUB_REPOSITORY": "city/estate",
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_API_URL": self.url,
            "GITHUB_TOKEN": TOKEN,
        }

    def gitlab(self) -> dict[str, str]:
        """The variables of a GitLab pipeline of merge request 7."""
        return {
            "CI_API_V4_URL": self.url,
            "CI_PROJECT_ID": "city/estate",
            "CI_MERGE_REQUEST_IID": "7",
            "INCLINE_GITLAB_TOKEN": TOKEN,
        }


@contextmanager
def forge() -> Iterator[Forge]:
    """A forge that answers while the block runs."""
    made = Forge()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"forge": made}))
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    forge: Forge

    def do_GET(self) -> None:
        if self._allowed() and (GITHUB_LIST.match(self._path()) or GITLAB_LIST.match(self._path())):
            query = parse_qs(urlsplit(self.path).query)
            size, page = int(query["per_page"][0]), int(query["page"][0])
            self._answer(200, self.forge.comments[(page - 1) * size : page * size])

    def do_POST(self) -> None:
        if self._allowed() and (GITHUB_LIST.match(self._path()) or GITLAB_LIST.match(self._path())):
            self.forge.comments.append({"id": 100 + len(self.forge.comments), **self._body()})
            self._answer(201, self.forge.comments[-1])

    def do_PATCH(self) -> None:
        self._edit(GITHUB_ONE)

    def do_PUT(self) -> None:
        self._edit(GITLAB_ONE)

    def _edit(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._path())
        if self._allowed() and found:
            comment = next(c for c in self.forge.comments if c["id"] == int(found[1]))
            comment.update(self._body())
            self._answer(200, comment)

    def _allowed(self) -> bool:
        self.forge.requests.append((self.command, self._path()))
        given = self.headers.get("Authorization", "").removeprefix("Bearer ") or self.headers.get("PRIVATE-TOKEN", "")
        if self.forge.refusal or given != TOKEN:
            self._answer(self.forge.refusal or 401, {"message": "no"})
            return False
        return True

    def _path(self) -> str:
        return urlsplit(self.path).path

    def _body(self) -> dict[str, Any]:
        return dict(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, status: int, content: Any) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: Any) -> None:
        """Silent."""
