"""Forms in which two texts that mean the same are equal."""

from __future__ import annotations

import ipaddress
import json
from typing import Any


def canonical_json(text: Any) -> Any:
    """A policy document in one form, whatever its spaces and order."""
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except (TypeError, ValueError):
        return text


def canonical_cidr(text: Any) -> Any:
    """An IPv6 block in its short form."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        return text
