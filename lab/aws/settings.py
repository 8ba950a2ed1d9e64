"""What a test or a demo may turn while the region runs: delays, times to live, page sizes, and the clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields

from infra.errors import InclineError


@dataclass
class Settings:
    """Every field can be set through `POST /lab/settings`. Delays are seconds; 0 means: done when the answer is out."""

    instance_delay_s: float = 0.0
    """How long an instance takes from pending to running, from stopping to stopped, from shutting-down to terminated."""
    status_delay_s: float = 0.0
    """How long a running instance's status checks stay `initializing`."""
    snapshot_delay_s: float = 0.0
    """How long a snapshot stays pending after CreateSnapshot or CompleteSnapshot."""
    volume_delay_s: float = 0.0
    """How long a volume stays creating, and a modification modifying."""
    block_token_ttl_s: float = 7 * 86400.0
    page_token_ttl_s: float = 3600.0
    max_page: int = 10_000
    """Lists answer at most this many blocks a page, whatever was asked for; below 100 is allowed here, to see short pages."""
    empty_pages: bool = False
    """Every first page of a block list is empty and has a NextToken, as AWS allows itself."""
    pending_snapshots: int = 100
    """How many started snapshots an account may have open."""
    metrics_days: float = 0.0
    """How many days before its launch an instance has statistics: a machine of the lab is never a week old."""
    clock_offset_s: float = 0.0
    """Added to the clock: an hour passes in no time."""
    access_key: str = "lab"
    """The one long-lived key id that exists: others are refused as AWS refuses an unknown one. Signatures themselves are not checked."""

    def knows(self, key: str) -> bool:
        """Whether a request may be signed with this key id; those that STS hands out begin in their own way."""
        return key in {"", self.access_key} or key.startswith(("ASIA", "LSIA"))

    def now(self) -> float:
        """Seconds since the epoch, as the region sees it."""
        return time.time() + self.clock_offset_s

    def update(self, values: dict[str, object]) -> None:
        """Sets several fields at once; nothing is set when one of them is not known or not of its type."""
        known = {f.name: type(getattr(self, f.name)) for f in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise UnknownSettingError(name, tuple(sorted(known)))
            if not isinstance(value, (int, float) if known[name] is float else known[name]):
                raise UnknownSettingError(f"{name}={value!r}", (f"{name} is a {known[name].__name__}",))
        for name, value in values.items():
            setattr(self, name, known[name](value))


class UnknownSettingError(InclineError):
    """A setting that the lab's AWS does not have, or a value of the wrong type."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"the lab's AWS has no setting {name}", code="INC-4301", details=known)
