"""Finds the figures of the risk model by validation inside July and August; September is never loaded into it.

For each triple of blur, weight of the peers and width of likeness: the factor `unforeseen` that makes the mean hours over of the validation
splits equal to the budget, what is saved then, and the mean saving at budgets around it. The mean of both decides: where triples lie close
together, the bad week of one machine decides at a single budget.
"""

from __future__ import annotations

import json
import sys
from itertools import product

import numpy as np

from bench.sizing import Split, folds
from bench.sizing_data import load
from migration.assess.model import SizeOption
from migration.assess.sizing_risk import RiskModel
from migration.assess.sizing_rules import BUDGET

BLURS = (0.05, 0.1, 0.15)
PEERS = (0.03, 0.04, 0.05, 0.06, 0.08)
WIDTHS = (0.8, 1.0, 1.2)
AROUND = (0.0011, 0.0012, 0.0013, 0.0014, 0.0015, 0.0016, 0.0017, 0.0018, 0.0019)
RAW = np.geomspace(0.00035, 0.0013, 90)
"""Budgets of the expectation before the factor."""

Frontiers = dict[str, tuple[SizeOption, ...]]


def tried(splits: list[Split], model: RiskModel, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean saving and mean share of hours over of the splits, at each raw budget."""
    rows = []
    for split in splits:
        frontiers = split.frontiers(model, width)
        outcomes = [split.ours(frontiers, float(raw)) for raw in RAW]
        rows.append([(o.saving, o.hours_over) for o in outcomes])
    means = np.array(rows).mean(axis=0)
    return means[:, 0], means[:, 1]


def raw_for(over: np.ndarray, target: float) -> int:
    """The largest raw budget up to which no more hours than the target were over."""
    above = np.nonzero(over > target)[0]
    return max(int(above[0]) - 1, 0) if len(above) else len(RAW) - 1


def main() -> int:
    """Prints one line per triple, best first."""
    splits = folds(load())
    rows = []
    for blur, peers, width in product(BLURS, PEERS, WIDTHS):
        saving, over = tried(splits, RiskModel(blur=blur, peers=peers, unforeseen=1.0), width)
        at = raw_for(over, BUDGET)
        there, around = float(saving[at]), float(np.mean([saving[raw_for(over, t)] for t in AROUND]))
        rows.append(
            {
                "blur": blur,
                "peers": peers,
                "width": width,
                "saving % at the budget": round(100 * there, 2),
                "mean saving % at budgets around": round(100 * around, 2),
                "mean of both": round(50 * (there + around), 2),
                "unforeseen": round(BUDGET / float(RAW[at]), 3),
            }
        )
    rows.sort(key=lambda row: -row["mean of both"])
    json.dump(rows, sys.stdout, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
