"""One failure, from the machines that stop to the services that answer for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from policies.evidence import Evidence
from policies.simulate.elsewhere import lose
from policies.simulate.failure import Failure, Kind, failed_hosts
from policies.simulate.ground import Ground, lay_out
from policies.simulate.hosts import bounded, fail_hosts
from policies.simulate.links import cut_link
from policies.simulate.outcome import Fates, Outcome
from policies.simulate.recovery import Ready, assumptions, ready, stated
from policies.simulate.services import promised_by_tier, service_fates
from policies.simulate.zones import fail_zone


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How to simulate.

    Args:
        separate: keep members of a redundancy group apart at any price; None: as each cluster's HA is set.
        rearrange: running machines may be moved to make room, as DRS can.
    """

    separate: bool | None = None
    rearrange: bool = False


PLAIN = Settings()
"""Each cluster as its HA is set, running machines stay where they are."""


def simulate(evidence: Evidence, failure: Failure, settings: Settings = PLAIN) -> Outcome:
    """What a failure does to machines and services.

    Raises:
        KeyError: the evidence has no such object.
    """
    if failure.kind is Kind.LINK:
        _known(failure, (link.name for link in evidence.links))
        fates, services = cut_link(evidence, failure.name)
        return Outcome(failure=failure, fates=fates, services=services)
    fates = _fates(evidence, failure, settings)
    assumed = assumptions(evidence)
    services = service_fates(evidence, fates, ready(evidence, fates, assumed), assumed)
    said = [*fates.assumptions, *stated(assumed, frozenset(r.way for r in fates.restarted))]
    if failure.kind is Kind.SITE and evidence.standards.rules.get("REL-003", {}).get("disaster_promise") == "tier":
        services = tuple(promised_by_tier(evidence, fate) for fate in services)
        said.append("after the loss of a whole site what the tier promises at most counts (standards.yaml, REL-003: disaster_promise)")
    return Outcome(failure=failure, fates=replace(fates, assumptions=tuple(said)), services=services)


def recovery(evidence: Evidence, outcome: Outcome) -> dict[str, Ready]:
    """When each machine that comes back works again, with the formula."""
    return ready(evidence, outcome.fates, assumptions(evidence))


def ground_of(evidence: Evidence, failure: Failure) -> Ground | None:
    """The cluster that a failure of hosts is about, laid out; None for the other kinds."""
    cluster = next((c for c in evidence.clusters if failed_hosts(c, failure)), None)
    return lay_out(evidence, cluster) if cluster else None


def _fates(evidence: Evidence, failure: Failure, settings: Settings) -> Fates:
    if failure.kind in {Kind.HOST, Kind.HOSTS, Kind.FAULT_DOMAIN}:
        return _hosts(evidence, failure, settings)
    site, _, name = failure.name.partition("/")
    if failure.kind is Kind.SITE:
        _known(failure, evidence.kinds)
        return lose(evidence, (s for s in evidence.servers if s.site == site), site=site)
    here = tuple(s for s in evidence.servers if s.site == site)
    if failure.kind is Kind.ZONE:
        _known(failure, (f"{z.site}/{z.name}" for z in evidence.zones))
        return fail_zone(evidence, site, name)
    if failure.kind is Kind.CLUSTER:
        _known(failure, (f"{c.site}/{c.name}" for c in evidence.clusters))
        return lose(evidence, tuple(s for s in here if s.cluster == name), site=site, cluster=name)
    _known(failure, (f"{d.site}/{d.name}" for d in evidence.datastores))
    return lose(evidence, tuple(s for s in here if s.datastore == name), site=site, datastore=name)


def _hosts(evidence: Evidence, failure: Failure, settings: Settings) -> Fates:
    ground = ground_of(evidence, failure)
    if ground is None:
        raise KeyError(str(failure))
    names = failed_hosts(ground.cluster, failure)
    _known(failure, [str(failure)] if all(name in ground.index for name in names) else ())
    return bounded(evidence, ground, fail_hosts(ground, names, separate=settings.separate, rearrange=settings.rearrange))


def _known(failure: Failure, names: Iterable[str]) -> None:
    if failure.name not in names and str(failure) not in names:
        raise KeyError(str(failure))
