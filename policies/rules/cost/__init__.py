"""Cost rules, in order of id. A rule that is not listed does not exist."""

from __future__ import annotations

from policies.rule import Rule
from policies.rules.cost.monthly_budget import MONTHLY_BUDGET

COST: tuple[Rule, ...] = (MONTHLY_BUDGET,)
