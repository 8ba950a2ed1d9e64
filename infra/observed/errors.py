"""What goes wrong between us and a vCenter or AWS, in words for people."""

from __future__ import annotations

from infra.errors import InclineError


class ObservedError(InclineError):
    """A site did not answer as it should."""


class SignOnError(ObservedError):
    """The site refused the credentials, or its certificate is not trusted."""


class UnreachableError(ObservedError):
    """Nobody answers at the site's address."""


class VsphereFault(ObservedError):  # noqa: N818 - vSphere's own word
    """A fault of the vSphere API. `fault` is its type's last part, such as `InvalidArgument` or `ConcurrentAccess`."""

    def __init__(self, what: str, fault: str) -> None:
        super().__init__(what, code="INC-6010")
        self.fault = fault


class GoneError(ObservedError):
    """The object does not exist, or no longer."""
