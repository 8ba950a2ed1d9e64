"""What a move would do, said before it is begun. Reads the estate, asks the policies and looks at the source; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.estate.model import Estate, Placement
from migration.control.interface import Side
from migration.ports import Gate, GateAnswer, GateRequest

GIB = 1 << 30
SCHEMA = "incline.move-plan/1"


@dataclass(frozen=True)
class DiskPlan:
    """One disk: its size now and on the other side, where sizes are whole GiB."""

    name: str
    size: int
    target_size: int


@dataclass(frozen=True)
class Plan:
    """A move as it would be. `reasons` are why it cannot begin; `returns` names the move that it would return from."""

    server: str
    source: str
    target: str
    direction: str
    disks: tuple[DiskPlan, ...]
    address: str
    returns: str
    gate: GateAnswer
    reasons: tuple[str, ...]

    @property
    def possible(self) -> bool:
        """Whether it could begin now."""
        return not self.reasons and not self.gate.blocking

    def document(self) -> dict[str, Any]:
        """The plan as data."""
        return {
            "schema": SCHEMA,
            "server": self.server,
            "source": self.source,
            "target": self.target,
            "direction": self.direction,
            "returns": self.returns,
            "address": self.address,
            "disks": [{"name": d.name, "size": d.size, "target_size": d.target_size} for d in self.disks],
            "policy": {"counts": dict(self.gate.counts), "blocking": list(self.gate.blocking)},
            "reasons": list(self.reasons),
            "possible": self.possible,
        }


def make_plan(estate: Estate, placement: Placement, to: str, gate: Gate, source: Side, target: Side) -> Plan:
    """The plan of moving this server to `to`."""
    server = estate.servers[placement.server]
    machine = source.identify(server, placement.machine)
    reasons: tuple[str, ...] = ()
    if source.look(machine) is None:
        reasons = (f"its machine is not on {placement.site} any more",)
    else:
        taken = target.address_taken(server)
        reasons = (*source.assess(server, machine), *((f"its address on {to} is taken: {taken}",) if taken else ()))
    if to not in server.at:
        reasons = (*reasons, f"its entry says nothing about {to}: add `at.{to}` with its networks and addresses")
    held = placement.held
    return Plan(
        server=server.name,
        source=placement.site,
        target=to,
        direction="up" if estate.sites[to].kind == "aws" else "down",
        disks=tuple(DiskPlan(d.name, d.size, -(-d.size // GIB) * GIB) for d in machine.disks),
        address=str(server.at[to].nics[0].address) if to in server.at else "",
        returns=held.move if held is not None and held.machine.site == to else "",
        gate=gate.judge(GateRequest(server=server.name, source=placement.site, target=to, move="plan")),
        reasons=reasons,
    )
