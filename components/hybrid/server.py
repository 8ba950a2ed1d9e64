"""A server of the city, wherever it stands: the same arguments make a vSphere virtual machine or an EC2 instance.

The placement decides the side; a `site` in the estate that differs from it is a pending move and changes nothing here. A held server is
declared under the same names as when it served, protected and with every change ignored, so that no edit can raise it. Only the SDK of
the side in use is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, assert_never

import pulumi

from components.base import ChildOptions, Component, State
from components.intent import server_intent, service_intent
from components.machine import MachinePlan, plan_machine
from infra.estate.model import AwsSite, Machine, Service, Site, VsphereSite
from infra.estate.model import Server as EstateServer
from infra.outputs import AwsFoundation, VsphereFoundation
from infra.stack_state import StackState


@dataclass(frozen=True, kw_only=True)
class ServerArgs:
    """What a server is declared from.

    Args:
        server: the entry of the estate.
        service: the service that it belongs to.
        machine: the placement's machine, or the held one.
        state: whether it serves or is held.
        site: the site where `machine` stands.
        foundation: that site's foundation.
        stack: the state of the stack that declares it.
    """

    server: EstateServer
    service: Service
    machine: Machine
    state: State
    site: Site
    foundation: VsphereFoundation | AwsFoundation
    stack: StackState


class Server(Component):
    """A server on either side. `machine_id` is the virtual machine's uuid or the instance's id."""

    urn_type: ClassVar[str] = "incline:hybrid:Server"

    machine_id: pulumi.Output[str]

    def __init__(self, name: str, *, args: ServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        plan = plan_machine(server=args.server, service=args.service, machine=args.machine, state=args.state, stack=args.stack)
        intent = service_intent(args.service) | server_intent(args.server) | _standing(args.site, plan)
        super().__init__(name, intent=intent, opts=_frozen(opts, intent) if args.state is State.HELD else opts)
        outputs = _declare(args.site, args.foundation, plan, self.children(args.state))
        self.machine_id = outputs["machineId"]
        self.register_outputs({**outputs, "addresses": [str(nic.address) for nic in plan.attachment.nics]})


def _frozen(opts: pulumi.ResourceOptions | None, intent: Mapping[str, object]) -> pulumi.ResourceOptions:
    """A held machine stays what it was, and so does its recorded intent: an edit is meant for the machine that serves."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=[key for key in intent if key != "state"]))


def _standing(site: Site, plan: MachinePlan) -> dict[str, object]:
    """Where the machine stands: what fails together with it is its failure domain."""
    match site:
        case VsphereSite():
            domain = f"cluster/{site.name}/{plan.attachment.cluster}"
        case AwsSite():
            zones = {network.name: network.zone for network in site.networks}
            domain = f"zone/{site.name}/{zones[plan.attachment.nics[0].network]}"
        case _:
            assert_never(site)
    return {"site": site.name, "failureDomain": domain, "state": plan.state.value}


def _declare(
    site: Site, foundation: VsphereFoundation | AwsFoundation, plan: MachinePlan, children: ChildOptions
) -> dict[str, pulumi.Output[Any]]:
    match site, foundation:
        case VsphereSite(), VsphereFoundation():
            from components.vsphere.virtual_machine import declare_virtual_machine  # noqa: PLC0415 - only the SDK of the side in use

            return {"machineId": declare_virtual_machine(plan, foundation, children).id}
        case AwsSite(), AwsFoundation():
            from components.aws.instance import declare_instance  # noqa: PLC0415 - only the SDK of the side in use

            made = declare_instance(plan, site, foundation, children)
            return {"machineId": made.instance.id, **{f"volume-{disk}": volume.id for disk, volume in made.volumes.items()}}
        case _:
            raise TypeError(f"site {site.name} and its foundation must be of one kind, got {type(foundation).__name__}")
