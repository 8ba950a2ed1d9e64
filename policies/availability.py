"""Availability from the availabilities of parts. Pure mathematics; every formula takes failures as independent.

The formulas are those of the AWS Well-Architected Reliability Pillar ("Availability"): available time over total time; hard dependencies
multiply; redundant ones fail together only if all fail. What shares a site shares its fate, so a site is never counted as independent of
what stands on it: the sum runs over which sites are up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

MINUTES_A_YEAR = 365.25 * 24 * 60
_SITES_SUMMED = 10


def from_times(mtbf_hours: float, mttr_hours: float) -> float:
    """A = MTBF / (MTBF + MTTR)."""
    return mtbf_hours / (mtbf_hours + mttr_hours)


def series(availabilities: Iterable[float]) -> float:
    """All are needed: the product."""
    return prod(availabilities)


def redundant(availabilities: Iterable[float]) -> float:
    """One of them is enough: 1 - prod(1 - A_i)."""
    return 1.0 - prod(1.0 - a for a in availabilities)


def at_least(needed: int, availabilities: Sequence[float]) -> float:
    """At least `needed` of them are up. With equal availabilities this is the binomial k of n."""
    if needed <= 0:
        return 1.0
    if needed == 1:
        return redundant(availabilities)
    exactly = [1.0]
    for a in availabilities:
        exactly = [up * a + same * (1.0 - a) for up, same in zip([0.0, *exactly], [*exactly, 0.0], strict=True)]
    return sum(exactly[needed:])


def downtime_minutes(availability: float) -> float:
    """How long something of this availability is down in a year."""
    return (1.0 - availability) * MINUTES_A_YEAR


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that can fail on its own, on a site that can fail under it; no site: only by itself."""

    name: str
    availability: float
    site: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A part of a chain: of these elements, `needed` must be up."""

    name: str
    elements: tuple[Element, ...]
    needed: int = 1

    def available(self, up: frozenset[str]) -> float:
        """Its availability when just these sites are up."""
        standing = [e.availability for e in self.elements if not e.site or e.site in up]
        return at_least(self.needed, standing)


@dataclass(frozen=True, slots=True)
class Term:
    """One case of the sum: the sites that are up, how likely that is, and the product of the chain's parts then."""

    up: tuple[str, ...]
    chance: float
    parts: float


def chain(links: Sequence[Link], sites: Mapping[str, float]) -> tuple[Term, ...]:
    """The cases in which a chain of needed parts works, likeliest first; its availability is the sum of chance x parts.

    A part that stands on one site needs that site, so only the other sites are summed over. More than ten of those are not: those behind
    the tenth are taken as needed too, which can only make the result lower.
    """
    places = [{e.site for e in link.elements} for link in links]
    needed = {site for used in places if len(used) == 1 for site in used if site}
    optional = sorted({site for used in places for site in used if site} - needed)
    needed.update(optional[_SITES_SUMMED:])
    optional = optional[:_SITES_SUMMED]
    always = frozenset(needed)
    fixed = series(link.available(always) for link, used in zip(links, places, strict=True) if used.isdisjoint(optional))
    moving = [link for link, used in zip(links, places, strict=True) if not used.isdisjoint(optional)]
    standing = series(sites[name] for name in sorted(needed))
    return tuple(sorted(_terms(moving, sites, optional, always, (standing, fixed)), key=lambda t: -t.chance))


def _terms(
    links: Sequence[Link], sites: Mapping[str, float], optional: list[str], always: frozenset[str], shares: tuple[float, float]
) -> Iterator[Term]:
    standing, fixed = shares
    for states in product((True, False), repeat=len(optional)):
        up = always.union(name for name, state in zip(optional, states, strict=True) if state)
        parts = fixed * series(link.available(up) for link in links)
        if parts > 0.0:
            chance = standing * series(sites[n] if state else 1.0 - sites[n] for n, state in zip(optional, states, strict=True))
            yield Term(tuple(sorted(up)), chance, parts)


def total(terms: Iterable[Term]) -> float:
    """The availability that a chain's cases come to."""
    return sum(term.chance * term.parts for term in terms)
