"""What is odd about machines as a vCenter tells them: codes DSC-001 to DSC-007 and DSC-018. docs/findings.md explains each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from infra.observed.soap.answer import Found
from migration.discover.model import Finding, FoundMachine, Gravity

Pair = tuple[FoundMachine, Found]
_SHOWN = 3


def findings_of(pairs: Sequence[Pair]) -> tuple[Finding, ...]:
    """All findings of one look, in the order of their codes."""
    machines = [each for each, _ in pairs]
    return tuple(
        finding for part in (_doubles(machines), _twins(machines), _unreachable(pairs), _unsized(pairs), _unread(pairs)) for finding in part
    )


def left_out(site: str, names: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Machines that are none of ours, by what they are."""
    for what, each in sorted(names.items()):
        yield Finding(
            code="DSC-018",
            gravity=Gravity.NOTE,
            where=f"{site}: {_some(each)}",
            what=f"{len(each):,} {what}",
            taken="nothing: they were left out",
            remedy="nothing to do: they are made and removed by themselves",
        )


def _some(names: Iterable[str]) -> str:
    known = sorted(names)
    return ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN:,} more" if len(known) > _SHOWN else "")


def _where(machine: FoundMachine) -> str:
    return f"{machine.site}: machine {machine.name or machine.moref}"


def _doubles(machines: Iterable[FoundMachine]) -> Iterator[Finding]:
    counted = Counter(each.name for each in machines if not each.template)
    for name, count in sorted(counted.items()):
        if count > 1 and name:
            first = next(each for each in machines if each.name == name)
            folders = sorted({each.folder or "/" for each in machines if each.name == name})
            yield Finding(
                code="DSC-001",
                gravity=Gravity.WARNING,
                where=_where(first),
                what=f"{count} machines have this name, in the folders {', '.join(folders)}",
                taken="each by its own uuid",
                remedy="rename all but one: people and files that know machines by name cannot tell them apart",
            )


def _twins(machines: Iterable[FoundMachine]) -> Iterator[Finding]:
    for each in machines:
        if "#" in each.key:
            yield Finding(
                code="DSC-002",
                gravity=Gravity.WARNING,
                where=_where(each),
                what="another machine has the same instance uuid",
                taken=f"as {each.key}",
                remedy="find out which of the two is a copy, and remove it or register it anew",
            )


def _unreachable(pairs: Iterable[Pair]) -> Iterator[Finding]:
    for machine, found in pairs:
        state = found.values.get("runtime.connectionState", "connected")
        if state != "connected":
            yield Finding(
                code="DSC-003",
                gravity=Gravity.WARNING,
                where=_where(machine),
                what=f"the vCenter calls it {state}",
                taken="what the vCenter still knows of it",
                remedy={
                    "orphaned": "remove it from the inventory, or register it again from its files",
                    "inaccessible": "bring its datastore back, or remove it from the inventory",
                    "invalid": "its configuration file is damaged: restore it, or register the machine anew",
                }.get(state, "reconnect its host, then discover again"),
            )


def _unsized(pairs: Iterable[Pair]) -> Iterator[Finding]:
    for machine, found in pairs:
        if "config.hardware.numCPU" not in found.values:
            yield Finding(
                code="DSC-004",
                gravity=Gravity.ERROR,
                where=_where(machine),
                what="its configuration cannot be read, so nobody knows its size or disks",
                taken="a machine of no size",
                remedy="see in vCenter whether its files are there and whether the site's user may see it",
            )
            continue
        sizes = {"no processor": machine.cpus, "no memory": machine.memory}
        sizes |= {f"{disk.label} has no size": disk.size for disk in machine.disks if not disk.raw}
        lacks = [what for what, size in sizes.items() if size <= 0]
        if lacks:
            yield Finding(
                code="DSC-005",
                gravity=Gravity.ERROR,
                where=_where(machine),
                what="; ".join(lacks),
                taken="zero, as told",
                remedy="correct the machine's settings in vCenter, or look at the disk's file",
            )


def _unread(pairs: Iterable[Pair]) -> Iterator[Finding]:
    """One finding for each path and reason: a missing privilege hits thousands of machines at once."""
    refused: dict[tuple[str, str], list[str]] = defaultdict(list)
    for machine, found in pairs:
        for path, reason in found.missing.items():
            refused[path, reason].append(machine.name)
    for (path, reason), names in sorted(refused.items()):
        privilege = "give the site's user System.Read on them" if reason == "NoPermission" else "none is needed on an older vCenter"
        yield Finding(
            code="DSC-007",
            gravity=Gravity.WARNING if reason == "NoPermission" else Gravity.NOTE,
            where=f"{_site(pairs)}: {path}",
            what=f"not readable ({reason or 'no reason given'}) of {_some(names)}",
            taken="unknown",
            remedy=privilege,
        )


def _site(pairs: Iterable[Pair]) -> str:
    return next((machine.site for machine, _ in pairs), "")
