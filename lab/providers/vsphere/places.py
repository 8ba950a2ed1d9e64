"""Folders and resource pools."""

from __future__ import annotations

import posixpath
from typing import Any

from pyVmomi import vim

from lab.providers.failures import ProviderError
from lab.providers.table import Change, Field, Fields, GeneratedName, Resource
from lab.providers.values import Values
from lab.providers.vsphere.session import VsphereSession, inventory_path, moref
from lab.providers.vsphere.tagging import TAGS, VsphereWork, attached, bring_tags

_ROOTS = {"vm": "vm", "network": "network", "host": "host", "datastore": "datastore"}


def normalised(path: Any) -> str:
    """A folder's path without the slashes around it (upstream: folder.NormalizePath)."""
    text = str(path)
    return "" if text in ("", "/", ".") else posixpath.normpath(text).strip("/")


def datacenter_of(session: VsphereSession, obj: Any) -> Any:
    """The data centre that an object stands in, or None."""
    return next((each for each, _ in session.above(obj) if isinstance(each, vim.Datacenter)), None)


class Folder(Resource[VsphereSession]):
    """A folder; its path is relative to the root folder of its type."""

    name = "vsphere:index/folder:Folder"
    upstream = "vsphere/resource_vsphere_folder.go"
    fields = Fields(
        {
            "path": Field(canonical=normalised),
            "type": Field(replace=True),
            "datacenterId": Field(replace=True),
            "tags": TAGS,
        }
    )

    def create(self, work: VsphereWork, inputs: Values) -> str:
        """Make it in its parent, which must be there."""
        path = normalised(inputs["path"])
        parent = self._parent(work, inputs, posixpath.dirname(path))
        return moref(work.session.call(lambda _content: parent.CreateFolder(posixpath.basename(path))))

    def complete(self, work: VsphereWork, id_: str, inputs: Values) -> None:
        """Tag it."""
        if inputs.get("tags"):
            bring_tags(work.session, work.session.ref(vim.Folder, id_), inputs["tags"])

    def read(self, work: VsphereWork, id_: str, prior: Values) -> Values | None:
        """Path, type and data centre from where it stands."""
        _ = prior
        folder = work.session.ref(vim.Folder, id_)
        chain = work.session.above(folder)
        if not chain:
            return None
        depth = next((place for place, (each, _) in enumerate(chain) if isinstance(each, vim.Datacenter)), None)
        center = chain[depth][0] if depth is not None else None
        if depth is None:
            kind, path = "datacenter", normalised(inventory_path(chain))
        else:
            kind, path = chain[depth - 1][1], "/".join(name for _, name in reversed(chain[: depth - 1]))
        return {
            "id": id_,
            "path": path,
            "type": kind,
            "datacenterId": moref(center) if center is not None else None,
            "tags": attached(work.session, folder),
        }

    def update(self, work: VsphereWork, change: Change) -> None:
        """Rename and move; tags."""
        folder = work.session.ref(vim.Folder, change.id)
        work.session.forget()
        if change.touches("path"):
            old, new = normalised(change.state["path"]), normalised(change.new["path"])
            if posixpath.dirname(old) != posixpath.dirname(new):
                parent = self._parent(work, change.new, posixpath.dirname(new))
                work.session.run(work.wait, f"moving folder {old}", lambda: parent.MoveIntoFolder_Task([folder]))
            if posixpath.basename(old) != posixpath.basename(new):
                work.session.run(work.wait, f"renaming folder {old}", lambda: folder.Rename_Task(posixpath.basename(new)))
        if change.touches("tags"):
            bring_tags(work.session, folder, change.new.get("tags") or [])

    def delete(self, work: VsphereWork, id_: str, state: Values) -> None:
        """Destroy it, if it is empty: Destroy would take all machines in it along."""
        folder = work.session.ref(vim.Folder, id_)
        found = work.session.properties(folder, "name", "childEntity")
        if not found:
            return
        work.session.forget()
        if found.get("childEntity"):
            raise ProviderError(f"folder {state.get('path')} is not empty, please remove all items before deleting")
        work.session.run(work.wait, f"destroying folder {found['name']}", folder.Destroy_Task)

    def locate(self, work: VsphereWork, import_id: str) -> str:
        """Imported by its inventory path, `/dc/vm/path`."""
        found = work.session.at(import_id, vim.Folder)
        return moref(found) if found is not None else ""

    @staticmethod
    def _parent(work: VsphereWork, inputs: Values, path: str) -> Any:
        if inputs["type"] == "datacenter":
            whole = f"/{path}".rstrip("/")
            found = work.session.at(whole, vim.Folder) if path else work.session.call(lambda content: content.rootFolder)
        else:
            if not inputs.get("datacenterId"):
                raise ProviderError("datacenterId is needed for a folder of a data centre")
            center = work.session.ref(vim.Datacenter, inputs["datacenterId"])
            whole = "/".join(part for part in (work.session.path_of(center), _ROOTS[inputs["type"]], path) if part)
            found = work.session.at(whole, vim.Folder)
        if found is None:
            raise ProviderError(f"folder {whole} not found")
        return found


class ResourcePool(Resource[VsphereSession]):
    """A resource pool with its two allocations."""

    name = "vsphere:index/resourcePool:ResourcePool"
    upstream = "vsphere/resource_vsphere_resource_pool.go"
    generated_name = GeneratedName()
    fields = Fields(
        {
            "name": Field(),
            "parentResourcePoolId": Field(),
            **{
                f"{side}{name}": meaning
                for side in ("cpu", "memory")
                for name, meaning in {
                    "ShareLevel": Field(default="normal"),
                    "Shares": Field(computed=True),
                    "Reservation": Field(default=0),
                    "Expandable": Field(default=True),
                    "Limit": Field(default=-1),
                }.items()
            },
            "scaleDescendantsShares": Field(canonical=lambda value: None if value in ("", "disabled") else value),
            "tags": TAGS,
        }
    )

    def create(self, work: VsphereWork, inputs: Values) -> str:
        """Make it under its parent."""
        parent = work.session.ref(vim.ResourcePool, inputs["parentResourcePoolId"])
        return moref(work.session.call(lambda _content: parent.CreateResourcePool(inputs["name"], _pool_spec(inputs))))

    def complete(self, work: VsphereWork, id_: str, inputs: Values) -> None:
        """Tag it."""
        if inputs.get("tags"):
            bring_tags(work.session, work.session.ref(vim.ResourcePool, id_), inputs["tags"])

    def read(self, work: VsphereWork, id_: str, prior: Values) -> Values | None:
        """Its configuration."""
        _ = prior
        pool = work.session.ref(vim.ResourcePool, id_)
        found = work.session.properties(pool, "name", "parent", "config")
        if not found:
            return None
        config = found["config"]
        state: Values = {
            "id": id_,
            "name": found["name"],
            "parentResourcePoolId": moref(found["parent"]),
            "scaleDescendantsShares": getattr(config, "scaleDescendantsShares", None),
            "tags": attached(work.session, pool),
        }
        for side, allocation in (("cpu", config.cpuAllocation), ("memory", config.memoryAllocation)):
            state |= {
                f"{side}ShareLevel": str(allocation.shares.level),
                f"{side}Shares": allocation.shares.shares,
                f"{side}Reservation": allocation.reservation,
                f"{side}Expandable": bool(allocation.expandableReservation),
                f"{side}Limit": allocation.limit,
            }
        return state

    def update(self, work: VsphereWork, change: Change) -> None:
        """Move, rename and reconfigure; tags."""
        pool = work.session.ref(vim.ResourcePool, change.id)
        if change.touches("parentResourcePoolId"):
            parent = work.session.ref(vim.ResourcePool, change.new["parentResourcePoolId"])
            work.session.call(lambda _content: parent.MoveIntoResourcePool([pool]))
        if change.changed - {"tags", "parentResourcePoolId"}:
            name = change.new["name"] if change.touches("name") else None
            work.session.call(lambda _content: pool.UpdateConfig(name, _pool_spec(change.new)))
        if change.touches("tags"):
            bring_tags(work.session, pool, change.new.get("tags") or [])

    def delete(self, work: VsphereWork, id_: str, state: Values) -> None:
        """Destroy it, if it is empty: its machines would move up to the parent."""
        pool = work.session.ref(vim.ResourcePool, id_)
        found = work.session.properties(pool, "name", "vm", "resourcePool")
        if not found:
            return
        if found.get("vm") or found.get("resourcePool"):
            raise ProviderError(f"resource pool {state.get('name')} is not empty, please remove all items before deleting")
        work.session.run(work.wait, f"destroying resource pool {found['name']}", pool.Destroy_Task)

    def locate(self, work: VsphereWork, import_id: str) -> str:
        """Imported by its inventory path, `/dc/host/cluster/Resources/pool`."""
        found = work.session.at(import_id, vim.ResourcePool)
        return moref(found) if found is not None else ""


def _pool_spec(inputs: Values) -> Any:
    def allocation(side: str) -> Any:
        level = inputs[f"{side}ShareLevel"]
        count = inputs.get(f"{side}Shares", 0) if level == "custom" else 0
        return vim.ResourceAllocationInfo(
            reservation=inputs[f"{side}Reservation"],
            expandableReservation=inputs[f"{side}Expandable"],
            limit=inputs[f"{side}Limit"],
            shares=vim.SharesInfo(level=level, shares=count),
        )

    return vim.ResourceConfigSpec(cpuAllocation=allocation("cpu"), memoryAllocation=allocation("memory"))
