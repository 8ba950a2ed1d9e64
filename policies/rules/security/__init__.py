"""Security rules, in order of id. A rule that is not listed does not exist."""

from __future__ import annotations

from policies.rule import Rule
from policies.rules.security.admin_ports import ADMIN_PORTS

SECURITY: tuple[Rule, ...] = (ADMIN_PORTS,)
