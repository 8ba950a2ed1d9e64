"""Tagging rules, in order of id. A rule that is not listed does not exist."""

from __future__ import annotations

from policies.rule import Rule
from policies.rules.tagging.required_tags import REQUIRED_TAGS

TAGGING: tuple[Rule, ...] = (REQUIRED_TAGS,)
