"""What a service is made of, for the rules that ask what is left when something fails.

A *part* is a server, or a set of servers that stand in for one another: the members of a redundancy group, with a stand-by of the same role
outside it (a group is kept apart on one site, so a member on another site often stands outside). What follows a comma in a role says how
the server serves, not what it is: `dispatch, stand-by` is a dispatch server.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policies.evidence import Evidence, ServerEvidence


@dataclass(frozen=True, slots=True)
class Part:
    """Servers of one service of which one is enough, unless somebody says that more are needed."""

    name: str
    members: tuple[ServerEvidence, ...]


def serves(server: ServerEvidence) -> bool:
    """Whether a machine is meant to serve: no held source, and nobody saw it switched off."""
    return not server.held and server.running is not False


def is_stranger(server: ServerEvidence) -> bool:
    """A machine that was seen on a site and belongs to nobody's estate or stack: no promise is made with it."""
    return not server.service and not server.urn and server.as_of is not None


def kind_of_role(server: ServerEvidence) -> str:
    """What a server is, without how it serves."""
    return server.role.partition(",")[0].strip().lower()


def parts_of(evidence: Evidence, service: str) -> tuple[Part, ...]:
    """The parts of a service in order of name. Machines that are switched off are no members: they take nothing over."""
    servers = [s for s in evidence.by_service.get(service, ()) if serves(s)]
    groups = {kind_of_role(s): s.group for s in reversed(servers) if s.group and s.role}
    found: dict[str, list[ServerEvidence]] = {}
    for server in servers:
        name = server.group or groups.get(kind_of_role(server), "") or server.name
        found.setdefault(name, []).append(server)
    return tuple(Part(name, tuple(members)) for name, members in sorted(found.items()))


class Parts:
    """The parts of every service and the services each one needs, worked out once for a run of a rule."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._parts: dict[str, tuple[Part, ...]] = {}
        self._needs: dict[str, tuple[str, ...]] = {}

    def of(self, service: str) -> tuple[Part, ...]:
        """The parts of one service."""
        if service not in self._parts:
            self._parts[service] = parts_of(self._evidence, service)
        return self._parts[service]

    def needs(self, service: str) -> tuple[str, ...]:
        """A service and all that it cannot work without, directly or through others; itself first, each once, cycles and all."""
        if service not in self._needs:
            self._needs[service] = tuple(self._reach(service))
        return self._needs[service]

    def _reach(self, service: str) -> Iterator[str]:
        met, waiting = {service}, [service]
        while waiting:
            name = waiting.pop(0)
            yield name
            entry = self._evidence.services.get(name)
            for needed in entry.depends_on if entry else ():
                if needed not in met:
                    met.add(needed)
                    waiting.append(needed)
