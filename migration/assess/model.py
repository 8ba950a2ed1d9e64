"""What an assessment says of one server and one direction. Every word of it has a reason, every number a source and a date.

Money is USD, as Decimal where it was read from a price list and float where it was computed from measurements. A month has 730 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal


class Readiness(StrEnum):
    """Whether a server can be moved as it is."""

    READY = "ready"
    CONDITIONS = "ready with conditions"
    NOT_READY = "not ready"


class Strategy(StrEnum):
    """The seven ways (AWS's 7 Rs)."""

    REHOST = "rehost"
    REPLATFORM = "replatform"
    REFACTOR = "refactor"
    REPURCHASE = "repurchase"
    RELOCATE = "relocate"
    RETIRE = "retire"
    RETAIN = "retain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a server is not simply ready. `blocks`: it cannot move before this is settled."""

    code: str
    what: str
    remedy: str
    blocks: bool
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A graded judgement with its reasons: complexity 1 (simple) to 5, confidence 0 to 5 stars."""

    value: int
    of: int
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeOption:
    """One point of the frontier: a size, what it costs, and the share of hours in which it would have been too small.

    Attributes:
        name: the EC2 type, or `4 vCPU, 16 GiB` on vSphere.
        host: vSphere: the host that would hold it, empty when none would.
        risk: expected share of hours over capacity, 0 to 1; None without measurements.
        risk_cpu, risk_memory: its parts.
        label: how it came about: `as provisioned`, `CPU p99, memory maximum`, `chosen`.
    """

    name: str
    cpus: int
    memory: int
    usd_month: float
    risk: float | None = None
    risk_cpu: float | None = None
    risk_memory: float | None = None
    label: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeChoice:
    """The EBS volume of a disk: type, provisioned IOPS and throughput (bytes/s), and what they cost."""

    disk: str
    size: int
    kind: str
    iops: int
    throughput: int
    usd_month: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """How large the server should be on the target. `frontier` is ordered by cost; `chosen` and `provisioned` are points of it."""

    chosen: SizeOption
    provisioned: SizeOption
    frontier: tuple[SizeOption, ...]
    volumes: tuple[VolumeChoice, ...] = ()
    basis: str = "as provisioned"
    why: str = ""

    @property
    def saving(self) -> float:
        """Share saved against the provisioned size, 0 to 1; negative when measurements ask for more."""
        return 1 - self.chosen.usd_month / self.provisioned.usd_month if self.provisioned.usd_month else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One price times one amount, so that a sum can be checked by hand. `per` is month or once."""

    what: str
    amount: float
    unit: str
    usd: float
    per: Literal["month", "once"]
    side: Literal["source", "target", "move"]
    source: str
    dated: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a server costs where it is, where it goes, and on the way."""

    now_usd_month: float
    then_usd_month: float
    once_usd: float
    double_usd: float
    lines: tuple[CostLine, ...]

    def over(self, months: int = 36) -> float:
        """What the move saves over so many months, all one-off cost paid; negative: it costs."""
        return months * (self.now_usd_month - self.then_usd_month) - self.once_usd - self.double_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceRisk:
    """Software that is licensed in a way that a move or a larger machine changes."""

    product: str
    seen: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Modernize:
    """A legacy system's path: what is old about it, until when it is supported, and the steps out."""

    what: str
    until: date | None
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One server, one direction.

    `machine` is the inventory's key, `server` the estate's name or the machine's own where the estate has none. `target` is a site of the
    estate. `bytes` is what must be carried. `strategy_why` is one sentence.
    """

    machine: str
    server: str
    site: str
    target: str
    direction: Literal["up", "down"]
    service: str
    tier: str
    owner: str
    readiness: Readiness
    reasons: tuple[Reason, ...]
    complexity: Score
    confidence: Score
    strategy: Strategy
    strategy_why: str
    bytes: int
    cpus: int
    memory: int
    power: str = "on"
    environment: Literal["production", "test", "unknown"] = "unknown"
    licences: tuple[LicenceRisk, ...] = ()
    modernize: Modernize | None = None
    sizing: Sizing | None = None
    cost: Cost | None = None
