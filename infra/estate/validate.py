"""Runs every check that needs more than one object.

A full datastore or a cluster without spare capacity is no problem here: that is for the policies, which show their evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from infra.estate.checks import addresses, links, networks, placements, servers, services, sites, standards
from infra.estate.draft import Draft
from infra.estate.problems import Problem

_CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    standards.check,
    sites.check,
    networks.check,
    links.check,
    services.check,
    servers.check,
    addresses.check,
)


def validate(draft: Draft, *, settled: bool = True) -> Iterator[Problem]:
    """Every problem across objects; `settled` adds what placements must answer for (see `infra.estate.load.load_estate`)."""
    for check in _CHECKS:
        yield from check(draft)
    if settled:
        yield from placements.check(draft)
