"""How few hosts hold so many machines, with a bound that says how far from the best the answer can be.

    bound: no packing has fewer hosts (volume of each resource, and machines of which no two share a host)
    answer: the best of several greedy fillings; where it misses the bound, an exact search for one host fewer, while that is small enough

Hosts are alike. What a machine takes is a share of a host for each resource: sold vCPUs against cores times the overcommitment,
memory, and CPU really used against what peaks leave free. Spare hosts for failures come on top.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infra.errors import InclineError
from infra.estate.model import GIB
from migration.assess.sizing_use import Numbers

_SLACK = 1e-9
EXACT_CELLS = 20_000
"""Machines times hosts up to which the exact search is tried."""
EXACT_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSize:
    """A host. `overcommit`: vCPUs sold per core; `peak`: share of its cores that used CPU may fill."""

    cores: float
    memory: int
    overcommit: float = 4.0
    peak: float = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A machine: vCPUs, bytes of memory, and used cores (95th percentile); those of one non-empty group never share a host."""

    name: str
    cpus: float
    memory: float
    used: float = 0.0
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """Who stands with whom.

    Attributes:
        hosts: names of the machines of each host.
        bound: no packing has fewer hosts.
        spare: hosts to keep free for failures, not in `hosts`.
        way: what found it.
    """

    hosts: tuple[tuple[str, ...], ...]
    bound: int
    spare: int
    way: str

    @property
    def needed(self) -> int:
        """Hosts to have, the spare ones with them."""
        return len(self.hosts) + self.spare

    @property
    def proven(self) -> bool:
        """Whether fewer are impossible."""
        return len(self.hosts) == self.bound


class DoesNotFitError(InclineError):
    """A machine is larger than a host."""


def pack(demands: Sequence[Demand], host: HostSize, *, spare: int = 1, seconds: float = EXACT_SECONDS) -> Packing:
    """The fewest hosts found that hold all machines.

    Args:
        demands: the machines.
        host: what one host has.
        spare: hosts that may fail at once.
        seconds: for the exact search, when greedy filling misses the bound.

    Raises:
        DoesNotFitError: INC-7071 a machine is larger than a host.
    """
    order = sorted(demands, key=lambda d: d.name)
    shares = _shares(order, host)
    groups = [d.group for d in order]
    bound = lower_bound(shares, groups)
    best: list[list[int]] | None = None
    way = ""
    for name, filled in _greedy(shares, groups):
        if best is None or len(filled) < len(best):
            best, way = filled, name
    best = best or []
    if len(best) > bound:
        fewer = _fewer(shares, groups, bound, len(best), seconds)
        best, way = (fewer, "exact search") if fewer else (best, way)
    hosts = tuple(tuple(order[n].name for n in sorted(members)) for members in best)
    return Packing(hosts=hosts, bound=bound, spare=spare if hosts else 0, way=way)


def lower_bound(shares: Numbers, groups: Sequence[str] = ()) -> int:
    """Hosts that any packing needs: each resource's volume, machines over half a host, and the largest group kept apart."""
    if not len(shares):
        return 0
    volume = max(math.ceil(total - 1e-7) for total in shares.sum(axis=0).tolist())
    alone = max(_pairwise_apart(column) for column in shares.T)
    apart = max((list(groups).count(g) for g in set(groups) if g), default=0)
    return int(max(volume, alone, apart, 1))


def _pairwise_apart(column: Numbers) -> int:
    """Hosts for machines of which no two fit together, and what their gaps cannot take (Martello and Toth's L2)."""
    most = 0
    for limit in np.unique(np.minimum(column[column <= 0.5], 0.5)).tolist() or [0.0]:
        large = column[column > 1 - limit + _SLACK]
        halves = column[(column > 0.5 + _SLACK) & (column <= 1 - limit + _SLACK)]
        middle = column[(column >= limit) & (column <= 0.5 + _SLACK)]
        rest = float(middle.sum()) - (len(halves) - float(halves.sum()))
        most = max(most, len(large) + len(halves) + max(0, math.ceil(rest - 1e-7)))
    return most


def _shares(demands: Sequence[Demand], host: HostSize) -> Numbers:
    shares = np.array(
        [[d.cpus / (host.cores * host.overcommit), d.memory / host.memory, d.used / (host.cores * host.peak)] for d in demands]
    ).reshape(len(demands), 3)
    wide = [d.name for d, row in zip(demands, shares, strict=True) if row.max() > 1 + _SLACK]
    if wide:
        size = f"{host.cores:g} cores and {host.memory / GIB:g} GiB"
        raise DoesNotFitError(
            f"{len(wide)} machine{'' if len(wide) == 1 else 's'} larger than a host of {size}",
            code="INC-7071",
            details=tuple(wide),
            next_step="take larger hosts, or leave these where they are",
        )
    return shares


def _greedy(shares: Numbers, groups: Sequence[str]) -> Iterator[tuple[str, list[list[int]]]]:
    """Fillings, each by a rule of its own."""
    weights = shares.sum(axis=0) / max(float(shares.sum()), _SLACK)
    yield "first fit, largest share first", _first_fit(shares, groups, np.argsort(-shares.max(axis=1), kind="stable"))
    yield "first fit, largest sum first", _first_fit(shares, groups, np.argsort(-(shares * weights).sum(axis=1), kind="stable"))
    for power in (1.0, 2.0, 4.0):
        yield f"host by host, by scarcity to the power of {power:g}", _host_by_host(shares, groups, weights**power)


def _first_fit(shares: Numbers, groups: Sequence[str], order: NDArray[np.int64]) -> list[list[int]]:
    left, members, held = np.empty((0, shares.shape[1])), list[list[int]](), list[set[str]]()
    for number in order.tolist():
        fits: list[int] = np.nonzero((left >= shares[number] - _SLACK).all(axis=1))[0].tolist()
        at = next((h for h in fits if not groups[number] or groups[number] not in held[h]), None)
        if at is None:
            left, at = np.vstack([left, np.ones(shares.shape[1])]), len(members)
            members.append([])
            held.append(set())
        left[at] -= shares[number]
        members[at].append(number)
        held[at].add(groups[number])
    return members


def _host_by_host(shares: Numbers, groups: Sequence[str], weights: Numbers) -> list[list[int]]:
    """Fills one host after the other with the machine whose demand points most where the host has room (a dot product)."""
    waiting, members = np.ones(len(shares), dtype=bool), list[list[int]]()
    while waiting.any():
        left, inside, held = np.ones(shares.shape[1]), list[int](), set[str]()
        while True:
            fits = waiting & (shares <= left + _SLACK).all(axis=1)
            if held:
                fits &= np.array([g not in held for g in groups])
            if not fits.any():
                break
            worth = np.where(fits, shares @ (weights * left), -1.0)
            number = int(worth.argmax())
            inside.append(number)
            waiting[number] = False
            left = left - shares[number]
            held |= {groups[number]} - {""}
        members.append(inside)
    return members


def _fewer(shares: Numbers, groups: Sequence[str], bound: int, hosts: int, seconds: float) -> list[list[int]] | None:
    """The fewest hosts below what was found for which the exact search finds a packing."""
    if len(shares) * bound > EXACT_CELLS:
        return None
    from migration.assess.packing_exact import packed_into  # noqa: PLC0415 - the solver is loaded only when it is needed

    for count in range(bound, hosts):
        found = packed_into(shares, groups, count, seconds)
        if found is not None:
            return found
    return None
