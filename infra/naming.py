"""Names: short enough for the system that gets them, the same every time, and readable by a person who finds one.

It owns every derived name that both sides must agree on. What a server or a site is called, the estate says.
"""

from __future__ import annotations

import hashlib
import re

from infra.estate.model import Server, Service

_DIGITS = 7  # of the hash: 28 bits are ample among the names of one city, and still leave room for words


def safe_name(name: str, *, max_length: int, suffix: str = "") -> str:
    """`name` + `suffix`, cut to `max_length` with a hash of the whole name, so that two long names never become one.

    Args:
        name: the full name.
        max_length: what the receiving system allows.
        suffix: kept whole at the end, such as `-sg`.

    Raises:
        ValueError: when not even one character, the hash and the suffix fit.
    """
    if len(name) + len(suffix) <= max_length:
        return name + suffix
    room = max_length - len(suffix) - _DIGITS - 1
    if room < 1:
        raise ValueError(
            f"{name!r} with suffix {suffix!r} cannot be cut to {max_length} characters: at least {len(suffix) + _DIGITS + 2} needed"
        )
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]
    return f"{name[:room].rstrip('-_.')}-{digest}{suffix}"


def annotation(server: Server, service: Service) -> str:
    """The one-line note of a virtual machine. Lab, adoption and component write the same text, or adoption would not be zero-diff."""
    role = f", {server.role}" if server.role else ""
    return re.sub(r"\s+", " ", f"{service.title}{role}. Owner: {service.owner}. Managed by Incline: change the estate, not the machine.")


def stack_name(owner: str, layer: str) -> str:
    """The name of the stack that holds a layer of a site or of a link: `downtown.servers`."""
    return f"{owner}.{layer}"
