"""Which machine is which server of the estate: by the identity that its placement recorded; by its name only as a last resort, and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from infra.estate.model import Estate
from infra.observed.who import Roster
from migration.discover.model import Finding, FoundMachine, Gravity, Inventory

_VAGUE = frozenset({"", "linux", "windows", "other"})


def with_servers(inventory: Inventory, estate: Estate, site: str) -> Inventory:
    """The inventory of a site with `server` set, and findings: names that were trusted, names that were not, servers without a machine."""
    roster, findings = Roster(estate, site), []
    names = Counter(machine.name for machine in inventory.machines if not machine.template)
    joined = []
    for machine in inventory.machines:
        server, finding = _server(machine, roster, names[machine.name])
        findings += [finding] if finding else []
        joined.append(_told(machine, server, estate))
    findings += _absent(joined, estate, site)
    return replace(inventory, machines=tuple(joined), findings=(*inventory.findings, *findings))


def _server(machine: FoundMachine, roster: Roster, same_name: int) -> tuple[str, Finding | None]:
    certain = roster.server(identity=machine.uuid, name="")
    if certain or machine.template:
        return certain, None
    likely = roster.server(identity="", name=machine.name)
    if not likely:
        return "", None
    where = f"{machine.site}/{machine.name}"
    if same_name > 1:
        return "", Finding(
            code="DSC-104",
            gravity=Gravity.WARNING,
            where=where,
            what=f"{same_name} machines have the name of the server {likely}",
            taken="none of them for the server",
            remedy="rename what is not the server, or settle the estate: incline estate settle --observe",
        )
    return likely, Finding(
        code="DSC-103",
        gravity=Gravity.NOTE,
        where=where,
        what=f"was taken for the server {likely} by its name alone",
        taken=f"the server {likely}",
        remedy="incline estate settle --observe records its identity",
    )


def _told(machine: FoundMachine, server: str, estate: Estate) -> FoundMachine:
    """With its server; an operating system that nobody told is the one that the estate declares."""
    declared = estate.servers[server].os.id if server in estate.servers else ""
    vague = machine.os in _VAGUE or (not any(letter.isdigit() for letter in machine.os) and declared.startswith(machine.os))
    return replace(machine, server=server, os=declared if declared and vague else machine.os)


def _absent(machines: Sequence[FoundMachine], estate: Estate, site: str) -> list[Finding]:
    there = {machine.server for machine in machines}
    placed = sorted(name for name, placement in estate.placements.items() if placement.machine.site == site and name not in there)
    return [
        Finding(
            code="DSC-105",
            gravity=Gravity.WARNING,
            where=f"{site}/{name}",
            what="the estate places this server here, and no machine is it",
            taken="the server is left out",
            remedy="incline estate settle --observe, or see at the site what became of it",
        )
        for name in placed
    ]
