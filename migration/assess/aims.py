"""Where each machine would go: what was asked for, else its pending move, else the one site of the other kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from infra.estate.model import Estate
from migration.discover.model import FoundMachine, Inventory

Kind = Literal["aws", "vsphere"]
OTHER: dict[Kind, Kind] = {"vsphere": "aws", "aws": "vsphere"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A machine that is not judged, and why."""

    machine: str
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aims:
    """Targets by machine key, and who has none."""

    at: Mapping[str, str]
    left: tuple[Left, ...]


def kind_of(target: str, estate: Estate | None) -> Kind | None:
    """What a target is: a site of the estate, or one of the words `aws` and `vsphere` where there is no estate; None: neither."""
    if estate is not None and target in estate.sites:
        return estate.sites[target].kind
    return target if target in OTHER else None


def aims(inventory: Inventory, estate: Estate | None = None, to: str = "") -> Aims:
    """The target of every machine. `to`: a site, or a kind of site, that all of the other kind go to."""
    at: dict[str, str] = {}
    left: list[Left] = []
    for machine in inventory.machines:
        target, why = _target(machine, estate, to)
        if target:
            at[machine.key] = target
        else:
            left.append(Left(machine=machine.key, name=machine.server or machine.name, why=why))
    return Aims(at=at, left=tuple(left))


def _target(machine: FoundMachine, estate: Estate | None, to: str) -> tuple[str, str]:
    if machine.template:
        return "", "is a template: make a machine from it where one is needed"
    wanted = OTHER[machine.kind]
    if to:
        kind = kind_of(to, estate)
        return (to, "") if kind == wanted else ("", f"stands on {machine.kind} already, as {to} does: Incline moves between the two")
    if estate is None:
        return wanted, ""
    server = estate.servers.get(machine.server)
    if server is not None and server.site != machine.site and estate.sites[server.site].kind == wanted:
        return server.site, ""
    sites = [name for name, site in estate.sites.items() if site.kind == wanted]
    if len(sites) == 1:
        return sites[0], ""
    placed = [name for name in sites if server is not None and name in server.at]
    if len(placed) == 1:
        return placed[0], ""
    if not sites:
        return "", f"the estate has no site of the kind {wanted}"
    return "", f"could go to {' or '.join(placed or sites)}: say which with --to"
