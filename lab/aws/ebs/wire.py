"""EBS direct over HTTP: which request is which operation, and how an answer looks on the wire."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from lab.aws.blocks.pack import BLOCK
from lab.aws.ebs.errors import EbsError, invalid
from lab.aws.ebs.region import Region
from lab.aws.ebs.service import EbsDirect
from lab.aws.http import Request, Response

ROUTES = (
    ("PUT", "PutSnapshotBlock", re.compile(r"/snapshots/([^/]+)/blocks/(\d+)")),
    ("GET", "GetSnapshotBlock", re.compile(r"/snapshots/([^/]+)/blocks/(\d+)")),
    ("GET", "ListSnapshotBlocks", re.compile(r"/snapshots/([^/]+)/blocks")),
    ("GET", "ListChangedBlocks", re.compile(r"/snapshots/([^/]+)/changedblocks")),
    ("POST", "CompleteSnapshot", re.compile(r"/snapshots/completion/([^/]+)")),
    ("POST", "StartSnapshot", re.compile(r"/snapshots")),
)


def operation(request: Request) -> tuple[str, tuple[str, ...]] | None:
    """The operation that a request asks for and what its path names; None when there is no such operation."""
    for method, name, path in ROUTES:
        match = path.fullmatch(request.path) if method == request.method else None
        if match:
            return name, tuple(unquote(part) for part in match.groups())
    return None


def answer(service: EbsDirect, region: Region, name: str, path: tuple[str, ...], request: Request) -> Response:
    """Carries out one operation. Errors of the service become answers here."""
    try:
        match name:
            case "PutSnapshotBlock":
                checksum = service.put(region, path[0], int(path[1]), request.body, request.headers)
                return Response(201, b"", _checksum(checksum))
            case "GetSnapshotBlock":
                data, checksum = service.get(region, path[0], int(path[1]), request.parameters().get("blockToken", ""))
                return Response(200, data, (("Content-Type", "application/octet-stream"), *_checksum(checksum), _LENGTH))
            case "ListSnapshotBlocks":
                return _json(200, service.list_blocks(region, path[0], request.parameters()))
            case "ListChangedBlocks":
                return _json(200, service.list_changed(region, path[0], request.parameters()))
            case "CompleteSnapshot":
                return _json(202, {"Status": service.complete(region, path[0], request.headers)})
            case _:
                return _json(201, service.start(region, _body(request)))
    except EbsError as error:
        return error.response()


_LENGTH = ("x-amz-Data-Length", str(BLOCK))


def _checksum(checksum: str) -> tuple[tuple[str, str], ...]:
    return (("x-amz-Checksum", checksum), ("x-amz-Checksum-Algorithm", "SHA256"))


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(status, json.dumps(body).encode(), (("Content-Type", "application/json"),))


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        raise invalid("parameter", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise invalid("parameter", "The body is not a JSON object.")
    return body
