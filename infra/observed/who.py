"""Which server of the estate a machine is: by what its placement recorded, else by the name it carries.

A name alone never makes a machine ours when the placement knows another one by its identity.
"""

from __future__ import annotations

from collections.abc import Iterator

from infra.estate.model import Estate, Machine


class Roster:
    """The servers of an estate that may stand on one site, by every identity that a look may find."""

    def __init__(self, estate: Estate, site: str) -> None:
        known = tuple(_machines(estate, site))
        self._by_identity = {identity: name for name, machine in known for identity in (machine.uuid, machine.instance_id) if identity}
        certain = set(self._by_identity.values())
        self._by_name = {name for name, server in estate.servers.items() if name not in certain and site in server.at}

    def server(self, *, identity: str, name: str) -> str:
        """The server, or nothing for a machine that is not ours."""
        return self._by_identity.get(identity) or (name if name in self._by_name else "")


def _machines(estate: Estate, site: str) -> Iterator[tuple[str, Machine]]:
    for name, placement in estate.placements.items():
        for machine in (placement.machine, *((placement.held.machine,) if placement.held else ())):
            if machine.site == site:
                yield name, machine
