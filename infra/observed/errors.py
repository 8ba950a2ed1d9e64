"""What goes wrong between us and a vCenter or AWS, in words for people."""

from __future__ import annotations

from infra.errors import InclineError


class ObservedError(InclineError):
    """A site did not answer as it should."""


class SignOnError(ObservedError):
    """The site refused the credentials, or its certificate is not trusted."""


class DeniedError(SignOnError):
    """The site knows who asks, and this one may not."""


class UnreachableError(ObservedError):
    """Nobody answers at the site's address."""


REMEDIES = {
    "NoDiskSpace": "free space on its datastore, then run the same command again",
    "FileLocked": "another task or host has the disk open: wait for it (often a backup), then run the same command again",
    "NoPermission": "give the site's user the privilege that the fault names, then run the same command again",
    "InsufficientResourcesFault": "free capacity on its cluster, then run the same command again",
    "TaskInProgress": "another task has the machine: wait for it, then run the same command again",
}
"""What to do about a fault, by its type; others say enough by themselves or nothing that would help."""


class VsphereFault(ObservedError):  # noqa: N818 - vSphere's own word
    """A fault of the vSphere API. `fault` is its type's last part, such as `InvalidArgument` or `ConcurrentAccess`."""

    def __init__(self, what: str, fault: str) -> None:
        super().__init__(what, code="INC-6010", next_step=REMEDIES.get(fault, ""))
        self.fault = fault


class GoneError(ObservedError):
    """The object does not exist, or no longer."""


class RestRefusedError(ObservedError):
    """The vCenter's REST interface did not do what was asked. `status` is HTTP's, 0 when nobody answered."""

    def __init__(self, site: str, what: str, status: int) -> None:
        super().__init__(f"{site}: the vCenter's REST interface: {what}", code="INC-6040")
        self.status = status
