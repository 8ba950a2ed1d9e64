"""What a virtual machine really is, in Pulumi's names."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from lab.providers.failures import ProviderError
from lab.providers.values import Values
from lab.providers.vsphere.machine_devices import shown_cards, shown_controllers, shown_disks
from lab.providers.vsphere.machine_settings import read_settings
from lab.providers.vsphere.session import VsphereSession, moref
from lab.providers.vsphere.tagging import VsphereWork, attached

_PATHS = ("name", "config", "runtime.host", "runtime.powerState", "resourcePool", "datastore", "guest", "parent")
_POWER = {"poweredOn": "on", "poweredOff": "off", "suspended": "suspended"}


def machine_values(work: VsphereWork, id_: str, prior: Values) -> Values | None:
    """The whole state of the machine with a uuid, or nothing when there is none."""
    session = work.session
    machine = session.machine(id_)
    found = session.properties(machine, *_PATHS) if machine is not None else {}
    if "config" not in found:
        return None
    config = found["config"]
    importing = not prior.get("disks")
    chain = session.above(machine, found)
    depth = next(place for place, (each, _) in enumerate(chain) if isinstance(each, vim.Datacenter))
    devices = list(config.hardware.device)
    state: Values = {"id": id_, "uuid": config.uuid, "moid": moref(machine), "changeVersion": config.changeVersion}
    state |= read_settings(config)
    state |= shown_controllers(devices)
    state |= {name: prior[name] for name in ("scsiControllerCount", "ideControllerCount") if not importing and name in prior}
    state |= {
        "hardwareVersion": int(str(config.version).removeprefix("vmx-")),
        "disks": shown_disks(devices, prior.get("disks") or [], importing=importing),
        "networkInterfaces": shown_cards(session, devices, chain[depth][0]),
        "tags": attached(session, machine),
        "powerState": _POWER.get(str(found.get("runtime.powerState")), "off"),
        "hostSystemId": moref(found["runtime.host"]) if found.get("runtime.host") is not None else None,
        "resourcePoolId": moref(found["resourcePool"]) if found.get("resourcePool") is not None else None,
        "folder": "/".join(name for _, name in reversed(chain[1 : depth - 1])),
        "extraConfig": _extra_config(config, prior),
        "rebootRequired": False,
        "imported": importing or bool(prior.get("imported")),
    }
    return state | _home(session, config, found) | _guest(found.get("guest"))


def _home(session: VsphereSession, config: Any, found: Values) -> Values:
    """The datastore by its name in the machine's own path, and that path."""
    name, _, path = config.files.vmPathName.removeprefix("[").partition("] ")
    stores = {moref(store): session.glance(store, "name").get("name") for store in found.get("datastore") or ()}
    home = next((id_ for id_, known in stores.items() if known == name), None)
    if home is None:
        raise ProviderError(f"VMX datastore {name} not found")
    return {"datastoreId": home, "vmxPath": path}


def _guest(guest: Any) -> Values:
    if guest is None:
        return {"vmwareToolsStatus": None, "defaultIpAddress": None, "guestIpAddresses": []}
    addresses = [address for card in guest.net or () for address in card.ipAddress or ()]
    default = guest.ipAddress or next(iter(addresses), None)
    status = str(guest.toolsRunningStatus) if guest.toolsRunningStatus else None
    return {"vmwareToolsStatus": status, "defaultIpAddress": default, "guestIpAddresses": addresses}


def _extra_config(config: Any, prior: Values) -> Values | None:
    """Only the keys that the program sets, as upstream: vSphere keeps many of its own there."""
    known = prior.get("extraConfig")
    if not known:
        return None
    return {option.key: str(option.value) for option in config.extraConfig or () if option.key in known}


def is_template(session: VsphereSession, machine: Any) -> bool:
    """Whether it is a template."""
    return bool(session.properties(machine, "config.template").get("config.template"))


def machine_at(session: VsphereSession, path: str) -> Any:
    """The machine at an inventory path."""
    machine = session.at(path, vim.VirtualMachine)
    if machine is None:
        raise ProviderError(f"virtual machine {path} not found")
    return machine
