"""The tabs that tell about the site: hosts, clusters, datastores, port groups, and who wrote the file when."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from migration.discover.exchange.tables import TIB, Row, Table
from migration.discover.model import FoundCluster, FoundDatastore, FoundHost, FoundMachine, FoundNetwork

MOST_HOST_MEMORY = 32 * TIB
MOST_CORES = 1024


def read_hosts(table: Table | None, site: str, as_of: datetime) -> list[FoundHost]:
    """VHost."""
    found: dict[tuple[str, str], FoundHost] = {}
    for row in table or ():
        name = row.text("host", "name")
        if not name:
            row.note("DSC-025", "the host has no name", taken="left out")
        elif (row.text("datacenter"), name) in found:
            row.note("DSC-026", f"the host {name} stands there already", taken="the first of the two")
        else:
            found[row.text("datacenter"), name] = _host(row, name, site, as_of)
    return list(found.values())


def _host(row: Row, name: str, site: str, as_of: datetime) -> FoundHost:
    sockets, each, cores = row.count("#cpu"), row.count("corespercpu"), row.count("#cores", "#cpucores")
    cores = cores or (sockets or 0) * (each or 0)
    if not cores or cores > MOST_CORES:
        row.note("DSC-035", f"{name} has {cores or 'no'} cores", taken="no capacity: nothing will be placed on it")
        cores = 0
    memory = row.size("#memory", "memorysize", "memory", least=1)
    if memory is None or memory > MOST_HOST_MEMORY:
        row.note(
            "DSC-035",
            f"{name} has {'no' if memory is None else f'{memory / TIB:,.0f} TiB of'} memory",
            taken="no capacity: nothing will be placed on it",
        )
        memory = 0
    mhz = row.count("speed", "cpumhz") or 0
    busy, full = _percent(row, "cpuusage%", "overallcpuusage"), _percent(row, "memoryusage%", "overallmemoryusage")
    active = row.flag("htactive")
    return FoundHost(
        name=name,
        site=site,
        cluster=row.text("cluster"),
        datacenter=row.text("datacenter"),
        sockets=sockets,
        cores=cores,
        threads=cores * 2 if active else cores if active is False else None,
        mhz=mhz,
        memory=round(memory),
        cpu_model=row.text("cpumodel"),
        vendor=row.text("vendor"),
        model=row.text("model"),
        version=row.text("esxversion"),
        connection=row.text("connectionstate") or "connected",
        maintenance=bool(row.flag("inmaintenancemode")),
        cpu_used_mhz=None if busy is None or not cores * mhz else busy / 100 * cores * mhz,
        memory_used=None if full is None or not memory else full / 100 * memory,
        as_of=as_of,
    )


def _percent(row: Row, *names: str) -> float | None:
    value = row.number(*names, whole=False)
    if value is not None and value > 100:
        row.note("DSC-035", f"{names[0]}: {value:g} % is more than all", taken="unknown")
        return None
    return value


def read_clusters(table: Table | None, hosts: Iterable[FoundHost], machines: Iterable[FoundMachine], site: str) -> list[FoundCluster]:
    """vCluster, and the clusters that hosts and machines name; the data centre is the hosts', since vCluster has none."""
    centres = {each.cluster: each.datacenter for each in machines if each.cluster}
    centres |= {each.cluster: each.datacenter for each in hosts if each.cluster}
    found: dict[str, FoundCluster] = {}
    for row in table or ():
        name = row.text("name", "cluster")
        if not name or name in found:
            row.note(
                "DSC-025" if not name else "DSC-026",
                f"the cluster {name or 'has no name'}{' stands there already' if name else ''}",
                taken="left out",
            )
            continue
        admitted = row.flag("admissioncontrolenabled")
        level = row.count("failoverlevel")
        found[name] = FoundCluster(
            name=name,
            site=site,
            datacenter=centres.get(name, ""),
            ha=row.flag("haenabled"),
            drs=row.flag("drsenabled"),
            host_failures=level if admitted is not False else None,
        )
    for name, centre in centres.items():
        found.setdefault(name, FoundCluster(name=name, site=site, datacenter=centre))
    return list(found.values())


def read_datastores(table: Table | None, site: str) -> list[FoundDatastore]:
    """VDatastore."""
    found: dict[str, FoundDatastore] = {}
    for row in table or ():
        name = row.text("name")
        if not name or name in found:
            row.note(
                "DSC-025" if not name else "DSC-026",
                f"the datastore {name or 'has no name'}{' stands there already' if name else ''}",
                taken="left out",
            )
            continue
        whole, free = row.size("capacity"), row.size("free")
        if not whole:
            row.note("DSC-033", f"{name} has no capacity", taken="0 bytes: nothing will be placed on it")
        if whole and free is not None and free > whole:
            row.note("DSC-035", f"{name} has more free than it holds", taken="free space unknown")
            free = None
        accessible = row.flag("accessible")
        if accessible is False:
            row.note("DSC-044", f"{name} is not accessible", taken="the values as they are")
        found[name] = FoundDatastore(
            name=name,
            site=site,
            capacity=round(whole or 0),
            free=None if free is None else round(free),
            kind=row.text("type"),
            accessible=accessible is not False,
        )
    return list(found.values())


def read_networks(
    ports: Table | None, distributed: Table | None, cards: Table | None, machines: Iterable[FoundMachine], site: str
) -> list[FoundNetwork]:
    """vPort, dvPort, and the networks that cards name. A port group of several hosts is one network."""
    found: dict[str, FoundNetwork] = {}
    for table, names in ((ports, ("portgroup",)), (distributed, ("port", "portgroup"))):
        for row in table or ():
            name = row.text(*names)
            if name and not name.startswith("dvportgroup-"):
                _add(found, FoundNetwork(name=name, site=site, vlan=_vlan(row.text("vlan")), switch=row.text("switch")))
    for row in cards or ():
        if row.text("network"):
            _add(found, FoundNetwork(name=row.text("network"), site=site, switch=row.text("switch")))
    for machine in machines:
        for card in machine.nics:
            if card.network:
                _add(found, FoundNetwork(name=card.network, site=site))
    return list(found.values())


def _add(found: dict[str, FoundNetwork], network: FoundNetwork) -> None:
    known = found.get(network.name)
    if known is None:
        found[network.name] = network
    elif (known.vlan is None and network.vlan is not None) or (not known.switch and network.switch):
        found[network.name] = replace(
            known, vlan=known.vlan if known.vlan is not None else network.vlan, switch=known.switch or network.switch
        )


def _vlan(text: str) -> int | None:
    """A trunk, or a private VLAN, is no single number."""
    return int(text) if re.fullmatch(r"\d{1,4}", text) and int(text) <= 4094 else None


def written_at(metadata: Table | None) -> datetime | None:
    """When the file was exported, by vMetaData."""
    for row in metadata or ():
        return row.moment("xlsxcreationdatetime")
    return None


def health(table: Table | None) -> None:
    """vHealth: RVTools' own remarks become notes."""
    for row in table or ():
        name, message = row.text("name"), row.text("message")
        if message:
            row.note("DSC-049", message[:200], taken="as it is", name=name)
