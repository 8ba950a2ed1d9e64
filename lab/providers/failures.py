"""How a failure reaches the person at the engine: the resource, what was being done to it, and the cause."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import grpc
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from lab.providers.values import Values, encode


class ProviderError(RuntimeError):
    """A cause that is already a sentence for people."""


class HalfMadeError(ProviderError):
    """The resource exists, but is not as it shall be. The engine keeps it and tries again with the next update."""

    def __init__(self, reason: str, *, id_: str, state: Values, inputs: Values) -> None:
        super().__init__(reason)
        self.reason = reason
        self.id = id_
        self.state = state
        self.inputs = inputs


def sentence(error: BaseException) -> str:
    """The cause in one line: faults of pyVmomi carry a `msg`, AWS's errors say all in their text."""
    message = getattr(error, "msg", None) or str(error)
    name = type(error).__name__.rpartition(".")[2]
    if isinstance(error, ProviderError) and message:
        return message
    return f"{name}: {message}" if message and name not in message else message or name


@contextmanager
def told(context: grpc.ServicerContext, doing: str, urn: str) -> Iterator[None]:
    """Turn whatever fails inside into an answer that names the resource and the cause."""
    try:
        yield
    except HalfMadeError as error:
        _abort_half_made(context, f"{doing} {named(urn)}: {error.reason}", error)
    except Exception as error:  # noqa: BLE001  # the boundary: the engine must learn which resource failed, whatever failed
        context.abort(grpc.StatusCode.UNKNOWN, f"{doing} {named(urn)}: {sentence(error)}")


def named(urn: str) -> str:
    """A resource as people say it: its name and its type."""
    parts = urn.split("::")
    if len(parts) < 4:
        return urn
    return f"'{parts[3]}' ({parts[2].rpartition('$')[2]})"


def _abort_half_made(context: grpc.ServicerContext, message: str, error: HalfMadeError) -> NoReturn:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.id, properties=encode(error.state), inputs=encode(error.inputs), reasons=[error.reason]
    )
    packed = any_pb2.Any()
    packed.Pack(detail)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)
