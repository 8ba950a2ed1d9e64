"""The traces that sizing is judged by: hourly maxima of the machines whose core count never changed, as `Use` wants them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from infra.catalogue import InstanceType, instance_types
from infra.estate.model import GIB
from infra.prices import HOURS_PER_MONTH
from migration.assess.frontier import Candidate, worthwhile
from migration.assess.packing import Demand
from migration.assess.sizing_use import Numbers, Use, use_of_series

DATA = Path(__file__).parent / "data"
MISSING = 65535
HOURS_NEEDED = 160
_NOT_SERVERS = ("hpc", "u-", "u7", "mac")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traces:
    """Used cores and GiB, machine by hour; NaN where nothing was measured."""

    vms: tuple[str, ...]
    cpus: Numbers
    memory: Numbers
    has_cpus: Numbers
    has_memory: Numbers
    first: datetime

    def hour(self, day: str) -> int:
        """The number of the first hour of a day."""
        return int((datetime.fromisoformat(day) - self.first) / timedelta(hours=1))

    def uses(self, start: int, end: int) -> dict[str, Use]:
        """The use of every machine in those hours; machines that were hardly measured are left out."""
        found = {}
        for number, vm in enumerate(self.vms):
            use = use_of_series(
                self.cpus[number, start:end],
                self.memory[number, start:end],
                has_cpus=float(self.has_cpus[number]),
                has_memory=float(self.has_memory[number]),
            )
            if use is not None and len(use.cpus) >= HOURS_NEEDED:
                found[vm] = use
        return found


def load() -> Traces:
    """The traces of bench/data."""
    with (DATA / "bitbrains_vm_summary.csv").open(encoding="utf-8", newline="") as file:
        sizes = {row["vm"]: (float(row["cores_last"]), float(row["mem_gib"])) for row in csv.DictReader(file)}
    constant = set((DATA / "bitbrains_constant_cores.txt").read_text(encoding="utf-8").split())
    share = {}
    for name in ("cpu", "memory"):
        with np.load(DATA / f"bitbrains_hourly_max_{name}.npz") as stored:
            names, tenths = [str(vm) for vm in stored["vm"].tolist()], stored["percent"]
            first = datetime.fromisoformat(str(stored["first"]))
        rows = [n for n, vm in enumerate(names) if vm in constant]
        share[name] = np.where(tenths[rows] == MISSING, np.nan, tenths[rows] / 1000)
    vms = tuple(names[n] for n in rows)
    has_cpus, has_memory = (np.array([sizes[vm][part] for vm in vms]) for part in (0, 1))
    return Traces(
        vms=vms,
        cpus=np.minimum(share["cpu"], 1.0) * has_cpus[:, None],
        memory=np.minimum(share["memory"], 1.0) * has_memory[:, None],
        has_cpus=has_cpus,
        has_memory=has_memory,
        first=first,
    )


def demands() -> list[Demand]:
    """All 400 machines as what they would take of a host."""
    with (DATA / "bitbrains_vm_summary.csv").open(encoding="utf-8", newline="") as file:
        return [
            Demand(
                name=row["vm"],
                cpus=float(row["cores_last"]),
                memory=float(row["mem_gib"]) * GIB,
                used=min(float(row["cpu_p95"]), 100.0) / 100 * float(row["cores_last"]),
            )
            for row in csv.DictReader(file)
        ]


def candidates() -> tuple[Candidate, ...]:
    """Current, priced x86 types; no accelerators, no HPC, no u-, mac or bare metal, nothing burstable."""
    return worthwhile(
        Candidate(name=t.name, cpus=t.cpus, memory=t.memory, usd_month=float(t.usd_per_hour or 0) * HOURS_PER_MONTH)
        for t in instance_types().values()
        if _counts(t)
    )


def _counts(t: InstanceType) -> bool:
    plain = not (t.bare_metal or t.accelerated or t.burstable or t.name.startswith(_NOT_SERVERS))
    return plain and t.current and t.usd_per_hour is not None and "x86_64" in t.architectures


def over(use: Use, cpus: float, memory: float) -> int:
    """Hours in which a size of so many vCPUs and bytes was too small."""
    return int(((use.cpus > cpus + 1e-9) | (use.memory > memory / GIB + 1e-9)).sum())
