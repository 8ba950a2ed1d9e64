"""Assesses an inventory: every machine once, in the direction of its target. Pure; the time it takes grows with the machines alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Literal

from infra.catalogue import CatalogueError, InstanceType, choose_instance_type, instance_type, instance_types
from infra.estate.model import Estate, Server, Size
from infra.prices import Prices, listed_prices
from migration.assess.aims import aims as aims_of
from migration.assess.aims import kind_of
from migration.assess.complexity import complexity
from migration.assess.confidence import confidence
from migration.assess.cost import Bill, cost
from migration.assess.cost_datacentre import DataCentre
from migration.assess.licences import licences
from migration.assess.model import Assessment, Sizing
from migration.assess.modernize import modernize
from migration.assess.readiness import judge
from migration.assess.sizes import sizes
from migration.assess.sizing_rules import SizingRules
from migration.assess.strategy import strategy
from migration.assess.subject import Subject, system_of
from migration.discover.model import FoundDatastore, FoundHost, FoundMachine, Inventory, Metric, Percentiles

_MOST_CPUS = 768
_TEST = re.compile(r"(?<![a-z])(?:dev|devel|development|test|tst|qa|uat|stage|staging|sandbox|preprod)(?![a-z])", re.IGNORECASE)
_PRODUCTION = re.compile(r"(?<![a-z])(?:prod|production|prd|live)(?![a-z])", re.IGNORECASE)
Environment = Literal["production", "test", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is the same for every machine, looked up once."""

    inventory: Inventory
    estate: Estate | None
    prices: Prices
    now: datetime
    centre: DataCentre
    sizing: Mapping[str, Sizing]
    usage: Mapping[str, Mapping[Metric, Percentiles]]
    neighbours: Mapping[str, int]
    hosts: Mapping[str, tuple[FoundHost, ...]]
    datastores: Mapping[str, tuple[FoundDatastore, ...]]
    clocks: Mapping[tuple[str, str], int]
    types: dict[tuple[int, int, str, int], InstanceType | None] = field(default_factory=dict)


def assess(
    inventory: Inventory,
    *,
    estate: Estate | None = None,
    target: str | Mapping[str, str] = "",
    prices: Prices | None = None,
    now: datetime | None = None,
    sizing: Mapping[str, Sizing] | None = None,
    rules: SizingRules | None = None,
) -> tuple[Assessment, ...]:
    """What can be said of every machine that has a target; legacy systems first, then by name.

    Args:
        inventory: of one or more sites, with usage and edges where there are any.
        estate: what people intend; without it targets are the kinds `aws` and `vsphere`.
        target: a site (or kind) that all go to, or targets by machine key; empty: by pending move or the one other site.
        prices: the package's, when none are given.
        now: what ages are counted from; the moment of the inventory when left out.
        sizing: sizes by machine key; chosen here when left out. A machine without one is judged by its provisioned size.
        rules: how sizes are chosen here.
    """
    at = aims_of(inventory, estate, target).at if isinstance(target, str) else target
    chosen = sizes(inventory, at, estate, prices or listed_prices(), rules) if sizing is None else sizing
    around = surroundings(inventory, estate=estate, prices=prices, now=now, sizing=chosen)
    found = [_assess(machine, at[machine.key], around) for machine in inventory.machines if machine.key in at]
    return tuple(sorted(found, key=lambda a: (a.modernize is None, a.server, a.machine)))


def surroundings(
    inventory: Inventory,
    *,
    estate: Estate | None = None,
    prices: Prices | None = None,
    now: datetime | None = None,
    sizing: Mapping[str, Sizing] | None = None,
) -> Surroundings:
    """What every machine of an inventory shares."""
    priced = prices or listed_prices()
    moment = now or inventory.taken_at
    return Surroundings(
        inventory=inventory,
        estate=estate,
        prices=priced,
        now=moment if moment.tzinfo else datetime.combine(moment.date(), time(), UTC),
        centre=DataCentre(inventory, priced),
        sizing=sizing or {},
        usage=inventory.usage_of(),
        neighbours=_neighbours(inventory),
        hosts=_by_site(inventory.hosts),
        datastores=_by_site(inventory.datastores),
        clocks={(host.site, host.name): host.mhz for host in inventory.hosts if host.mhz > 0},
    )


def _by_site(records: Iterable[FoundHost] | Iterable[FoundDatastore]) -> dict[str, tuple]:  # type: ignore[type-arg]
    found: dict[str, list[FoundHost | FoundDatastore]] = {}
    for each in records:
        found.setdefault(each.site, []).append(each)
    return {site: tuple(listed) for site, listed in found.items()}


def _neighbours(inventory: Inventory) -> dict[str, int]:
    """How many others each machine talks to; addresses that nobody is known at do not count."""
    known = {machine.key for machine in inventory.machines}
    found: dict[str, set[str]] = {}
    for edge in inventory.edges:
        if edge.source in known and edge.target in known and edge.source != edge.target:
            found.setdefault(edge.source, set()).add(edge.target)
            found.setdefault(edge.target, set()).add(edge.source)
    return {key: len(others) for key, others in found.items()}


def subject_of(machine: FoundMachine, target: str, around: Surroundings) -> Subject:
    """A machine with all that its judges look at."""
    estate = around.estate
    server = estate.servers.get(machine.server) if estate else None
    sized = around.sizing.get(machine.key)
    direction: Literal["up", "down"] = (
        "up" if (kind_of(target, estate) or ("aws" if machine.kind == "vsphere" else "vsphere")) == "aws" else "down"
    )
    return Subject(
        machine=machine,
        direction=direction,
        target=target,
        now=around.now,
        system=system_of(machine, server),
        with_estate=estate is not None,
        server=server,
        service=estate.services.get(server.service) if estate and server else None,
        placement=estate.placements.get(machine.server) if estate and server else None,
        instance=_instance(machine, server, target, around) if direction == "up" else None,
        hosts=around.hosts.get(target, ()) if direction == "down" else (),
        datastores=around.datastores.get(target, ()) if direction == "down" else (),
        usage=around.usage.get(machine.key, {}),
        dependencies=around.neighbours.get(machine.key, 0),
        core_mhz=around.clocks.get((machine.site, machine.host)),
        host=sized.chosen.host if sized is not None and direction == "down" and around.hosts.get(target) else None,
    )


def _instance(machine: FoundMachine, server: Server | None, target: str, around: Surroundings) -> InstanceType | None:
    """The type that was chosen by size and use, or written into the estate, or that holds the provisioned size."""
    if server is not None and target in server.at and server.at[target].instance_type:
        return instance_types().get(server.at[target].instance_type)
    sized = around.sizing.get(machine.key)
    if sized is not None and sized.chosen.name in instance_types():
        return instance_type(sized.chosen.name)
    firmware = "efi" if machine.firmware.lower() in {"efi", "uefi", "uefi-preferred"} else "bios"
    key = (machine.cpus, machine.memory, firmware, len(machine.nics))
    if key not in around.types:
        around.types[key] = _choice(*key)
    return around.types[key]


def _choice(cpus: int, memory: int, firmware: str, nics: int) -> InstanceType | None:
    if not 0 < cpus <= _MOST_CPUS or memory <= 0:
        return None
    try:
        return choose_instance_type(Size(cpus=cpus, memory=memory), firmware=firmware, nics=nics)
    except CatalogueError:
        return None


def _assess(machine: FoundMachine, target: str, around: Surroundings) -> Assessment:
    subject = subject_of(machine, target, around)
    sized = around.sizing.get(machine.key)
    state, reasons = judge(subject)
    then_cpus = sized.chosen.cpus if sized else subject.instance.cpus if subject.instance else 0
    risks = licences(subject, around.prices, then_cpus=then_cpus)
    effort = complexity(subject, reasons, risks)
    way, why = strategy(subject, reasons)
    service = subject.service
    return Assessment(
        machine=machine.key,
        server=subject.name,
        site=machine.site,
        target=target,
        direction=subject.direction,
        service=service.name if service else _told(machine, "service", "application", "app"),
        tier=service.tier.value if service else _told(machine, "tier", "criticality"),
        owner=service.owner if service else _told(machine, "owner", "department", "contact"),
        readiness=state,
        reasons=reasons,
        complexity=effort,
        confidence=confidence(machine, subject.usage, around.now),
        strategy=way,
        strategy_why=why,
        bytes=machine.provisioned,
        cpus=machine.cpus,
        memory=machine.memory,
        power=machine.power,
        environment=_environment(machine),
        licences=risks,
        modernize=modernize(subject, around.now.date()),
        sizing=sized,
        # Without its size only disks would be counted at the target, which looks like a saving.
        cost=cost(Bill(subject=subject, sizing=sized, complexity=effort.value, centre=around.centre, prices=around.prices))
        if machine.power != "on" or (machine.cpus > 0 and machine.memory > 0)
        else None,
    )


def _told(machine: FoundMachine, *keys: str) -> str:
    """What a tag or an attribute says, whatever its capitals."""
    words = {key.lower().replace("incline:", ""): value for pairs in (machine.custom, machine.tags) for key, value in pairs.items()}
    return next((words[key] for key in keys if words.get(key)), "")


def _environment(machine: FoundMachine) -> Environment:
    told = f"{_told(machine, 'environment', 'env', 'stage')} {machine.folder} {machine.name}".replace("_", "-")
    if _TEST.search(told):
        return "test"
    return "production" if _PRODUCTION.search(told) else "unknown"
