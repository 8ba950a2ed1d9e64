"""What a report holds. Plain data, so that any command can make one and any format can print it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

Bound = Literal["", "at least", "at most"]
"""How a number stands to the truth: exactly, or as a bound."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class DiskProof(_Part):
    """One disk of a move and the two Merkle roots that must be equal."""

    name: str
    size: int
    source_root: str
    target_root: str

    @property
    def equal(self) -> bool:
        """Whether every block arrived."""
        return bool(self.source_root) and self.source_root == self.target_root


class MoveSection(_Part):
    """One move: how much travelled in which part, how long the service was down, the proof."""

    server: str
    direction: str
    source: str
    target: str
    seed_blocks: int
    delta_blocks: int
    final_blocks: int
    downtime_s: float
    disks: tuple[DiskProof, ...]


class PreviewSection(_Part):
    """One stack's refresh preview: how many resources it would change."""

    stack: str
    changes: int


class FactRow(_Part):
    """One number behind a verdict: where it came from and how old it is, in words."""

    name: str
    value: str
    source: str = ""
    age: str = ""


class VerdictRow(_Part):
    """One verdict as reports show it. `anchor` stays while rule and object stay, so that a comment may link to it.

    Args:
        service: the service it concerns, empty for what many share. `owner` answers for it.
        repairs: changes that were found to make it pass, each shown by the rule itself.
        trend: new or old against a baseline, empty where there is none.
    """

    anchor: str
    rule: str
    title: str
    target: str
    outcome: str
    severity: str
    message: str
    service: str = ""
    owner: str = ""
    tier: str = ""
    formula: str = ""
    facts: tuple[FactRow, ...] = ()
    missing: tuple[str, ...] = ()
    source: str = ""
    remedy: str = ""
    repairs: tuple[str, ...] = ()
    waiver: str = ""
    lapsed: str = ""
    trend: str = ""


class HeldRule(_Part):
    """A rule and the objects that it holds for. `left_out` are counted, not listed."""

    rule: str
    title: str
    count: int
    rows: tuple[VerdictRow, ...]
    left_out: int = 0


class Decision(_Part):
    """A finding that stops a change: what it is, what would end it, who decides. `concerns` are departments that share the object."""

    anchor: str
    rule: str
    severity: str
    what: str
    remedy: str
    owner: str
    concerns: tuple[str, ...] = ()
    source: str = ""
    repairs: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it as one line."""
        return f"{self.what} {self.remedy}".strip()


class ScoreRow(_Part):
    """The score of a service, of a tier, or of what all share: the weight of what holds in that of all that applies.

    Args:
        score: 0 to 100; None when no verdict applies.
        counts: verdicts by outcome.
        worst: anchor of its worst open finding.
    """

    name: str
    owner: str = ""
    tier: str = ""
    score: int | None
    holds: int
    applies: int
    counts: dict[str, int]
    worst: str = ""
    worst_text: str = ""

    @property
    def formula(self) -> str:
        """The score with its numbers filled in."""
        return f"{self.holds} of {self.applies} = {self.score} %" if self.applies else "nothing applies"


class CapacityBar(_Part):
    """One limited thing before and after the change, with the line that the need must stay under.

    Args:
        kind: memory, vCPU, space or quota.
        line_means: what the line is, such as `left without h1 (N+1)`.
        bound: `at least` when some sizes are not known, `at most` when the need is what may be used in the worst case.
    """

    kind: str
    name: str
    unit: str
    before: float
    after: float
    line: float
    total: float
    line_means: str
    bound: Bound = ""
    source: str = ""
    age: str = ""

    @property
    def state(self) -> str:
        """Whether the need stays under the line: fits, over, or unknown where a bound does not decide it."""
        under = self.after <= self.line
        if self.bound and under == (self.bound == "at least"):
            return "unknown"
        return "fits" if under else "over"


class FailureCell(_Part):
    """What a host carries when another has failed, in per cent of its memory; `failed` for the one that is gone."""

    host: str
    percent: float
    failed: bool = False


class FailureCase(_Part):
    """One failure on the state that was judged: what is gone, what every host then carries, who finds no place and why.

    Args:
        scope: what it belongs to, such as `hosts of downtown/general`.
        services: services that stop, for a while or for good; `breaks` those of them that break their promise.
    """

    scope: str
    failed: str
    stopped: int
    restarted: int
    without: tuple[str, ...]
    cells: tuple[FailureCell, ...] = ()
    services: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether every machine finds a place."""
        return not self.without


class FanPoint(_Part):
    """Demand on a day at three levels."""

    day: date
    p10: float
    p50: float
    p90: float


class ForecastFan(_Part):
    """A projection of one resource of one object, and the line of what is usable. `crosses`: when the conservative level goes over it.

    `full` tells in how many days it is over the line in one, five and nine of ten futures; `coverage` how often levels made this way held;
    `shifts` where the history broke with its past; `oddities` what was odd in it.
    """

    name: str
    resource: str
    unit: str
    points: tuple[FanPoint, ...]
    usable: float | None
    usable_means: str = ""
    crosses: date | None = None
    confidence: str = ""
    source: str = ""
    age: str = ""
    full: str = ""
    coverage: str = ""
    shifts: tuple[str, ...] = ()
    oddities: tuple[str, ...] = ()


class WaiverRow(_Part):
    """A waiver, whether it counts, and what it covers: those findings fail when it lapses, or have failed since."""

    id: str
    rules: tuple[str, ...]
    target: str
    category: str
    reason: str
    requested_by: str
    approved_by: str
    ticket: str
    created: str
    expires: str
    state: Literal["valid", "lapsing", "lapsed", "early"]
    days_left: int | None
    why: str = ""
    covers: tuple[tuple[str, str], ...] = ()
    left_out: int = 0


class MissingGroup(_Part):
    """A datum that a reader lacks, the verdicts that wait for it, and the command or edit that would give it."""

    datum: str
    why: str
    count: int
    rules: tuple[str, ...]
    objects: tuple[str, ...]
    left_out: int
    command: str


class MomentRow(_Part):
    """One moment of a plan: its verdicts by outcome, and how many of them stop the change."""

    name: str
    counts: dict[str, int]
    blocking: int


class FixedFinding(_Part):
    """A finding of the baseline that is no longer there."""

    rule: str
    target: str
    message: str = ""


class Trend(_Part):
    """The findings against a saved result. `new` holds rule and target of each new one; what fails and is not new is old."""

    baseline: str
    new: tuple[tuple[str, str], ...]
    old: int
    fixed: tuple[FixedFinding, ...] = ()
    unjudged: int = 0


class Report(_Part):
    """A whole report. `answer` is the one sentence it opens with; `decisions` are what somebody has to decide.

    Args:
        summary: sentences for a director, most important first.
        left_out: what this page does not list, in words, so that nothing is dropped silently.
        source_base: address that file names of the estate are put behind, to link them; empty for no links.
    """

    title: str
    answer: str
    generated: datetime
    reader: str = ""
    summary: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    moves: tuple[MoveSection, ...] = ()
    previews: tuple[PreviewSection, ...] = ()
    counts: dict[str, int] = {}
    moments: tuple[MomentRow, ...] = ()
    tiers: tuple[ScoreRow, ...] = ()
    services: tuple[ScoreRow, ...] = ()
    findings: tuple[VerdictRow, ...] = ()
    held: tuple[HeldRule, ...] = ()
    capacity: tuple[CapacityBar, ...] = ()
    before_means: str = "what runs now"
    after_means: str = "with what is held and promised"
    failures: tuple[FailureCase, ...] = ()
    forecasts: tuple[ForecastFan, ...] = ()
    waivers: tuple[WaiverRow, ...] = ()
    undetermined: tuple[MissingGroup, ...] = ()
    trend: Trend | None = None
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    source_base: str = ""
