"""What a change of the estate would do, in the estate's words: moves, resizes, additions, retirements, and every other edit by name.

Pure: two estates in, changes out. It reads intent; whether a move has been carried out, a changed placement says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from infra.estate.model import Estate, Placement, Server
from infra.estate.sizes import format_size

Kind = Literal["move", "retire", "add", "resize", "grow", "disk", "address", "edit", "moved", "adopted", "other"]

# The order in which a reviewer should read: what is hardest to take back comes first.
_ORDER: tuple[Kind, ...] = ("retire", "move", "moved", "add", "resize", "grow", "disk", "address", "edit", "adopted", "other")
_TOLD_APART = {"name", "site", "size", "disks", "at"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change. `object` is such as `server/permits-db-01`, `words` a sentence without a full stop."""

    kind: Kind
    object: str
    words: str


def compare(old: Estate, new: Estate) -> list[Change]:
    """Every change from one estate to another, hardest to take back first, then by object."""
    changes = [*_servers(old, new), *_placements(old, new), *_others(old, new)]
    return sorted(changes, key=lambda each: (_ORDER.index(each.kind), each.object, each.words))


def describe_disks(server: Server) -> str:
    """`2 disks, 48.5 GiB`."""
    count = len(server.disks)
    return f"{count} disk{'' if count == 1 else 's'}, {_spaced(sum(disk.size for disk in server.disks))}"


def _servers(old: Estate, new: Estate) -> Iterator[Change]:
    for name, server in new.servers.items():
        before = old.servers.get(name)
        if before is None:
            words = f"adds {name} on {server.site} ({_size(server)}, {describe_disks(server)}; service {server.service})"
            yield Change(kind="add", object=f"server/{name}", words=words)
        else:
            yield from _server(before, server)
    for name, server in old.servers.items():
        if name not in new.servers:
            words = f"retires {name} on {server.site} ({_size(server)}, {describe_disks(server)}; service {server.service})"
            yield Change(kind="retire", object=f"server/{name}", words=words)


def _server(old: Server, new: Server) -> Iterator[Change]:
    name, target = new.name, f"server/{new.name}"
    if old.site != new.site:
        yield Change(kind="move", object=target, words=f"moves {name} {old.site} -> {new.site} ({describe_disks(new)})")
    if old.size != new.size:
        yield Change(kind="resize", object=target, words=f"resizes {name}: {', '.join(_resized(old, new))}")
    yield from _disks(old, new)
    yield from _attachments(old, new)
    edited = [key for key in type(new).model_fields if key not in _TOLD_APART and getattr(old, key) != getattr(new, key)]
    if edited:
        yield Change(kind="edit", object=target, words=f"edits {name}: {', '.join(_edit(key, old, new) for key in edited)}")


def _resized(old: Server, new: Server) -> Iterator[str]:
    if old.size.cpus != new.size.cpus:
        yield f"{old.size.cpus} -> {new.size.cpus} CPUs"
    if old.size.memory != new.size.memory:
        yield f"memory {_spaced(old.size.memory)} -> {_spaced(new.size.memory)}"


def _disks(old: Server, new: Server) -> Iterator[Change]:
    before, target = {disk.name: disk for disk in old.disks}, f"server/{new.name}"
    for disk in new.disks:
        size = _spaced(disk.size)
        if disk.name not in before:
            yield Change(kind="disk", object=target, words=f"adds disk {disk.name} to {new.name} ({size})")
        elif before[disk.name].size != disk.size:
            verb = "grows" if disk.size > before[disk.name].size else "shrinks"
            yield Change(kind="grow", object=target, words=f"{verb} {new.name} {disk.name} {_spaced(before[disk.name].size)} -> {size}")
    for name in before.keys() - {disk.name for disk in new.disks}:
        yield Change(kind="disk", object=target, words=f"removes disk {name} of {new.name} ({_spaced(before[name].size)})")


def _attachments(old: Server, new: Server) -> Iterator[Change]:
    target = f"server/{new.name}"
    for site in sorted(old.at.keys() | new.at.keys()):
        before, after = old.at.get(site), new.at.get(site)
        if before == after:
            continue
        if before is None or after is None:
            words = f"{new.name} {'may' if before is None else 'may no longer'} stand on {site}"
        else:
            words = f"changes {new.name} at {site}: {_fields(before, after)}"
        yield Change(kind="address", object=target, words=words)


def _placements(old: Estate, new: Estate) -> Iterator[Change]:
    for name, placement in new.placements.items():
        before, target = old.placements.get(name), f"placement/{name}"
        if before is None or name not in old.servers:
            yield Change(kind="adopted", object=target, words=f"settles {name} on {placement.site} ({placement.origin})")
        elif before.site != placement.site:
            words = f"records that {name} has moved {before.site} -> {placement.site}{_held(placement)}"
            yield Change(kind="moved", object=target, words=words)
        elif _content(before) != _content(placement):
            yield Change(kind="adopted", object=target, words=f"records {name}: {_fields(before, placement)}")


def _held(placement: Placement) -> str:
    return f", its source held on {placement.held.machine.site}" if placement.held else ""


def _content(placement: Placement) -> Placement:
    return placement.model_copy(update={"generation": 0})


def _others(old: Estate, new: Estate) -> Iterator[Change]:
    yield from _map("site", old.sites, new.sites)
    yield from _map("link", old.links, new.links)
    yield from _map("service", old.services, new.services)
    yield from _map("waiver", {each.id: each for each in old.waivers}, {each.id: each for each in new.waivers})
    if old.standards != new.standards:
        yield Change(kind="other", object="standards", words=f"changes the standards: {_fields(old.standards, new.standards)}")


def _map(kind: str, old: Mapping[str, BaseModel], new: Mapping[str, BaseModel]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        before, after, target = old.get(name), new.get(name), f"{kind}/{name}"
        if before == after:
            continue
        if before is None:
            yield Change(kind="other", object=target, words=f"adds {kind} {name}")
        elif after is None:
            yield Change(kind="other", object=target, words=f"removes {kind} {name}")
        else:
            yield Change(kind="other", object=target, words=f"changes {kind} {name}: {_fields(before, after)}")


def _fields(old: BaseModel, new: BaseModel) -> str:
    """The keys that differ; with both values where they are short."""
    keys = [key for key in type(new).model_fields if key != "generation" and getattr(old, key, None) != getattr(new, key)]
    return ", ".join(_edit(key, old, new) for key in keys)


def _edit(key: str, old: BaseModel, new: BaseModel) -> str:
    before, after = _short(getattr(old, key, None)), _short(getattr(new, key))
    return f"{key} {before} -> {after}" if before is not None and after is not None else key


def _short(value: Any) -> str | None:
    if isinstance(value, str | int | float) and len(str(value)) <= 40:
        return str(value) or "(none)"
    return None


def _size(server: Server) -> str:
    return f"{server.size.cpus} CPUs, {_spaced(server.size.memory)}"


def _spaced(size: int) -> str:
    """`48.5 GiB`: for people, who put a space before a unit."""
    text = format_size(size)
    number = text.rstrip("BTGMKi")
    return f"{number} {text[len(number) :] or 'bytes'}"
