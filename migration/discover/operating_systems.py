"""Which operating system a machine has, out of the texts that a vCenter or a workbook holds about it.

The names themselves are infra/guest_names.py's; here is whose word counts.
"""

from __future__ import annotations

from typing import Literal

from infra.guest_names import from_identifier, from_name

Family = Literal["linux", "windows", "other", ""]

_OTHER = {"photon", "freebsd", "solaris", "macos", "netware", "esxi", "ms-dos", "os-2", "sco-unix"}
_FULL = {
    "rhel": "Red Hat Enterprise Linux",
    "centos-stream": "CentOS Stream",
    "centos": "CentOS",
    "oracle-linux": "Oracle Linux",
    "rocky": "Rocky Linux",
    "almalinux": "AlmaLinux",
    "amazon-linux": "Amazon Linux",
    "sles": "SUSE Linux Enterprise",
    "suse": "SUSE Linux",
    "opensuse": "openSUSE",
    "ubuntu": "Ubuntu Linux",
    "debian": "Debian GNU/Linux",
    "fedora": "Fedora",
    "photon": "VMware Photon OS",
    "freebsd": "FreeBSD",
    "solaris": "Oracle Solaris",
    "macos": "Apple macOS",
    "netware": "Novell NetWare",
    "esxi": "VMware ESXi",
    "coreos": "CoreOS Linux",
    "asianux": "Asianux",
    "ms-dos": "Microsoft MS-DOS",
    "os-2": "IBM OS/2",
    "sco-unix": "SCO UnixWare",
    "linux": "Other Linux",
    "windows": "Microsoft Windows Server",
    "windows-nt": "Microsoft Windows NT",
    "windows-client": "Microsoft Windows",
}


def os_id(*, guest_id: str = "", config: str = "", guest: str = "") -> str:
    """The estate's id of an operating system, or an empty text when nobody can tell.

    What the guest says beats the configuration, which people choose once and forget; but a guest that names the family alone
    ("Ubuntu Linux (64-bit)") takes the version from the configuration of the same family.
    """
    found = [each for each in (from_name(guest), from_name(config), from_identifier(guest_id)) if each]
    if not found:
        return ""
    said = found[0]
    if said == "linux":
        return next((each for each in found[1:] if family(each) == "linux" and each != "linux"), said)
    if any(part.isdigit() for part in said.split("-")):
        return said
    return next((each for each in found[1:] if each.startswith(f"{said}-")), said)


def family(os: str) -> Family:
    """The family of an id: what licences and drivers depend on. Empty for an empty id."""
    if not os:
        return ""
    if os.startswith("windows"):
        return "windows"
    return "other" if any(os == each or os.startswith(f"{each}-") for each in _OTHER) else "linux"


def full_name(os: str) -> str:
    """A name that people and other tools know: rhel-8 is Red Hat Enterprise Linux 8. What is not known is given back as it is."""
    for known in sorted(_FULL, key=len, reverse=True):
        if os == known:
            return _FULL[known]
        if os.startswith(f"{known}-"):
            version = os.removeprefix(f"{known}-")
            shown = version.replace("-r2", " R2") if known.startswith("windows") else version.replace("-", ".")
            return f"{_FULL[known]} {shown.upper() if shown == 'xp' else shown}"
    return os
