"""The engine's side of the provider protocol, as the tests play it: one provider over loopback, resources by their URN."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Self

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from lab.providers.operations import Operations
from lab.providers.server import serve
from lab.providers.table import Table
from lab.providers.values import Values, decode, encode


@dataclass
class Known:
    """A resource as the engine's state has it."""

    urn: str
    id: str
    inputs: Values
    state: Values


@dataclass(frozen=True)
class Plan:
    """The answer to a Diff."""

    changed: bool
    paths: dict[str, str]
    replaces: set[str]
    delete_before_replace: bool


class RefusedError(AssertionError):
    """Check found something wrong."""


@dataclass
class Engine:
    """Drives one provider."""

    table: Table[Any]
    config: Values
    secrets: tuple[str, ...] = ()
    stub: Any = None
    _server: Any = None
    _channel: Any = None
    _names: int = field(default=0)
    configured: bool = True

    def __enter__(self) -> Self:
        self.operations = Operations(self.table)
        self._server, port = serve(self.operations)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        if self.configured:
            self.configure()
        return self

    def configure(self) -> None:
        """Hand the configuration over: the provider signs on."""
        self.stub.Configure(provider_pb2.ConfigureRequest(args=encode(self.config), acceptSecrets=True))

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        self._server.stop(0).wait()

    def urn(self, token: str, name: str = "thing") -> str:
        return f"urn:pulumi:test::incline::incline:x:Y${token}::{name}"

    def check(self, urn: str, news: Values, olds: Values | None = None) -> tuple[Values, dict[str, str]]:
        answer = self.stub.Check(provider_pb2.CheckRequest(urn=urn, news=encode(news), olds=encode(olds or {}), randomSeed=os.urandom(8)))
        return decode(answer.inputs)[0], {item.property: item.reason for item in answer.failures}

    def checked(self, urn: str, news: Values, olds: Values | None = None) -> Values:
        inputs, failures = self.check(urn, news, olds)
        if failures:
            raise RefusedError(failures)
        return inputs

    def preview(self, urn: str, news: Values) -> Values:
        request = provider_pb2.CreateRequest(urn=urn, properties=encode(self.checked(urn, news)), preview=True)
        return decode(self.stub.Create(request).properties)[0]

    def create(self, urn: str, news: Values, timeout: float = 0) -> Known:
        inputs = self.checked(urn, news)
        answer = self.stub.Create(provider_pb2.CreateRequest(urn=urn, properties=encode(inputs), timeout=timeout))
        return Known(urn, answer.id, inputs, decode(answer.properties)[0])

    def diff(self, known: Known, news: Values, ignore: tuple[str, ...] = ()) -> Plan:
        inputs = self.checked(known.urn, news, known.inputs)
        answer = self.stub.Diff(
            provider_pb2.DiffRequest(
                id=known.id,
                urn=known.urn,
                olds=encode(known.state),
                old_inputs=encode(known.inputs),
                news=encode(inputs),
                ignoreChanges=ignore,
            )
        )
        kinds = {path: provider_pb2.PropertyDiff.Kind.Name(item.kind) for path, item in answer.detailedDiff.items()}
        changed = answer.changes == provider_pb2.DiffResponse.DIFF_SOME
        return Plan(changed, kinds, set(answer.replaces), answer.deleteBeforeReplace)

    def update(self, known: Known, news: Values) -> Known:
        inputs = self.checked(known.urn, news, known.inputs)
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                id=known.id, urn=known.urn, olds=encode(known.state), old_inputs=encode(known.inputs), news=encode(inputs)
            )
        )
        return Known(known.urn, known.id, inputs, decode(answer.properties)[0])

    def refresh(self, known: Known) -> Known | None:
        request = provider_pb2.ReadRequest(id=known.id, urn=known.urn, properties=encode(known.state), inputs=encode(known.inputs))
        answer = self.stub.Read(request)
        if not answer.id:
            return None
        return Known(known.urn, answer.id, decode(answer.inputs)[0], decode(answer.properties)[0])

    def drift(self, known: Known) -> dict[str, str]:
        """What `pulumi refresh` would show: the old inputs against the refreshed state."""
        found = self.refresh(known)
        assert found is not None, "gone"
        return self.diff(Known(known.urn, found.id, found.inputs, found.state), plain(known.inputs)).paths

    def import_(self, urn: str, import_id: str) -> Known | None:
        answer = self.stub.Read(provider_pb2.ReadRequest(id=import_id, urn=urn))
        if not answer.id:
            return None
        return Known(urn, answer.id, decode(answer.inputs)[0], decode(answer.properties)[0])

    def delete(self, known: Known) -> None:
        self.stub.Delete(provider_pb2.DeleteRequest(id=known.id, urn=known.urn, properties=encode(known.state)))

    def invoke(self, token: str, **arguments: Any) -> Values:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=encode(arguments)))
        return decode(getattr(answer, "return"))[0]


def plain(inputs: Values) -> Values:
    return {name: value for name, value in inputs.items() if not name.startswith("__")}


def half_made(error: grpc.RpcError) -> provider_pb2.ErrorResourceInitFailed:
    """What a failed creation or update left behind, as the engine finds it in the status."""
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    status.details[0].Unpack(detail)
    return detail
