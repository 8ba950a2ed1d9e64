"""Security rules, in order of id. A rule that is not listed does not exist."""

from __future__ import annotations

from policies.rule import Rule
from policies.rules.security.admin_ports import ADMIN_PORTS
from policies.rules.security.encryption import ENCRYPTION
from policies.rules.security.exposure import EXPOSURE
from policies.rules.security.hardened_start import HARDENED_START
from policies.rules.security.machine_settings import MACHINE_SETTINGS
from policies.rules.security.public_addresses import PUBLIC_ADDRESSES

SECURITY: tuple[Rule, ...] = (ADMIN_PORTS, ENCRYPTION, HARDENED_START, MACHINE_SETTINGS, PUBLIC_ADDRESSES, EXPOSURE)
