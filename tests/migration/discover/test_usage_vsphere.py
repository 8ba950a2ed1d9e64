"""The performance history of the lab's vCenter, at the intervals that it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from migration.discover.model import FoundMachine, Inventory, Metric
from migration.discover.samples import Samples
from migration.discover.usage_vsphere import intervals, new_samples, wholes
from migration.discover.vsphere import read_site
from tests.fakes.lab_vcenter import DATACENTER, LabVcenter, lab_vcenter

NAME = "db-01"


@pytest.fixture(scope="module")
def vcenter(toolchain: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabVcenter]:
    with lab_vcenter(toolchain.vcenter, tmp_path_factory.mktemp("vcenter")) as started:
        yield started


@pytest.fixture(scope="module")
def inventory(vcenter: LabVcenter) -> Inventory:
    return read_site(vcenter.session, DATACENTER, "hill")


@pytest.fixture(scope="module")
def machine(inventory: Inventory) -> FoundMachine:
    return next(each for each in inventory.machines if each.name == NAME)


def asked(vcenter: LabVcenter, machine: FoundMachine, last: Any, now: datetime) -> dict[tuple[Metric, int], Samples]:
    return {(each.metric, each.interval_s): each for each in new_samples(vcenter.session, [machine], last, now=now)}


def test_every_interval_that_is_kept_is_asked_for(vcenter: LabVcenter, machine: FoundMachine) -> None:
    now = datetime.now(UTC)

    found = asked(vcenter, machine, {}, now)

    kept = {each.interval_s: each.length_s for each in intervals(vcenter.session)}
    assert list(kept) == [300, 1800, 7200, 86400]
    assert {interval for metric, interval in found if metric is Metric.CPU_MHZ} == set(kept)
    fine = found[Metric.CPU_MHZ, 300]
    assert len(fine.times) == 288
    assert set(np.diff(fine.times)) == {300}
    assert now.timestamp() - 300 < fine.times[-1] <= now.timestamp()
    assert {Metric.MEMORY, Metric.IOPS, Metric.DISK_BYTES} <= {metric for metric, _ in found}


def test_values_are_in_our_units(vcenter: LabVcenter, inventory: Inventory, machine: FoundMachine) -> None:
    found = asked(vcenter, machine, {}, datetime.now(UTC))
    whole = wholes(inventory.machines, inventory.hosts)[machine.key]

    assert whole[Metric.CPU_MHZ] == machine.cpus * 2500
    assert 0 < found[Metric.CPU_MHZ, 300].values.max() <= whole[Metric.CPU_MHZ]
    assert 0.1 * machine.memory < found[Metric.MEMORY, 300].values.max() <= machine.memory


def test_a_second_look_asks_only_for_what_is_new(vcenter: LabVcenter, machine: FoundMachine) -> None:
    now = datetime.now(UTC)
    last = {(machine.key, metric, interval): now - timedelta(hours=3) for metric in Metric for interval in (300, 1800, 7200, 86400)}

    found = asked(vcenter, machine, last, now)

    assert 36 <= len(found[Metric.CPU_MHZ, 300].times) <= 48
    assert (Metric.CPU_MHZ, 86400) not in found
    assert asked(vcenter, machine, dict.fromkeys(last, now), now) == {}


def test_questions_are_counted(vcenter: LabVcenter, inventory: Inventory) -> None:
    steps: list[tuple[int, int]] = []

    list(new_samples(vcenter.session, inventory.machines, {}, now=datetime.now(UTC), progress=lambda *step: steps.append(step)))

    assert [done for done, _ in steps] == list(range(1, len(steps) + 1))
    assert {total for _, total in steps} == {len(steps)}
