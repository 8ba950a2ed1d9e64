"""Texts of vSphere, AWS and guests become the estate's ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.guest_systems import OLDEST, system_id
from migration.discover.operating_systems import family, full_name, os_id

NAMES = {
    "Microsoft Windows Server 2016 or later (64-bit)": "windows-2016",
    "Microsoft Windows Server 2008 R2 (64-bit)": "windows-2008-r2",
    "Microsoft Windows Server 2025 (64-bit)": "windows-2025",
    "Microsoft Windows 8.x (64-bit)": "windows-client-8",
    "Microsoft Windows XP Professional (32-bit)": "windows-client-xp",
    "Windows Server® 2019 Datacenter": "windows-2019",
    "Windows with SQL Server": "windows",
    "Red Hat Enterprise Linux 8 (64-bit)": "rhel-8",
    "Red Hat Enterprise Linux Server release 7.9 (Maipo)": "rhel-7-9",
    "CentOS 4/5/6/7 (64-bit)": "centos",
    "CentOS 4/5 or later (64-bit)": "centos",
    "CentOS Linux 7.9.2009": "centos-7-9",
    "CentOS Stream 9": "centos-stream-9",
    "Ubuntu Linux (64-bit)": "ubuntu",
    "Ubuntu 22.04.3 LTS": "ubuntu-22-04",
    "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server": "ubuntu-22-04",
    "SUSE Linux Enterprise Server 12 SP5": "sles-12-5",
    "Debian GNU/Linux 12 (64-bit)": "debian-12",
    "Debian GNU/Linux 9.13": "debian-9",
    "Amazon Linux 3 (64-bit)": "amazon-linux-2023",
    "amzn2-ami-hvm-2.0": "amazon-linux-2",
    "Other 3.x or later Linux (64-bit)": "linux",
    "Other (64-bit)": "",
    "VMware Photon OS (64-bit)": "photon",
    "windows2019srvNext_64Guest": "windows-2022",
    "windows2022srvNext_64Guest": "windows-2025",
    "windows9Server64Guest": "windows-2016",
    "windows9_64Guest": "windows-client-10",
    "winNetEnterprise64Guest": "windows-2003",
    "rhel6_64Guest": "rhel-6",
    "centos64Guest": "centos",
    "other3xLinux64Guest": "linux",
    "debian12_64Guest": "debian-12",
    "otherGuest64": "",
    "": "",
}


@pytest.mark.parametrize(("text", "expected"), NAMES.items())
def test_a_text_becomes_the_estates_id(text: str, expected: str) -> None:
    assert system_id(text) == expected


def test_what_the_guest_says_beats_the_configuration() -> None:
    assert os_id(config="Debian GNU/Linux 7 (64-bit)", guest="Debian GNU/Linux 9 (64-bit)") == "debian-9"


def test_a_guest_that_names_the_family_alone_takes_the_version_from_the_configuration() -> None:
    assert os_id(guest_id="rhel9_64Guest", guest="Red Hat Enterprise Linux") == "rhel-9"


def test_a_guest_that_says_only_linux_does_not_beat_a_configuration_that_says_which() -> None:
    assert os_id(config="Red Hat Enterprise Linux 9 (64-bit)", guest="Other 5.x Linux") == "rhel-9"


@pytest.mark.parametrize(
    ("os", "expected"),
    [("windows-2022", "windows"), ("windows-client-10", "windows"), ("debian-12", "linux"), ("photon", "other"), ("", "")],
)
def test_the_family_of_an_id(os: str, expected: str) -> None:
    assert family(os) == expected


def test_every_family_of_the_rules_has_a_name_that_is_read_back() -> None:
    for kind in OLDEST.values():
        for name, version in kind.items():
            os = "-".join([name, *map(str, version)])
            assert system_id(full_name(os)).startswith(name), os


@given(st.text(max_size=60))
def test_any_text_is_read_or_not_recognised(text: str) -> None:
    assert isinstance(system_id(text), str)
