"""Sizing judged out of sample: chosen from July and August, judged by September; and the same inside July and August, where it was tuned.

A machine's hour is over when its maximum of CPU or memory is above the chosen type. The saving is against the cheapest type that covers
the provisioned size. Nothing of September is looked at before the sizes are final.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.sizing_data import Traces, candidates, demands, load, over
from bench.sizing_stored import from_percentiles
from infra.estate.model import GIB
from migration.assess.frontier import Candidate, cheapest_covering, pareto
from migration.assess.model import SizeOption
from migration.assess.packing import HostSize, pack
from migration.assess.sizing import bearable, options_of
from migration.assess.sizing_fleet import choose_fleet
from migration.assess.sizing_peers import WIDTH, curves
from migration.assess.sizing_risk import TUNED, RiskModel
from migration.assess.sizing_rules import BUDGET, SizingRules, need
from migration.assess.sizing_use import Use

DAY = 24
HOST = HostSize(cores=32, memory=256 * GIB)
FOLDS = ((21, 49), (28, 56), (31, 62), (35, 62), (42, 62), (48, 62))
"""Validation inside July and August: so many days of history, judged by the days up to that one."""
JULY_AUGUST = (31, 62)
PERCENTILES = ("mean", "p95", "azure", "cpu-p99-memory-max", "max")
BUDGETS = (0.0005, 0.00075, 0.001, 0.00125, 0.0015, 0.00175, 0.002, 0.003)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a choice brought: the share saved, of all hours over, as a mean of machines, and of machines over in more than 1 % of hours."""

    saving: float
    hours_over: float
    mean_over: float
    often: float
    expected: float = 0.0


Sizes = Mapping[str, Candidate | SizeOption]


def judged(sizes: Sizes, provisioned: Sizes, test: Mapping[str, Use], expected: float = 0.0) -> Outcome:
    """The outcome of sizes on the test hours."""
    hours = {vm: (over(test[vm], sizes[vm].cpus, sizes[vm].memory), len(test[vm].cpus)) for vm in sizes}
    return Outcome(
        saving=1 - sum(s.usd_month for s in sizes.values()) / sum(provisioned[vm].usd_month for vm in sizes),
        hours_over=sum(o for o, _ in hours.values()) / sum(n for _, n in hours.values()),
        mean_over=float(np.mean([o / n for o, n in hours.values()])),
        often=float(np.mean([o > 0.01 * n for o, n in hours.values()])),
        expected=expected,
    )


class Split:
    """A stretch of history and the hours after it."""

    def __init__(self, traces: Traces, start: int, cut: int, end: int) -> None:
        train, self.test = traces.uses(start, cut), traces.uses(cut, end)
        self.train = {vm: use for vm, use in train.items() if vm in self.test}
        self.types = candidates()
        self.provisioned = {vm: self.covering(use.has_cpus, use.has_memory) for vm, use in self.train.items()}

    def covering(self, cpus: float, gib: float) -> Candidate:
        """The cheapest type as large as that."""
        found = cheapest_covering(self.types, cpus, gib * GIB)
        if found is None:
            raise LookupError(f"no type has {cpus} CPUs and {gib} GiB")
        return found

    def frontiers(
        self, model: RiskModel = TUNED, width: float = WIDTH, *, train: Mapping[str, Use] | None = None
    ) -> dict[str, tuple[SizeOption, ...]]:
        """Every machine's frontier, from history alone; `train`: another view of that history."""
        known = train or self.train
        peers = curves(known, width=width)
        rules = SizingRules()
        return {
            vm: bearable(pareto(options_of(self.types, self.provisioned[vm], use, peers[vm], model)), rules) for vm, use in known.items()
        }

    def percentile(self, policy: str) -> Outcome:
        """A policy that takes the same percentile of every machine."""
        sizes = {vm: self.covering(*need(use, policy)) for vm, use in self.train.items()}
        return judged(sizes, self.provisioned, self.test)

    def ours(self, frontiers: Mapping[str, tuple[SizeOption, ...]], budget: float) -> Outcome:
        """The fleet's cheapest sizes within a budget of risk."""
        choice = choose_fleet(frontiers, budget)
        return judged(choice.chosen, self.provisioned, self.test, choice.risk)


def september(traces: Traces) -> Split:
    """All of July and August, judged by September."""
    return Split(traces, 0, traces.hour("2013-09-01"), traces.cpus.shape[1])


def folds(traces: Traces) -> list[Split]:
    """The validation splits, all before September."""
    end = traces.hour("2013-09-01")
    return [Split(traces, 0, cut * DAY, min(until * DAY, end)) for cut, until in FOLDS]


def main() -> int:
    """Prints the figures."""
    traces = load()
    split = september(traces)
    frontiers = split.frontiers()
    figures: dict[str, float] = {
        "machines": len(split.train),
        "USD a month as provisioned": round(sum(c.usd_month for c in split.provisioned.values())),
    }
    rows = {policy: split.percentile(policy) for policy in PERCENTILES}
    rows |= {f"ours, budget {budget:.3%}": split.ours(frontiers, budget) for budget in BUDGETS}
    for name, outcome in rows.items():
        _put(figures, name, outcome)
    rows = {"ours, from stored percentiles alone": split.ours(split.frontiers(train=from_percentiles(split.train)), BUDGET)}
    _put(figures, *rows.popitem())
    for (cut, until), fold in zip(FOLDS, folds(traces), strict=True):
        if (cut, until) == JULY_AUGUST:
            for policy in PERCENTILES:
                _put(figures, f"July then August, {policy}", fold.percentile(policy))
        _put(figures, f"validation, {cut} days then to day {until}", fold.ours(fold.frontiers(), BUDGET))
    figures |= packed()
    json.dump(figures, sys.stdout, indent=1)
    return 0


def packed() -> dict[str, float]:
    """All machines of the traces on hosts of 32 cores and 256 GiB, four vCPUs a core, 95th percentile of CPU at most 70 %."""
    machines = [d for d in demands() if d.memory <= HOST.memory]
    start = time.perf_counter()
    packing = pack(machines, HOST)
    seconds = time.perf_counter() - start
    return {
        "packing: machines": len(machines),
        "packing: hosts": len(packing.hosts),
        "packing: no packing has fewer": packing.bound,
        "packing: seconds": round(seconds, 3),
    }


def _put(figures: dict[str, float], name: str, outcome: Outcome) -> None:
    figures[f"{name}: saving %"] = round(100 * outcome.saving, 2)
    figures[f"{name}: hours over %"] = round(100 * outcome.hours_over, 3)
    figures[f"{name}: mean of machines %"] = round(100 * outcome.mean_over, 3)
    figures[f"{name}: machines over 1 % of hours %"] = round(100 * outcome.often, 1)


if __name__ == "__main__":
    sys.exit(main())
