"""Placements against intent: what Incline recorded about real machines and what people wrote must fit, or a machine would be lost.

Asked only of a settled estate, see `infra.estate.load.load_estate`.
"""

from __future__ import annotations

from collections.abc import Iterator

from infra.estate.draft import Draft, Entry
from infra.estate.fingerprint import fingerprint
from infra.estate.model import AwsSite, Machine, Placement, Server, VsphereSite
from infra.estate.problems import Problem, did_you_mean

_GIB = 1 << 30


def check(draft: Draft) -> Iterator[Problem]:
    """Every contradiction between placements and what people wrote."""
    for name, entry in draft.placements.items():
        yield from _known(draft, name, entry)
    for name, server in draft.servers.items():
        if not draft.may_declare("placements", name):
            yield server.problem(
                f"server {name} has no placement, so nothing says where it is declared",
                "run  incline estate settle --yes  and commit what it writes together with the server",
                "INC-1032",
            )
        elif name in draft.placements:
            yield from _fits(draft, name, server, draft.placements[name])


def _known(draft: Draft, name: str, entry: Entry[Placement]) -> Iterator[Problem]:
    placement = entry.value
    if not draft.may_declare("servers", name):
        near = did_you_mean(name, draft.names("servers") - draft.names("placements"))
        hint = f"; {near}" if near.startswith("did you mean") else ""
        what = f"a placement of {name}, which no file under servers/ declares{hint}"
        yield entry.problem(what, "put the server back, or remove this file in the same change to retire its machine", "INC-1033", "server")
    for label, machine, path in _machines(placement):
        if not draft.may_declare("sites", machine.site):
            what, advice = (
                f"placement of {name}: unknown site {machine.site!r} of {label}",
                did_you_mean(machine.site, draft.names("sites")),
            )
            yield entry.problem(what, advice, "INC-1011", *path, "site")
    if placement.generation > draft.generation:
        what = f"placement of {name} is of generation {placement.generation}, the estate of {draft.generation}"
        advice = f"two changes were merged: write  generation: {placement.generation}  into generation.yaml, or a higher number"
        yield entry.problem(what, advice, "INC-1034", "generation")
    if placement.held is not None and placement.held.machine.site == placement.machine.site:
        what = f"placement of {name}: its machine and the held source of its move stand both on {placement.site}"
        yield entry.problem(what, "restore the file from git: Incline never writes this", "INC-1034", "held")


def _machines(placement: Placement) -> Iterator[tuple[str, Machine, tuple[str, ...]]]:
    yield "its machine", placement.machine, ("machine",)
    if placement.held is not None:
        yield "its held source", placement.held.machine, ("held", "machine")


def _fits(draft: Draft, name: str, server: Entry[Server], placement: Entry[Placement]) -> Iterator[Problem]:
    yield from _pending(draft, name, server, placement.value)
    yield from _disks(name, server, placement)
    if placement.value.site not in server.value.at and placement.value.site in draft.names("sites"):
        what = f"server {name} stands on {placement.value.site} ({placement.where('machine', 'site')}), but at: says nothing about it"
        yield server.problem(what, f"put {placement.value.site}: back under at: until the server has left it", "INC-1012", "at")
    move = placement.value.move
    if move is not None and move.fingerprint != fingerprint(server.value):
        what = f"server {name} was edited while its move {move.id} to {move.target} is open (since {move.since:%Y-%m-%d %H:%M})"
        advice = f"take the edit back until the move is over: git diff -- the entry; then  incline move status {name}"
        yield server.problem(what, advice, "INC-1031")


def _pending(draft: Draft, name: str, server: Entry[Server], placement: Placement) -> Iterator[Problem]:
    here, there = draft.sites.get(placement.site), draft.sites.get(server.value.site)
    if here is None or there is None or here.value.name == there.value.name:
        return
    if isinstance(here.value, VsphereSite) and isinstance(there.value, VsphereSite):
        what = f"server {name} cannot be moved from {placement.site} to {server.value.site}: both are vSphere sites"
        advice = f"vMotion does that, without Incline and without downtime; here write  site: {placement.site}"
        yield server.problem(what, advice, "INC-1030", "site")
    elif isinstance(here.value, AwsSite) and isinstance(there.value, AwsSite):
        what = f"server {name} cannot be moved from {placement.site} to {server.value.site}: both are AWS sites"
        yield server.problem(
            what, f"copy its images between regions with AWS's own means; write  site: {placement.site}", "INC-1030", "site"
        )


def _disks(name: str, server: Entry[Server], placement: Entry[Placement]) -> Iterator[Problem]:
    records = placement.value.machine.disks
    disks = {disk.name: (index, disk) for index, disk in enumerate(server.value.disks)}
    if len(disks) < len(server.value.disks):
        return  # Two disks of one name are a problem of the server; which is which cannot be told before it is mended.
    for index, record in enumerate(records):
        place = placement.where("machine", "disks", index)
        if record.name not in disks:
            what = f"server {name} no longer has its disk {record.name} ({place})"
            yield server.problem(
                what, f"put the disk {record.name} back under that name: its content would be destroyed", "INC-1035", "disks"
            )
            continue
        position, disk = disks[record.name]
        if position != index:
            what = f"server {name}: disk {disk.name} is the machine's disk {index + 1} ({place}), here it is number {position + 1}"
            yield server.problem(what, "keep the order of the disks; add new ones at the end", "INC-1035", "disks", position)
        if record.size > _whole_gib(disk.size):
            what = f"server {name}: disk {disk.name} would shrink from {record.size} to {disk.size} bytes ({place})"
            yield server.problem(what, "a disk can only grow: write at least the size it has", "INC-1035", "disks", position, "size")


def _whole_gib(size: int) -> int:
    """What a disk of this size has become once it has been on AWS."""
    return -(-size // _GIB) * _GIB
