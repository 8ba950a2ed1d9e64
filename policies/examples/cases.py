"""All examples, by rule."""

from __future__ import annotations

import importlib
from functools import cache

from policies.examples.case import Case

FAMILIES = ("capacity_vsphere", "capacity_aws", "reliability", "migration", "security")
"""The modules of examples; each holds `CASES`."""


@cache
def all_cases() -> tuple[Case, ...]:
    """Every example, in the order of the families."""
    return tuple(case for family in FAMILIES for case in importlib.import_module(f"policies.examples.{family}").CASES)


def cases_of(rule: str) -> tuple[Case, ...]:
    """The examples of one rule, passing ones first."""
    order = ["pass", "fail", "undetermined", "not-applicable", "waived"]
    return tuple(sorted((c for c in all_cases() if c.rule == rule), key=lambda c: order.index(c.outcome.value)))
