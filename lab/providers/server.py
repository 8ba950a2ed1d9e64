"""Pulumi's provider protocol (`pulumirpc.ResourceProvider`) over `Operations`: messages in, plain values through, messages out."""

# ruff: noqa: ARG002  # gRPC hands every method a request and a context

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from lab.providers.failures import told
from lab.providers.operations import Operations, Verdict
from lab.providers.table import Problem
from lab.providers.values import Unknown, Values, decode, encode

_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}
_MESSAGE_LIMIT = 400 * 1024 * 1024
_THREADS = 32


class ProviderServicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine for one provider."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say what this provider understands."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The version of the real plugin that this one stands in for."""
        return plugin_pb2.PluginInfo(version=self._operations.table.sdk.version)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A minimal schema: the names of the types and functions that are modelled."""
        table = self._operations.table
        schema = {
            "name": table.name,
            "version": table.sdk.version,
            "description": f"The lab's stand-in for the {table.name} provider.",
            "resources": {token: {"description": f"As upstream's {item.upstream}."} for token, item in table.resources.items()},
            "functions": {token: {"description": f"As upstream's {item.upstream}."} for token, item in table.functions.items()},
        }
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Refuse configuration that the real provider would refuse."""
        news, secrets = decode(request.news)
        with told(context, "checking the configuration of", request.urn):
            problems = self._operations.check_config(_configuration(news))
        return provider_pb2.CheckResponse(inputs=encode(news, secrets), failures=_failures(problems))

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A provider's configuration can always be changed in place; `region` alone means other resources."""
        olds, news = decode(request.old_inputs or request.olds)[0], decode(request.news)[0]
        names = sorted(name for name in {*olds, *news} if olds.get(name) != news.get(name) and not name.startswith("__"))
        kind = provider_pb2.DiffResponse.DIFF_SOME if names else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=kind, diffs=names)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Take the configuration and sign on, as both real plugins do: wrong credentials are told before anything is done with them."""
        given = decode(request.args)[0] if request.HasField("args") else {}
        named = {key.rpartition(":")[2]: value for key, value in request.variables.items()}
        with told(context, "configuring", request.urn or f"the provider {self._operations.table.name}"):
            self._operations.configure(_configuration({**named, **given}))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Complete and check the inputs."""
        (news, secrets), (olds, _) = decode(request.news), decode(request.olds)
        proposed = request.autonaming.proposed_name if request.HasField("autonaming") else ""
        with told(context, "checking", request.urn):
            inputs, problems = self._operations.check(
                _token(request.urn), news, olds, name=_name(request.urn), seed=request.randomSeed, proposed=proposed
            )
        return provider_pb2.CheckResponse(inputs=encode(inputs, secrets), failures=_failures(problems))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Compare the new inputs with the last known state."""
        with told(context, "comparing", request.urn):
            verdict = self._operations.diff(
                _token(request.urn),
                decode(request.olds)[0],
                decode(request.old_inputs)[0],
                decode(request.news)[0],
                request.ignoreChanges,
            )
        return _diff_response(verdict)

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Make a resource, or preview it."""
        inputs, secrets = decode(request.properties)
        with told(context, "creating", request.urn):
            id_, state = self._operations.create(
                _token(request.urn), inputs, name=_name(request.urn), timeout=request.timeout, dry_run=request.preview
            )
        return provider_pb2.CreateResponse(id=id_, properties=encode(state, secrets))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Look at what is there: refresh, or import when only an id is known."""
        (state, state_secrets), (inputs, input_secrets) = decode(request.properties), decode(request.inputs)
        with told(context, "reading", request.urn):
            id_, found, refreshed = self._operations.read(
                _token(request.urn), request.id, state, inputs, name=_name(request.urn), timeout=request.timeout
            )
        if not id_:
            return provider_pb2.ReadResponse()
        secrets = state_secrets | input_secrets
        return provider_pb2.ReadResponse(id=id_, properties=encode(found, secrets), inputs=encode(refreshed, input_secrets))

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Change a resource in place, or preview it."""
        news, secrets = decode(request.news)
        with told(context, "updating", request.urn):
            state = self._operations.update(
                _token(request.urn),
                request.id,
                state=decode(request.olds)[0],
                old_inputs=decode(request.old_inputs)[0],
                news=news,
                ignored=request.ignoreChanges,
                name=_name(request.urn),
                timeout=request.timeout,
                dry_run=request.preview,
            )
        return provider_pb2.UpdateResponse(properties=encode(state, secrets))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Remove a resource."""
        with told(context, "deleting", request.urn):
            self._operations.delete(
                _token(request.urn), request.id, decode(request.properties)[0], name=_name(request.urn), timeout=request.timeout
            )
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Answer a function."""
        with told(context, "calling", request.tok):
            answer = self._operations.invoke(request.tok, decode(request.args)[0])
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(encode(answer))
        return response

    def GetMapping(self, request: Any, context: grpc.ServicerContext) -> Any:
        """There is no Terraform mapping to hand out."""
        return provider_pb2.GetMappingResponse()

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The engine was attached by hand (PULUMI_DEBUG_PROVIDERS); nothing is kept of it."""
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Stop waiting; what was begun is answered as failed."""
        self._operations.stop.set()
        return empty_pb2.Empty()


def serve(operations: Operations, address: str = "127.0.0.1:0") -> tuple[grpc.Server, int]:
    """Start the server; the port is what the plugin prints for the engine."""
    options = [("grpc.max_receive_message_length", _MESSAGE_LIMIT), ("grpc.max_send_message_length", _MESSAGE_LIMIT)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=_THREADS), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderServicer(operations), server)
    port = server.add_insecure_port(address)
    server.start()
    return server, port


def _configuration(given: Values) -> Values:
    """The configuration with its values opened: the SDK sends everything but text as JSON."""
    return {name: _opened(value) for name, value in given.items() if value is not None and not name.startswith("__")} | _marks(given)


def _marks(given: Values) -> Values:
    return {name: value for name, value in given.items() if name == "version" and isinstance(value, str)}


def _opened(value: Any) -> Any:
    if isinstance(value, Unknown) or not isinstance(value, str) or (value[:1] not in ("[", "{") and value not in ("true", "false")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _token(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _failures(problems: Iterable[Problem]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in problems]


def _diff_response(verdict: Verdict) -> Any:
    changes = provider_pb2.DiffResponse.DIFF_SOME if verdict.differences else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=changes,
        diffs=sorted({item.top for item in verdict.differences}),
        replaces=sorted({item.top for item in verdict.differences if item.replace}),
        detailedDiff={item.path: provider_pb2.PropertyDiff(kind=_KINDS[item.kind, item.replace]) for item in verdict.differences},
        hasDetailedDiff=True,
        deleteBeforeReplace=verdict.delete_before_replace,
    )
