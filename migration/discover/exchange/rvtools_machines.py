"""vInfo: one row per machine, and the machine that is made of it once the other tabs have added what they know."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict

from infra.wording import counted
from migration.discover.exchange.notes import Notes
from migration.discover.exchange.rvtools_draft import Draft, Index
from migration.discover.exchange.sizes import disk_size, memory_size, memory_unit
from migration.discover.exchange.tables import SECRET_VALUE, Row, Table
from migration.discover.model import FoundMachine, FoundNic
from migration.discover.operating_systems import os_id

Power = Literal["on", "off", "suspended"]
MOST_CPUS = 768
POWER: dict[str, Power] = {
    "poweredon": "on",
    "poweredoff": "off",
    "suspended": "suspended",
    "on": "on",
    "off": "off",
    "running": "on",
    "stopped": "off",
}
POWER |= {"powered on": "on", "powered off": "off", "notrunning": "off"}
_AGENT = re.compile(r"vCLS(?:[- ]|$)")
_TAG = re.compile(r"(?:vInfo_)?tags?[_:](.+)", re.IGNORECASE)


class _Where(TypedDict):
    tab: str
    line: int
    name: str


@dataclass(frozen=True)
class Origin:
    """What every machine of a file shares."""

    site: str
    source: str
    as_of: datetime


def read_machines(table: Table, index: Index) -> None:
    """Take the machines of vInfo, without those that are there twice or are none."""
    unit = memory_unit(table)
    for row in table:
        name = row.text("vm", "vmname")
        if not name:
            row.note("DSC-025", "the row has no name", taken="left out")
        elif row.flag("srmplaceholder"):
            row.note("DSC-040", f"{name} is a placeholder of Site Recovery Manager", taken="left out")
        elif _AGENT.match(name):
            row.note("DSC-042", f"{name} is an agent of vSphere Cluster Services", taken="left out")
        else:
            _add(row, name, index, unit)


def _add(row: Row, name: str, index: Index, unit: int) -> None:
    draft = _draft(row, name, unit)
    same = index.with_id(draft.moref, draft.server) if draft.moref else []
    twins = [each for each in index.with_uuid(draft.uuid) if draft.uuid]
    if not same and not draft.moref:
        same = [each for each in (twins or index.named(name)) if each.name == name and _same_place(each, draft)]
    if same:
        row.note("DSC-026", f"{name} stands in row {same[0].line} already", taken="the first of the two")
        return
    if twins:
        row.note("DSC-028", f"{name} has the UUID of {twins[0].name}", taken="both, told apart by VM ID or name")
    elif index.named(name):
        row.note(
            "DSC-027",
            f"{name} is the name of another machine too (row {index.named(name)[0].line})",
            taken="both, told apart by UUID, VM ID or place",
        )
    index.add(draft)


def _same_place(one: Draft, other: Draft) -> bool:
    return (one.datacenter, one.cluster, one.host, one.uuid) == (other.datacenter, other.cluster, other.host, other.uuid)


def _draft(row: Row, name: str, unit: int) -> Draft:
    draft = Draft(
        name=name,
        line=row.line,
        uuid=row.text("vmuuid", "uuid").casefold(),
        moref=row.text("vmid"),
        server=row.text("visdkserver"),
        datacenter=row.text("datacenter"),
        cluster=row.text("cluster"),
        host=row.text("host"),
        power=row.text("powerstate").casefold(),
        os_config=row.text("osaccordingtotheconfigurationfile", "os"),
        told_disks=row.count("disks", "#virtualdisks"),
        told_total=row.size("totaldiskcapacity"),
        networks=tuple(each for n in range(1, 9) if (each := row.text(f"network#{n}", f"network{n}"))),
    )
    draft.learn(cpus=cpus(row, "cpus"), memory=memory_size(row, ("memory", "memorysize"), unit), template=row.flag("template"))
    draft.learn(
        os_guest=row.text("osaccordingtothevmwaretools", "ostools"),
        firmware=row.text("firmware"),
        secure_boot=row.flag("efisecureboot"),
        hardware_version=_hardware_version(row),
        folder=row.text("folder"),
        pool=row.text("resourcepool"),
        dns_name=row.text("dnsname", "guesthostname"),
        address=row.text("primaryipaddress"),
        tracking=row.flag("cbt"),
        consolidate=row.flag("consolidationneeded"),
        in_use=_whole(row.size("inuse")),
        created=row.moment("creationdate"),
        booted=row.moment("poweron"),
        version=row.text("changeversion"),
        smbios=row.text("smbiosuuid").casefold(),
        fault_tolerance=_fault_tolerance(row.text("ftstate")),
        connection=row.text("connectionstate").casefold(),
    )
    _connection(row, name)
    take_custom(row, draft)
    return draft


def cpus(row: Row, *names: str) -> int | None:
    """A count of processors that a machine can have."""
    value = row.number(*names, least=1)
    if value is not None and value > MOST_CPUS:
        row.note("DSC-035", f"{value:,.0f} processors are more than a machine can have ({MOST_CPUS})", taken="unknown")
        return None
    return None if value is None else int(value)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _hardware_version(row: Row) -> int | None:
    """21, vmx-21 or `vmx21`."""
    digits = re.sub(r"\D", "", row.text("hwversion").split(".")[0])
    return int(digits) if digits and len(digits) <= 3 else None


def _fault_tolerance(state: str) -> bool | None:
    return None if not state else state.casefold() not in {"notconfigured", "disabled"}


def _connection(row: Row, name: str) -> None:
    state = row.text("connectionstate")
    if state and state.casefold() != "connected":
        row.note("DSC-044", f"{name} is {state}: vCenter tells what it knew before", taken="the values as they are")


def take_custom(row: Row, draft: Draft) -> None:
    """Custom attributes and tags of a row; a value that looks like a secret is never kept."""
    for name, at in row.table.custom.items():
        value = row.cells[at] if at < len(row.cells) else None
        if value in {"", None}:
            continue
        shown = row.text_at(at)
        if not shown:
            continue
        if SECRET_VALUE.search(shown):
            row.note("DSC-023", f"the value of {name} looks like a secret", taken="never kept")
            continue
        tag = _TAG.fullmatch(name)
        if tag:
            draft.tags.setdefault(tag[1], shown)
        elif row.table.tab == "vInfo":
            draft.custom.setdefault(name, shown)
        else:
            draft.heard.setdefault(name, {})[row.table.tab] = shown


def _custom(draft: Draft) -> dict[str, str]:
    """Custom attributes: unknown columns of vInfo, and those of several other tabs, since RVTools writes an attribute into all of them.

    An unknown column of one other tab is a newer version's own.
    """
    several = {name: next(iter(told.values())) for name, told in draft.heard.items() if len(told) > 1}
    return dict(sorted((several | draft.custom).items()))


def machine(draft: Draft, key: str, origin: Origin) -> FoundMachine:
    """The machine that all tabs together describe."""
    facts = draft.facts
    guest = str(facts.get("os_guest") or "")
    cards = tuple(draft.nics) or tuple(FoundNic(label=f"Network adapter {n}", network=each) for n, each in enumerate(draft.networks, 1))
    first = str(facts.get("address") or "")
    addresses = [first, *(facts.get("addresses") or ()), *(each for card in cards for each in card.addresses)]
    return FoundMachine(
        key=key,
        name=draft.name,
        site=origin.site,
        kind="vsphere",
        source=origin.source,
        as_of=origin.as_of,
        uuid=draft.uuid or str(facts.get("smbios") or ""),
        moref=draft.moref,
        cpus=int(facts.get("cpus") or 0),
        memory=int(facts.get("memory") or 0),
        sockets=facts.get("sockets"),
        power=POWER.get(draft.power, "on"),
        template=bool(facts.get("template")),
        os=os_id(config=draft.os_config, guest=guest),
        os_config=draft.os_config,
        os_guest=guest,
        firmware=str(facts.get("firmware") or ""),
        secure_boot=facts.get("secure_boot"),
        hardware_version=facts.get("hardware_version"),
        tools=str(facts.get("tools") or ""),
        datacenter=draft.datacenter,
        cluster=draft.cluster,
        host=draft.host,
        folder=str(facts.get("folder") or ""),
        pool=str(facts.get("pool") or ""),
        dns_name=str(facts.get("dns_name") or ""),
        addresses=tuple(dict.fromkeys(each for each in addresses if each)),
        disks=tuple(draft.disks),
        nics=cards,
        snapshots=tuple(draft.snapshots),
        partitions=tuple(draft.partitions),
        devices=tuple(sorted(draft.devices)),
        tracking=facts.get("tracking"),
        consolidate=facts.get("consolidate"),
        cpu_reservation_mhz=facts.get("cpu_reservation"),
        memory_reservation=facts.get("memory_reservation"),
        in_use=facts.get("in_use"),
        created=facts.get("created"),
        booted=facts.get("booted"),
        version=str(facts.get("version") or ""),
        fault_tolerance=facts.get("fault_tolerance"),
        connection=str(facts.get("connection") or ""),
        architecture=str(facts.get("architecture") or ""),
        tags=dict(sorted(draft.tags.items())),
        custom=_custom(draft),
    )


def keys(drafts: list[Draft], site: str) -> list[str]:
    """A key for each: by UUID, else by VM ID, else by name and place; what is taken already goes on to the next."""
    taken: set[str] = set()
    found = []
    for draft in drafts:
        place = "@".join(part for part in (draft.name, draft.host or draft.cluster or draft.datacenter) if part)
        choices = [each for each in (draft.uuid, draft.moref, draft.name, place) if each]
        chosen = next((each for each in choices if each not in taken), f"{place}#{draft.line}")
        taken.add(chosen)
        found.append(f"{site}/{chosen}")
    return found


def judge(drafts: list[Draft], notes: Notes) -> None:
    """What is odd about the machines once all tabs were heard."""
    off = Counter(POWER.get(draft.power, "") for draft in drafts if not draft.facts.get("template"))
    if off["off"] or off["suspended"]:
        notes.add(
            "DSC-041",
            f"{off['off'] + off['suspended']:,} of {off.total():,} machines are off or suspended",
            tab="vInfo",
            taken="as they are",
        )
    for draft in drafts:
        _judge_one(draft, notes)


def _judge_one(draft: Draft, notes: Notes) -> None:
    facts, where = draft.facts, _Where(tab="vInfo", line=draft.line, name=draft.name)
    if facts.get("template"):
        notes.add("DSC-039", f"{draft.name} is a template", taken="a template", **where)
    if draft.power not in POWER:
        notes.add(
            "DSC-054",
            f"{draft.name}: power state '{draft.power[:40]}'" if draft.power else f"{draft.name} has no power state",
            taken="on",
            **where,
        )
    for what in ("cpus", "memory"):
        if not facts.get(what):
            notes.add("DSC-033", f"{draft.name} has no {what}", taken="unknown", **where)
    found = os_id(config=draft.os_config, guest=str(facts.get("os_guest") or ""))
    if found in {"", "linux", "windows"}:
        said = facts.get("os_guest") or draft.os_config
        notes.add(
            "DSC-045",
            f"{draft.name}: {f'{said!r} does not tell' if said else 'nothing tells'} which operating system it has",
            taken=found or "unknown",
            **where,
        )
    _judge_disks(draft, notes, where)


def _judge_disks(draft: Draft, notes: Notes, where: _Where) -> None:
    if not draft.disks and (draft.told_disks or draft.told_total):
        notes.add(
            "DSC-030",
            f"{draft.name} has {counted(draft.told_disks, 'disk') if draft.told_disks else 'disks'} by vInfo and none in vDisk",
            taken="no disks",
            **where,
        )
        return
    if not draft.disks:
        return
    total = sum(each.size for each in draft.disks)
    if draft.told_disks not in {None, len(draft.disks)}:
        notes.add(
            "DSC-046",
            f"{draft.name} has {counted(draft.told_disks or 0, 'disk')} by vInfo and {len(draft.disks)} in vDisk",
            taken="those of vDisk",
            **where,
        )
    elif draft.told_total and abs(draft.told_total - total) > max(0.01 * total, disk_size(1)):
        told = f"{draft.told_total / 2**30:,.1f} GiB by vInfo and {total / 2**30:,.1f} GiB by vDisk"
        notes.add("DSC-046", f"the disks of {draft.name} have {told}", taken="those of vDisk", **where)
