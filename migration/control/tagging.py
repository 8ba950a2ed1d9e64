"""Attach vSphere tags. Tags are the one thing of a machine that vCenter offers over REST only."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any

from infra.endpoints import Endpoint
from migration.control.interface import ControlError

TIMEOUT_S = 60.0
_ROOT = "/rest/com/vmware/cis"


def attach_tags(tls: ssl.SSLContext, endpoint: Endpoint, machine: str, tags: Mapping[str, str]) -> None:
    """Attach the tag `value` of each category to the machine `machine` (its id). Attaching again is no error.

    Raises:
        ControlError: a category or tag does not exist, or vCenter refuses.
    """
    rest = _Rest(tls, endpoint)
    try:
        for category, value in tags.items():
            rest.attach(rest.tag(category, value), machine)
    finally:
        rest.close()


class _Rest:
    """One REST session, signed off at the end."""

    def __init__(self, tls: ssl.SSLContext, endpoint: Endpoint) -> None:
        self._site = endpoint.site
        self._connection = http.client.HTTPSConnection(endpoint.host, endpoint.port, context=tls, timeout=TIMEOUT_S)
        secret = base64.b64encode(f"{endpoint.user}:{endpoint.password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {secret}"}
        token = self._call("POST", f"{_ROOT}/session")
        self._headers = {"vmware-api-session-id": str(token), "Content-Type": "application/json"}
        self._tags: dict[tuple[str, str], str] = {}

    def tag(self, category: str, value: str) -> str:
        """The tag's id."""
        if not self._tags:
            names = {
                c: self._call("GET", f"{_ROOT}/tagging/category/id:{c}")["name"] for c in self._call("GET", f"{_ROOT}/tagging/category")
            }
            for identifier in self._call("GET", f"{_ROOT}/tagging/tag"):
                found = self._call("GET", f"{_ROOT}/tagging/tag/id:{identifier}")
                self._tags[names.get(found["category_id"], ""), found["name"]] = str(identifier)
        if (category, value) not in self._tags:
            raise ControlError(
                f"site {self._site}: vCenter has no tag {value!r} in category {category!r}",
                code="INC-2220",
                next_step=f"pulumi up --stack {self._site}.foundation",
            )
        return self._tags[category, value]

    def attach(self, tag: str, machine: str) -> None:
        """Attach one tag."""
        body = {"object_id": {"id": machine, "type": "VirtualMachine"}}
        self._call("POST", f"{_ROOT}/tagging/tag-association/id:{tag}?~action=attach", body)

    def close(self) -> None:
        """Sign off and hang up."""
        try:
            self._call("DELETE", f"{_ROOT}/session")
        finally:
            self._connection.close()

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        try:
            self._connection.request(method, path, json.dumps(body) if body is not None else None, self._headers)
            answer = self._connection.getresponse()
            raw = answer.read()
        except (OSError, http.client.HTTPException) as exc:
            raise ControlError(f"site {self._site}: tagging: {exc}", code="INC-2221") from exc
        if answer.status >= 300:
            raise ControlError(
                f"site {self._site}: tagging: {method} {path}: {answer.status} {raw[:200].decode(errors='replace')}", code="INC-2222"
            )
        return json.loads(raw)["value"] if raw.strip() else None
