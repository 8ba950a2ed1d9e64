"""What a login may not ask, or a site does not answer: noted in words, never taken for nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from infra.observed.aws_session import AwsError
from infra.observed.errors import DeniedError, RestRefusedError, UnreachableError, VsphereFault

T = TypeVar("T")

UNSUPPORTED = frozenset({"MethodNotFound", "NotSupported", "NoPermission"})

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OptInRequired", "SubscriptionRequiredException"})
ABSENT = frozenset(
    {"NotImplemented", "NotImplementedException", "InvalidAction", "UnsupportedOperation", "UnknownOperationException", "501"}
)


class Gaps:
    """The parts of a look that could not be had, by name."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def ask(self, part: str, question: Callable[[], T]) -> T | None:
        """The answer; None, with the reason noted, where this login may not ask or nothing answers. Other errors stay errors."""
        try:
            return question()
        except (DeniedError, UnreachableError, RestRefusedError) as error:
            self.reasons[part] = error.what
        except VsphereFault as error:
            if error.fault not in UNSUPPORTED:
                raise
            self.reasons[part] = error.what
        except AwsError as error:
            if error.aws_code not in DENIED | ABSENT:
                raise
            self.reasons[part] = error.what
        return None
