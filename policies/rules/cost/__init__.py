"""Cost rules, in order of id. A rule that is not listed does not exist."""

from __future__ import annotations

from policies.rule import Rule

COST: tuple[Rule, ...] = ()
