"""What `incline assess` judges: the inventory of the store, or the estate as it is declared when nothing was discovered yet."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cli.names import known_service
from cli.output import say
from cli.store_path import estate_if_any, store_from, store_url
from infra.errors import InclineError
from infra.estate.load import load_estate
from infra.estate.model import Estate
from infra.estate.problems import did_you_mean
from infra.prices import Prices, load_prices
from migration.assess.aims import Aims, Left, aims, kind_of
from migration.assess.assess import assess
from migration.assess.cost_datacentre import DataCentre
from migration.assess.declared import SOURCE, inventory_of, joined
from migration.assess.model import Assessment
from migration.assess.sizes import sizes
from migration.assess.sizing_rules import SizingRules
from migration.assess.summary import Summary, summarize
from migration.discover.model import FoundMachine, Inventory, Metric
from migration.discover.samples import Samples

_RAW_UP_TO = 1000  # raw samples of more machines than these do not fit into memory; their percentiles are nearly as good
_RAW = (Metric.CPU_MHZ, Metric.CPU_PERCENT, Metric.MEMORY)
_MANY = 500  # so many take longer than the two seconds for which a command may be silent


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the command line asked for."""

    to: str = ""
    sites: tuple[str, ...] = ()
    server: str = ""
    service: str = ""
    prices: Path | None = None
    policy: str = ""
    risk: float | None = None
    store: str | None = None
    estate: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The assessments, what they come to, and what was not judged. `discovered`: an inventory was there, not the estate alone."""

    assessments: tuple[Assessment, ...]
    summary: Summary
    left: tuple[Left, ...]
    inventory: Inventory
    prices: Prices
    discovered: bool


def judged(wanted: Wanted) -> Judged:
    """Load and judge.

    Raises:
        InclineError: the estate, the store or the prices cannot be read; a name is not known; nothing is left to judge.
    """
    rules = _rules(wanted)
    prices = load_prices(wanted.prices)
    folder = estate_if_any(wanted.store, wanted.estate)
    estate = load_estate(folder, settled=False) if folder else None
    inventory, raw, discovered = _inventory(wanted, estate)
    _check(wanted, estate, inventory)
    aimed = aims(inventory, estate, wanted.to)
    chosen = _chosen(wanted, estate, inventory.machines, aimed)
    if len(aimed.at) >= _MANY:
        say(f"judge {len(aimed.at):,} servers, which takes a while")
    # The whole fleet shares one risk: a server has the same size whether it is asked for alone or among all.
    sized = sizes(inventory, aimed.at, estate, prices, rules, raw)
    found = assess(inventory, estate=estate, target=chosen, prices=prices, now=datetime.now(UTC), sizing=sized)
    asked = {machine.key for machine in inventory.machines if _matches(wanted, estate, machine)}
    left = tuple(each for each in aimed.left if each.machine in asked)
    if not found:
        raise InclineError(
            "there is nothing to judge",
            code="INC-7065",
            details=tuple(f"{each.name}: {each.why}" for each in left[:5]),
            next_step="name a target with --to" if inventory.machines else "incline discover --all   or   incline inventory import FILE",
        )
    return Judged(
        assessments=found,
        summary=summarize(found, DataCentre(inventory, prices)),
        left=left,
        inventory=inventory,
        prices=prices,
        discovered=discovered,
    )


def _rules(wanted: Wanted) -> SizingRules:
    """How sizes are chosen; `risk` is written in per cent of hours."""
    usual = SizingRules()
    budget = usual.budget if wanted.risk is None else wanted.risk / 100
    return SizingRules(policy=wanted.policy or usual.policy, budget=budget)


def _inventory(wanted: Wanted, estate: Estate | None) -> tuple[Inventory, list[Samples], bool]:
    """The inventory, raw samples of its machines where there are not too many, and whether anything was discovered."""
    url = store_url(wanted.store, wanted.estate)
    if wanted.store is None and estate is not None and "://" not in url and not Path(url).is_file():
        say("nothing was discovered yet: judged by what the estate declares")
        return inventory_of(estate, datetime.now(UTC)), [], False
    with closing(store_from(wanted.store, wanted.estate)) as opened:
        seen = opened.load()
        few = len(seen.machines) <= _RAW_UP_TO
        keys = [machine.key for machine in seen.machines]
        raw = [each for metric in _RAW for each in opened.samples(metric, machines_of=keys)] if few and keys else []
    return _whole(seen, estate, named=wanted.store is not None), raw, True


def _whole(seen: Inventory, estate: Estate | None, *, named: bool) -> Inventory:
    """The inventory, with what the estate says of servers that no look has shown.

    A store that was named and knows none of the estate's sites is about other machines than those of the estate.
    """
    if estate is None or (named and not {machine.site for machine in seen.machines} & set(estate.sites)):
        return seen
    whole = joined(seen, inventory_of(estate, datetime.now(UTC)))
    unseen = [machine for machine in whole.machines if machine.source == SOURCE]
    if unseen:
        sites = ", ".join(sorted({machine.site for machine in unseen}))
        count = "1 server of the estate was" if len(unseen) == 1 else f"{len(unseen):,} servers of the estate were"
        say(f"{count} not discovered (at {sites}): judged as declared there; incline discover --all")
    return whole


def _check(wanted: Wanted, estate: Estate | None, inventory: Inventory) -> None:
    """Names that nothing has get a suggestion."""
    if wanted.to and kind_of(wanted.to, estate) is None:
        sites = [*(estate.sites if estate else ()), "aws", "vsphere"]
        raise InclineError(f"{wanted.to}: no site and no kind of site", code="INC-7062", next_step=did_you_mean(wanted.to, sites))
    here = {machine.site for machine in inventory.machines}
    for site in wanted.sites:
        if site not in here:
            raise InclineError(f"{site}: nothing is known of such a site", code="INC-7063", next_step=did_you_mean(site, here))
    names = {name for machine in inventory.machines for name in _names(machine)}
    keys = {machine.key for machine in inventory.machines}
    if wanted.server and wanted.server not in names:
        raise InclineError(
            f"{wanted.server}: the inventory has no such server", code="INC-7064", next_step=did_you_mean(wanted.server, names - keys)
        )
    if wanted.service and estate is not None:
        known_service(estate, wanted.service)


def _names(machine: FoundMachine) -> Iterable[str]:
    return (machine.key, machine.name, *((machine.server,) if machine.server else ()))


def _chosen(wanted: Wanted, estate: Estate | None, machines: Iterable[FoundMachine], aimed: Aims) -> dict[str, str]:
    return {m.key: aimed.at[m.key] for m in machines if m.key in aimed.at and _matches(wanted, estate, m)}


def _matches(wanted: Wanted, estate: Estate | None, machine: FoundMachine) -> bool:
    server = estate.servers.get(machine.server) if estate else None
    return (
        (not wanted.sites or machine.site in wanted.sites)
        and (not wanted.server or wanted.server in _names(machine))
        and (not wanted.service or (server is not None and server.service == wanted.service))
    )
