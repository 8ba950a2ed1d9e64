"""A disk of a vSphere snapshot as a source: HTTPS ranges of its flat file, changed areas from the API. No VDDK.

The flat file of a disk that has a snapshot is frozen: the machine writes to a delta file beside it. That holds for a machine whose only
snapshot is ours, which assessment demands.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from infra.errors import InclineError
from migration.blocks.extents import clip
from migration.retry import Retry
from migration.types import Extent, LineageBroken, PermanentError, TransientError

READ_MAX = 4 << 20  # one HTTPS stream levels off between 1 and 4 MiB; beyond that only memory grows
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class ChangedAreas:
    """A page of QueryChangedDiskAreas. `areas` may be empty without being the end; `start + length` is where the next page begins."""

    start: int
    length: int
    areas: tuple[Extent, ...]


class AreasRefused(InclineError):  # noqa: N818 - an answer, not a defect
    """The question for changed areas was answered with a fault: no tracking, unknown change id, invalid offset."""


class VsphereAccess(Protocol):
    """A login to the vCenter, as this source needs it. `migration.sources.vsphere_access` supplies it."""

    host: str
    port: int
    tls: ssl.SSLContext

    def cookie(self) -> str:
        """The session's cookie."""

    def renew(self, stale: str) -> None:
        """Sign on again unless that has happened since `stale` was the cookie."""

    def keep_alive(self) -> None:
        """Touch the session now and then."""

    def changed_areas(self, disk: SnapshotDisk, start: int, change_id: str) -> ChangedAreas:
        """One page.

        Raises:
            AreasRefused: a fault that is about the question, not about the login or the network.
        """


@dataclass(frozen=True, slots=True)
class SnapshotDisk:
    """Which disk of which snapshot. Take `file`, `size_bytes` and `change_id` from the snapshot's configuration, never the machine's.

    Attributes:
        vm: id of the machine.
        snapshot: id of the snapshot.
        key: device key of the disk.
        file: `[datastore] folder/disk.vmdk`.
        datacenter: path of the datacenter that the datastore is in.
        size_bytes: capacity.
        change_id: empty when tracking was off as the snapshot was made.
    """

    vm: str
    snapshot: str
    key: int
    file: str
    datacenter: str
    size_bytes: int
    change_id: str


class VsphereSource:
    """One disk of one snapshot."""

    def __init__(self, access: VsphereAccess, disk: SnapshotDisk, *, retry: Retry | None = None) -> None:
        self._access, self._disk = access, disk
        self._retry = retry or Retry()
        self._url = flat_url(disk.file, disk.datacenter)
        self._local = threading.local()
        self._open: list[http.client.HTTPSConnection] = []
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """Capacity of the disk."""
        return self._disk.size_bytes

    @property
    def change_base(self) -> str:
        """The snapshot's changeId of this disk; empty without tracking."""
        return self._disk.change_id

    @property
    def identity(self) -> str:
        """Snapshot and disk."""
        return f"{self._disk.snapshot}/{self._disk.key}"

    def allocated(self) -> Iterator[Extent]:
        """Allocated areas where the vCenter tells them, from there on the rest of the disk: reading too much is only slower."""
        at = 0
        try:
            for page in self._pages("*"):
                yield from clip(page.areas, self.size_bytes)
                at = page.start + page.length
        except AreasRefused:
            yield Extent(at, self.size_bytes - at)

    def changed_since(self, base: str) -> Iterator[Extent]:
        """Changed areas since the snapshot whose changeId was `base`."""
        if lineage_of(base) != lineage_of(self._disk.change_id):
            raise LineageBroken(
                f"change tracking of {self._disk.file} was reset since the last round",
                details=(f"then {base or '(off)'}, now {self._disk.change_id or '(off)'}",),
            )
        try:
            for page in self._pages(base):
                yield from clip(page.areas, self.size_bytes)
        except AreasRefused as exc:
            raise LineageBroken(f"{self._disk.file}: {exc.what}") from exc

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the flat file, at most 4 MiB per request."""
        if offset < 0 or offset + length > self.size_bytes:
            raise ValueError(f"read of {length} bytes at {offset} beyond the end of {self._disk.file} at {self.size_bytes}")
        self._access.keep_alive()
        cuts = range(offset, offset + length, READ_MAX)
        parts = [self._range(at, min(READ_MAX, offset + length - at)) for at in cuts]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Close the connections. The login is not ours."""
        with self._lock:
            connections, self._open = self._open, []
        for connection in connections:
            connection.close()

    def _pages(self, change_id: str) -> Iterator[ChangedAreas]:
        """Pages from 0 to the capacity, which itself is never asked for. An empty page is not the end."""
        start = 0
        while start < self.size_bytes:
            page = self._query(start, change_id)
            yield page
            if page.start + page.length <= start:
                raise PermanentError(f"{self._disk.file}: changed areas from {start} on make no progress", code="INC-2960")
            start = page.start + page.length

    def _query(self, start: int, change_id: str) -> ChangedAreas:
        return self._retry.call(lambda: self._access.changed_areas(self._disk, start, change_id))

    def _range(self, offset: int, length: int) -> bytes:
        return self._retry.call(lambda: self._attempt(offset, length))

    def _attempt(self, offset: int, length: int) -> bytes:
        cookie = self._access.cookie()
        connection = self._connection()
        headers = {"Cookie": cookie, "Range": f"bytes={offset}-{offset + length - 1}"}
        try:
            connection.request("GET", self._url, headers=headers)
            response = connection.getresponse()
            body = response.read(length + 1) if response.status == 206 else response.read(512)
        except (OSError, http.client.HTTPException) as exc:
            self._drop(connection)
            raise TransientError(f"{self._where()}: {exc or type(exc).__name__}", code="INC-2961") from exc
        if response.status == 206 and len(body) == length and self._total(response) == self.size_bytes:
            return body
        self._drop(connection)
        raise self._refusal(response, cookie, len(body), length)

    def _refusal(self, response: http.client.HTTPResponse, cookie: str, got: int, wanted: int) -> InclineError:
        where = self._where()
        if response.status in {401, 403}:
            self._access.renew(cookie)
            return TransientError(
                f"{where}: the session has expired", code="INC-2962", next_step="check the login's right Datastore.Browse"
            )
        if response.status == 206 and self._total(response) == self.size_bytes:
            return TransientError(f"{where}: {got} of {wanted} bytes came", code="INC-2963")
        if response.status >= 500 or response.status == 429:
            return TransientError(f"{where}: HTTP {response.status}", code="INC-2964")
        if response.status == 206:
            total = self._total(response)
            return PermanentError(f"{where}: the file has {total} bytes, the disk {self.size_bytes}: not a flat base disk", code="INC-2965")
        next_step = "give the login Datastore.Browse and low-level file operations" if response.status == 403 else ""
        return PermanentError(f"{where}: HTTP {response.status} {response.reason}", code="INC-2966", next_step=next_step)

    @staticmethod
    def _total(response: http.client.HTTPResponse) -> int:
        total = (response.getheader("Content-Range") or "").rpartition("/")[2]
        return int(total) if total.isdigit() else -1

    def _where(self) -> str:
        return f"{self._access.host}: {self._disk.file}"

    def _connection(self) -> http.client.HTTPSConnection:
        connection: http.client.HTTPSConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPSConnection(self._access.host, self._access.port, timeout=TIMEOUT_S, context=self._access.tls)
            self._local.connection = connection
            with self._lock:
                self._open.append(connection)
        return connection

    def _drop(self, connection: http.client.HTTPSConnection) -> None:
        connection.close()
        self._local.connection = None
        with self._lock:
            if connection in self._open:
                self._open.remove(connection)


def flat_url(file: str, datacenter: str) -> str:
    """Where /folder serves the flat file that belongs to the descriptor `[datastore] folder/disk.vmdk`."""
    datastore, _, path = file.removeprefix("[").partition("] ")
    flat = f"{path.removesuffix('.vmdk')}-flat.vmdk"
    return f"/folder/{quote(flat)}?dcPath={quote(datacenter, safe='')}&dsName={quote(datastore, safe='')}"


def lineage_of(change_id: str) -> str:
    """The part of a changeId that stays while tracking is not reset."""
    return change_id.rpartition("/")[0]
