"""The expected share of hours in which a size is too small: what the machine did, blurred a little, and what its peers do.

    risk = share of own hours above the size, each hour's use blurred by up to 10 %    (what was almost too much may be next month)
         + 4 % of the share of hours in which machines like it are above the size      (what it has not done yet)

CPU and memory are judged separately, and an hour counts once when both are short. The figures were found by validation inside July and
August of the traces (`bench/sizing_tune.py`); a factor then makes the expectation equal to what the weeks that followed really brought.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from migration.assess.sizing_peers import Curve
from migration.assess.sizing_use import Numbers, Use

_LOGISTIC = 1.702  # a logistic curve this much steeper is a normal one to within a hundredth
_LEAST = 1e-4
_LEAST_BLUR = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskModel:
    """The figures of the model.

    Attributes:
        blur: standard deviation of the blur, of the logarithm of the use, at most.
        varying: the blur as a share of the logarithm of maximum over median: what hardly ever varied will hardly do so next month.
        peers: weight of the peers' hours beside the machine's own.
        unforeseen: how many times as many hours were over, in the weeks that followed, as the two terms expect: new software, new load.
    """

    blur: float = 0.1
    varying: float = 0.1
    peers: float = 0.04
    unforeseen: float = 2.02


TUNED = RiskModel()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Risks:
    """Expected share of hours over capacity of several sizes, and its two parts."""

    both: Numbers
    cpus: Numbers
    memory: Numbers


def risks(use: Use, sizes: Sequence[tuple[float, float]], curve: Curve, model: RiskModel = TUNED) -> Risks:
    """The risk of each size.

    Args:
        use: what was measured.
        sizes: vCPUs and GiB.
        curve: what its peers do.
        model: the figures to expect by.
    """
    cpus, which_cpus = np.unique([size[0] for size in sizes], return_inverse=True)
    memory, which_memory = np.unique([size[1] for size in sizes], return_inverse=True)
    short_cpus = _short(use.cpus, cpus, use.has_cpus, _blur(use.cpus, model))
    short_memory = _short(use.memory, memory, use.has_memory, _blur(use.memory, model))
    peers_cpus, peers_memory = curve.above(cpus / use.has_cpus, memory / use.has_memory)
    own_cpus, own_memory = short_cpus.mean(axis=1), short_memory.mean(axis=1)
    pairs = list(zip(which_cpus.tolist(), which_memory.tolist(), strict=True))
    own = np.array([_either(short_cpus[c], short_memory[m], joint=use.joint) for c, m in pairs])
    peers = np.maximum(peers_cpus[which_cpus], peers_memory[which_memory])
    return Risks(
        both=_expected(use.hours_each * own, peers, model),
        cpus=_expected(use.hours_each * own_cpus, peers_cpus, model)[which_cpus],
        memory=_expected(use.hours_each * own_memory, peers_memory, model)[which_memory],
    )


def _expected(own: Numbers, peers: Numbers, model: RiskModel) -> Numbers:
    return np.minimum(1.0, model.unforeseen * (np.minimum(1.0, own) + model.peers * peers))


def _blur(used: Numbers, model: RiskModel) -> float:
    times = max(float(used.max()), _LEAST) / max(float(np.median(used)), _LEAST)
    return min(model.blur, max(_LEAST_BLUR, model.varying * math.log(times)))


def _short(used: Numbers, sizes: Numbers, has: float, blur: float) -> Numbers:
    """Probability, sample by sample, that the blurred use is above each size. What a machine does not have it cannot use."""
    logs = np.log(np.maximum(used, _LEAST))
    found = np.zeros((len(sizes), len(used)))
    for number, size in enumerate(sizes.tolist()):
        if size < has - 1e-9 or used.max() > has:
            found[number] = _above((logs - np.log(max(size, _LEAST))) / blur)
    return found


def _above(steps: Numbers) -> Numbers:
    return 1 / (1 + np.exp(np.clip(-_LOGISTIC * steps, -60.0, 60.0)))


def _either(cpus: Numbers, memory: Numbers, *, joint: bool) -> float:
    """Share of samples with either short; when the moments are not known, as if they never fell together."""
    if not joint:
        return min(1.0, float(cpus.mean() + memory.mean()))
    return float((cpus + memory - cpus * memory).mean())
