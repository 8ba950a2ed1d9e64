"""Operating systems: what a text of a vCenter, a workbook or AWS means, and from which version on a system starts on either side.

EC2: the Amazon EC2 User Guide ("Amazon EBS volumes and NVMe") lists the systems that have the NVMe and ENA drivers of the Nitro generation;
clones of Red Hat's follow its version. Windows needs AWS's drivers installed beforehand, which exist for Server 2012 and later.
vSphere: the guest identifiers of vSphere API 8.0 (VirtualMachineGuestOsIdentifier).
"""

from __future__ import annotations

import re

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

_FAMILIES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (family, re.compile(pattern, re.IGNORECASE))
    for family, pattern in (
        ("windows-client", r"\bwindows\s*(7|8|10|11|xp|vista)\b|^windows(7|8|9|11)_?(?!server|\d)"),
        ("windows", r"\bwin(?:dows)?.*?(?:server|srv)?.*?(20\d\d)|^windows(20\d\d)srv|^windows\d+server|^win(?:2000|net)"),
        ("rhel", r"\bred\s*hat\s*enterprise\s*linux\D*(\d+(?:\.\d+)?)?|^rhel-?(\d+(?:\.\d+)?)"),
        ("fedora", r"\bfedora\D*(\d+)?"),
        ("centos-stream", r"\bcentos\s*stream\D*(\d+)?"),
        ("centos", r"\bcentos(?!\s*stream)[^\d/]*(\d+(?:\.\d+)?)?"),
        ("oracle-linux", r"\boracle\s*(?:enterprise\s*)?linux\D*(\d+(?:\.\d+)?)?|^oraclelinux(\d+)"),
        ("rocky", r"\brocky\D*(\d+(?:\.\d+)?)?"),
        ("almalinux", r"\balma\s*linux\D*(\d+(?:\.\d+)?)?"),
        ("amazon-linux", r"\bamazon\s*linux\D*(\d+)?|^amazonlinux(\d+)|^al(20\d\d)\b"),
        ("sles", r"\bsuse\s*linux\s*enterprise\D*(\d+(?:\.\d+)?)?|^sles(\d+)|\bsles\D*(\d+)"),
        ("opensuse", r"\bopensuse\D*(\d+(?:\.\d+)?)?"),
        ("ubuntu", r"\bubuntu\D*(\d\d\.\d\d)?"),
        ("debian", r"\bdebian\D*(\d+)?"),
        ("freebsd", r"\bfreebsd\D*(\d+(?:\.\d+)?)?"),
        ("solaris", r"\bsolaris\D*(\d+)?"),
        ("photon", r"\bphoton\D*(\d+)?|vmware[\s-]*photon"),
    )
)
"""Family and how it is written; the first that matches is taken, so what is more special stands first."""


def system_id(text: str) -> str:
    """The catalogue's id of an operating system text: `Debian GNU/Linux 9 (64-bit)` is debian-9, `rhel9_64Guest` is rhel-9.

    Empty when nothing is recognised. `CentOS 4/5/6/7 (64-bit)`, which vCenter says for any of these, gives the family alone, and so does
    a text without a version: what is not told is not guessed.
    """
    known = " ".join(re.sub(r"\((?:32|64)[- ]?bit\)", "", text.replace("®", "")).split())
    known = re.sub(r"_?64_?Guest$|Guest$", "", known)
    for family, pattern in _FAMILIES:
        found = pattern.search(known)
        if found is None:
            continue
        version = next((group for group in found.groups() if group), "")
        if re.search(rf"{re.escape(version)}\s*(?:/\d|or later)", known) and version:
            version = ""
        release = "-r2" if family == "windows" and re.search(r"\bR2\b", known) else ""
        if family == "windows" and "srvnext" in known.lower():
            version = "2022" if version == "2019" else version
        return "-".join([family, *version.lower().split(".")]).rstrip("-") + release
    return ""


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
