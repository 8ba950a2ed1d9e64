"""What a plan of waves is made from, gathered: estate, inventory, assessments, programme, capacity, what moves have measured."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.move_state import state_folder
from cli.output import say
from cli.plan_assessed import assessed
from cli.plan_together import together
from cli.store_path import DEFAULT, VARIABLE, estate_if_any
from infra.errors import InclineError
from infra.estate.load import load_estate
from infra.estate.model import Estate
from infra.estate.problems import did_you_mean
from infra.wording import counted
from migration.assess.aims import OTHER, kind_of
from migration.assess.declared import inventory_of, joined
from migration.discover.model import FoundMachine, Inventory
from migration.waves.build import Inputs
from migration.waves.document import Goal
from migration.waves.document_make import fingerprint
from migration.waves.durations import History, history
from migration.waves.programme import load_programme, programme_path
from policies.readers.snapshot import read_snapshot
from policies.readers.surroundings import capacity_file

if TYPE_CHECKING:
    from infra.observed.capacity import CapacitySnapshot


MANY = 500
"""So many take longer than the two seconds for which a command may be silent."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where everything is.

    Attributes:
        base: the folder that holds the estate: plans and what was made from it stand beside it.
        estate: None where there is none: an inventory alone can be planned too.
        named: the estate as the command line named it, for the commands that are suggested.
    """

    base: Path
    estate: Path | None
    programme: Path | None = None
    store: str | None = None
    capacity: Path | None = None
    named: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The inputs, the goal, and the fingerprints that a plan records."""

    inputs: Inputs
    goal: Goal
    fingerprints: dict[str, str]
    now: datetime


def places(estate: Path | None, programme: Path | None = None, store: str | None = None, capacity: Path | None = None) -> Places:
    """Where everything is, seen from here. Without an estate, an inventory must be named.

    Raises:
        InclineError: INC-5001 or INC-5002 when there is neither.
    """
    folder = estate_if_any(store, estate)
    base = folder.resolve().parent if folder else Path.cwd()
    named = estate if estate is not None and os.environ.get("INCLINE_ESTATE") != str(estate) else None
    return Places(base=base, estate=folder, programme=programme, store=store, capacity=capacity, named=named)


def gather(where: Places, goal: Goal) -> Gathered:
    """Read and assess everything that a plan needs. Nothing is asked of any site.

    Raises:
        InclineError: something cannot be read, or nothing is to move (INC-7126).
    """
    now = datetime.now(UTC)
    estate = load_estate(where.estate) if where.estate else None
    path = programme_path(where.estate or where.base / "estate", where.programme)
    programme = load_programme(path, estate, needed=where.programme is not None)
    inventory = _inventory(where, estate, now)
    snapshot = _snapshot(where, estate)
    targets = _targets(inventory, estate, goal)
    if len(targets) >= MANY:
        say(f"look at {counted(len(targets), 'server')}")
    candidates, left = assessed(where.base, inventory, estate, targets, programme, now)
    groups = together(inventory, candidates, programme)
    inputs = Inputs(
        candidates=candidates,
        today=now.date(),
        programme=programme,
        estate=estate,
        inventory=inventory,
        snapshot=snapshot,
        edges=inventory.edges,
        together=groups.of,
        told=groups.findings,
        history=_history(where),
        left=left,
    )
    return Gathered(inputs=inputs, goal=goal, fingerprints=_fingerprints(inputs, goal), now=now)


def _inventory(where: Places, estate: Estate | None, now: datetime) -> Inventory:
    """What was discovered, and for servers that were not, what the estate says."""
    declared = inventory_of(estate, now) if estate else Inventory(taken_at=now)
    named = where.store or os.environ.get(VARIABLE)
    usual = where.base / DEFAULT
    if not named and not usual.is_file():
        return declared
    from migration.discover.store import open_store  # noqa: PLC0415 - a plan of the estate alone needs no database

    with open_store(named or str(usual), must_exist=True) as store:
        seen = store.load()
    return joined(seen, declared)


def _snapshot(where: Places, estate: Estate | None) -> CapacitySnapshot | None:
    named = str(where.capacity or os.environ.get("INCLINE_CAPACITY", ""))
    path = capacity_file(where.estate, named, Path()) if where.estate else None
    if path is None:
        return None
    seen = read_snapshot(path)
    if estate is not None and seen.estate != estate.name:
        say(f"capacity snapshot {path} is of {seen.estate}: not used", style="yellow")
        return None
    return seen


def _targets(inventory: Inventory, estate: Estate | None, goal: Goal) -> dict[str, str]:
    """The target of every machine that is to move."""
    _known(goal, inventory, estate)
    found = {machine.key: to for machine in inventory.machines if (to := _target(machine, estate, goal))}
    if not found:
        pending = "the estate says no move between vSphere and AWS" if not goal.to else f"nothing is to move to {goal.to}"
        raise InclineError(
            f"no server to plan for: {pending}",
            code="INC-7126",
            next_step="incline plan make --to SITE   or   write another site: in the estate's servers",
        )
    return found


def _target(machine: FoundMachine, estate: Estate | None, goal: Goal) -> str:
    server = estate.servers.get(machine.server) if estate else None
    if machine.template or not _chosen(machine, server.service if server else "", goal):
        return ""
    if goal.to:
        return goal.to if kind_of(goal.to, estate) == OTHER[machine.kind] and machine.site != goal.to else ""
    if server is None or estate is None or server.site == machine.site:
        return ""
    return server.site if estate.sites[server.site].kind == OTHER[machine.kind] else ""


def _chosen(machine: FoundMachine, service: str, goal: Goal) -> bool:
    name = machine.server or machine.name
    if goal.sites and machine.site not in goal.sites:
        return False
    if goal.services or goal.servers:
        return service in goal.services or name in goal.servers
    return True


def _known(goal: Goal, inventory: Inventory, estate: Estate | None) -> None:
    """Refuse names that nobody knows."""
    sites = {machine.site for machine in inventory.machines} | (set(estate.sites) if estate else set())
    servers = {machine.server or machine.name for machine in inventory.machines}
    services = set(estate.services) if estate else set()
    targets: set[str] = set(estate.sites) if estate else {*OTHER}
    checks: tuple[tuple[str, Iterable[str], set[str]], ...] = (
        ("site to move to", (goal.to,) if goal.to else (), targets),
        ("site", goal.sites, sites),
        ("service", goal.services, services),
        ("server", goal.servers, servers),
    )
    for kind, names, known in checks:
        for name in names:
            if name not in known:
                raise InclineError(f"{name}: there is no such {kind}", code="INC-7127", next_step=did_you_mean(name, known))


def _history(where: Places) -> History:
    """What moves have measured; a state folder that cannot be read measures nothing, and is said."""
    if where.estate is None:
        return History()
    try:
        return history(state_folder(where.estate).moves())
    except InclineError as error:
        say(f"moves are not counted: {error.what}", style="yellow")
        return History()


def _fingerprints(inputs: Inputs, goal: Goal) -> dict[str, str]:
    inventory = inputs.inventory
    return {
        "day": inputs.today.isoformat(),
        "goal": fingerprint(goal),
        "programme": fingerprint(inputs.programme),
        "estate": fingerprint(inputs.estate) if inputs.estate else "",
        "inventory": fingerprint(sorted(f"{m.key} {m.version} {m.cpus} {m.memory} {m.provisioned}" for m in inventory.machines))
        if inventory
        else "",
        "capacity": fingerprint(inputs.snapshot) if inputs.snapshot else "",
    }
