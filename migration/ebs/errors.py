"""What AWS's answers mean for us: worth another attempt, or final. The one table."""

from __future__ import annotations

import json
from collections.abc import Mapping

from infra.errors import InclineError
from migration.types import PermanentError, TransientError

# Codes that pass by themselves. An expired login is among them because the credential provider renews it before the next attempt.
TRANSIENT = {
    "ThrottlingException",
    "RequestThrottledException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeoutException",
    "InternalServerException",
    "ServiceUnavailable",
    "ExpiredTokenException",
    "RequestExpired",
}

NEXT_STEPS = {
    "AccessDeniedException": "allow ebs:* on the snapshot and the key's grants to this role; see docs on the permissions of a move",
    "UnrecognizedClientException": "check the site's credentials in the environment",
    "InvalidSignatureException": "check the site's secret key and this machine's clock",
    "ServiceQuotaExceededException": "free or raise the account's quota, then run the same command again",
    "ConcurrentLimitExceededException": "100 snapshots may be pending: finish or roll back other moves, then run the same command again",
}


class EbsError(PermanentError):
    """A final answer of the EBS direct APIs. `aws_code` and `reason` are AWS's own."""

    def __init__(self, operation: str, aws_code: str, reason: str, message: str) -> None:
        super().__init__(
            f"{operation}: {aws_code}{f' ({reason})' if reason else ''}: {message}",
            code="INC-2930",
            next_step=NEXT_STEPS.get(aws_code, ""),
        )
        self.aws_code = aws_code
        self.reason = reason


def error_of(operation: str, status: int, headers: Mapping[str, str], body: bytes) -> InclineError:
    """The error that an answer with `status` >= 400 stands for."""
    try:
        fields = json.loads(body or b"{}")
    except ValueError:
        fields = {}
    fields = fields if isinstance(fields, dict) else {}
    named = headers.get("x-amzn-ErrorType") or fields.get("__type") or fields.get("code") or ""
    code = str(named).split("#")[-1].split(":")[0]
    message = str(fields.get("Message") or fields.get("message") or body[:200].decode("utf-8", "replace"))
    if status >= 500 or status == 429 or code in TRANSIENT:
        return TransientError(f"{operation}: {code or status}: {message}", code="INC-2931", next_step="run the same command again")
    return EbsError(operation, code or f"HTTP {status}", str(fields.get("Reason") or ""), message)
