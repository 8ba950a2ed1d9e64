"""The columns of a plain table, by kind, and the machine that a row of it means."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from migration.discover.exchange.rvtools_draft import Draft
from migration.discover.exchange.rvtools_machines import cpus
from migration.discover.exchange.sizes import memory_size
from migration.discover.exchange.tables import SECRET_VALUE, Row, key_of
from migration.discover.model import FoundMachine, FoundNic
from migration.discover.operating_systems import os_id

_SAME = (
    *("uuid", "os", "os_config", "os_guest", "firmware", "architecture", "tools", "datacenter", "cluster", "host", "folder", "pool"),
    *("instance_type", "zone", "dns_name", "version", "billing", "connection"),
)
TEXTS = {each: each for each in _SAME} | {"id": "moref", "estate_server": "server"}
"""Column and attribute."""
NUMBERS = {"cpus": "cpus", "sockets": "sockets", "hardware_version": "hardware_version", "cpu_reservation_mhz": "cpu_reservation_mhz"}
BYTES = {"memory_mib": "memory", "memory_reservation_mib": "memory_reservation", "in_use_mib": "in_use"}
FLAGS = {each: each for each in ("template", "secure_boot", "tracking", "consolidate", "fault_tolerance", "encrypted")}
MOMENTS = {"created": "created", "booted": "booted"}
_POWER = {"on": "on", "off": "off", "suspended": "suspended", "poweredon": "on", "poweredoff": "off", "running": "on", "stopped": "off"}
_MEMORY = ("memory", "ram")


def draft_of(row: Row, names: tuple[str, ...], unit: int) -> Draft | None:
    """What identifies a machine and what must be judged; None with a finding for a row without a name."""
    name = row.text(*names)
    if not name:
        row.note("DSC-025", "the row has no name", taken="left out")
        return None
    draft = Draft(
        name=name, line=row.line, uuid=row.text("uuid"), moref=row.text("id"), power=row.text("power", "powerstate").casefold() or "on"
    )
    draft.datacenter, draft.cluster, draft.host = row.text("datacenter"), row.text("cluster"), row.text("host")
    draft.learn(cpus=cpus(row, "cpus", "vcpus", "vcpu", "cores"), memory=memory_size(row, _MEMORY, unit))
    for what in ("cpus", "memory"):
        if not draft.facts.get(what):
            row.note("DSC-033", f"{name} has no {what}", taken="unknown", name=name)
    _take_named(row, draft)
    return draft


def _take_named(row: Row, draft: Draft) -> None:
    """`tag:` and `custom:` columns; any other unknown column is a custom attribute too."""
    for header, at in row.table.custom.items():
        value = row.text_at(at) if at < len(row.cells) and row.cells[at] is not None else ""
        if not value:
            continue
        if SECRET_VALUE.search(value):
            row.note("DSC-023", f"the value of {header} looks like a secret", taken="never kept", name=draft.name)
        elif header.startswith("tag:"):
            draft.tags.setdefault(header.removeprefix("tag:"), value)
        else:
            draft.custom.setdefault(header.removeprefix("custom:"), value)


def finish(made: FoundMachine, row: Row, draft: Draft) -> FoundMachine:
    """The machine with what only this format has."""
    told: dict[str, object] = {attribute: row.text(key_of(column)) for column, attribute in TEXTS.items()}
    told |= {attribute: row.count(key_of(column)) for column, attribute in NUMBERS.items() if column != "cpus"}
    told |= {attribute: _bytes(row, column) for column, attribute in BYTES.items() if column != "memory_mib"}
    told |= {attribute: row.flag(key_of(column)) for column, attribute in FLAGS.items()}
    told |= {attribute: row.moment(column) for column, attribute in MOMENTS.items()}
    told["template"] = bool(told["template"])
    told["os_config"] = told["os_config"] or row.text("operatingsystem")
    told["os"] = _os(str(told["os"]), told, row, draft)
    told["kind"] = "aws" if row.text("kind").casefold() == "aws" else "vsphere"
    told["addresses"] = _list(row, "addresses", "ipaddresses", "ipaddress", "ip")
    told["nics"] = tuple(
        FoundNic(label=f"Network adapter {n}", network=each) for n, each in enumerate(_list(row, "networks", "network", empty=True), 1)
    )
    told["power"] = _power(row, draft)
    told["as_of"] = row.moment("asof") or made.as_of
    return replace(made, **told)  # type: ignore[arg-type]  # each by its own name


def _power(row: Row, draft: Draft) -> str:
    if draft.power not in _POWER:
        row.note("DSC-054", f"{draft.name}: power state '{draft.power[:40]}'", taken="on", name=draft.name)
    return _POWER.get(draft.power, "on")


def _os(said: str, told: dict[str, object], row: Row, draft: Draft) -> str:
    """The column `os` may hold an id or a name."""
    found = os_id(config=str(told["os_config"]), guest=str(told["os_guest"]))
    if said:
        found = said if said == said.casefold() and " " not in said else os_id(config=said)
    if not found:
        row.note("DSC-045", f"{draft.name}: nothing tells which operating system it has", taken="unknown", name=draft.name)
    return found


def _bytes(row: Row, column: str) -> int | None:
    value = row.size(key_of(column).removesuffix("mib"))
    return None if value is None else round(value)


def _list(row: Row, *names: str, empty: bool = False) -> tuple[str, ...]:
    cell = row.text(*names)
    parts = [unquote(each.strip()) for each in cell.replace(",", ";").split(";")] if cell else []
    return tuple(each for each in parts if each or empty)
