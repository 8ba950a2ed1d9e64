"""Limits that hold in both directions: what must be known of a machine, its state, its system, its place in the estate."""

from __future__ import annotations

from collections.abc import Iterator

from infra.guest_systems import bits, said, starts
from migration.assess.limits.rule import ReadinessRule
from migration.assess.subject import Subject

ENGINE = "Incline's move engine"


def _template(s: Subject) -> Iterator[str]:
    if s.machine.template:
        yield "is a template, not a machine that runs"


def _off(s: Subject) -> Iterator[str]:
    if s.machine.power == "off":
        seen = s.machine.booted
        yield "is powered off" + (f"; it last started on {seen:%Y-%m-%d}" if seen else "; nothing tells since when")


def _suspended(s: Subject) -> Iterator[str]:
    if s.machine.power == "suspended":
        yield "is suspended: its memory is in a file and its disks are in the middle of something"


def _size_unknown(s: Subject) -> Iterator[str]:
    missing = [what for what, value in (("processors", s.machine.cpus), ("memory", s.machine.memory)) if value <= 0]
    if missing:
        yield f"its {' and '.join(missing)} are not known"


def _no_disks(s: Subject) -> Iterator[str]:
    if not s.machine.disks and not s.machine.template:
        yield "no disk of it is known"


def _empty_disk(s: Subject) -> Iterator[str]:
    for disk in s.machine.disks:
        if disk.size <= 0:
            yield f"{disk.label or 'a disk'}: its size is not known"


def _system_unknown(s: Subject) -> Iterator[str]:
    if not s.system or starts(s.system, s.kind_of_target) is None:
        told = s.machine.os_guest or s.machine.os_config or s.system
        yield f"its operating system {f'({told}) ' if told else ''}is not in the table of what starts on {s.kind_of_target}"


def _system_old(s: Subject) -> Iterator[str]:
    if s.system and starts(s.system, s.kind_of_target) is False:
        yield f"has {s.system}; {said(s.system, s.kind_of_target)} is the oldest that starts on {s.kind_of_target}"


def _narrow(s: Subject) -> Iterator[str]:
    told = s.machine.os_guest or s.machine.os_config
    if s.machine.architecture in {"i386", "x86"} or bits(told) == 32:
        yield f"is a 32-bit system ({told or s.machine.architecture}); EC2's current types and images are 64-bit"


def _no_place(s: Subject) -> Iterator[str]:
    if s.server is not None and s.target not in s.server.at:
        yield f"the estate does not say how {s.server.name} would stand at {s.target}"


def _stranger(s: Subject) -> Iterator[str]:
    if s.with_estate and s.server is None:
        yield "the estate has no server of this name or identity"


def _moving(s: Subject) -> Iterator[str]:
    if s.placement is not None and s.placement.move is not None:
        yield f"its move to {s.placement.move.target} is open since {s.placement.move.since:%Y-%m-%d}"
    elif s.placement is not None and s.placement.held is not None:
        yield f"its last move is on trial: the source at {s.placement.held.machine.site} is held"


def _lost(s: Subject) -> Iterator[str]:
    if s.machine.connection not in {"", "connected"}:
        yield f"is {s.machine.connection} in vCenter: nobody can speak for it"


def _addresses(s: Subject) -> Iterator[str]:
    for nic in s.machine.nics:
        numbers = [a for a in nic.addresses if not a.lower().startswith("fe80:") and ":" not in a]
        if len(numbers) > 1:
            yield f"{nic.label or 'a card'} has {len(numbers)} addresses ({', '.join(numbers[:4])}); one is carried over"


RULES: tuple[ReadinessRule, ...] = (
    ReadinessRule(
        code="RDY-001",
        title="a template",
        direction="both",
        blocks=True,
        remedy="leave it where it is, or make a machine from it first",
        source=ENGINE,
        check=_template,
    ),
    ReadinessRule(
        code="RDY-002",
        title="powered off",
        direction="both",
        blocks=False,
        remedy="ask its owner whether it is needed; it can be moved as it is, but nobody has seen it work",
        source="AWS: retire what nobody has used for 90 days (Migration strategies, 7 Rs)",
        check=_off,
    ),
    ReadinessRule(
        code="RDY-003",
        title="suspended",
        direction="both",
        blocks=True,
        remedy="resume it and shut it down cleanly",
        source=ENGINE,
        check=_suspended,
    ),
    ReadinessRule(
        code="RDY-004",
        title="size not known",
        direction="both",
        blocks=False,
        remedy="discover it again, or add what is missing to the imported file",
        source="no size can be chosen without it",
        check=_size_unknown,
    ),
    ReadinessRule(
        code="RDY-005",
        title="no disk known",
        direction="both",
        blocks=True,
        remedy="discover it again with rights to read its devices, or add the tab with its disks (vDisk) to the import",
        source=ENGINE,
        check=_no_disks,
    ),
    ReadinessRule(
        code="RDY-006",
        title="a disk without a size",
        direction="both",
        blocks=True,
        remedy="discover it again, or correct the size in the imported file",
        source=ENGINE,
        check=_empty_disk,
    ),
    ReadinessRule(
        code="RDY-007",
        title="operating system not recognised",
        direction="both",
        blocks=False,
        remedy="write os: of the server in the estate, or start its guest tools and discover it again",
        source="Amazon EC2 User Guide, NVMe and ENA requirements; vSphere API 8.0, guest identifiers",
        check=_system_unknown,
    ),
    ReadinessRule(
        code="RDY-008",
        title="operating system too old for the target",
        direction="both",
        blocks=True,
        remedy="upgrade the system first, or rebuild the service on a supported one (see its modernization path)",
        source="Amazon EC2 User Guide, NVMe and ENA requirements; vSphere API 8.0, guest identifiers",
        check=_system_old,
    ),
    ReadinessRule(
        code="RDY-009",
        title="32-bit system",
        direction="up",
        blocks=True,
        remedy="rebuild it on a 64-bit system",
        source="AWS VM Import/Export User Guide: 32-bit images are not taken",
        check=_narrow,
    ),
    ReadinessRule(
        code="RDY-010",
        title="no place at the target",
        direction="both",
        blocks=False,
        remedy="add the site under at: of the server, with its network and address there",
        source=ENGINE,
        check=_no_place,
    ),
    ReadinessRule(
        code="RDY-011",
        title="unknown to the estate",
        direction="both",
        blocks=False,
        remedy="write the server into the estate (service, disks, networks) before it is moved",
        source=ENGINE,
        check=_stranger,
    ),
    ReadinessRule(
        code="RDY-012",
        title="a move is open or on trial",
        direction="both",
        blocks=True,
        remedy="end it first: incline move status",
        source=ENGINE,
        check=_moving,
    ),
    ReadinessRule(
        code="RDY-013",
        title="several addresses on one card",
        direction="both",
        blocks=False,
        remedy="give the further addresses to the new card by hand, or let each service have a name instead",
        source=ENGINE,
        check=_addresses,
    ),
    ReadinessRule(
        code="RDY-014",
        title="not connected",
        direction="both",
        blocks=True,
        remedy="bring its host or datastore back, or register it again",
        source=ENGINE,
        check=_lost,
    ),
)
