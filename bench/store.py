"""The inventory's store: saving and loading sites of 1,000, 5,000 and 10,000 machines, a day of samples, and percentiles of a month.

python -m bench.store
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from infra.estate.model import GIB
from migration.discover.model import FoundDisk, FoundMachine, FoundNic, FoundPartition, Inventory, Metric
from migration.discover.samples import Samples
from migration.discover.store import open_store
from migration.discover.usage import Told, refresh

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
END = int(NOW.timestamp())
SIZES = (1_000, 5_000, 10_000)
MEASURED = 200


def main() -> None:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="bench-store-") as folder:
        for count in SIZES:
            figures |= _sites(Path(folder, f"{count}.sqlite"), count)
        figures |= _usage(Path(folder, "usage.sqlite"))
    print(json.dumps(figures, indent=1))


def _sites(file: Path, count: int) -> dict[str, float]:
    found = _inventory(count)
    later = replace(found, machines=(replace(found.machines[0], cpus=99), *found.machines[1:-1]))
    with open_store(str(file)) as store:
        first, _ = _timed(lambda: store.save("hill", found))
        second, saved = _timed(lambda: store.save("hill", later))
        load, loaded = _timed(store.load)
    assert (saved.changed, saved.gone, len(loaded.machines)) == (1, 1, count - 1)
    return {
        f"{count} machines, first save, s": first,
        f"{count} machines, second save, s": second,
        f"{count} machines, load, s": load,
        f"{count} machines, file, MiB": file.stat().st_size / (1 << 20),
    }


def _usage(file: Path) -> dict[str, float]:
    """35 days of 5-minute samples of six metrics, then an hour more of all."""
    found = _inventory(MEASURED)
    with open_store(str(file)) as store:
        store.save("hill", found)
        seconds, done = _timed(lambda: refresh(store, "hill", _told(found, 35 * 288, END), found.machines, before={}, now=NOW))
        hour, _ = _timed(lambda: refresh(store, "hill", _told(found, 12, END + 3600), found.machines, before={}, now=NOW))
    return {
        f"{MEASURED} machines, samples of 35 days": done.samples,
        f"{MEASURED} machines, 35 days kept and summed, s": seconds,
        f"{MEASURED} machines, an hour more, s": hour,
        f"{MEASURED} machines, 35 days, bytes a sample": file.stat().st_size / done.samples,
    }


def _told(found: Inventory, count: int, end: int) -> Told:
    def series() -> Iterator[Samples]:
        times = np.arange(end - 300 * (count - 1), end + 1, 300, dtype=np.int64)
        random = np.random.default_rng(7)
        for machine in found.machines:
            for metric in Metric:
                values = random.gamma(2.0, 10.0, size=count).round(2)
                yield Samples(machine=machine.key, metric=metric, interval_s=300, times=times, values=values)

    return Told(series=series(), whole={}, source="bench")


def _timed(action: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = action()
    return time.perf_counter() - begun, result


def _inventory(count: int) -> Inventory:
    """Machines with three disks, a card, a file system, tags: about two kilobytes each."""
    return Inventory(taken_at=NOW, machines=tuple(_machine(n) for n in range(count)))


def _machine(n: int) -> FoundMachine:
    uuid = f"4200{n:08x}-0000-4000-8000-000000000000"
    disks = tuple(
        FoundDisk(
            label=f"Hard disk {k}",
            size=40 * GIB,
            uuid=uuid,
            path=f"[ds-{n % 20}] vm-{n}/vm-{n}_{k}.vmdk",
            datastore=f"ds-{n % 20}",
            thin=True,
        )
        for k in range(3)
    )
    return FoundMachine(
        key=f"hill/{uuid}",
        name=f"vm-{n}",
        site="hill",
        kind="vsphere",
        source="vCenter hill",
        as_of=NOW,
        uuid=uuid,
        moref=f"vm-{n}",
        cpus=4,
        memory=8 * GIB,
        os="debian-12",
        os_config="Debian GNU/Linux 12 (64-bit)",
        cluster=f"cluster-{n % 10}",
        host=f"esx-{n % 200}",
        addresses=(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}",),
        disks=disks,
        nics=(FoundNic(label="Network adapter 1", network="apps", mac="00:50:56:00:00:01", addresses=("10.0.0.1",), connected=True),),
        partitions=(FoundPartition(path="/", capacity=40 * GIB, free=GIB),),
        version=str(n),
        tags={"tier": "gold"},
        custom={"owner": "permits"},
    )


if __name__ == "__main__":
    main()
