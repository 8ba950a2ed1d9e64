"""Discovers sites of the estate, one after another, and keeps each in the store as soon as it is whole."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from cli.discover_progress import Narrator
from cli.names import known_site
from infra.endpoints import resolve
from infra.errors import InclineError
from infra.estate.model import AwsSite, Estate, VsphereSite
from infra.observed.aws_session import AwsSession
from infra.observed.gaps import Gaps
from infra.observed.vsphere_session import VsphereSession
from migration.discover import usage_aws, usage_vsphere
from migration.discover.aws import read_region
from migration.discover.model import Finding, FoundMachine, Gravity, Inventory, Metric
from migration.discover.store import Saved, Store
from migration.discover.store_join import with_servers
from migration.discover.usage import Refreshed, Told, refresh
from migration.discover.vsphere import read_site

Last = Mapping[tuple[str, Metric, int], datetime]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How to look. `full`: read everything again; `usage`: the performance history too; `partial`: go on without a site that fails."""

    full: bool = False
    usage: bool = True
    partial: bool = False


@dataclass(frozen=True, kw_only=True)
class SiteLook:
    """What a site's discovery brought."""

    inventory: Inventory
    saved: Saved
    usage: Refreshed | None
    seconds: float
    first: bool


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """All sites that answered, and the errors of those that did not."""

    sites: Mapping[str, SiteLook]
    unanswered: Mapping[str, InclineError]


def discover(store: Store, estate: Estate, sites: Sequence[str], wanted: Wanted, narrator: Narrator) -> Discovery:
    """Look at each site in turn.

    Raises:
        InclineError: a site could not be asked, unless `partial`; or the estate has no such site (INC-5013).
    """
    for name in sites:
        known_site(estate, name)
    found: dict[str, SiteLook] = {}
    missing: dict[str, InclineError] = {}
    for name in dict.fromkeys(sites):
        try:
            found[name] = _site(store, estate, estate.sites[name], wanted, narrator)
        except InclineError as error:
            if not wanted.partial:
                raise
            missing[name] = error
            narrator.begin(name)
            narrator.end(f"left out: {error.what}")
    if missing and not found:
        raise next(iter(missing.values()))
    return Discovery(sites=found, unanswered=missing)


@dataclass(frozen=True, kw_only=True)
class _Before:
    """What the store knows of a site when a look begins."""

    started: datetime
    begun: float
    first: bool
    machines: Mapping[str, FoundMachine]
    last: Last


def _site(store: Store, estate: Estate, site: VsphereSite | AwsSite, wanted: Wanted, narrator: Narrator) -> SiteLook:
    narrator.begin(f"{site.name}: inventory")
    before = _Before(
        started=datetime.now(UTC),
        begun=time.monotonic(),
        first=site.name not in store.sites(),
        machines=store.previous(site.name),
        last=store.last_samples(site.name) if wanted.usage else {},
    )
    endpoint = resolve(site, os.environ)
    if isinstance(site, AwsSite):
        with closing(AwsSession(endpoint, role=site.role)) as region:
            return _kept(store, _Region(region, site, estate, before, narrator), before, wanted)
    with closing(VsphereSession(endpoint)) as vcenter:
        return _kept(store, _Datacenter(vcenter, site, estate, before, narrator), before, wanted)


class _Datacenter:
    """A vCenter's part of a look."""

    def __init__(self, session: VsphereSession, site: VsphereSite, estate: Estate, before: _Before, narrator: Narrator) -> None:
        self.site, self.now, self.narrator = site.name, before.started, narrator
        self._session, self._datacenter, self._estate, self._before = session, site.datacenter, estate, before

    def inventory(self, *, full: bool) -> Inventory:
        """Everything but usage."""
        known = {} if full else self._before.machines
        told = read_site(self._session, self._datacenter, self.site, known=known, now=self.now, watch=self.narrator.at)
        return with_servers(told, self._estate, self.site)

    def usage(self, inventory: Inventory, progress: Callable[[int, int], object]) -> Told:
        """What the vCenter measured."""
        machines = inventory.machines
        series = usage_vsphere.new_samples(self._session, machines, self._before.last, now=self.now, progress=progress)
        return Told(series=series, whole=usage_vsphere.wholes(machines, inventory.hosts), source=f"vCenter {self.site}")


class _Region:
    """An AWS region's part of a look."""

    def __init__(self, session: AwsSession, site: AwsSite, estate: Estate, before: _Before, narrator: Narrator) -> None:
        self.site, self.now, self.narrator = site.name, before.started, narrator
        self._session, self._site, self._estate, self._before = session, site, estate, before
        self._mhz: Mapping[str, float] = {}

    def inventory(self, *, full: bool) -> Inventory:
        """Everything but usage. EC2 tells no version of a machine, so that all is always read."""
        del full
        look = read_region(self._session, self._site, now=self.now, watch=self.narrator.at)
        self._mhz = look.mhz
        return with_servers(look.inventory, self._estate, self.site)

    def usage(self, inventory: Inventory, progress: Callable[[int, int], object]) -> Told:
        """What CloudWatch measured."""
        machines = inventory.machines
        series = usage_aws.new_samples(self._session, machines, self._mhz, self._before.last, now=self.now, progress=progress)
        return Told(series=series, whole=usage_aws.wholes(machines, self._mhz), source=f"CloudWatch {self._session.region}")


def _kept(store: Store, look: _Datacenter | _Region, before: _Before, wanted: Wanted) -> SiteLook:
    inventory = look.inventory(full=wanted.full)
    saved = store.save(look.site, inventory, started=look.now)
    look.narrator.end(counts_in_words(inventory), count=len(inventory.machines), unit="machines")
    usage = _usage(store, look, inventory, before) if wanted.usage else None
    return SiteLook(inventory=inventory, saved=saved, usage=usage, seconds=time.monotonic() - before.begun, first=before.first)


def _usage(store: Store, look: _Datacenter | _Region, inventory: Inventory, before: _Before) -> Refreshed:
    narrator, gaps = look.narrator, Gaps()
    narrator.begin(f"{look.site}: usage")

    def asked() -> Refreshed:
        told = look.usage(inventory, partial(narrator.at, part="question"))
        percentiles = partial(narrator.at, part="percentiles")
        return refresh(store, look.site, told, inventory.machines, before=before.machines, now=look.now, progress=percentiles)

    refreshed = gaps.ask("usage", asked)
    if refreshed is None:
        return _untold(store, look, gaps.reasons["usage"])
    words = f"{refreshed.samples:,} new samples of {refreshed.machines:,} machines" if refreshed.samples else "nothing new"
    narrator.end(words, count=refreshed.samples, unit="samples")
    return refreshed


def _untold(store: Store, look: _Datacenter | _Region, why: str) -> Refreshed:
    """A site whose login may not ask for statistics has an inventory all the same."""
    finding = Finding(
        code="DSC-107",
        gravity=Gravity.WARNING,
        where=look.site,
        what=f"usage could not be read: {why}",
        taken="what is stored of earlier looks",
        remedy="let the site's user read performance statistics; then discover again",
    )
    store.save_usage(look.site, (), [finding])
    look.narrator.end(f"could not be read: {why}")
    return Refreshed(samples=0, machines=0, percentiles=0, findings=(finding,))


def counts_in_words(inventory: Inventory) -> str:
    """What an inventory holds, without what it has none of."""
    templates = sum(machine.template for machine in inventory.machines)
    counts = {
        "machines": len(inventory.machines) - templates,
        "templates": templates,
        "hosts": len(inventory.hosts),
        "clusters": len(inventory.clusters),
        "datastores": len(inventory.datastores),
        "networks": len(inventory.networks),
        "quotas": len(inventory.quotas),
    }
    return ", ".join(f"{count:,} {what if count != 1 else what[:-1]}" for what, count in counts.items() if count or what == "machines")
