"""The six calls of the EBS direct APIs, over one persistent connection per thread.

Every call is retried inside on what passes by itself (`errors.py`); what comes out is final. No call is unsafe to repeat: StartSnapshot
carries a ClientToken, PutSnapshotBlock the same bytes for the same index, CompleteSnapshot answers alike when already done.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from migration.blocks.digests import block_digest
from migration.ebs.errors import EbsError, error_of
from migration.ebs.signing import UNSIGNED, CredentialProvider, Signer, query_string
from migration.retry import Retry
from migration.types import BLOCK, TransientError

TIMEOUT_S = 30.0  # of one socket operation; a block takes milliseconds, and a dead peer must not hold a worker for long
_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of block indexes. `blocks` maps index to token, empty where the block is gone. It may be empty though `next_token` is set."""

    blocks: tuple[tuple[int, str], ...]
    next_token: str
    expires: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class NewSnapshot:
    """What StartSnapshot is asked for. `parent` and `encrypted` exclude each other: a child inherits its parent's key."""

    size_gib: int
    token: str
    parent: str = ""
    encrypted: bool = True
    kms_key: str = ""
    description: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    timeout_minutes: int = 1440

    def body(self) -> dict[str, Any]:
        """The request as the API wants it."""
        fields: dict[str, Any] = {"VolumeSize": self.size_gib, "ClientToken": self.token, "Timeout": self.timeout_minutes}
        if self.parent:
            fields["ParentSnapshotId"] = self.parent
        elif self.encrypted:
            fields["Encrypted"] = True
            if self.kms_key:
                fields["KmsKeyArn"] = self.kms_key
        if self.description:
            fields["Description"] = self.description
        if self.tags:
            fields["Tags"] = [{"Key": k, "Value": v} for k, v in self.tags]
        return fields


class EbsApi:
    """The EBS direct APIs at `url` (empty: AWS's own address of the region). May be shared by threads."""

    def __init__(
        self,
        *,
        region: str,
        credentials: CredentialProvider,
        url: str = "",
        ca_file: str = "",
        retry: Retry | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        parts = urlsplit(url or f"https://ebs.{region}.amazonaws.com")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._tls = ssl.create_default_context(cafile=ca_file or None) if self._secure else None
        self._signer = Signer(service="ebs", region=region, host=parts.netloc, credentials=credentials)
        self._retry, self._clock = retry or Retry(), clock
        self._local = threading.local()
        self._open: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def start_snapshot(self, wanted: NewSnapshot) -> str:
        """Begin a snapshot; the same token and request give the same id again."""
        answer = self._json("StartSnapshot", "POST", "/snapshots", body=wanted.body())
        if answer.get("BlockSize") != BLOCK:
            raise EbsError("StartSnapshot", "BlockSize", "", f"{answer.get('BlockSize')}, expected {BLOCK}")
        return str(answer["SnapshotId"])

    def put_block(self, snapshot: str, index: int, data: bytes, digest: bytes, *, fresh: bool = False) -> None:
        """Write one block. `fresh`: a snapshot that was begun a moment ago may not be known everywhere yet, so "not found" passes."""
        checksum = base64.b64encode(digest).decode()
        extra = {
            "X-Amz-Data-Length": str(BLOCK),
            "X-Amz-Checksum": checksum,
            "X-Amz-Checksum-Algorithm": "SHA256",
            "Content-Type": "application/octet-stream",
        }
        operation, path = f"PutSnapshotBlock {snapshot} block {index}", f"/snapshots/{snapshot}/blocks/{index}"
        headers, _ = self._call(operation, "PUT", path, extra=extra, body=data, signed=False, fresh=fresh)
        echoed = headers.get("x-amz-checksum", checksum)
        if echoed != checksum:
            raise EbsError(operation, "Checksum", "", f"answered {echoed}, sent {checksum}")

    def complete_snapshot(self, snapshot: str, changed: int, linear: bytes) -> str:
        """Seal the snapshot with the number of blocks and the checksum over their digests; returns AWS's status."""
        extra = {"X-Amz-Changedblockscount": str(changed)}
        if changed:
            extra["X-Amz-Checksum"] = base64.b64encode(linear).decode()
            extra["X-Amz-Checksum-Algorithm"] = "SHA256"
            extra["X-Amz-Checksum-Aggregation-Method"] = "LINEAR"
        answer = self._json(f"CompleteSnapshot {snapshot}", "POST", f"/snapshots/completion/{snapshot}", extra=extra)
        return str(answer.get("Status", ""))

    def get_block(self, snapshot: str, index: int, token: str) -> bytes:
        """One block, whole, after its checksum has been found right."""
        operation = f"GetSnapshotBlock {snapshot} block {index}"

        def attempt() -> bytes:
            headers, data = self._once(operation, "GET", f"/snapshots/{snapshot}/blocks/{index}", query={"blockToken": token})
            if len(data) != BLOCK or base64.b64encode(block_digest(data)).decode() != headers.get("x-amz-checksum"):
                raise TransientError(f"{operation}: {len(data)} bytes came that are not what their checksum says", code="INC-2932")
            return data

        return self._retry.call(attempt)

    def list_blocks(self, snapshot: str, *, start: int = 0, page_token: str = "", limit: int = 1000) -> Page:
        """A page of the blocks that the snapshot has, from block `start` on, or the page that `page_token` stands for."""
        answer = self._list(f"ListSnapshotBlocks {snapshot}", f"/snapshots/{snapshot}/blocks", {}, start, page_token, limit)
        blocks = tuple((int(b["BlockIndex"]), str(b["BlockToken"])) for b in answer.get("Blocks") or ())
        return _page(answer, blocks)

    def list_changed(self, first: str, second: str, *, start: int = 0, page_token: str = "", limit: int = 10_000) -> Page:
        """A page of the blocks that differ between two snapshots. An empty token: the block is gone, so it is zeros now."""
        operation = f"ListChangedBlocks {first} {second}"
        answer = self._list(operation, f"/snapshots/{second}/changedblocks", {"firstSnapshotId": first}, start, page_token, limit)
        blocks = tuple((int(b["BlockIndex"]), str(b.get("SecondBlockToken") or "")) for b in answer.get("ChangedBlocks") or ())
        return _page(answer, blocks)

    def close(self) -> None:
        """Close every thread's connection. Threads that still call open a new one."""
        with self._lock:
            connections, self._open = self._open, []
        for connection in connections:
            connection.close()

    def _list(self, operation: str, path: str, query: dict[str, str], start: int, page_token: str, limit: int) -> dict[str, Any]:
        query = {**query, "maxResults": str(limit)}
        query.update({"pageToken": page_token} if page_token else {"startingBlockIndex": str(start)})
        return self._json(operation, "GET", path, query=query)

    def _json(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        extra: Mapping[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        raw = b"" if body is None else json.dumps(body).encode()
        headers = {**(extra or {}), **({"Content-Type": "application/json"} if raw else {})}
        _, answer = self._call(operation, method, path, query=query, extra=headers, body=raw)
        return dict(json.loads(answer or b"{}"))

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        extra: Mapping[str, str] | None = None,
        body: bytes = b"",
        signed: bool = True,
        fresh: bool = False,
    ) -> tuple[dict[str, str], bytes]:
        def attempt() -> tuple[dict[str, str], bytes]:
            try:
                return self._once(operation, method, path, query=query, extra=extra, body=body, signed=signed)
            except EbsError as exc:
                if fresh and exc.aws_code == "ResourceNotFoundException":
                    raise TransientError(exc.what, code="INC-2933") from exc
                raise

        return self._retry.call(attempt)

    def _once(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        extra: Mapping[str, str] | None = None,
        body: bytes = b"",
        signed: bool = True,
    ) -> tuple[dict[str, str], bytes]:
        payload = UNSIGNED if not signed else (hashlib.sha256(body).hexdigest() if body else _EMPTY_SHA256)
        headers = self._signer.headers(method, path, query or {}, extra or {}, payload, self._clock())
        connection = self._connection()
        try:
            connection.request(method, f"{path}?{query_string(query)}" if query else path, body=body or None, headers=headers)
            response = connection.getresponse()
            answer = response.read()
        except ssl.SSLCertVerificationError as exc:
            self._drop(connection)
            raise EbsError(operation, "Certificate", "", f"{self._host}: {exc.verify_message}") from exc
        except (OSError, http.client.HTTPException) as exc:
            self._drop(connection)
            raise TransientError(f"{operation}: {self._host}: {exc or type(exc).__name__}", code="INC-2934") from exc
        found = {k.lower(): v for k, v in response.getheaders()}
        if response.status >= 400:
            raise error_of(operation, response.status, {"x-amzn-ErrorType": found.get("x-amzn-errortype", "")}, answer)
        return found, answer

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            if self._tls is not None:
                connection = http.client.HTTPSConnection(self._host, self._port, timeout=TIMEOUT_S, context=self._tls, blocksize=1 << 20)
            else:
                connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S, blocksize=1 << 20)
            self._local.connection = connection
            with self._lock:
                self._open.append(connection)
        return connection

    def _drop(self, connection: http.client.HTTPConnection) -> None:
        connection.close()
        self._local.connection = None
        with self._lock:
            if connection in self._open:
                self._open.remove(connection)


def _page(answer: dict[str, Any], blocks: tuple[tuple[int, str], ...]) -> Page:
    expires = answer.get("ExpiryTime")
    return Page(
        blocks=blocks,
        next_token=str(answer.get("NextToken") or ""),
        expires=float(expires) if isinstance(expires, int | float) else time.time() + 7 * 86_400,
        size_bytes=int(answer.get("VolumeSize") or 0) << 30,
    )
