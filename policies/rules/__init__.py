"""The rule set: one file a rule, listed by family in order of id. A rule that is not listed does not exist."""

from __future__ import annotations

from policies.rule import Rule
from policies.rules.capacity import CAPACITY
from policies.rules.cost import COST
from policies.rules.migration import MIGRATION
from policies.rules.reliability import RELIABILITY
from policies.rules.security import SECURITY
from policies.rules.tagging import TAGGING

RULES: tuple[Rule, ...] = (*CAPACITY, *RELIABILITY, *MIGRATION, *SECURITY, *TAGGING, *COST)
