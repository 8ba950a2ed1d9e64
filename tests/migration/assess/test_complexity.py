"""What makes a move work, point by point."""

from __future__ import annotations

from typing import Any

import pytest

from migration.assess.complexity import complexity, is_database, red_hat
from migration.assess.model import LicenceRisk, Reason
from migration.assess.subject import TIB, Subject
from tests.migration.assess.machines import disk, nic, server, up, vm

BLOCK = Reason(code="RDY-000", what="x", remedy="y", blocks=True)
ORACLE = LicenceRisk(product="Oracle Database", seen="", what="", remedy="")
WINDOWS = LicenceRisk(product="Windows Server Datacenter", seen="", what="", remedy="")


def value(subject: Subject, reasons: tuple[Reason, ...] = (), licences: tuple[LicenceRisk, ...] = ()) -> int:
    return complexity(subject, reasons, licences).value


def test_a_plain_copy_is_one() -> None:
    found = complexity(up(), (), ())

    assert found.value == 1
    assert found.why[0] == "nothing makes it more than a plain copy"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"system": "windows-2022"}, 2),
        ({"system": "solaris-11"}, 3),
        ({"system": ""}, 2),
        ({"dependencies": 5}, 1),
        ({"dependencies": 6}, 2),
        ({"dependencies": 21}, 3),
        ({"server": server(role="database")}, 2),
        ({"server": server(redundancy_group="maps-app")}, 2),
    ],
)
def test_each_of_these_is_more_work(changes: dict[str, Any], expected: int) -> None:
    assert value(up(**changes)) == expected


@pytest.mark.parametrize(("size", "expected"), [(10 * TIB, 1), (10 * TIB + 1, 2), (20 * TIB + 1, 3), (50 * TIB + 1, 4)])
def test_disks_count_by_red_hats_steps(size: int, expected: int) -> None:
    assert value(up(vm(disks=(disk(size=size),)))) == expected


@pytest.mark.parametrize(("count", "expected"), [(5, 1), (6, 2)])
def test_many_disks_are_more_work(count: int, expected: int) -> None:
    assert value(up(vm(disks=(disk(),) * count))) == expected


def test_blocks_and_licences_are_more_work_and_the_scale_ends_at_five() -> None:
    assert value(up(), (BLOCK,)) == 2
    assert value(up(), (BLOCK,) * 4) == 3
    assert value(up(), (), (ORACLE,)) == 2
    assert value(up(), (), (WINDOWS,)) == 1
    assert value(up(vm(disks=(disk(size=60 * TIB),)), system="", dependencies=30), (BLOCK,) * 4, (ORACLE,)) == 5


@pytest.mark.parametrize(
    ("name", "role", "expected"),
    [("permits-db-01", "", True), ("vm-1", "database", True), ("mysql2", "", True), ("debug-01", "", False), ("web", "web", False)],
)
def test_a_database_is_known_by_name_or_role(name: str, role: str, expected: bool) -> None:
    assert is_database(up(vm(name=name), server=server(role=role))) is expected


@pytest.mark.parametrize(
    ("system", "score"),
    [
        ("rhel-9", 1),
        ("rocky-9", 1),
        ("windows-2016", 2),
        ("sles-15", 2),
        ("windows-2012-r2", 3),
        ("debian-12", 3),
        ("ubuntu-24-04", 3),
        ("", 0),
    ],
)
def test_red_hats_figure_stands_beside_ours(system: str, score: int) -> None:
    assert red_hat(up(system=system)).endswith(f"operating system {score} of 4, disk tier 1 of 4")


def test_red_hats_white_glove_is_a_microsoft_database() -> None:
    assert "system 4 of 4" in red_hat(up(vm(os_guest="Windows Server 2019 with SQL Server"), system="windows-2019"))


def test_cards_alone_are_no_more_work() -> None:
    assert value(up(vm(nics=(nic(), nic())))) == 1
