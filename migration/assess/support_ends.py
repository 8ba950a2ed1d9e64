"""Until when operating systems get security updates from their makers without a further contract. Dates as the makers publish them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from infra.guest_systems import split

MICROSOFT = "Microsoft Lifecycle, extended end date"
RED_HAT = "Red Hat Enterprise Linux Life Cycle, end of maintenance support"
CENTOS = "CentOS project, end of life"
UBUNTU = "Ubuntu release cycle, end of standard security maintenance"
DEBIAN = "Debian wiki, LTS"
SUSE = "SUSE product lifecycle, end of general support"
ORACLE = "Oracle Lifetime Support Policy, premier support"
AMAZON = "Amazon Linux FAQs"
ALMA = "AlmaLinux release notes"
ROCKY = "Rocky Linux wiki, version guide"
FREEBSD = "FreeBSD, supported releases"

READ_ON = date(2026, 11, 1)
"""When the table was last gone through; makers do move these dates."""


@dataclass(frozen=True, slots=True)
class End:
    """The last day, and who says so."""

    on: date
    source: str


ENDS: dict[str, End] = {
    "windows-2003": End(date(2015, 7, 14), MICROSOFT),
    "windows-2008": End(date(2020, 1, 14), MICROSOFT),
    "windows-2008-r2": End(date(2020, 1, 14), MICROSOFT),
    "windows-2012": End(date(2023, 10, 10), MICROSOFT),
    "windows-2012-r2": End(date(2023, 10, 10), MICROSOFT),
    "windows-2016": End(date(2027, 1, 12), MICROSOFT),
    "windows-2019": End(date(2029, 1, 9), MICROSOFT),
    "windows-2022": End(date(2031, 10, 14), MICROSOFT),
    "windows-2025": End(date(2034, 11, 14), MICROSOFT),
    "windows-client-7": End(date(2020, 1, 14), MICROSOFT),
    "windows-client-8": End(date(2023, 1, 10), MICROSOFT),
    "windows-client-10": End(date(2025, 10, 14), MICROSOFT),
    "rhel-5": End(date(2017, 3, 31), RED_HAT),
    "rhel-6": End(date(2020, 11, 30), RED_HAT),
    "rhel-7": End(date(2024, 6, 30), RED_HAT),
    "rhel-8": End(date(2029, 5, 31), RED_HAT),
    "rhel-9": End(date(2032, 5, 31), RED_HAT),
    "rhel-10": End(date(2035, 5, 31), RED_HAT),
    "centos-5": End(date(2017, 3, 31), CENTOS),
    "centos-6": End(date(2020, 11, 30), CENTOS),
    "centos-7": End(date(2024, 6, 30), CENTOS),
    "centos-8": End(date(2021, 12, 31), CENTOS),
    "centos-stream-8": End(date(2024, 5, 31), CENTOS),
    "centos-stream-9": End(date(2027, 5, 31), CENTOS),
    "ubuntu-12-04": End(date(2017, 4, 28), UBUNTU),
    "ubuntu-14-04": End(date(2019, 4, 25), UBUNTU),
    "ubuntu-16-04": End(date(2021, 4, 30), UBUNTU),
    "ubuntu-18-04": End(date(2023, 5, 31), UBUNTU),
    "ubuntu-20-04": End(date(2025, 5, 31), UBUNTU),
    "ubuntu-22-04": End(date(2027, 4, 30), UBUNTU),
    "ubuntu-24-04": End(date(2029, 4, 30), UBUNTU),
    "debian-7": End(date(2018, 5, 31), DEBIAN),
    "debian-8": End(date(2020, 6, 30), DEBIAN),
    "debian-9": End(date(2022, 6, 30), DEBIAN),
    "debian-10": End(date(2024, 6, 30), DEBIAN),
    "debian-11": End(date(2026, 8, 31), DEBIAN),
    "debian-12": End(date(2028, 6, 30), DEBIAN),
    "debian-13": End(date(2030, 6, 30), DEBIAN),
    "sles-11": End(date(2019, 3, 31), SUSE),
    "sles-12": End(date(2024, 10, 31), SUSE),
    "sles-15": End(date(2031, 7, 31), SUSE),
    "solaris-10": End(date(2018, 1, 31), ORACLE),
    "solaris-11": End(date(2031, 11, 30), ORACLE),
    "oracle-linux-6": End(date(2021, 3, 31), ORACLE),
    "oracle-linux-7": End(date(2024, 12, 31), ORACLE),
    "oracle-linux-8": End(date(2029, 7, 31), ORACLE),
    "oracle-linux-9": End(date(2032, 6, 30), ORACLE),
    "amazon-linux-2": End(date(2026, 6, 30), AMAZON),
    "amazon-linux-2023": End(date(2029, 6, 30), AMAZON),
    "almalinux-8": End(date(2029, 5, 31), ALMA),
    "almalinux-9": End(date(2032, 5, 31), ALMA),
    "rocky-8": End(date(2029, 5, 31), ROCKY),
    "rocky-9": End(date(2032, 5, 31), ROCKY),
    "freebsd-12": End(date(2023, 12, 31), FREEBSD),
    "freebsd-13": End(date(2026, 4, 30), FREEBSD),
    "freebsd-14": End(date(2028, 11, 30), FREEBSD),
}


def support_end(system: str) -> End | None:
    """When support ends; a minor version (rhel-8-6) ends with its major one. None: not in the table."""
    if system in ENDS:
        return ENDS[system]
    family, version = split(system)
    return ENDS.get(f"{family}-{version[0]}") if version else None
