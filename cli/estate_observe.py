"""Looks at the vCenters for machines that a new server could adopt. Reads only; nothing else in `incline estate` connects."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing

from infra.endpoints import resolve
from infra.estate.model import Estate, VsphereSite
from infra.estate.settle import ObservedDisk, ObservedMachine, unsettled
from infra.observed.vsphere import VmView, find_vm_at, vm_view
from infra.observed.vsphere_session import VsphereSession


def observe_machines(estate: Estate, sites: Iterable[str]) -> dict[tuple[str, str], ObservedMachine]:
    """The machines that stand where an unsettled server of these sites would stand, by site and server."""
    found: dict[tuple[str, str], ObservedMachine] = {}
    for name in sites:
        site = estate.sites[name]
        if not isinstance(site, VsphereSite):
            continue
        wanted = [server.name for server in unsettled(estate) if server.site == name]
        with closing(VsphereSession(resolve(site, os.environ))) as session:
            for server in wanted:
                path = f"/{site.datacenter}/vm/{site.folder}/{server}"
                moref = find_vm_at(session, path)
                if moref:
                    found[name, server] = _machine(path, vm_view(session, moref))
    return found


def _machine(path: str, view: VmView) -> ObservedMachine:
    disks = tuple(
        ObservedDisk(label=disk.label, uuid=disk.uuid, unit_number=disk.unit, file=disk.file, size=disk.capacity)
        for disk in sorted(view.disks, key=lambda each: (each.controller, each.unit))
    )
    return ObservedMachine(name=view.name, path=path, uuid=view.uuid, disks=disks)
