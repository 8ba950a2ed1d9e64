"""How a size is chosen: the policies that people know, and what each would take from the same measurements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.errors import InclineError
from infra.estate.problems import did_you_mean
from migration.assess.sizing_use import Use

FRONTIER = "frontier"
PROVISIONED = "provisioned"
BUDGET = 0.0015
"""Share of hours in which a fleet may be short of CPU or memory."""
WORST = 0.05
"""Share of hours in which one machine may be short."""
PRICE_ON_RISK = 2300.0
"""USD a month per unit of risk, for one machine by itself: 3.2 USD per hour over capacity, what the budget came to on the traces."""

Need = tuple[float, float]

_NEEDS: dict[str, Callable[[Use], Need]] = {
    "cpu-p99-memory-max": lambda use: (use.quantile(0.99)[0], use.quantile(1.0)[1]),
    "p95": lambda use: use.quantile(0.95),
    "azure": lambda use: _times(use.quantile(0.95), 1.3),
    "max": lambda use: use.quantile(1.0),
    "mean": lambda use: use.mean(),
}
LABELS = {
    "cpu-p99-memory-max": "CPU p99, memory maximum",
    "p95": "95th percentile",
    "azure": "95th percentile x 1.3 (Azure Migrate)",
    "max": "maximum",
    "mean": "mean",
}
POLICIES = (FRONTIER, *(name for name in _NEEDS if name != "mean"), PROVISIONED)
"""Names for `--policy`. The mean is for comparison alone: it is short half of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingRules:
    """What decides a size.

    Attributes:
        policy: one of POLICIES.
        budget: the fleet's share of hours over capacity, for the frontier.
        worst: share of hours over capacity that is never risked of one machine.
        price_on_risk: for a machine sized by itself, USD a month per unit of risk.
        burstable: whether types with CPU credits may be chosen where the mean is within what they earn.
        families: when given, only these.
        least_coverage: measured share of the samples below which nothing is concluded.
        least_days: measured days below which nothing is concluded.
    """

    policy: str = FRONTIER
    budget: float = BUDGET
    worst: float = WORST
    price_on_risk: float = PRICE_ON_RISK
    burstable: bool = False
    families: tuple[str, ...] = ()
    least_coverage: float = 0.5
    least_days: float = 7.0

    def __post_init__(self) -> None:
        """Refuse what no policy is called."""
        if self.policy not in (*POLICIES, "mean"):
            raise InclineError(
                f"no sizing policy {self.policy}",
                code="INC-7070",
                next_step=did_you_mean(self.policy, POLICIES) or f"choose one of {', '.join(POLICIES)}",
            )


def need(use: Use, policy: str) -> Need:
    """Cores and GiB that a percentile policy asks for."""
    return _NEEDS[policy](use)


def _times(of: Need, factor: float) -> Need:
    return of[0] * factor, of[1] * factor
