"""Writes an RVTools workbook: all 27 tabs with RVTools' own column names, filled where the inventory knows the value, else blank.

It holds at least what Export for vCenter writes, which is what AWS Transform, Azure Migrate and Red Hat's planner ask for. Texts are
written as texts, never as formulas or links, and quoted, so that editing a cell does not wake one up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import BytesIO

import xlsxwriter

from infra.spreadsheet import FORMULA
from migration.discover.exchange.rvtools_rows import PER_MACHINE, Cells, card_facts, common, source_id
from migration.discover.exchange.rvtools_tabs import TABS
from migration.discover.exchange.tables import MIB
from migration.discover.exchange.writing import number_of
from migration.discover.model import FoundHost, FoundMachine, FoundNetwork, Inventory


def write_rvtools(inventory: Inventory) -> tuple[bytes, int, tuple[str, ...]]:
    """The workbook, how many machines are in it, and what it has no place for."""
    stream = BytesIO()
    book = xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    quoted, dated = book.add_format({"quote_prefix": True}), book.add_format({"num_format": "yyyy/mm/dd hh:mm:ss"})
    for tab, columns in TABS.items():
        sheet = book.add_worksheet(tab)
        rows = list(_rows(tab, inventory))
        header = [*columns, *_own_columns(tab, inventory)]
        for at, name in enumerate(header):
            sheet.write_string(0, at, name, quoted if name.startswith(FORMULA) else None)
        position = {name.casefold(): at for at, name in enumerate(header)}
        for line, row in enumerate(rows, 1):
            for name, value in row.items():
                if name.casefold() in position:  # a tab need not have all that the tabs of machines have in common
                    _write(sheet, line, position[name.casefold()], value, (quoted, dated))
    book.close()
    left = ["usage, edges and quotas", "the estate's names of servers"]
    if any(each.kind == "aws" for each in inventory.machines):
        left.append("instance types, zones and volumes of AWS")
    return stream.getvalue(), len(inventory.machines), tuple(left)


def _write(sheet: object, line: int, at: int, value: object, formats: tuple[object, object]) -> None:
    """A cell of the right kind; nothing for what is not known."""
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_string(line, at, str(value))  # type: ignore[attr-defined]
    elif isinstance(value, int | float):
        sheet.write_number(line, at, value)  # type: ignore[attr-defined]
    elif isinstance(value, datetime):
        sheet.write_datetime(line, at, value.astimezone(UTC).replace(tzinfo=None), formats[1])  # type: ignore[attr-defined]
    else:
        plain = str(value)[:32767]
        sheet.write_string(line, at, plain, formats[0] if plain.startswith(FORMULA) else None)  # type: ignore[attr-defined]


def _own_columns(tab: str, inventory: Inventory) -> list[str]:
    """Custom attributes and tags, as RVTools appends them to vInfo."""
    if tab != "vInfo":
        return []
    tags = sorted({f"vInfo_tags_{name}" for each in inventory.machines for name in each.tags})
    taken = {name.casefold() for name in TABS["vInfo"]}
    return [*tags, *sorted({name for each in inventory.machines for name in each.custom if name.casefold() not in taken})]


def _rows(tab: str, inventory: Inventory) -> Iterable[Cells]:
    machines = PER_MACHINE.get(tab)
    if machines is not None:
        return (row for each in inventory.machines for row in machines(each))
    whole = _WHOLE.get(tab)
    return whole(inventory) if whole is not None else ()


def _cards(inventory: Inventory) -> Iterable[Cells]:
    switches = {each.name: each.switch for each in inventory.networks}
    for each in inventory.machines:
        for card in each.nics:
            yield common(each) | card_facts(card) | {"Switch": switches.get(card.network, "")}


def _clusters(inventory: Inventory) -> Iterable[Cells]:
    for each in inventory.clusters:
        inside = [host for host in inventory.hosts if host.cluster == each.name]
        yield {
            "Name": each.name,
            "NumHosts": len(inside),
            "numEffectiveHosts": sum(not host.maintenance for host in inside),
            "TotalCpu": sum(host.cores * host.mhz for host in inside),
            "NumCpuCores": sum(host.cores for host in inside),
            "TotalMemory": number_of(sum(host.memory for host in inside), MIB),
            "HA enabled": each.ha,
            "Failover Level": each.host_failures,
            "DRS enabled": each.drs,
            "VI SDK Server": each.site,
        }


def _hosts(inventory: Inventory) -> Iterable[Cells]:
    standing: dict[str, list[FoundMachine]] = {}
    for machine in inventory.machines:
        standing.setdefault(machine.host, []).append(machine)
    for each in inventory.hosts:
        yield _host(each) | _load(each, standing.get(each.name, []))


def _host(each: FoundHost) -> dict[str, object]:
    per_socket = each.cores // each.sockets if each.sockets and each.cores % each.sockets == 0 else None
    return {
        "Host": each.name,
        "Datacenter": each.datacenter,
        "Cluster": each.cluster,
        "in Maintenance Mode": each.maintenance,
        "CPU Model": each.cpu_model,
        "Speed": each.mhz,
        "HT Active": None if each.threads is None else each.threads > each.cores,
        "# CPU": each.sockets,
        "Cores per CPU": per_socket,
        "# Cores": each.cores,
        "CPU usage %": None
        if each.cpu_used_mhz is None or not each.cores * each.mhz
        else 100 * each.cpu_used_mhz / (each.cores * each.mhz),
        "# Memory": number_of(each.memory, MIB),
        "Memory usage %": None if each.memory_used is None or not each.memory else 100 * each.memory_used / each.memory,
        "ESX Version": each.version,
        "Vendor": each.vendor,
        "Model": each.model,
        "VI SDK Server": each.site,
    }


def _load(each: FoundHost, machines: list[FoundMachine]) -> dict[str, object]:
    vcpus = sum(one.cpus for one in machines if one.power == "on")
    return {
        "# VMs total": len(machines),
        "# VMs": sum(one.power == "on" for one in machines),
        "# vCPUs": vcpus,
        "vCPUs per Core": vcpus / each.cores if each.cores else None,
        "vRAM": number_of(sum(one.memory for one in machines if one.power == "on"), MIB),
    }


def _ports(inventory: Inventory) -> Iterable[Cells]:
    standard = (each for each in inventory.networks if not _distributed(each))
    return ({"Port Group": each.name, "Switch": each.switch, "VLAN": each.vlan, "VI SDK Server": each.site} for each in standard)


def _distributed_ports(inventory: Inventory) -> Iterable[Cells]:
    groups = (each for each in inventory.networks if _distributed(each))
    return ({"Port": each.name, "Switch": each.switch, "VLAN": each.vlan, "VI SDK Server": each.site} for each in groups)


def _distributed(network: FoundNetwork) -> bool:
    """By the switch's name: vSphere calls standard ones vSwitch0 and so on, and people leave it at that."""
    return bool(network.switch) and not network.switch.casefold().startswith("vswitch")


def _datastores(inventory: Inventory) -> Iterable[Cells]:
    for each in inventory.datastores:
        free, whole = each.free, each.capacity
        yield {
            "Name": each.name,
            "Accessible": each.accessible,
            "Type": each.kind,
            "Capacity MiB": number_of(whole, MIB),
            "In Use MiB": None if free is None else number_of(whole - free, MIB),
            "Free MiB": None if free is None else number_of(free, MIB),
            "Free %": None if free is None or not whole else round(100 * free / whole),
            "VI SDK Server": each.site,
        }


def _pools(inventory: Inventory) -> Iterable[Cells]:
    pools: dict[str, list[FoundMachine]] = {}
    for machine in inventory.machines:
        if machine.pool:
            pools.setdefault(machine.pool, []).append(machine)
    for path, inside in sorted(pools.items()):
        yield {
            "Resource Pool name": path.rsplit("/", 1)[-1],
            "Resource Pool path": path,
            "# VMs total": len(inside),
            "# vCPUs": sum(each.cpus for each in inside),
        }


def _switches(inventory: Inventory) -> Iterable[Cells]:
    return ({"Switch": name} for name in sorted({each.switch for each in inventory.networks if each.switch and not _distributed(each)}))


def _distributed_switches(inventory: Inventory) -> Iterable[Cells]:
    return ({"Switch": name, "Name": name} for name in sorted({each.switch for each in inventory.networks if _distributed(each)}))


def _source(inventory: Inventory) -> Iterable[Cells]:
    sites = sorted({each.site for each in inventory.machines} | {each.site for each in inventory.hosts})
    return (
        {"Name": "Incline", "Fullname": f"Incline, site {site}", "Vendor": "Incline", "VI SDK Server": site, "VI SDK UUID": source_id(site)}
        for site in sites
    )


def _metadata(inventory: Inventory) -> Iterable[Cells]:
    yield {"RVTools major version": "4.4", "RVTools version": "4.4.0.0", "xlsx creation datetime": inventory.taken_at, "Server": "Incline"}


_WHOLE: dict[str, Callable[[Inventory], Iterable[Cells]]] = {
    "vNetwork": _cards,
    "vSource": _source,
    "vRP": _pools,
    "vCluster": _clusters,
    "vHost": _hosts,
    "vSwitch": _switches,
    "vPort": _ports,
    "dvSwitch": _distributed_switches,
    "dvPort": _distributed_ports,
    "vDatastore": _datastores,
    "vMetaData": _metadata,
}
"""The other tabs have their header row alone: the inventory keeps nothing of them."""
