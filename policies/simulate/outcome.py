"""What a failure does: which machines stop, where each comes up again, which do not and why, what that means for services."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from policies.simulate.failure import Failure


class Way(StrEnum):
    """How a machine comes back."""

    HA = "vSphere HA"
    SNAPSHOT = "its snapshots"
    BACKUP = "a backup copy"
    HELD = "the held copy of its move"


@dataclass(frozen=True, kw_only=True, slots=True)
class Restart:
    """A machine that comes back.

    Args:
        where: the host, zone, cluster or site that takes it.
        copy: the site whose backup copy it is restored from, where it is restored.
        beside: a member of its own redundancy group runs on the same host or zone: the two would fail together.
        wave: its place in the order of restart, 0 first.
        unprepared: its site has no address for it yet, so that one has to be chosen first.
        note: what else there is to say.
    """

    name: str
    where: str
    way: Way = Way.HA
    copy: str = ""
    beside: bool = False
    wave: int = 0
    unprepared: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stranded:
    """A machine without a place: the resource that binds, and what that means in words."""

    name: str
    binding: str
    why: str


class State(StrEnum):
    """What a service is after a failure, worst first."""

    DOWN = "down"
    INTERRUPTED = "interrupted"
    DEGRADED = "degraded"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(State).index(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceFate:
    """A service that a failure touches.

    Args:
        because: the machines or services that it is so by.
        minutes: until it works again as estimated (for a degraded one, until others have taken over); None: not without people mending
            what `because` says.
        rto_minutes: what it promises.
        loses_minutes: how old its data may be when it comes back from a copy; 0 where nothing is lost.
        rpo_minutes: what it promises of that.
        owner: who has to be told.
    """

    name: str
    state: State
    because: tuple[str, ...]
    minutes: float | None
    rto_minutes: int
    loses_minutes: int
    rpo_minutes: int
    owner: str

    @property
    def keeps_time(self) -> bool:
        """Whether it is back within its promise."""
        return self.minutes is not None and self.minutes <= self.rto_minutes

    @property
    def keeps_data(self) -> bool:
        """Whether it loses no more than it promises."""
        return self.loses_minutes <= self.rpo_minutes


@dataclass(frozen=True, kw_only=True, slots=True)
class Fates:
    """What happens to machines, before services are looked at.

    Args:
        stopped: running machines that stop, in name order.
        at_most: how many might be without a place when every unknown size is as bad as it can be; equal to the number of those without
            a place when all sizes are known.
        missing: the data that the difference is due to.
        rollback_lost: held machines whose room for a rollback is gone.
        assumptions: what was taken for granted, in words.
    """

    stopped: tuple[str, ...] = ()
    restarted: tuple[Restart, ...] = ()
    without_place: tuple[Stranded, ...] = ()
    at_most: int = 0
    missing: tuple[str, ...] = ()
    rollback_lost: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The whole answer about one failure."""

    failure: Failure
    fates: Fates
    services: tuple[ServiceFate, ...] = ()

    @property
    def stopped(self) -> tuple[str, ...]:
        """The machines that stop."""
        return self.fates.stopped

    @property
    def restarted(self) -> tuple[Restart, ...]:
        """The machines that come back, and where."""
        return self.fates.restarted

    @property
    def without_place(self) -> tuple[Stranded, ...]:
        """The machines that do not, and what binds."""
        return self.fates.without_place

    @property
    def affected(self) -> tuple[str, ...]:
        """Services that stop, for a while or for good."""
        return tuple(s.name for s in self.services if s.state is not State.DEGRADED)

    @property
    def degraded(self) -> tuple[str, ...]:
        """Services that go on with less."""
        return tuple(s.name for s in self.services if s.state is State.DEGRADED)

    @property
    def certain(self) -> bool:
        """Whether the count of machines without a place does not hang on a size that nobody knows."""
        return self.fates.at_most == len(self.without_place)
