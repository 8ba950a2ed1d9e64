"""The names of operating systems: from vSphere's full names and identifiers, AWS's images and what guests say, to catalogue ids.

vSphere says "Microsoft Windows Server 2016 or later (64-bit)" or windows9Server64Guest, a guest "Ubuntu 22.04.3 LTS", an image
ubuntu-jammy-22.04; the estate says windows-2016 and ubuntu-22-04. "Or later" gives the version named: what holds from it on holds.
A text that names several versions (CentOS 4/5/6/7) or none gives the family alone (centos), so that rules which need the version
answer "cannot tell".
"""

from __future__ import annotations

import re
from functools import lru_cache

_IDENTIFIERS = {
    "win31": "windows-client-3",
    "win95": "windows-client-95",
    "win98": "windows-client-98",
    "winnt": "windows-nt",
    "win2000serv": "windows-2000",
    "win2000advserv": "windows-2000",
    "win2000pro": "windows-client-2000",
    "winxppro": "windows-client-xp",
    "winxphome": "windows-client-xp",
    "winxppro64": "windows-client-xp",
    "winvista": "windows-client-vista",
    "winvista64": "windows-client-vista",
    "winnetstandard": "windows-2003",
    "winnetstandard64": "windows-2003",
    "winnetenterprise": "windows-2003",
    "winnetenterprise64": "windows-2003",
    "winnetdatacenter": "windows-2003",
    "winnetdatacenter64": "windows-2003",
    "winnetbusiness": "windows-2003",
    "winnetweb": "windows-2003",
    "winlonghorn": "windows-2008",
    "winlonghorn64": "windows-2008",
    "windows7": "windows-client-7",
    "windows7_64": "windows-client-7",
    "windows7server64": "windows-2008-r2",
    "windows8": "windows-client-8",
    "windows8_64": "windows-client-8",
    "windows8server64": "windows-2012",
    "windows9": "windows-client-10",
    "windows9_64": "windows-client-10",
    "windows9server64": "windows-2016",
    "windows11_64": "windows-client-11",
    "windows2019srv_64": "windows-2019",
    "windows2019srvnext_64": "windows-2022",
    "windows2022srvnext_64": "windows-2025",
    "vmwarephoton64": "photon",
    "other": "",
    "other-64": "",
}
"""vSphere's guest identifiers that are named after code names, without the ending Guest, in small letters."""

_PATTERNS = (
    (r"rhel(\d+)?", "rhel"),
    (r"centos(\d+)?", "centos"),
    (r"oraclelinux(\d+)?", "oracle-linux"),
    (r"sles(\d+)?", "sles"),
    (r"suse(\d+)?", "suse"),
    (r"opensuse", "opensuse"),
    (r"debian(\d+)?", "debian"),
    (r"ubuntu", "ubuntu"),
    (r"rockylinux", "rocky"),
    (r"almalinux", "almalinux"),
    (r"fedora", "fedora"),
    (r"coreos", "coreos"),
    (r"asianux(\d+)?", "asianux"),
    (r"freebsd(\d+)?", "freebsd"),
    (r"solaris(\d+)?", "solaris"),
    (r"darwin(\d+)?", "macos"),
    (r"netware(\d+)?", "netware"),
    (r"vmkernel(\d+)?", "esxi"),
    (r"other\w*linux", "linux"),
)

_NAMES: tuple[tuple[str, str], ...] = (
    (r"windows server (?:code.?name )?(\d{4})(?:\s*(r2))?", "windows"),
    (r"small business server (\d{4})", "windows"),
    (r"windows (2000|2003|2008|2012|2016|2019|2022|2025)(?:\s*(r2))?(?! professional)", "windows"),
    (r"windows nt", "windows-nt"),
    (r"windows (xp|vista|\d+(?:\.\d)?)", "windows-client"),
    (r"\bwindows\b", "windows"),
    (r"(?:red ?hat|rh) enterprise linux(?: server| workstation| client| as| es| ws)?(?: release)?", "rhel"),
    (r"\brhel\b", "rhel"),
    (r"cent ?os stream(?: release)?", "centos-stream"),
    (r"cent ?os(?: linux)?(?: release)?", "centos"),
    (r"oracle (?:enterprise )?linux(?: server)?(?: release)?", "oracle-linux"),
    (r"rocky(?: linux)?(?: release)?", "rocky"),
    (r"alma ?linux(?: release)?", "almalinux"),
    (r"amazon linux(?: ami)?(?: release)?|\bamzn(?=\d)|\bal(?=20\d\d\b)", "amazon-linux"),
    (r"opensuse", "opensuse"),
    (r"suse linux enterprise(?: server| desktop)?|\bsles\b", "sles"),
    (r"ubuntu(?!/images)(?: linux| noble| jammy| focal| bionic| xenial)?", "ubuntu"),
    (r"debian(?: gnu/?linux)?", "debian"),
    (r"fedora(?: linux)?(?: release)?", "fedora"),
    (r"photon", "photon"),
    (r"free ?bsd", "freebsd"),
    (r"solaris", "solaris"),
    (r"(?:mac ?os(?: x)?|darwin)", "macos"),
    (r"netware", "netware"),
    (r"esxi?", "esxi"),
    (r"core ?os", "coreos"),
    (r"asianux", "asianux"),
    (r"ms.?dos", "ms-dos"),
    (r"os/2", "os-2"),
    (r"sco (?:openserver|unixware)", "sco-unix"),
    (r"linux", "linux"),
)
_ALWAYS_EXACT = {"windows", "windows-nt", "windows-client"}
_MINORS = {"rhel", "centos", "oracle-linux", "rocky", "almalinux", "ubuntu", "opensuse", "freebsd", "solaris"}
"""Families whose minor version decides something; a Debian point release does not."""


@lru_cache(maxsize=1024)
def from_identifier(guest_id: str) -> str:
    """The id behind vSphere's guest identifier: rhel8_64Guest is rhel-8."""
    name = guest_id.strip().casefold().removesuffix("guest")
    if name in _IDENTIFIERS:
        return _IDENTIFIERS[name]
    amazon = re.fullmatch(r"amazonlinux(\d)_64", name)
    if amazon:
        return "amazon-linux-2" if amazon[1] == "2" else "amazon-linux-2023"
    for pattern, known in _PATTERNS:
        match = re.fullmatch(pattern + r"(?:_?64)?", name)
        if match:
            version = match[1] if match.re.groups else None
            return f"{known}-{version}" if version and version != "64" else known
    return ""


@lru_cache(maxsize=4096)
def from_name(name: str) -> str:
    """The id behind a full name, as vSphere, a guest or a person writes it."""
    text = re.sub(r"[®™©]|\((?:r|tm)\)", "", name.casefold())
    text = re.sub(r"[\s_-]+", " ", re.sub(r"\((?:32|64)[ -]?bit\)", "", text)).strip()
    for pattern, known in _NAMES:
        match = re.search(pattern, text)
        if match:
            if known in _ALWAYS_EXACT:
                return "-".join([known, *(part.split(".")[0] for part in match.groups() if part)])
            return _with_version(known, text[match.end() :])
    return ""


def _with_version(known: str, rest: str) -> str:
    """`4/5 or later` names several versions, so none."""
    match = re.match(r"\s*(?:os |stream |version |v)?(\d{1,4})(?!\d)(?:\.(\d+))?", rest)
    if known == "linux" or match is None or re.match(r"\s*\d+(?:/\d+)+", rest):
        return known
    major, minor = match[1], match[2]
    if known == "amazon-linux":
        major = {"3": "2023"}.get(major, "1" if "2010" < major < "2019" else major)
    if known == "sles":
        pack = re.match(r"\s*\d+(?:\.\d+)?\s*sp\s*(\d)", rest)
        return f"sles-{major}-{pack[1]}" if pack else f"sles-{major}"
    keeps = minor is not None and known in _MINORS
    return f"{known}-{major}-{minor}" if keeps else f"{known}-{major}"
