"""How much work a server's move is, 1 (simple) to 5, with what makes it so.

Red Hat's migration planner scores the operating system (1 easy to 4 white glove, 0 unknown) and the disks (under 10, 20, 50 TB and more)
and stops there. Ours asks what a person has to do: systems that need drivers, much or many disks, neighbours to move with, databases and
licences, what is shared, what blocks. Red Hat's figure stands beside ours, since people compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.guest_systems import split
from migration.assess.model import LicenceRisk, Reason, Score
from migration.assess.subject import TIB, Subject, size_text

MANY_DISKS = 5
MANY_NEIGHBOURS = 5
VERY_MANY_NEIGHBOURS = 20
_SIZES = ((50 * TIB, 3), (20 * TIB, 2), (10 * TIB, 1))
_DATABASE_WORDS = ("database", "sql", "oracle", "postgres", "mysql", "mongo", "db2")
_EASY = {"rhel", "centos", "oracle-linux", "rocky"}
_RED_HAT_WINDOWS = 2016


def complexity(subject: Subject, reasons: Sequence[Reason], licences: Sequence[LicenceRisk]) -> Score:
    """The score and its reasons; Red Hat's figure is the last of them."""
    parts = [*_of_system(subject), *_of_disks(subject), *_of_surroundings(subject), *_of_findings(reasons, licences)]
    value = min(5, 1 + sum(points for points, _ in parts))
    why = [f"{text} (+{points})" for points, text in parts] or ["nothing makes it more than a plain copy"]
    return Score(value=value, of=5, why=(*why, red_hat(subject)))


def _of_system(s: Subject) -> Iterator[tuple[int, str]]:
    family = split(s.system)[0]
    if not s.system:
        yield 1, "operating system not known"
    elif family.startswith("windows"):
        yield 1, f"{s.system} needs drivers and a licence at the target"
    elif family in {"solaris", "freebsd", "photon"}:
        yield 2, f"{s.system} is rarely moved"


def _of_disks(s: Subject) -> Iterator[tuple[int, str]]:
    total = s.machine.provisioned
    for limit, points in _SIZES:
        if total > limit:
            yield points, f"{size_text(total)} of disks, over {size_text(limit)}"
            break
    if len(s.machine.disks) > MANY_DISKS:
        yield 1, f"{len(s.machine.disks)} disks, over {MANY_DISKS}"
    if any(disk.raw or (disk.sharing and "none" not in disk.sharing.lower()) for disk in s.machine.disks):
        yield 1, "raw or shared disks"


def _of_surroundings(s: Subject) -> Iterator[tuple[int, str]]:
    if s.dependencies > VERY_MANY_NEIGHBOURS:
        yield 2, f"{s.dependencies} neighbours, over {VERY_MANY_NEIGHBOURS}"
    elif s.dependencies > MANY_NEIGHBOURS:
        yield 1, f"{s.dependencies} neighbours, over {MANY_NEIGHBOURS}"
    if is_database(s):
        yield 1, f"a database ({s.server.role if s.server and s.server.role else s.name}): its data must be quiet at the cut-over"
    if s.server is not None and s.server.redundancy_group:
        yield 1, f"one of the group {s.server.redundancy_group}: its members go one after another"


def _of_findings(reasons: Sequence[Reason], licences: Sequence[LicenceRisk]) -> Iterator[tuple[int, str]]:
    blocking = sum(reason.blocks for reason in reasons)
    if blocking:
        yield min(2, blocking), f"{blocking} reason{'s' if blocking > 1 else ''} that block{'' if blocking > 1 else 's'}"
    products = [each.product for each in licences if "Windows" not in each.product and "Linux" not in each.product]
    if products:
        yield 1, f"licensed software: {', '.join(products)}"


def is_database(s: Subject) -> bool:
    """Whether its role or its name says that it is a database."""
    return names_a_database(s.server.role if s.server else "", s.name)


def names_a_database(role: str, name: str) -> bool:
    """Whether a role or a name says database."""
    words = f"{role} {name}".lower()
    parts = words.replace("_", "-").replace(" ", "-").split("-")
    return any(word in words for word in _DATABASE_WORDS) or "db" in parts


def red_hat(s: Subject) -> str:
    """What Red Hat's planner would say: its operating system score and its disk tier."""
    total = s.machine.provisioned
    tier = 1 + sum(total >= limit for limit, _ in _SIZES)
    return f"for comparison, Red Hat's planner: operating system {_red_hat_system(s)} of 4, disk tier {tier} of 4"


def _red_hat_system(s: Subject) -> int:
    family, version = split(s.system)
    if not s.system:
        return 0
    if any("sql server" in text.lower() for text in (s.machine.os_guest, s.machine.os_config, s.machine.billing)):
        return 4
    if family in _EASY:
        return 1
    if family == "sles" or (family == "windows" and (not version or version[0] >= _RED_HAT_WINDOWS)):
        return 2
    return 3
