"""Sizes for an assessment: the fleet that goes up within one budget of risk, each machine that goes down by the hosts that wait for it.

A type that people wrote into the estate is taken as they wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from infra.catalogue import InstanceType, instance_types
from infra.estate.model import Estate
from infra.prices import Prices
from migration.assess.complexity import names_a_database
from migration.assess.model import SizeOption, Sizing
from migration.assess.sizing import size_fleet
from migration.assess.sizing_down import size_fleet_down
from migration.assess.sizing_hours import with_raw
from migration.assess.sizing_measured import measured_in
from migration.assess.sizing_rules import SizingRules
from migration.assess.sizing_types import usd_month
from migration.assess.subject import system_of
from migration.discover.model import FoundMachine, Inventory
from migration.discover.samples import Samples


def sizes(
    inventory: Inventory,
    at: Mapping[str, str],
    estate: Estate | None,
    prices: Prices,
    rules: SizingRules | None = None,
    raw: Iterable[Samples] = (),
) -> dict[str, Sizing]:
    """Sizes by machine key, of the machines that have a target. `raw`: samples, where a store still has them: better than percentiles."""
    tiers = _tiers(inventory, estate)
    going = [m for m in inventory.machines if m.key in at and m.cpus > 0 and m.memory > 0]
    measured = with_raw(measured_in(inventory, tiers=tiers), going, raw)
    up = size_fleet([m for m in going if m.kind == "vsphere"], measured, rules=rules, prices=prices)
    up = {key: _with_its_memory(machine, up[key], estate) for key, machine in ((m.key, m) for m in going) if key in up}
    found = {m.key: sized for m in going if (sized := _as_written(m, up.get(m.key), at[m.key], estate, prices)) is not None}
    down = [m for m in going if m.kind == "aws"]
    for target in sorted({at[m.key] for m in down}):
        hosts = [host for host in inventory.hosts if host.site == target]
        standing = [m for m in inventory.machines if m.site == target]
        found |= size_fleet_down([m for m in down if at[m.key] == target], measured, hosts, rules=rules, prices=prices, standing=standing)
    return found


def _tiers(inventory: Inventory, estate: Estate | None) -> dict[str, str]:
    if estate is None:
        return {}
    known = {m.key: estate.servers[m.server] for m in inventory.machines if m.server in estate.servers}
    return {key: estate.services[server.service].tier.value for key, server in known.items() if server.service in estate.services}


def _with_its_memory(machine: FoundMachine, sized: Sizing, estate: Estate | None) -> Sizing:
    """A database keeps its memory: vCenter measures what a guest touches (`mem.active`), and a cache holds what it rarely touches."""
    server = estate.servers.get(machine.server) if estate else None
    if sized.chosen.memory >= machine.memory or not names_a_database(server.role if server else "", machine.server or machine.name):
        return sized
    holding = [option for option in (*sized.frontier, sized.provisioned) if option.memory >= machine.memory]
    chosen = min(holding, key=lambda option: (option.usd_month, option.name), default=sized.provisioned)
    return replace(sized, chosen=chosen, why=f"a database keeps its memory, of which a vCenter sees only what is touched; {sized.why}")


def _as_written(machine: FoundMachine, sized: Sizing | None, target: str, estate: Estate | None, prices: Prices) -> Sizing | None:
    server = estate.servers.get(machine.server) if estate else None
    place = server.at.get(target) if server else None
    kind = instance_types().get(place.instance_type) if place else None
    if sized is None or kind is None:
        return sized
    return _with_type(machine, sized, kind, prices)


def _with_type(machine: FoundMachine, sized: Sizing, kind: InstanceType, prices: Prices) -> Sizing:
    known = next((option for option in sized.frontier if option.name == kind.name), None)
    month = usd_month(kind, prices, windows=system_of(machine).startswith("windows"))
    chosen = known or SizeOption(name=kind.name, cpus=kind.cpus, memory=kind.memory, usd_month=month)
    chosen = replace(chosen, label="as the estate says")
    frontier = tuple(sorted((*(o for o in sized.frontier if o.name != kind.name), chosen), key=lambda o: (o.usd_month, o.name)))
    return replace(sized, chosen=chosen, frontier=frontier, why=f"{kind.name}, as the estate says; else {sized.chosen.name}: {sized.why}")
