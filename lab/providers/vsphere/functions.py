"""What a program asks of a vCenter: the ids of what others run."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from lab.providers.failures import ProviderError
from lab.providers.table import Function, Wait, Work
from lab.providers.values import Values
from lab.providers.vsphere.machine_state import machine_values
from lab.providers.vsphere.session import VsphereSession, moref
from lab.providers.vsphere.tagging import category_named, category_shown, tag_named, tag_shown


def _datacenters(session: VsphereSession) -> dict[str, Any]:
    """The data centres by their names, those in folders included."""

    def look(content: Any) -> list[Any]:
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.Datacenter], True)
        try:
            return list(view.view)
        finally:
            view.DestroyView()

    centers = session.call(look)
    names = session.many(centers, "name")
    return {names[moref(center)]["name"]: center for center in centers if moref(center) in names}


def _datacenter(session: VsphereSession, name: str | None) -> Any:
    if name and name.startswith("/"):
        found = session.at(name, vim.Datacenter)
        if found is None:
            raise ProviderError(f"datacenter '{name}' not found")
        return found
    centers = _datacenters(session)
    if name:
        if name not in centers:
            raise ProviderError(f"datacenter '{name}' not found; there are {', '.join(sorted(centers))}")
        return centers[name]
    if len(centers) != 1:
        raise ProviderError(f"default datacenter resolves to {len(centers)} instances, please specify one of {', '.join(sorted(centers))}")
    return next(iter(centers.values()))


def _in_datacenter(session: VsphereSession, arguments: Values, root: str, what: str, kinds: tuple[Any, ...]) -> Any:
    """The object by path, or by name in the data centre's root folder of its kind; else anywhere below."""
    name = str(arguments.get("name") or "")
    if name.startswith("/"):
        found = session.at(name, *kinds)
        if found is None:
            raise ProviderError(f"{what} '{name}' not found")
        return found
    given = arguments.get("datacenterId")
    center = session.ref(vim.Datacenter, given) if given else _datacenter(session, None)
    path = session.path_of(center)
    found = session.at(f"{path}/{root}/{name}", *kinds) if name else None
    found = found if found is not None else _below(session, center, root, name, kinds)
    if found is None:
        raise ProviderError(f"{what} '{name}' not found in datacenter '{path.strip('/')}'")
    return found


def _below(session: VsphereSession, center: Any, root: str, name: str, kinds: tuple[Any, ...]) -> Any:
    folder = session.properties(center, f"{root}Folder").get(f"{root}Folder")

    def look(content: Any) -> list[Any]:
        view = content.viewManager.CreateContainerView(folder, list(kinds), True)
        try:
            return list(view.view)
        finally:
            view.DestroyView()

    candidates = session.call(look) if folder is not None else []
    matches = [item for item in candidates if not name or session.properties(item, "name").get("name") == name]
    if len(matches) > 1 and not name:
        raise ProviderError(f"{len(matches)} objects found; please give a name")
    return matches[0] if matches else None


def get_datacenter(session: VsphereSession, arguments: Values) -> Values:
    """A data centre by its name or path."""
    found = _datacenter(session, arguments.get("name"))
    return {"id": moref(found), "name": arguments.get("name"), "virtualMachines": []}


def get_compute_cluster(session: VsphereSession, arguments: Values) -> Values:
    """A cluster and its root pool."""
    found = _in_datacenter(session, arguments, "host", "compute cluster", (vim.ClusterComputeResource,))
    pool = session.properties(found, "resourcePool")["resourcePool"]
    return {**arguments, "id": moref(found), "resourcePoolId": moref(pool)}


def get_datastore(session: VsphereSession, arguments: Values) -> Values:
    """A datastore and its space."""
    found = _in_datacenter(session, arguments, "datastore", "datastore", (vim.Datastore,))
    summary = session.properties(found, "summary")["summary"]
    stats = {"capacity": str(summary.capacity), "free": str(summary.freeSpace)}
    return {**arguments, "id": moref(found), "stats": stats}


def get_network(session: VsphereSession, arguments: Values) -> Values:
    """A network or distributed port group."""
    found = _in_datacenter(session, arguments, "network", "network", (vim.Network,))
    return {**arguments, "id": moref(found), "type": type(found).__name__.rpartition(".")[2]}


def get_host(session: VsphereSession, arguments: Values) -> Values:
    """A host and the root pool of its cluster."""
    found = _in_datacenter(session, arguments, "host", "host", (vim.HostSystem,))
    parent = session.properties(found, "parent")["parent"]
    pool = session.properties(parent, "resourcePool")["resourcePool"]
    return {**arguments, "id": moref(found), "resourcePoolId": moref(pool)}


def get_resource_pool(session: VsphereSession, arguments: Values) -> Values:
    """A resource pool by its path, or as `cluster/Resources/pool` in its data centre."""
    if arguments.get("parentResourcePoolId"):
        parent = session.ref(vim.ResourcePool, arguments["parentResourcePoolId"])
        found = session.at(f"{session.path_of(parent)}/{arguments['name']}", vim.ResourcePool)
        if found is None:
            raise ProviderError(f"resource pool '{arguments['name']}' not found")
    else:
        found = _in_datacenter(session, arguments, "host", "resource pool", (vim.ResourcePool,))
    return {**arguments, "id": moref(found)}


def get_folder(session: VsphereSession, arguments: Values) -> Values:
    """A folder by its inventory path."""
    found = session.at(arguments["path"], vim.Folder)
    if found is None:
        raise ProviderError(f"folder '{arguments['path']}' not found")
    return {**arguments, "id": moref(found)}


def get_tag_category(session: VsphereSession, arguments: Values) -> Values:
    """A tag category by its name."""
    found = category_named(session, arguments["name"])
    if found is None:
        raise ProviderError(f"tag category '{arguments['name']}' not found")
    return category_shown(found)


def get_tag(session: VsphereSession, arguments: Values) -> Values:
    """A tag by its name and category."""
    if not arguments.get("name") or not arguments.get("categoryId"):
        raise ProviderError("name and categoryId must be provided")
    found = tag_named(session, arguments["name"], arguments["categoryId"])
    if found is None:
        raise ProviderError(f"tag '{arguments['name']}' not found in category '{arguments['categoryId']}'")
    return tag_shown(found)


def get_virtual_machine(session: VsphereSession, arguments: Values) -> Values:
    """A machine by uuid, or by name in a folder."""
    if arguments.get("uuid"):
        machine = session.machine(arguments["uuid"])
    elif arguments.get("moid"):
        machine = session.ref(vim.VirtualMachine, arguments["moid"])
    else:
        within = {**arguments, "name": "/".join(part for part in (arguments.get("folder"), arguments.get("name")) if part)}
        machine = _in_datacenter(session, within, "vm", "virtual machine", (vim.VirtualMachine,))
    uuid = session.properties(machine, "config.uuid").get("config.uuid") if machine is not None else None
    if uuid is None:
        raise ProviderError(f"virtual machine '{arguments.get('name') or arguments.get('uuid') or arguments.get('moid')}' not found")
    found = machine_values(Work(session=session, wait=Wait()), uuid, {}) or {}
    types = [card.get("adapterType") for card in found.get("networkInterfaces", ())]
    return {**arguments, **found, "id": uuid, "networkInterfaceTypes": types}


_CALLS = {
    "getDatacenter": ("data_source_vsphere_datacenter.go", get_datacenter),
    "getComputeCluster": ("data_source_vsphere_compute_cluster.go", get_compute_cluster),
    "getDatastore": ("data_source_vsphere_datastore.go", get_datastore),
    "getNetwork": ("data_source_vsphere_network.go", get_network),
    "getHost": ("data_source_vsphere_host.go", get_host),
    "getResourcePool": ("data_source_vsphere_resource_pool.go", get_resource_pool),
    "getFolder": ("data_source_vsphere_folder.go", get_folder),
    "getTagCategory": ("data_source_vsphere_tag_category.go", get_tag_category),
    "getTag": ("data_source_vsphere_tag.go", get_tag),
    "getVirtualMachine": ("data_source_vsphere_virtual_machine.go", get_virtual_machine),
}

FUNCTIONS = tuple(
    Function(name=f"vsphere:index/{name}:{name}", upstream=f"vsphere/{file}", call=call) for name, (file, call) in _CALLS.items()
)
