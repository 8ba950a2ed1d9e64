"""Operating systems: what a text of a vCenter, a workbook or AWS means, and from which version on a system starts on either side.

EC2: the Amazon EC2 User Guide ("Amazon EBS volumes and NVMe") lists the systems that have the NVMe and ENA drivers of the Nitro generation;
clones of Red Hat's follow its version. Windows needs AWS's drivers installed beforehand, which exist for Server 2012 and later.
vSphere: the guest identifiers of vSphere API 8.0 (VirtualMachineGuestOsIdentifier).
"""

from __future__ import annotations

import re

from infra.guest_names import from_identifier, from_name

Version = tuple[int, ...]

OLDEST: dict[str, dict[str, Version]] = {
    "aws": {
        "almalinux": (8,),
        "amazon-linux": (2,),
        "centos": (7, 4),
        "debian": (9,),
        "freebsd": (11, 1),
        "oracle-linux": (7, 4),
        "rhel": (7, 4),
        "rocky": (8,),
        "sles": (12, 2),
        "ubuntu": (14, 4),
        "windows": (2012,),
    },
    "vsphere": {
        "almalinux": (8,),
        "amazon-linux": (2,),
        "centos": (5,),
        "debian": (4,),
        "freebsd": (11,),
        "oracle-linux": (5,),
        "rhel": (5,),
        "rocky": (8,),
        "sles": (10,),
        "ubuntu": (10, 4),
        "windows": (2008,),
    },
}
"""By kind of site and family: the oldest version that starts there."""


def system_id(text: str) -> str:
    """The catalogue's id of an operating system text: `Debian GNU/Linux 9 (64-bit)` is debian-9, `rhel9_64Guest` is rhel-9.

    Empty when nothing is recognised; infra/guest_names.py has the names.
    """
    return from_identifier(text) or from_name(text)


def bits(text: str) -> int | None:
    """32 or 64 as an operating system text says; None when it does not."""
    if re.search(r"\b32[- ]?bit|i[36]86\b", text, re.IGNORECASE):
        return 32
    return 64 if re.search(r"64[- ]?bit|_64|64Guest|x86_64|amd64", text, re.IGNORECASE) else None


def split(os: str) -> tuple[str, Version]:
    """The family and the version of a catalogue id: ubuntu-24-04 is (ubuntu, (24, 4)), windows-2012-r2 is (windows, (2012,))."""
    family: list[str] = []
    version: list[int] = []
    for part in os.split("-"):
        if part.isdigit():
            version.append(int(part))
        elif not version:
            family.append(part)
    return "-".join(family), tuple(version)


def starts(os: str, kind: str) -> bool | None:
    """Whether an operating system starts on a kind of site; None where the table cannot tell.

    A version without its minor number (rhel-7) is taken for the newest of its kind: such a machine was updated for years.
    """
    family, version = split(os)
    oldest = OLDEST.get(kind, {}).get(family)
    if oldest is None or not version:
        return None
    return version >= oldest[: len(version)]


def said(os: str, kind: str) -> str:
    """The oldest version that starts, for people."""
    family, _ = split(os)
    oldest = OLDEST[kind][family]
    return f"{family} {'.'.join(map(str, oldest))}"
