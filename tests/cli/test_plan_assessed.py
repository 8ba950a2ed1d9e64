"""What was judged once is read back for the very same inputs, and for no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.plan_assessed import FEW, KEPT, assessed
from migration.discover.model import FoundDisk, FoundMachine, Inventory
from migration.waves.programme import Programme

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def _fleet(count: int) -> Inventory:
    machines = tuple(
        FoundMachine(
            key=f"here/{n}",
            name=f"vm-{n}",
            site="here",
            kind="vsphere",
            source="test",
            as_of=NOW,
            cpus=2,
            memory=4 << 30,
            os="debian-12",
            disks=(FoundDisk(label="Hard disk 1", size=10 << 30),),
        )
        for n in range(count)
    )
    return Inventory(taken_at=NOW, machines=machines)


FLEET = _fleet(FEW + 1)


def _names(base: Path, inventory: Inventory = FLEET, *, target: str = "aws", now: datetime = NOW) -> list[str]:
    targets = {machine.key: target for machine in inventory.machines}
    return [each.server for each in assessed(base, inventory, None, targets, Programme(), now)[0]]


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """A folder where a fleet was judged, and one name of what is kept was changed, so that reading it back shows."""
    assert "vm-7" in _names(tmp_path)
    kept = tmp_path / KEPT
    kept.write_text(kept.read_text(encoding="utf-8").replace('"vm-7"', '"read-back"'), encoding="utf-8")
    return tmp_path


def test_the_same_inputs_are_read_back(marked: Path) -> None:
    assert "read-back" in _names(marked)
    assert "read-back" in _names(marked, now=NOW + timedelta(hours=1))


def test_anything_else_is_judged_anew(marked: Path) -> None:
    larger = replace(FLEET, machines=(replace(FLEET.machines[0], cpus=4), *FLEET.machines[1:]))

    for given in ({"inventory": larger}, {"now": NOW + timedelta(days=1)}, {"target": "aws-west"}):
        kept = (marked / KEPT).read_bytes()
        assert "read-back" not in _names(marked, **given)  # type: ignore[arg-type]
        (marked / KEPT).write_bytes(kept)


@pytest.mark.parametrize("damage", [b"", b"no json", b'{"made_from": 1}'])
def test_a_damaged_file_is_judged_anew_and_mended(marked: Path, damage: bytes) -> None:
    (marked / KEPT).write_bytes(damage)

    assert "vm-7" in _names(marked)
    assert b"vm-7" in (marked / KEPT).read_bytes()


def test_few_servers_leave_no_file(tmp_path: Path) -> None:
    _names(tmp_path, _fleet(3))

    assert not (tmp_path / KEPT).exists()
