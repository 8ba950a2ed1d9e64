"""What offers ports to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network

from policies.evidence.datum import Unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class PortEvidence:
    """A range of ports that an object offers to a range of addresses. `server` is the machine behind it, where one is known."""

    target: str
    first: int | Unknown
    last: int | Unknown
    protocol: str
    cidr: str | Unknown
    purpose: str = ""
    server: str = ""
    site: str = ""
    source: str = ""
    urn: str = ""
    as_of: datetime | None = None

    def network(self) -> IPv4Network | None:
        """The source range, or None where it is unknown or not IPv4."""
        if isinstance(self.cidr, Unknown) or ":" in self.cidr:
            return None
        return IPv4Network(self.cidr, strict=False)
