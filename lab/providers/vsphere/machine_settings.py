"""The settings of a virtual machine that are one value each: where vSphere keeps them, their defaults, which need the machine off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from pyVmomi import vim

from lab.providers.table import Field
from lab.providers.values import Values


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting: its path in the configuration as read and in the specification as written."""

    path: str
    spec: str = ""
    restart: bool = False
    default: Any = None
    computed: bool = False

    @property
    def written(self) -> str:
        """The path in the specification."""
        return self.spec or self.path

    @property
    def field(self) -> Field:
        """The entry of the table."""
        return Field(default=self.default, computed=self.computed)


def _allocation(side: str) -> dict[str, Setting]:
    place = f"{side}Allocation"
    return {
        f"{side}ShareLevel": Setting(path=f"{place}.shares.level", default="normal"),
        f"{side}ShareCount": Setting(path=f"{place}.shares.shares", computed=True),
        f"{side}Limit": Setting(path=f"{place}.limit", default=-1),
        f"{side}Reservation": Setting(path=f"{place}.reservation"),
    }


SETTINGS: Final[dict[str, Setting]] = {
    "name": Setting(path="name"),
    "annotation": Setting(path="annotation", computed=True),
    "guestId": Setting(path="guestId", restart=True, computed=True),
    "alternateGuestName": Setting(path="alternateGuestName", restart=True),
    "firmware": Setting(path="firmware", restart=True, default="bios"),
    "numCpus": Setting(path="hardware.numCPU", spec="numCPUs", default=1),
    "numCoresPerSocket": Setting(path="hardware.numCoresPerSocket", spec="numCoresPerSocket", restart=True, default=1),
    "cpuHotAddEnabled": Setting(path="cpuHotAddEnabled", restart=True),
    "cpuHotRemoveEnabled": Setting(path="cpuHotRemoveEnabled", restart=True),
    "nestedHvEnabled": Setting(path="nestedHVEnabled", restart=True),
    "cpuPerformanceCountersEnabled": Setting(path="vPMCEnabled", restart=True),
    "memory": Setting(path="hardware.memoryMB", spec="memoryMB", default=1024),
    "memoryHotAddEnabled": Setting(path="memoryHotAddEnabled", restart=True),
    "memoryReservationLockedToMax": Setting(path="memoryReservationLockedToMax"),
    "swapPlacementPolicy": Setting(path="swapPlacement", restart=True, default="inherit"),
    "bootDelay": Setting(path="bootOptions.bootDelay"),
    "bootRetryDelay": Setting(path="bootOptions.bootRetryDelay", default=10000),
    "bootRetryEnabled": Setting(path="bootOptions.bootRetryEnabled"),
    "efiSecureBootEnabled": Setting(path="bootOptions.efiSecureBootEnabled", restart=True),
    "enableDiskUuid": Setting(path="flags.diskUuidEnabled", restart=True),
    "enableLogging": Setting(path="flags.enableLogging", restart=True),
    "hvMode": Setting(path="flags.virtualExecUsage", restart=True, computed=True),
    "eptRviMode": Setting(path="flags.virtualMmuUsage", restart=True, computed=True),
    "vbsEnabled": Setting(path="flags.vbsEnabled", restart=True),
    "vvtdEnabled": Setting(path="flags.vvtdEnabled", restart=True),
    "syncTimeWithHost": Setting(path="tools.syncTimeWithHostAllowed", default=True),
    "syncTimeWithHostPeriodically": Setting(path="tools.syncTimeWithHost"),
    "toolsUpgradePolicy": Setting(path="tools.toolsUpgradePolicy", restart=True, default="manual"),
    "runToolsScriptsAfterPowerOn": Setting(path="tools.afterPowerOn", restart=True, default=True),
    "runToolsScriptsAfterResume": Setting(path="tools.afterResume", restart=True, default=True),
    "runToolsScriptsBeforeGuestReboot": Setting(path="tools.beforeGuestReboot", restart=True),
    "runToolsScriptsBeforeGuestShutdown": Setting(path="tools.beforeGuestShutdown", restart=True, default=True),
    "runToolsScriptsBeforeGuestStandby": Setting(path="tools.beforeGuestStandby", restart=True, default=True),
    "latencySensitivity": Setting(path="latencySensitivity.level", default="normal"),
    **_allocation("cpu"),
    **_allocation("memory"),
}
"""As upstream's vsphere/virtual_machine_config_structure.go; `restart` is its getWithRestart."""

_PARTS: Final = {
    "bootOptions": vim.vm.BootOptions,
    "flags": vim.vm.FlagInfo,
    "tools": vim.vm.ToolsConfigInfo,
    "latencySensitivity": vim.LatencySensitivity,
    "cpuAllocation": vim.ResourceAllocationInfo,
    "memoryAllocation": vim.ResourceAllocationInfo,
    "shares": vim.SharesInfo,
}


def read_settings(config: Any) -> Values:
    """The settings as they are. One that vSphere does not tell counts as its default, or upstream's plan would never be empty."""
    found: Values = {}
    for name, setting in SETTINGS.items():
        value = config
        for part in setting.path.split("."):
            value = getattr(value, part, None)
        found[name] = setting.default if value is None else _plain(value)
    return found


def write_settings(spec: Any, names: Iterable[str], inputs: Values) -> bool:
    """Put the named settings into a specification; whether there was any."""
    any_written = False
    for name in names:
        if name not in SETTINGS or inputs.get(name) is None:
            continue
        *parents, last = SETTINGS[name].written.split(".")
        target = spec
        for part in parents:
            if getattr(target, part) is None:
                setattr(target, part, _PARTS[part]())
            target = getattr(target, part)
        setattr(target, last, inputs[name])
        any_written = True
    for side in ("cpu", "memory"):
        allocation = getattr(spec, f"{side}Allocation")
        if allocation is not None and allocation.shares is not None:
            allocation.shares.level = inputs[f"{side}ShareLevel"]
            allocation.shares.shares = inputs.get(f"{side}ShareCount") or 0
    return any_written


def needs_restart(changed: Iterable[str], old: Values, new: Values) -> bool:
    """Whether the changes need the machine off: by setting, and for CPUs and memory by what may be added while it runs."""
    names = set(changed)
    if any(SETTINGS[name].restart for name in names if name in SETTINGS):
        return True
    if "numCpus" in names and not old.get("cpuHotAddEnabled" if new["numCpus"] > old["numCpus"] else "cpuHotRemoveEnabled"):
        return True
    return "memory" in names and (new["memory"] < old["memory"] or not old.get("memoryHotAddEnabled"))


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return bool(value)
    return int(value) if isinstance(value, int) else str(value)
