"""Which mistake gets which code and reason, in one place: AWS documents the reasons, but not always which mistake earns which.

Codes, HTTP statuses and the closed list of reasons are from the service's own API model. The pairing of mistake and reason marked "?" is
our reading of their names and was not seen on AWS: a client must not depend on it.
"""

from __future__ import annotations

import json

from lab.aws.http import Response


class EbsError(Exception):
    """An error answer of the EBS direct APIs."""

    def __init__(self, code: str, status: int, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.code, self.status, self.message, self.reason = code, status, message, reason

    def response(self) -> Response:
        """The answer in the service's protocol (REST-JSON): type in a header, message and reason in the body."""
        body = {"Message": self.message, **({"Reason": self.reason} if self.reason else {})}
        headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", self.code))
        return Response(self.status, json.dumps(body).encode(), headers)


VALIDATION = {
    "page token": "INVALID_PAGE_TOKEN",
    "block token": "INVALID_BLOCK_TOKEN",
    "snapshot id": "INVALID_SNAPSHOT_ID",
    "unrelated": "UNRELATED_SNAPSHOTS",
    "block index": "INVALID_BLOCK",  # ? the index lies outside of the volume
    "block size": "INVALID_BLOCK",  # ? the block is not 512 KiB
    "checksum": "INVALID_BLOCK",  # ? data and checksum differ
    "aggregate": "INVALID_PARAMETER_VALUE",  # ? count or aggregate checksum of CompleteSnapshot
    "not pending": "INVALID_PARAMETER_VALUE",  # ? write to or completion of a snapshot that is sealed
    "parameter": "INVALID_PARAMETER_VALUE",
    "volume size": "INVALID_VOLUME_SIZE",
    "key": "INVALID_CUSTOMER_KEY",
    "dependency": "INVALID_DEPENDENCY_REQUEST",
    "encryption": "INVALID_PARAMETER_VALUE",
    "parent": "INVALID_PARAMETER_VALUE",  # ? the parent is not completed
    "tag": "INVALID_TAG",
    "timed out": "WRITE_REQUEST_TIMEOUT",
}


def invalid(mistake: str, message: str) -> EbsError:
    """A ValidationException for one of the mistakes above."""
    return EbsError("ValidationException", 400, message, VALIDATION[mistake])


def not_found(snapshot_id: str) -> EbsError:
    """The snapshot does not exist, or not for this account."""
    return EbsError("ResourceNotFoundException", 404, f"The snapshot '{snapshot_id}' does not exist.", "SNAPSHOT_NOT_FOUND")


def key_not_found(key: str) -> EbsError:
    """The KMS key does not exist."""
    return EbsError("ResourceNotFoundException", 404, f"The key '{key}' does not exist.", "DEPENDENCY_RESOURCE_NOT_FOUND")


def conflict() -> EbsError:
    """A client token was used again for a different request."""
    return EbsError("ConflictException", 409, "The client token was already used with different parameters.")


def throttled() -> EbsError:
    """Too many requests."""
    return EbsError("RequestThrottledException", 400, "The number of API requests has exceeded the limit.", "ACCOUNT_THROTTLED")


def too_many_pending(limit: int) -> EbsError:
    """Too many snapshots are open."""
    message = f"You have reached the limit of {limit} pending snapshots."
    return EbsError("ConcurrentLimitExceededException", 400, message)
