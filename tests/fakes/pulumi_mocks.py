"""A recording stand-in for Pulumi's engine: what was registered, with which options, and what look-ups were asked.

It answers ids made of type and name, holds back nothing and knows nothing of vCenter or AWS. Finders assert by type token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import grpc
import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime.stack import run_pulumi_func
from pulumi.runtime.sync_await import _sync_await

from infra.stack_state import READ_RESOURCES

PROJECT = "incline"


class EngineError(grpc.RpcError):
    """How the engine reports a failed function call."""

    def __init__(self, details: str) -> None:
        super().__init__(details)
        self._details = details

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return self._details


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One resource as the program registered it."""

    type: str
    name: str
    urn: str
    parent: str
    provider: str
    inputs: Mapping[str, Any]
    protect: bool
    import_id: str
    ignore_changes: tuple[str, ...]
    aliases: int
    custom: bool

    @property
    def parent_name(self) -> str:
        """The parent's logical name; empty under the stack itself."""
        if not self.parent:
            return ""
        types, name = self.parent.split("::", 3)[2:]
        return "" if types.endswith("pulumi:pulumi:Stack") else name

    @property
    def provider_name(self) -> str:
        """The logical name of the explicit provider; empty for the ambient default."""
        return self.provider.rsplit("::", 2)[1] if self.provider else ""


@dataclass
class Recording(mocks.Mocks):
    """What happened. `states` are the resources of stacks by stack name; `absent` names what look-ups do not find.

    `failures` are what reading a stack answers first, one after the other.
    """

    states: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    absent: Callable[[str, Mapping[str, Any]], bool] = lambda _token, _args: False
    failures: list[str] = field(default_factory=list)
    resources: list[Registration] = field(default_factory=list)
    outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        kind = args.typ.rsplit(":", 1)[-1]
        return f"{kind}/{args.name}", {"arn": f"arn:{args.name}", "keyId": f"key/{args.name}", **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        self.calls.append((args.token, args.args))
        if self.absent(args.token, args.args):
            raise EngineError(f"{args.args.get('name') or args.args.get('path')} not found")
        name = str(args.args.get("name") or args.args.get("path"))
        return {**args.args, "id": f"id/{name}", "resourcePoolId": f"root/{name}"}

    def of_type(self, token: str) -> list[Registration]:
        """Every resource of a type, in name order."""
        return sorted((each for each in self.resources if each.type == token), key=lambda each: each.name)

    def one(self, token: str, name: str) -> Registration:
        """The resource of that type and name; it must exist exactly once."""
        found = [each for each in self.resources if (each.type, each.name) == (token, name)]
        assert len(found) == 1, f"{token} {name}: {len(found)} of {sorted((r.type, r.name) for r in self.resources)}"
        return found[0]

    def children(self, parent: str) -> list[tuple[str, str]]:
        """Type and name of everything under a component, sorted."""
        return sorted((each.type, each.name) for each in self.resources if each.parent_name == parent)

    def listing(self) -> list[str]:
        """Every resource as one line of type, name and parent, sorted: what a golden file holds."""
        return sorted(f"{each.type} {each.name} < {each.parent_name or '(stack)'}" for each in self.resources)


class RecordingMonitor(mocks.MockMonitor):
    """The engine's side of the conversation, with the options that Pulumi's own mock drops."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording)
        self._recording = recording
        self._lock = Lock()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        response = super().RegisterResource(request)
        if request.type == "pulumi:pulumi:Stack":
            return response
        registration = Registration(
            type=request.type,
            name=request.name,
            urn=response.urn,
            parent=request.parent,
            provider=request.provider or next(iter(dict(request.providers).values()), ""),
            inputs=rpc.deserialize_properties(request.object),
            protect=request.protect,
            import_id=request.importId,
            ignore_changes=tuple(request.ignoreChanges),
            aliases=len(request.aliases),
            custom=request.custom,
        )
        with self._lock:
            self._recording.resources.append(registration)
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        with self._lock:
            self._recording.outputs[request.urn.rsplit("::", 1)[-1]] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        if request.tok != READ_RESOURCES:
            return super().Invoke(request)
        if self._recording.failures:
            raise EngineError(self._recording.failures.pop(0))
        stack = rpc.deserialize_properties(request.args)["stackName"].rsplit("/", 1)[-1]
        if stack not in self._recording.states:
            raise EngineError(f'unknown stack "{stack}"')
        answer = {"name": stack, "outputs": self._recording.states[stack]}
        return mocks.provider_pb2.InvokeResponse(**{"return": _sync_await(rpc.serialize_properties(answer, {}))})


def run_program(
    program: Callable[[], object],
    *,
    stack: str = "downtown.servers",
    states: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    absent: Callable[[str, Mapping[str, Any]], bool] = lambda _token, _args: False,
    failures: Iterable[str] = (),
    preview: bool = False,
) -> Recording:
    """Runs a program against a fresh engine and returns what it registered. A stack that `states` lacks is new, and empty."""
    recording = Recording(states={stack: {}, **(states or {})}, absent=absent, failures=list(failures))
    mocks.set_mocks(
        recording, project=PROJECT, stack=stack, preview=preview, monitor=RecordingMonitor(recording), organization="organization"
    )
    pulumi.runtime.settings.SETTINGS.rpc_manager.clear()
    pulumi.runtime.settings.SETTINGS.outputs.clear()
    _sync_await(run_pulumi_func(program))
    return recording


def resource_urn(stack: str, token: str, name: str) -> str:
    """The URN of a resource without parents, as stack state lists it."""
    return f"urn:pulumi:{stack}::{PROJECT}::{token}::{name}"


def stack_outputs(stack: str, outputs: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The state of a stack that holds nothing but its outputs."""
    token = "pulumi:pulumi:Stack"
    return {resource_urn(stack, token, f"{PROJECT}-{stack}"): {"type": token, "outputs": outputs}}
