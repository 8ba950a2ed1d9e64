"""Explain and repair: for a failed capacity rule, the smallest change that makes it pass, found by search and proven by the rules."""

from __future__ import annotations

from policies.repair.change import Change, apply_all
from policies.repair.ground import Reach, reach_of
from policies.repair.repair import CAPACITY, Repair, fails, repair

__all__ = ["CAPACITY", "Change", "Reach", "Repair", "apply_all", "fails", "reach_of", "repair"]
