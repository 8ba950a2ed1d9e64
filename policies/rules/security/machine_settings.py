"""SEC-004: virtual machines as the STIG wants them."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import Evidence, ServerEvidence, Unknown, VsphereSettings
from policies.rule import Parameter, Parameters, Rule
from policies.rules.decide import Grounds, decide, ours
from policies.verdict import Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every virtual machine that is not held."""
    found = False
    accepted, allowed = frozenset(parameters.text("vmotion").split()), frozenset(parameters.text("allowed_devices").split())
    for server in evidence.servers:
        if server.kind == "vsphere" and ours(server) and not server.held:
            found = True
            yield decide(rule, server, f"{server.name} on {server.site}", _judge(server, accepted, allowed), "is set up as the STIG wants")
    if not found:
        yield rule.not_applicable("no virtual machine on premises")


def _judge(server: ServerEvidence, accepted: frozenset[str], allowed: frozenset[str]) -> Grounds:
    settings, grounds = server.vsphere or VsphereSettings(), Grounds()
    known = _lists(grounds, server.name, settings, allowed)
    vmotion, logging = settings.vmotion_encryption, settings.logging
    grounds.lacks_of(f"vMotion encryption of {server.name}", vmotion)
    grounds.lacks_of(f"logging of {server.name}", logging)
    if not isinstance(vmotion, Unknown):
        known.append(f"vMotion encryption {vmotion}")
        if vmotion not in accepted:
            grounds.problems.append(f"has vMotion encryption {vmotion}: its memory crosses the network in clear text")
    if not isinstance(logging, Unknown):
        known.append(f"logging {'on' if logging else 'off'}")
        if not logging:
            grounds.problems.append("writes no log")
    grounds.formulas = known
    return grounds


def _lists(grounds: Grounds, name: str, settings: VsphereSettings, allowed: frozenset[str]) -> list[str]:
    known, disks, devices = [], settings.nonpersistent_disks, settings.devices
    grounds.lacks_of(f"disk modes of {name}", disks)
    grounds.lacks_of(f"devices of {name}", devices)
    if not isinstance(disks, Unknown):
        known.append(f"{len(disks)} independent non-persistent disks")
        if disks:
            grounds.problems.append(f"forgets what is written to {', '.join(disks)} when it is switched off (non-persistent)")
    if not isinstance(devices, Unknown):
        unneeded = [d for d in devices if d not in allowed]
        known.append(f"{len(unneeded)} unneeded devices")
        if unneeded:
            grounds.problems.append(f"has devices that no server needs: {', '.join(unneeded)}")
    return known


MACHINE_SETTINGS = Rule(
    id="SEC-004",
    name="machine-settings",
    title="Virtual machines: vMotion encryption, logging, persistent disks, no unneeded devices",
    severity=Severity.MEDIUM,
    side="vsphere",
    controls=(
        "STIG VMCH-80-000202",
        "STIG VMCH-80-000203",
        "STIG VMCH-80-000207",
        "STIG VMCH-80-000208",
        "STIG VMCH-80-000209",
        "STIG VMCH-80-000211",
        "STIG VMCH-80-000212",
        "STIG VMCH-80-000213",
        "NIST 800-53 CM-6",
    ),
    needs=("settings and devices of the virtual machines, from the stack or a snapshot",),
    formula="vMotion encryption is an accepted one; logging is on; no independent non-persistent disk; no 3D video or unneeded device",
    source="VMware vSphere 8.0 Virtual Machine STIG, which accepts opportunistic and required vMotion encryption",
    remedy="edit the settings of the machine: Encrypted vMotion to Opportunistic, logging on, disks dependent, devices removed",
    check=check,
    parameters={
        "vmotion": Parameter(default="opportunistic required", reason="the STIG's two accepted values; `required` alone is stricter"),
        "allowed_devices": Parameter(default="", reason="devices that a city's servers do need, such as a USB dongle for a licence"),
    },
)
