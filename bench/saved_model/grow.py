"""Grows a small saved model: one machine's saved file, copied with other ids, names, uuids and addresses.

Building 10,000 machines by tasks takes the simulator 400 s; writing their files takes some seconds. The files are `govc object.save`'s.
"""

from __future__ import annotations

import re
import uuid
from pathlib import Path

TEMPLATE = "DC0_C0_RP0_VM0"
_FIRST = 100_000
_UUID = re.compile(r"<(uuid|instanceUuid)>[0-9a-f-]{36}</\1>")
_MAC = re.compile(r"<macAddress>([0-9a-f:]{8})[0-9a-f:]{9}</macAddress>")


def grow(folder: Path, machines: int) -> None:
    """Bring a saved model with the template machine to so many machines. They are spread over its hosts."""
    source = next(path for path in sorted(folder.glob("*-VirtualMachine-vm-*.xml")) if _name(path) == TEMPLATE)
    moref = source.stem.split("-", 2)[2]
    pattern = source.read_text(encoding="utf-8")
    present = len(list(folder.glob("*-VirtualMachine-vm-*.xml")))
    hosts = [path.stem.split("-", 2)[2] for path in sorted(folder.glob("*-HostSystem-host-*.xml"))]
    added: dict[str, list[str]] = {host: [] for host in hosts}
    for index in range(machines - present):
        host, fresh = hosts[index % len(hosts)], f"vm-{_FIRST + index}"
        (folder / f"9{index:05d}-VirtualMachine-{fresh}.xml").write_text(_copy(pattern, moref, fresh, host, index), encoding="utf-8")
        added[host].append(fresh)
    everyone = [fresh for each in added.values() for fresh in each]
    for path in folder.glob("*.xml"):
        text = path.read_text(encoding="utf-8")
        kind = path.stem.split("-")[1]
        wanted = added.get(path.stem.split("-", 2)[2], []) if kind == "HostSystem" else everyone
        if (kind != "VirtualMachine" and f">{moref}<" in text) or kind == "HostSystem":
            path.write_text(_listed(text, moref, wanted), encoding="utf-8")


def _name(path: Path) -> str:
    found = re.search(r"<name>name</name>\s*<val[^>]*>([^<]*)</val>", path.read_text(encoding="utf-8"))
    return found[1] if found else ""


def _copy(pattern: str, moref: str, fresh: str, host: str, index: int) -> str:
    """Another machine: nothing of its identity is the template's."""
    text = pattern.replace(f">{moref}<", f">{fresh}<").replace(TEMPLATE, f"bench-{index:05d}")
    text = re.sub(r">host-\d+<", f">{host}<", text)
    text = _UUID.sub(lambda m: f"<{m[1]}>{uuid.uuid5(uuid.NAMESPACE_OID, f'{index} {m[0]}')}</{m[1]}>", text)
    text = _MAC.sub(lambda m: f"<macAddress>{m[1]}:{index >> 16 & 255:02x}:{index >> 8 & 255:02x}:{index & 255:02x}</macAddress>", text)
    return text.replace(">10.0.0.1<", f">10.{index >> 16 & 255}.{index >> 8 & 255}.{index & 255}<")


def _listed(text: str, moref: str, fresh: list[str]) -> str:
    """The template's reference in a list (a folder's children, a host's machines), followed by the copies'."""
    lines = "".join(f'<ManagedObjectReference type="VirtualMachine">{each}</ManagedObjectReference>' for each in fresh)
    return re.sub(
        rf'(<ManagedObjectReference type="VirtualMachine">{re.escape(moref)}</ManagedObjectReference>)', lambda m: m[0] + lines, text
    )
