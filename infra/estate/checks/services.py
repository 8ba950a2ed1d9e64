"""Services: what they depend on exists and does not run in circles, and their promises keep to the tier's standard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.estate.draft import Draft, Entry
from infra.estate.model import Lifecycle, Service
from infra.estate.problems import Problem, did_you_mean


def check(draft: Draft) -> Iterator[Problem]:
    """Every problem of services."""
    for name, entry in draft.services.items():
        for index, needed in enumerate(entry.value.depends_on):
            if not draft.may_declare("services", needed):
                what, advice = f"service {name} depends on an unknown service {needed!r}", did_you_mean(needed, draft.names("services"))
                yield entry.problem(what, advice, "INC-1011", "depends_on", index)
            elif needed in entry.value.depends_on[:index]:
                yield entry.problem(f"service {name} names {needed} twice", "remove one", "INC-1010", "depends_on", index)
        yield from _promises(draft, name, entry)
    yield from _circles(draft)
    yield from _empty(draft)


def _promises(draft: Draft, name: str, entry: Entry[Service]) -> Iterator[Problem]:
    if draft.standards is None:
        return
    service, standards = entry.value, draft.standards.value
    standard = standards.tiers.get(service.tier)
    if standard is None:
        what = f"service {name}: the standards have no tier {service.tier.value}"
        yield entry.problem(what, did_you_mean(service.tier.value, (each.value for each in standards.tiers)), "INC-1011", "tier")
        return
    for key, promised, most in (
        ("rto_minutes", service.rto_minutes, standard.rto_minutes),
        ("rpo_minutes", service.rpo_minutes, standard.rpo_minutes),
    ):
        if promised > most:
            place = draft.standards.where("tiers", service.tier.value, key)
            what = f"service {name}: {key} {promised} is more than tier {service.tier.value} allows ({most}, {place})"
            yield entry.problem(what, f"write {most} or less, or choose a lower tier", "INC-1041", key)


def _circles(draft: Draft) -> Iterator[Problem]:
    """Each circle once, at the service of it that comes first by name."""
    graph = {name: entry.value.depends_on for name, entry in draft.services.items()}
    told: set[frozenset[str]] = set()
    for name in sorted(graph):
        circle = _path_back(graph, name)
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            what = f"services depend on each other in a circle: {' -> '.join([*circle, name])}"
            advice = f"remove one of these dependencies, such as {circle[-1]}'s on {name}"
            yield draft.services[name].problem(what, advice, "INC-1040", "depends_on")


def _path_back(graph: Mapping[str, tuple[str, ...]], start: str) -> list[str]:
    """A shortest way from a service back to itself; empty when there is none."""
    paths = [[start]]
    seen: set[str] = set()
    while paths:
        path = paths.pop(0)
        for needed in graph.get(path[-1], ()):
            if needed == start:
                return path
            if needed not in seen:
                seen.add(needed)
                paths.append([*path, needed])
    return []


def _empty(draft: Draft) -> Iterator[Problem]:
    """An active service without a server is a name in the catalogue that nothing stands behind."""
    served = {entry.value.service for entry in draft.servers.values()}
    unclear = draft.unreadable("servers") or draft.names("servers") - set(draft.servers) or served - draft.names("services")
    for name, entry in draft.services.items():
        if name not in served and not unclear and entry.value.lifecycle is Lifecycle.ACTIVE:
            what = f"service {name} is active and has no server"
            yield entry.problem(what, "write lifecycle: planned, or add its servers", "INC-1042", "lifecycle")
