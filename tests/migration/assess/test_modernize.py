"""Legacy systems: what is old, until when, and the way out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from infra.estate.model import Lifecycle
from migration.assess.modernize import modernize, supported
from migration.assess.support_ends import ENDS, support_end
from tests.migration.assess.machines import NOW, server, service, up

TODAY = NOW.date()


def test_a_system_of_today_is_no_legacy() -> None:
    assert modernize(up(), TODAY) is None


def test_a_system_is_named_within_a_year_of_its_end_and_after_it() -> None:
    end = ENDS["debian-12"].on

    assert modernize(up(), end - timedelta(days=366)) is None
    near = modernize(up(), end - timedelta(days=365))
    assert near is not None
    assert near.what == "debian-12 is supported until 2028-06-30 only (Debian wiki, LTS)"
    past = modernize(up(), end + timedelta(days=1))
    assert past is not None
    assert past.what == "debian-12 is out of support since 2028-06-30 (Debian wiki, LTS)"
    assert past.until == end
    assert past.path == (
        "move it as it is into a network of its own at there: only what must reach it may",
        "bring the system to Debian 13 on a copy (apt full-upgrade, one version at a time), and try the application there",
    )


def test_support_holds_on_its_last_day() -> None:
    end = ENDS["debian-12"].on

    assert supported(up(), end) is True
    assert supported(up(), end + timedelta(days=1)) is False
    assert supported(up(system="plan9-4"), end) is None


@pytest.mark.parametrize(
    ("system", "on"),
    [
        ("windows-2012-r2", date(2023, 10, 10)),
        ("windows-2016", date(2027, 1, 12)),
        ("rhel-8-6", date(2029, 5, 31)),
        ("rhel-6", date(2020, 11, 30)),
        ("centos-7", date(2024, 6, 30)),
        ("ubuntu-20-04", date(2025, 5, 31)),
        ("sles-12-5", date(2024, 10, 31)),
    ],
)
def test_dates_are_the_makers(system: str, on: date) -> None:
    found = support_end(system)

    assert found is not None
    assert found.on == on
    assert found.source


def test_what_the_table_does_not_know_has_no_end() -> None:
    assert support_end("") is None
    assert support_end("ubuntu") is None
    assert support_end("beos-5") is None


def test_a_legacy_database_is_led_out_step_by_step() -> None:
    found = modernize(up(system="rhel-6", server=server(role="database"), service=service(lifecycle=Lifecycle.LEGACY)), TODAY)

    assert found is not None
    assert found.what.endswith("; the service maps is legacy")
    assert [step.split(" ")[0] for step in found.path] == ["it", "bring", "take", "replace", "switch"]


def test_a_service_that_ends_needs_a_day_not_an_upgrade() -> None:
    found = modernize(up(server=server(), service=service(lifecycle=Lifecycle.RETIRING)), TODAY)

    assert found is not None
    assert found.until == ENDS["debian-12"].on
    assert found.path[0].startswith("ask City Planning for the day on which maps ends")
