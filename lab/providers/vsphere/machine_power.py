"""Turning a virtual machine on and off, and waiting for its guest."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Any

from pyVmomi import vim

from lab.providers.table import TimedOutError
from lab.providers.values import Values
from lab.providers.vsphere.tagging import VsphereWork

_MINUTE = 60.0


def power_of(work: VsphereWork, machine: Any) -> str:
    """The power state in vSphere's own word."""
    return str(work.session.properties(machine, "runtime.powerState").get("runtime.powerState", ""))


def power_on(work: VsphereWork, machine: Any, inputs: Values) -> None:
    """On, if it is not, and the waits that the program asks for."""
    if power_of(work, machine) != "poweredOn":
        work.session.run(work.wait, f"powering on {work.name}", machine.PowerOnVM_Task)
    _await_guest(work, machine, inputs)


def power_off(work: VsphereWork, machine: Any, inputs: Values, *, force: bool) -> None:
    """Off: by the guest where its tools run, else, or when it takes too long, by the plug if `force` allows."""
    if power_of(work, machine) == "poweredOff":
        return
    tools = work.session.properties(machine, "guest.toolsRunningStatus").get("guest.toolsRunningStatus")
    if str(tools) == "guestToolsRunning":
        try:
            work.session.call(lambda _content: machine.ShutdownGuest())
            patience = replace(work.wait, seconds=_MINUTE * inputs.get("shutdownWaitTimeout", 3))
            patience.until(f"{work.name} to shut down", lambda: True if power_of(work, machine) == "poweredOff" else None)
        except (TimedOutError, vim.fault.ToolsUnavailable, vim.fault.InvalidPowerState):
            if not force:
                raise
        else:
            return
    if power_of(work, machine) != "poweredOff":
        work.session.run(work.wait, f"powering off {work.name}", machine.PowerOffVM_Task)


def _await_guest(work: VsphereWork, machine: Any, inputs: Values) -> None:
    """Wait for an address of the guest, as long as either of the two timeouts says; below 1 there is no wait."""
    minutes = max(inputs.get("waitForGuestIpTimeout", 0), inputs.get("waitForGuestNetTimeout", 0))
    if minutes < 1:
        return
    ignored = [ipaddress.ip_network(item, strict=False) for item in inputs.get("ignoredGuestIps") or ()]

    def address() -> str | None:
        found = work.session.properties(machine, "guest.ipAddress", "guest.net")
        every = [found.get("guest.ipAddress"), *(item for card in found.get("guest.net") or () for item in card.ipAddress or ())]
        return next((item for item in every if item and _counts(item, ignored)), None)

    replace(work.wait, seconds=_MINUTE * minutes).until(f"an available IP address of {work.name}", address)


def _counts(text: str, ignored: list[Any]) -> bool:
    address = ipaddress.ip_address(text)
    return not address.is_link_local and not any(address in network for network in ignored)
