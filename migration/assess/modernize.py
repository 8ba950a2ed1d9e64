"""Legacy systems: what is old about a server, until when it is supported, and the way out in steps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from infra.estate.model import Lifecycle
from infra.guest_systems import split, starts
from migration.assess.complexity import is_database
from migration.assess.model import Modernize
from migration.assess.subject import Subject
from migration.assess.support_ends import End, support_end

SOON = timedelta(days=365)
"""A system whose support ends within a year is named now: budgets are made once a year."""

_NEXT: dict[str, tuple[str, str]] = {
    "windows": ("Windows Server 2022 or 2025", "in-place upgrade, two versions at a time, on a clone first"),
    "windows-client": ("Windows 11 or a desktop service", "new installation"),
    "rhel": ("RHEL 9", "Leapp, one major version at a time"),
    "centos": ("AlmaLinux 9 or RHEL 9", "convert with ELevate or Convert2RHEL, then Leapp"),
    "centos-stream": ("AlmaLinux 9 or RHEL 9", "new installation"),
    "oracle-linux": ("Oracle Linux 9", "Leapp, one major version at a time"),
    "ubuntu": ("Ubuntu 24.04", "do-release-upgrade, one LTS at a time; Ubuntu Pro bridges five years"),
    "debian": ("Debian 13", "apt full-upgrade, one version at a time"),
    "sles": ("SLES 15", "zypper migration"),
    "amazon-linux": ("Amazon Linux 2023", "new installation; there is no upgrade in place"),
    "solaris": ("a Linux of today", "port the application: Solaris does not run on EC2"),
    "freebsd": ("FreeBSD 14", "freebsd-update, one version at a time"),
}
_DEFAULT_NEXT = ("a supported system", "new installation")


def modernize(subject: Subject, today: date) -> Modernize | None:
    """The path of a legacy system; None for one that is not: supported for more than a year and of a service that goes on."""
    end = support_end(subject.system)
    old = list(_old(subject, end, today))
    if not old:
        return None
    return Modernize(what="; ".join(old), until=end.on if end else None, path=tuple(_path(subject, end, today)))


def supported(subject: Subject, today: date) -> bool | None:
    """Whether its system still gets updates; None where the table does not know."""
    end = support_end(subject.system)
    return None if end is None else today <= end.on


def _old(s: Subject, end: End | None, today: date) -> Iterator[str]:
    if end is not None and end.on < today:
        yield f"{s.system} is out of support since {end.on:%Y-%m-%d} ({end.source})"
    elif end is not None and end.on <= today + SOON:
        yield f"{s.system} is supported until {end.on:%Y-%m-%d} only ({end.source})"
    if s.service is not None and s.service.lifecycle in {Lifecycle.LEGACY, Lifecycle.RETIRING}:
        yield f"the service {s.service.name} is {s.service.lifecycle.value}"


def _path(s: Subject, end: End | None, today: date) -> Iterator[str]:
    if s.service is not None and s.service.lifecycle is Lifecycle.RETIRING:
        yield f"ask {s.service.owner} for the day on which {s.service.name} ends; export what the law wants kept"
        yield "keep the machine off, then its disks, then nothing"
        return
    goal, way = _NEXT.get(split(s.system)[0], _DEFAULT_NEXT)
    ended = end is not None and end.on < today
    if starts(s.system, s.kind_of_target) is False:
        yield f"it does not start on {s.kind_of_target} as it is: keep it where it is, cut off from all it need not reach"
    elif ended:
        yield f"move it as it is into a network of its own at {s.target}: only what must reach it may"
    if end is not None:
        yield f"bring the system to {goal} on a copy ({way}), and try the application there"
    if is_database(s):
        yield "take the data to a managed database of a supported version, with a rehearsed import"
    if s.service is not None and s.service.lifecycle is Lifecycle.LEGACY:
        yield f"replace {s.service.title}: buy or rebuild it, import the records, keep the old one for reading"
        yield "switch the old machine off when nobody has read from it for 90 days"
