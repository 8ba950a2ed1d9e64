"""How large a machine should be on vSphere, and the host that would hold it.

vSphere takes any number of vCPUs and GiB, so the candidates are the usual ones up to what the machine has; a month of a size is its
part of what the hosts cost. The rule that chooses is that of EC2. The host is the fullest that holds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from infra.estate.model import GIB
from infra.prices import Prices, listed_prices
from migration.assess.cost_datacentre import STAND_IN, VCPUS_PER_CORE, host_costs
from migration.assess.frontier import Candidate, worthwhile
from migration.assess.model import Sizing
from migration.assess.sizing import AS_PROVISIONED, Choices, choices_among, chosen_in_fleet, sizing_of
from migration.assess.sizing_measured import Measured, judged_use
from migration.assess.sizing_peers import curves, public_curve
from migration.assess.sizing_rules import SizingRules
from migration.discover.model import FoundHost, FoundMachine

_CPUS = (1, 2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128)
_GIBS = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024)


@dataclass(slots=True)
class Room:
    """What a host has left. `cores`: the widest machine that it runs well."""

    name: str
    memory: float
    cpus: float
    cores: int

    def holds(self, cpus: int, memory: int) -> bool:
        """Whether a machine of this size can stand there."""
        return self.memory >= memory and self.cpus >= cpus and self.cores >= cpus


def rooms(hosts: Iterable[FoundHost], standing: Iterable[FoundMachine] = ()) -> list[Room]:
    """What the hosts have left for more machines: those that are connected and not in maintenance, less what stands there.

    Memory is the larger of what the machines on a host are sold and what the host itself says is used.
    """
    sold: dict[str, tuple[int, int]] = {}
    for machine in standing:
        if machine.power == "on" and machine.host:
            cpus, memory = sold.get(machine.host, (0, 0))
            sold[machine.host] = (cpus + machine.cpus, memory + machine.memory)
    found = []
    for host in hosts:
        if host.connection != "connected" or host.maintenance:
            continue
        cpus, memory = sold.get(host.name, (0, 0))
        taken = max(float(memory), host.memory_used or 0.0)
        found.append(Room(name=host.name, memory=host.memory - taken, cpus=host.cores * VCPUS_PER_CORE - cpus, cores=host.cores))
    return found


def size_down(
    machine: FoundMachine,
    measured: Measured,
    hosts: Sequence[FoundHost],
    *,
    rules: SizingRules | None = None,
    prices: Prices | None = None,
    standing: Iterable[FoundMachine] = (),
) -> Sizing | None:
    """The size of one machine on vSphere; None when its own size is not known.

    Args:
        machine: what it has now.
        measured: what it used.
        hosts: of the target.
        rules: how to choose.
        prices: of hosts; the package's when not given.
        standing: the machines at the target already.
    """
    return size_fleet_down([machine], {machine.key: measured}, hosts, rules=rules, prices=prices, standing=standing).get(machine.key)


def size_fleet_down(
    machines: Sequence[FoundMachine],
    measured: Mapping[str, Measured],
    hosts: Sequence[FoundHost],
    *,
    rules: SizingRules | None = None,
    prices: Prices | None = None,
    standing: Iterable[FoundMachine] = (),
) -> dict[str, Sizing]:
    """Sizes of many machines within one budget of risk, and a host for each as long as there is room; the largest find theirs first."""
    rules, prices = rules or SizingRules(), prices or listed_prices()
    known = [m for m in machines if m.cpus > 0 and m.memory > 0]
    uses = {m.key: judged_use(m, measured.get(m.key, Measured()), rules) for m in known}
    peers = curves({key: use for key, (use, _) in uses.items() if use is not None and len(use.measured) == 2})
    every: list[Choices] = []
    for m in known:
        use, missing = uses[m.key]
        curve = peers.get(m.key) or public_curve()
        every.append(choices_among(sizes(m, hosts, prices), m, measured.get(m.key, Measured()), use, missing, curve))
    picked = chosen_in_fleet(every, rules)
    sized = {c.machine.key: sizing_of(c, picked.get(c.machine.key), rules) for c in every}
    return _placed({key: sizing for key, sizing in sized.items() if sizing is not None}, rooms(hosts, standing), known=bool(hosts))


def sizes(machine: FoundMachine, hosts: Sequence[FoundHost], prices: Prices) -> tuple[Candidate, ...]:
    """The usual sizes up to what the machine has, each with its part of a month of the hosts."""
    of = hosts or (STAND_IN,)
    cores, memory, year = sum(h.cores for h in of), sum(h.memory for h in of), host_costs(of, prices)
    cpus = {c for c in _CPUS if c < machine.cpus} | {machine.cpus}
    gibs = {float(g * GIB) for g in _GIBS if g * GIB < machine.memory} | {float(machine.memory)}
    found = []
    for count, size in product(sorted(cpus), sorted(gibs)):
        part = (count / (max(cores, 1) * VCPUS_PER_CORE) + size / max(memory, 1)) / 2
        found.append(Candidate(name=f"{count} vCPU, {size / GIB:g} GiB", cpus=count, memory=int(size), usd_month=year * part / 12))
    return worthwhile(found)


def _placed(sized: dict[str, Sizing], left: list[Room], *, known: bool) -> dict[str, Sizing]:
    """The same with hosts."""
    found = dict(sized)
    for key in sorted(sized, key=lambda k: (-sized[k].chosen.memory, -sized[k].chosen.cpus, k)):
        chosen = sized[key].chosen
        fitting = [room for room in left if room.holds(chosen.cpus, chosen.memory)]
        host = min(fitting, key=lambda room: (room.memory, room.name), default=None)
        if host is None:
            why = "no host has room for it" if known else "the hosts of the target are not known"
            found[key] = replace(sized[key], why=f"{sized[key].why}; {why}")
            continue
        host.memory -= chosen.memory
        host.cpus -= chosen.cpus
        marked = replace(chosen, host=host.name)
        frontier = tuple(marked if option.name == chosen.name else option for option in sized[key].frontier)
        provisioned = marked if chosen.label == AS_PROVISIONED else sized[key].provisioned
        found[key] = replace(
            sized[key], chosen=marked, provisioned=provisioned, frontier=frontier, why=f"{sized[key].why}; {host.name} holds it"
        )
    return found
