"""The servers' stack of a site as Pulumi shows it: what the city's program declares, as protocol messages and as an exported state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from infra.catalogue import type_for
from infra.estate.model import GIB, Estate, Server
from infra.tags import aws_server_tags, required_tags
from policies.readers.stack import INSTANCE, SECURITY_GROUP, SERVER, VIRTUAL_MACHINE, VOLUME

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
HARDWARE_VERSION = 19


@dataclass(frozen=True)
class Declared:
    """One resource of a program. `computed` is what the plugin fills in, unknown in a preview."""

    type: str
    name: str
    stack: str
    parent: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    computed: dict[str, Any] = field(default_factory=dict)
    protect: bool = False

    @property
    def urn(self) -> str:
        """Its URN, as the engine makes it."""
        return f"urn:pulumi:{self.stack}::incline::{SERVER + '$' if self.parent else ''}{self.type}::{self.name}"


def declared(estate: Estate, site: str) -> list[Declared]:
    """What the program declares for a site, held machines included."""
    servers = [*estate.declared_at(site), *estate.held_at(site)]
    return [resource for server in servers for resource in _server(estate, server, site)]


def _server(estate: Estate, server: Server, site: str) -> Iterator[Declared]:
    stack, service = f"{site}.servers", estate.services[server.service]
    component = Declared(SERVER, server.name, stack, inputs={"server": server.name, "tags": required_tags(service)})
    yield component
    if estate.sites[site].kind == "vsphere":
        yield _machine(server, stack, component.urn)
        return
    tags = aws_server_tags(server, service)
    yield _group(server, stack, component.urn)
    yield Declared(
        INSTANCE,
        f"{server.name}-instance",
        stack,
        component.urn,
        {
            "instanceType": type_for(server, site).name,
            "rootBlockDevice": {"volumeSize": -(-server.disks[0].size // GIB), "volumeType": "gp3", "encrypted": True},
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required"},
            "networkInterfaces": [{"deviceIndex": 0, "networkInterfaceId": UNKNOWN}],
            "tags": tags,
        },
        {"availabilityZone": UNKNOWN, "publicIp": UNKNOWN, "disableApiTermination": UNKNOWN, "maintenanceOptions": UNKNOWN},
        protect=True,
    )
    for disk in server.disks[1:]:
        inputs = {"size": -(-disk.size // GIB), "type": "gp3", "encrypted": True, "availabilityZone": "us-east-1a"}
        computed = {"iops": UNKNOWN, "throughput": UNKNOWN, "snapshotId": UNKNOWN}
        yield Declared(VOLUME, f"{server.name}-disk-{disk.name}", stack, component.urn, inputs, computed, protect=True)


def _machine(server: Server, stack: str, parent: str) -> Declared:
    inputs = {
        "name": server.name,
        "numCpus": server.size.cpus,
        "memory": server.size.memory >> 20,
        "guestId": server.os.guest_id,
        "firmware": server.os.firmware,
        "hardwareVersion": HARDWARE_VERSION,
        "disks": [
            {"label": f"Hard disk {n + 1}", "size": -(-d.size // GIB), "unitNumber": n, "thinProvisioned": True}
            for n, d in enumerate(server.disks)
        ],
        "resourcePoolId": UNKNOWN,
        "datastoreId": UNKNOWN,
        "tags": [UNKNOWN],
    }
    return Declared(VIRTUAL_MACHINE, f"{server.name}-vm", stack, parent, inputs, {"hostSystemId": UNKNOWN, "uuid": UNKNOWN}, protect=True)


def _group(server: Server, stack: str, parent: str) -> Declared:
    ingress = [{"protocol": p.protocol, "fromPort": p.port, "toPort": p.port, "cidrBlocks": [str(p.source)]} for p in server.ports]
    return Declared(SECURITY_GROUP, f"{server.name}-sg", stack, parent, {"name": server.name, "ingress": ingress})


def struct(values: dict[str, Any]) -> Struct:
    """Properties on the wire."""
    made = Struct()
    made.update(values)
    return made


def requests(resources: list[Declared]) -> list[analyzer_pb2.AnalyzeRequest]:
    """What the engine sends while the program runs: every resource's inputs."""
    return [analyzer_pb2.AnalyzeRequest(type=r.type, urn=r.urn, name=r.name, properties=struct(r.inputs)) for r in resources]


def messages(resources: list[Declared]) -> list[analyzer_pb2.AnalyzerResource]:
    """What it sends at the end of a preview: outputs, which are the inputs and unknowns; a component has none."""
    return [
        analyzer_pb2.AnalyzerResource(
            type=r.type,
            urn=r.urn,
            name=r.name,
            parent=r.parent,
            properties=struct({} if r.type == SERVER else {**r.inputs, **r.computed}),
            options=analyzer_pb2.AnalyzerResourceOptions(protect=r.protect),
        )
        for r in resources
    ]


def previewed(
    stub: analyzer_pb2_grpc.AnalyzerStub | analyzer_pb2_grpc.AnalyzerServicer, resources: list[Declared]
) -> analyzer_pb2.AnalyzeResponse:
    """A whole preview as the engine runs it."""
    for request in requests(resources):
        stub.Analyze(request)
    answer: analyzer_pb2.AnalyzeResponse = stub.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=messages(resources)))
    return answer


def exported(resources: list[Declared], known: dict[str, dict[str, Any]] | None = None) -> dict[str, Any]:
    """The same as `pulumi stack export` writes it after the update; `known` are outputs by name that the plugin filled in."""
    listed = [
        {
            "urn": r.urn,
            "type": r.type,
            "custom": r.type != SERVER,
            "parent": r.parent,
            "protect": r.protect,
            "inputs": _settled(r.inputs),
            "outputs": {} if r.type == SERVER else {**_settled(r.inputs), **(known or {}).get(r.name, {})},
        }
        for r in resources
    ]
    return {"version": 3, "deployment": {"manifest": {}, "resources": listed}}


def _settled(inputs: dict[str, Any]) -> dict[str, Any]:
    """After the update nothing is unknown: ids are there."""
    return {key: "id-1" if value == UNKNOWN else value for key, value in inputs.items()}
