"""The vCenter login of `infra.observed`, as the datastore source takes it: faults are sorted into "ask again" and "broken lineage"."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, TypeVar

from pyVmomi import vim

from infra.observed.errors import UnreachableError, VsphereFault
from infra.observed.vsphere_session import VsphereSession
from migration.sources.vsphere_datastore import AreasRefused, ChangedAreas, SnapshotDisk
from migration.types import Extent, TransientError

T = TypeVar("T")

# Faults that pass by themselves: the host is busy, or another task has the machine.
TRANSIENT = {"TaskInProgress", "ResourceInUse", "HostCommunication", "HostNotConnected", "Timedout", "TooManyConcurrentNativeClones"}


class SessionAccess:
    """A `VsphereSession` in the shape of `VsphereAccess`."""

    def __init__(self, session: VsphereSession) -> None:
        self._session = session
        self.host: str = session.host
        self.port: int = session.port
        self.tls: ssl.SSLContext = session.tls

    def cookie(self) -> str:
        """The session's cookie."""
        return _answered(self._session.cookie)

    def renew(self, stale: str) -> None:
        """Sign on again unless that has happened since `stale` was the cookie."""
        _answered(lambda: self._session.renew(stale))

    def keep_alive(self) -> None:
        """Touch the session when it was idle for long."""
        _answered(self._session.keep_alive)

    def changed_areas(self, disk: SnapshotDisk, start: int, change_id: str) -> ChangedAreas:
        """One page of QueryChangedDiskAreas."""
        snapshot = disk.snapshot

        def ask(instance: Any) -> Any:
            machine = vim.VirtualMachine(disk.vm, instance._stub)  # noqa: SLF001 - pyVmomi names objects in no other way
            frozen = vim.vm.Snapshot(snapshot, instance._stub)  # noqa: SLF001
            return machine.QueryChangedDiskAreas(snapshot=frozen, deviceKey=disk.key, startOffset=start, changeId=change_id)

        try:
            found = _answered(lambda: self._session.call(ask))
        except VsphereFault as exc:
            if exc.fault in TRANSIENT:
                raise TransientError(exc.what, code="INC-2968") from exc
            raise AreasRefused(exc.what, code="INC-2969") from exc
        areas = tuple(Extent(int(a.start), int(a.length)) for a in found.changedArea or ())
        return ChangedAreas(int(found.startOffset), int(found.length), areas)


def _answered(action: Callable[[], T]) -> T:
    """What `action` returns; a vCenter that does not answer is worth another attempt in the middle of a copy."""
    try:
        return action()
    except UnreachableError as exc:
        raise TransientError(exc.what, code="INC-2967", next_step=exc.next_step) from exc
