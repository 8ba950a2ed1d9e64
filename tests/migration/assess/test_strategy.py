"""The seven ways, the figure that decides from both sides, and the sentence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from infra.estate.model import Lifecycle, MoveIntent
from migration.assess.model import Strategy
from migration.assess.readiness import judge
from migration.assess.strategy import strategy
from migration.assess.subject import Subject
from migration.discover.model import Metric, Percentiles
from tests.migration.assess.machines import NOW, disk, down, instance, measured, server, service, up, usage, vm


def way(subject: Subject) -> tuple[Strategy, str]:
    return strategy(subject, judge(subject)[1])


def of(**changes: Any) -> Strategy:
    return way(up(**changes))[0]


def test_a_plain_machine_is_rehosted() -> None:
    assert way(up()) == (
        Strategy.REHOST,
        "It can be copied block by block to there as it is, and nothing speaks for more work than that.",
    )
    assert "once 1 condition is settled" in way(up(vm(secure_boot=True)))[1]


@pytest.mark.parametrize(("days", "expected"), [(89.9, Strategy.REHOST), (90, Strategy.RETIRE)])
def test_off_for_ninety_days_is_retired(days: float, expected: Strategy) -> None:
    seen = usage(measured(Metric.CPU_PERCENT, 20, ago=days))

    assert of(machine=vm(power="off"), usage=seen) is expected


def test_off_since_nobody_knows_when_is_not_retired() -> None:
    assert of(machine=vm(power="off", booted=NOW - timedelta(days=500))) is Strategy.REHOST


def _idle(cpu: float, net: float, days: float = 30) -> dict[Metric, Percentiles]:
    return usage(measured(Metric.CPU_PERCENT, cpu, days=days), measured(Metric.NET_BYTES, net, days=days))


@pytest.mark.parametrize(
    ("cpu", "net", "days", "expected"),
    [
        (1.99, 1023, 14, Strategy.RETIRE),
        (2.0, 1023, 14, Strategy.REHOST),
        (1.99, 1024, 14, Strategy.REHOST),
        (1.99, 1023, 13.9, Strategy.REHOST),
        (1.99, 1023, 13.998, Strategy.RETIRE),
    ],
)
def test_an_idle_machine_is_retired(cpu: float, net: float, days: float, expected: Strategy) -> None:
    assert of(usage=_idle(cpu, net, days)) is expected


@pytest.mark.parametrize(
    ("mhz", "clock", "expected"), [(199, 2500, Strategy.RETIRE), (200, 2500, Strategy.REHOST), (199, None, Strategy.REHOST)]
)
def test_idle_is_told_from_mhz_where_the_clock_is_known(mhz: float, clock: float | None, expected: Strategy) -> None:
    seen = usage(measured(Metric.CPU_MHZ, mhz), measured(Metric.NET_BYTES, 100))

    assert of(usage=seen, core_mhz=clock) is expected


def test_without_the_network_nobody_calls_it_idle() -> None:
    assert of(usage=usage(measured(Metric.CPU_PERCENT, 0.5))) is Strategy.REHOST


def test_a_service_that_ends_is_not_moved() -> None:
    assert of(server=server(), service=service(lifecycle=Lifecycle.RETIRING)) is Strategy.RETIRE


def test_a_legacy_service_out_of_support_is_refactored_and_one_in_support_is_not() -> None:
    legacy = service(lifecycle=Lifecycle.LEGACY)

    found = way(up(vm(os="rhel-6"), server=server(), service=legacy))
    assert found == (
        Strategy.REFACTOR,
        "Its service maps is legacy and rhel-6 is out of support: it cannot start at there as it is, so plan its replacement.",
    )
    assert of(machine=vm(os="centos-8"), server=server(), service=legacy) is Strategy.REFACTOR
    assert of(server=server(), service=legacy) is Strategy.REHOST
    assert of(machine=vm(os="centos-8"), server=server(), service=service()) is Strategy.REHOST


def test_what_blocks_is_retained_and_says_why() -> None:
    found = way(up(vm(disks=(disk(raw=True),))))

    assert found[0] is Strategy.RETAIN
    assert found[1] == "It cannot be moved yet (Hard disk 1 is a raw device: it cannot be read by blocks): keep it until that is settled."


def test_hardware_binds() -> None:
    assert of(machine=vm(devices=("usb: dongle",))) is Strategy.RETAIN


@pytest.mark.parametrize(
    ("note", "role", "expected"),
    [
        ("stays near the radio gateways", "", Strategy.RETAIN),
        ("replicates by itself: build another", "", Strategy.RETAIN),
        ("", "domain controller", Strategy.RETAIN),
        ("its stay was long", "", Strategy.RETAIN),
        ("a steady machine", "", Strategy.REHOST),
    ],
)
def test_the_estates_words_bind(note: str, role: str, expected: Strategy) -> None:
    assert of(server=server(note=note, role=role)) is expected


def test_one_that_must_leave_and_is_blocked_twice_is_relocated() -> None:
    blocked = vm(disks=(disk(raw=True), disk(mode="independent_persistent")))
    must = server(move=MoveIntent(on=NOW.date(), window_minutes=60))

    assert of(machine=blocked, server=must) is Strategy.RELOCATE
    assert of(machine=blocked, server=server()) is Strategy.RETAIN
    assert of(machine=vm(disks=(disk(raw=True),)), server=must) is Strategy.RETAIN


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("exchange-01", Strategy.REPURCHASE),
        ("it-ticket-system-1", Strategy.REPURCHASE),
        ("parking-ticket-01", Strategy.REHOST),
        ("data-exchange-01", Strategy.REHOST),
        ("city-crm-2", Strategy.REPURCHASE),
        ("gmailer", Strategy.REHOST),
        ("permits-db-01", Strategy.REPLATFORM),
        ("gis-files-01", Strategy.REPLATFORM),
        ("profiles-01", Strategy.REHOST),
    ],
)
def test_names_tell_of_services_that_can_be_bought(name: str, expected: Strategy) -> None:
    assert of(machine=vm(name=name)) is expected


def test_on_the_way_down_nothing_managed_waits() -> None:
    assert way(down(instance(name="permits-db-01")))[0] is Strategy.REHOST
