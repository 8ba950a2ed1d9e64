"""MIG-004: the other side can run the machine as it is, and the machine is what the estate says it is."""

from __future__ import annotations

from collections.abc import Iterator

from infra.catalogue import InstanceType, instance_types
from infra.estate.model import GIB
from infra.guest_systems import said, starts
from policies.evidence import Evidence, MoveEvidence, ServerEvidence, Unknown
from policies.rule import Parameter, Parameters, Rule
from policies.rules.decide import Grounds, decide
from policies.rules.migration.quotas import type_of
from policies.rules.migration.sides import NO_MOVES, ahead, source_of, standing, target_of
from policies.verdict import Fact, Severity, Verdict, format_number, gib

_TIB = 1024 * GIB
_MBR_LIMIT = 2 * _TIB
DONE = "every move is past its cut-over: the machine runs on the other side"


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every move whose cut-over is still to come."""
    moves = [m for m in evidence.moves if ahead(m)]
    if not moves:
        yield rule.not_applicable(DONE if evidence.moves else NO_MOVES)
        return
    machines = standing(evidence)
    for move in moves:
        source, target = source_of(move, machines), target_of(move, machines)
        grounds = Grounds()
        if target is None or not target.networks:
            lack = Unknown(f"place of {move.server} on {move.target_site}", f"write it under `at: {move.target_site}:` of the server")
            grounds.lacks(lack)
        else:
            grounds = _target(target, parameters)
        grounds.add(_secure_boot(source, target, parameters))
        grounds.add(_drift(move, source))
        yield decide(rule, move, move.server, grounds, f"can run on {move.target_site}, and is what the estate says")


def _target(target: ServerEvidence, parameters: Parameters) -> Grounds:
    grounds = _system(target)
    grounds.add(_on_aws(target, parameters) if target.kind == "aws" else _on_vsphere(target, parameters))
    return grounds


def _system(target: ServerEvidence) -> Grounds:
    answer = starts(target.os, target.kind)
    grounds = Grounds(facts=[Fact(name="operating system", value=target.os or "not known", source=target.source)])
    if answer is None:
        lack = Unknown(f"whether {target.os or 'its operating system'} starts on {target.kind}", "the table of systems does not list it")
        grounds.lacks(lack)
        return grounds
    grounds.formulas.append(f"{target.os} >= {said(target.os, target.kind)}")
    if not answer:
        grounds.problems.append(
            f"has {target.os}, which does not start on {target.kind}: {said(target.os, target.kind)} is the oldest that does"
        )
    return grounds


def _on_aws(target: ServerEvidence, parameters: Parameters) -> Grounds:
    grounds, name = Grounds(), type_of(target)
    if isinstance(name, Unknown):
        grounds.lacks(name)
        return grounds
    chosen = instance_types().get(name)
    if chosen is None:
        grounds.lacks(Unknown(f"limits of {name}", "the catalogue has no such type"))
        return grounds
    _boot(grounds, target, chosen)
    nics, disks, limit = len(target.networks), len(target.disks), int(parameters.number("ec2_attachments"))
    grounds.formulas.append(
        f"cards: {nics} <= {chosen.max_nics}; attachments: {nics} for cards + {disks} for disks = {nics + disks} <= {limit}"
    )
    if nics > chosen.max_nics:
        grounds.problems.append(f"has {nics} network cards, {name} takes {chosen.max_nics}")
    if nics + disks > limit:
        grounds.problems.append(f"needs {nics + disks} attachments ({disks} disks, {nics} cards), an instance takes {limit}")
    _sizes(grounds, target, parameters.number("ebs_tib"))
    first = target.disks[0] if target.disks else 0
    if target.firmware == "bios" and not isinstance(first, Unknown) and first > _MBR_LIMIT:
        grounds.problems.append(f"boots by BIOS from a disk of {_size(first)}, which can be {_size(_MBR_LIMIT)} at most")
    return grounds


def _boot(grounds: Grounds, target: ServerEvidence, chosen: InstanceType) -> None:
    mode = "uefi" if target.firmware == "efi" else "legacy-bios"
    grounds.formulas.append(f"{mode} in {'/'.join(sorted(chosen.boot_modes))} of {chosen.name}")
    if mode not in chosen.boot_modes:
        grounds.problems.append(f"has {target.firmware} firmware, {chosen.name} starts {' and '.join(sorted(chosen.boot_modes))} only")
    if "x86_64" not in chosen.architectures:
        grounds.problems.append(f"is an x86_64 machine, {chosen.name} is {' and '.join(sorted(chosen.architectures))}")
    if not chosen.nitro:
        grounds.problems.append(f"would stand on {chosen.name}, which is older than the Nitro generation that moves are made for")


def _on_vsphere(target: ServerEvidence, parameters: Parameters) -> Grounds:
    grounds = Grounds()
    counts = (("network cards", len(target.networks), "vsphere_nics"), ("disks", len(target.disks), "vsphere_disks"))
    for what, count, name in counts:
        limit = int(parameters.number(name))
        grounds.formulas.append(f"{what}: {count} <= {limit}")
        if count > limit:
            grounds.problems.append(f"has {count} {what}, a virtual machine takes {limit}")
    _sizes(grounds, target, parameters.number("vmdk_tib"))
    return grounds


def _sizes(grounds: Grounds, target: ServerEvidence, limit_tib: float) -> None:
    grounds.lacks(*target.disks)
    known = [size for size in target.disks if not isinstance(size, Unknown)]
    largest = max(known, default=0)
    grounds.formulas.append(f"largest disk {_size(largest)} <= {format_number(limit_tib)} TiB")
    if largest > limit_tib * _TIB:
        grounds.problems.append(f"has a disk of {_size(largest)}, {format_number(limit_tib)} TiB is the most")


def _secure_boot(source: ServerEvidence | None, target: ServerEvidence | None, parameters: Parameters) -> Grounds:
    """Secure Boot ends at the border unless somebody carries its variables over: said where a city asks for it."""
    on = source.vsphere.secure_boot if source and source.vsphere else False
    grounds = Grounds()
    if target is None or target.kind != "aws" or not parameters.flag("keep_secure_boot"):
        return grounds
    if isinstance(on, Unknown):
        grounds.lacks_of(f"Secure Boot of {source.name}" if source else "Secure Boot", on)
    elif on:
        grounds.problems.append("starts with Secure Boot, and its image carries no UEFI variables: EC2 would start it without")
    return grounds


def _drift(move: MoveEvidence, source: ServerEvidence | None) -> Grounds:
    grounds = Grounds()
    drift = source.drift if source else Unknown(f"machine of {move.server} on {move.source_site}", "the reader shows none")
    if isinstance(drift, Unknown):
        grounds.lacks(drift)
        return grounds
    grounds.formulas.append(f"differences from the estate: {len(drift)}")
    grounds.problems += [f"is not what the estate says: it {said_so}" for said_so in drift]
    return grounds


def _size(size: float) -> str:
    return f"{format_number(size / _TIB)} TiB" if size >= _TIB else gib(size)


GUEST_SUPPORT = Rule(
    id="MIG-004",
    name="guest-support",
    title="The other side can run the machine, and the machine is what the estate says",
    severity=Severity.HIGH,
    side="move",
    controls=("NIST 800-53 SA-22",),
    needs=("operating system, firmware, disks and cards of the server", "the chosen instance type", "a snapshot that shows the machine"),
    formula=(
        "operating system >= the oldest that starts there; boot mode, cards and architecture of the instance type; "
        "disks + cards <= attachments; each disk <= the largest; no difference between machine and entry"
    ),
    source=(
        "Amazon EC2 User Guide: NVMe and ENA requirements, boot modes, 28 attachments on Nitro, BIOS boot volumes of 2 TiB; "
        "vSphere 8.0 configuration maximums; vSphere API 8.0 guest identifiers"
    ),
    remedy="upgrade the system first, choose another instance_type, merge disks, or correct the entry of the server",
    check=check,
    parameters={
        "ec2_attachments": Parameter(default=28, reason="most Nitro types share 28 places among cards and volumes; newer ones have more"),
        "ebs_tib": Parameter(default=16.0, reason="gp3, which moves make, holds 16 TiB everywhere; io2 and newer regions hold 64"),
        "vsphere_disks": Parameter(default=15, reason="one PVSCSI controller, as the stacks declare it, takes 15 disks from the provider"),
        "vsphere_nics": Parameter(default=10, reason="vSphere 8.0 configuration maximums: ten network cards in a machine"),
        "vmdk_tib": Parameter(default=62.0, reason="vSphere 8.0 configuration maximums: a virtual disk holds 62 TiB"),
        "keep_secure_boot": Parameter(
            default=False,
            reason="vSphere does not hand out the UEFI variables that EC2 needs; true stops moves of machines that rely on it",
        ),
    },
)
