"""The servers layer of a site: the servers whose placement stands there, and the held sources of moves that are on trial.

An estate older than the one that this stack was last brought to is refused before any declaration: it would take away what a move has
just made. That every server has a placement was made sure of when the estate was loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.base import State
from components.hybrid.redundancy_group import Member, RedundancyGroup, RedundancyGroupArgs
from components.hybrid.server import Server, ServerArgs
from infra.errors import InclineError
from infra.estate.model import AwsSite, Estate, Machine, Site, VsphereSite
from infra.estate.model import Server as EstateServer
from infra.outputs import GENERATION, HELD, SERVERS, AwsFoundation, VsphereFoundation, read_aws_foundation, read_vsphere_foundation
from infra.providers import make_provider
from infra.stack_config import StackSettings
from infra.stack_state import StackState, read_stack
from stacks.sites import site_of


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A server's machine on this site."""

    server: EstateServer
    machine: Machine
    state: State


def declare(estate: Estate, settings: StackSettings, environ: Mapping[str, str]) -> dict[str, Any]:
    """Declares the servers of the stack's site; returns its outputs."""
    site = site_of(estate, settings.name)
    stack = read_stack(str(settings.name))
    refuse_older(estate, settings, stack)
    foundation = _foundation(site)
    provider = make_provider(site, environ)
    opts = pulumi.ResourceOptions(providers=[provider])
    standing = list(standing_at(estate, site.name))
    machines = {each.server.name: _declare_server(estate, site, foundation, stack, each, opts) for each in standing}
    for group, members in _groups(site, standing, machines).items():
        RedundancyGroup(group, args=RedundancyGroupArgs(members=members, site=site, foundation=foundation), opts=opts)
    # One line per server: `pulumi up` prints them every time.
    return {
        GENERATION: estate.generation,
        SERVERS: {each.server.name: machines[each.server.name].machine_id for each in standing},
        HELD: [each.server.name for each in standing if each.state is State.HELD],
    }


def standing_at(estate: Estate, site: str) -> Iterator[Standing]:
    """What stands on a site, in name order: the machines that serve, then the held ones."""
    for server in estate.declared_at(site):
        yield Standing(server=server, machine=estate.placements[server.name].machine, state=State.ACTIVE)
    for server in estate.held_at(site):
        held = estate.placements[server.name].held
        if held is not None:
            yield Standing(server=server, machine=held.machine, state=State.HELD)


def refuse_older(estate: Estate, settings: StackSettings, stack: StackState) -> None:
    """Refuses an estate of an earlier generation than the one that the stack was last brought to (INC-7005)."""
    known = stack.outputs.get(GENERATION)
    generation = int(known) if isinstance(known, int | float) else 0
    if estate.generation < generation:
        raise InclineError(
            f"stack {settings.name} was last brought to generation {generation} of the estate, this one is generation {estate.generation}",
            code="INC-7005",
            details=("it is older: a move since then has changed where servers stand, and this program would undo that",),
            next_step="bring the estate up to date (git pull), or merge the branch that carries the newer placements",
        )


def _foundation(site: Site) -> VsphereFoundation | AwsFoundation:
    return read_vsphere_foundation(site.name) if isinstance(site, VsphereSite) else read_aws_foundation(site.name)


def _declare_server(
    estate: Estate,
    site: Site,
    foundation: VsphereFoundation | AwsFoundation,
    stack: StackState,
    standing: Standing,
    opts: pulumi.ResourceOptions,
) -> Server:
    server = standing.server
    args = ServerArgs(
        server=server,
        service=estate.services[server.service],
        machine=standing.machine,
        state=standing.state,
        site=site,
        foundation=foundation,
        stack=stack,
    )
    return Server(server.name, args=args, opts=opts)


def _groups(site: Site, standing: list[Standing], machines: Mapping[str, Server]) -> dict[str, tuple[Member, ...]]:
    """The redundancy groups with at least two members on this site."""
    groups: dict[str, list[Member]] = {}
    for each in standing:
        if each.server.redundancy_group:
            domain = _failure_domain(site, each.server)
            member = Member(server=each.server.name, failure_domain=domain, machine_id=machines[each.server.name].machine_id)
            groups.setdefault(each.server.redundancy_group, []).append(member)
    return {name: tuple(members) for name, members in sorted(groups.items()) if len(members) > 1}


def _failure_domain(site: Site, server: EstateServer) -> str:
    attachment = server.at[site.name]
    if isinstance(site, AwsSite):
        return next(network.zone for network in site.networks if network.name == attachment.nics[0].network)
    return attachment.cluster
