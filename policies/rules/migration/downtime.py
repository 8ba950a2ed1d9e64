"""MIG-002: a move's downtime fits its window and the service's RTO, and its first copy fits the nights before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from infra.estate.model import GIB
from infra.guest_systems import split
from policies.evidence import Evidence, LinkEvidence, MoveEvidence, ServerEvidence, Unknown
from policies.rule import Parameter, Parameters, Rule
from policies.rules.decide import Grounds, decide
from policies.rules.migration.sides import NO_MOVES, ahead, links, source_of, standing
from policies.verdict import Fact, Severity, Verdict, format_number, gib

_BLOCK = 512 * 1024
_DAY_HOURS = 24.0
_WINDOW = re.compile(r"^(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})$")
DONE = "every move is past its cut-over: its downtime is over"


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every move whose cut-over is still to come."""
    moves = [m for m in evidence.moves if ahead(m)]
    if not moves:
        yield rule.not_applicable(DONE if evidence.moves else NO_MOVES)
        return
    machines, between = standing(evidence), links(evidence)
    seeds = _seeds(moves, between)
    for move in moves:
        link = between.get(frozenset((move.source_site, move.target_site)))
        if link is None:
            grounds = Grounds(missing=[f"link between {move.source_site} and {move.target_site} (the estate declares none)"])
        else:
            estimate = Estimate.of(move, source_of(move, machines), link, parameters)
            grounds = _judge(move, estimate, _rto(evidence, move, machines))
            grounds.add(_seed(move, link, seeds, evidence.today, estimate))
        yield decide(rule, move, f"the move of {move.server} to {move.target_site}", grounds, _passed(grounds))


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """The parts of a downtime, in minutes, and the speed they rest on, in bytes per second."""

    speed: float
    changed_per_hour: float
    measured: bool
    sync_hours: float
    stop: float
    boot: float
    checks: float

    @classmethod
    def of(cls, move: MoveEvidence, source: ServerEvidence | None, link: LinkEvidence, parameters: Parameters) -> Estimate:
        """An estimate with what is measured, and the parameters for the rest."""
        measured = not isinstance(move.changed_per_hour, Unknown)
        assumed = move.disks * parameters.number("changed_percent_per_hour") / 100
        family = split(source.os)[0] if source else ""
        return cls(
            speed=speed(link, parameters.number("link_share_percent"), parameters.number("streams")),
            changed_per_hour=assumed if isinstance(move.changed_per_hour, Unknown) else float(move.changed_per_hour),
            measured=measured,
            sync_hours=parameters.number("sync_hours"),
            stop=parameters.number("stop_minutes"),
            boot=parameters.number("boot_minutes_windows" if family == "windows" else "boot_minutes"),
            checks=parameters.number("checks_minutes"),
        )

    @property
    def delta(self) -> float:
        """Bytes that the last copy carries while the server is off."""
        return self.changed_per_hour * self.sync_hours

    @property
    def minutes(self) -> float:
        """The downtime."""
        return self.stop + self.delta / self.speed / 60 + self.boot + self.checks

    def formula(self) -> str:
        """The sum with its numbers."""
        rate = f"{gib(self.changed_per_hour)}/h {'measured' if self.measured else 'assumed'}"
        return (
            f"{format_number(self.stop)} min power-off + {rate} x {format_number(self.sync_hours)} h / "
            f"{format_number(self.speed / 1e6)} MB/s "
            f"+ {format_number(self.boot)} min start + {format_number(self.checks)} min checks = {format_number(self.minutes)} min"
        )


def speed(link: LinkEvidence, share_percent: float, streams: float) -> float:
    """Bytes per second over a link: its share of the bandwidth, or what the blocks in flight allow at its latency."""
    by_bandwidth = link.mbit_s * 1e6 / 8 * share_percent / 100
    by_latency = streams * _BLOCK / (link.latency_ms / 1000) if link.latency_ms else by_bandwidth
    return min(by_bandwidth, by_latency)


def nightly_hours(window: str) -> float | Unknown:
    """The hours of a nightly allowance such as 22:00-05:00; all day where none is written."""
    if not window:
        return _DAY_HOURS
    found = _WINDOW.match(window.strip())
    if found is None:
        return Unknown("hours of the link's window", f"{window!r} is not written like 22:00-05:00")
    begins, ends = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    return ((ends - begins) % (24 * 60) or 24 * 60) / 60


def _judge(move: MoveEvidence, estimate: Estimate, rto: int | Unknown) -> Grounds:
    grounds = Grounds(formulas=[estimate.formula()])
    grounds.facts = [
        Fact(name="downtime estimated", value=estimate.minutes, unit="min"),
        Fact(name="disks to carry", value=move.disks / GIB, unit="GiB", source=move.source),
        Fact(name="last copy", value=estimate.delta / GIB, unit="GiB"),
    ]
    if estimate.changed_per_hour >= estimate.speed * 3600:
        grounds.problems.append(
            f"never catches up: {gib(estimate.changed_per_hour)} change in an hour, "
            f"the link carries {format_number(estimate.speed * 3600 / GIB)}"
        )
    for name, limit in (("the window", move.window_minutes), ("the RTO", rto)):
        if isinstance(limit, Unknown):
            grounds.lacks(limit)
            continue
        grounds.formulas.append(f"{format_number(estimate.minutes)} min <= {limit} min, {name}")
        if estimate.minutes > limit:
            grounds.problems.append(f"takes about {format_number(estimate.minutes)} minutes, {name} is {limit}")
    return grounds


def _rto(evidence: Evidence, move: MoveEvidence, machines: Mapping[tuple[str, str], ServerEvidence]) -> int | Unknown:
    source = source_of(move, machines)
    service = evidence.services.get(source.service) if source else None
    return service.rto_minutes if service else Unknown(f"RTO of {move.server}", "it belongs to no known service")


Seeds = Mapping[tuple[str, str], int]
"""By link and server: the bytes of all first copies that this link carries up to that server's night, its own included."""


def _seeds(moves: list[MoveEvidence], between: Mapping[frozenset[str], LinkEvidence]) -> Seeds:
    sums: dict[str, int] = {}
    found: dict[tuple[str, str], int] = {}
    dated = [(m.on, m.server, m) for m in moves if m.state != "open" and not isinstance(m.on, Unknown)]
    for _, _, move in sorted(dated, key=lambda each: each[:2]):
        link = between.get(frozenset((move.source_site, move.target_site)))
        if link is not None:
            sums[link.name] = sums.get(link.name, 0) + move.disks
            found[link.name, move.server] = sums[link.name]
    return found


def _seed(move: MoveEvidence, link: LinkEvidence, seeds: Seeds, today: date, estimate: Estimate) -> Grounds:
    """Whether the first copy arrives in time. An open move is copying already: its progress is in `incline move status`."""
    if move.state == "open":
        return Grounds(formulas=["the first copy is under way"])
    hours, on = nightly_hours(link.window), move.on
    grounds = Grounds()
    grounds.lacks(hours, on)
    if isinstance(hours, Unknown) or isinstance(on, Unknown):
        return grounds
    nights = (on - today).days
    if nights < 0:
        return Grounds(missing=[f"date of the move of {move.server} ({on} has passed; write a new one under `move:`)"])
    size = seeds[link.name, move.server]
    needed = size / estimate.speed / 3600
    others = "" if size == move.disks else f" with those before it ({gib(size)})"
    numbers = f"{format_number(needed)} h of copying{others} <= {nights} x {format_number(hours)} h of the nights before"
    grounds.formulas.append(numbers)
    if needed > nights * hours:
        grounds.problems.append(
            f"cannot have its first copy by {on}: needed are {numbers.replace(' <= ', ', there are ')} on link {link.name}"
        )
    return grounds


def _passed(grounds: Grounds) -> str:
    minutes = grounds.facts[0].value if grounds.facts else ""
    return f"takes about {format_number(minutes)} minutes, within its window and its RTO" if minutes != "" else ""


DOWNTIME = Rule(
    id="MIG-002",
    name="downtime",
    title="A move's downtime fits its window and the RTO, and its first copy fits the nights before",
    severity=Severity.CRITICAL,
    side="move",
    controls=("NIST 800-53 CP-6(2)",),
    needs=(
        "date and window of the move (`move:` of the server)",
        "the link between the sites",
        "RTO of the service",
        "bytes that change in an hour",
    ),
    formula=(
        "power-off + changed bytes per hour x hours since the last copy / speed + start + checks <= window and <= RTO; "
        "first copies up to that night / speed <= nights x hours of the link's window; "
        "speed = the smaller of bandwidth x share and blocks in flight x 512 KiB / latency"
    ),
    source="pre-copy, as live migration does it: the last round carries what changed since the one before; blocks of 512 KiB, as EBS has",
    remedy="write a longer window or a later date under `move:` of the server, copy more often before it, or widen the link's window",
    check=check,
    parameters={
        "changed_percent_per_hour": Parameter(
            default=1.0,
            reason="one per cent of the disks in an hour is a busy database; a measured rate replaces it after the first rounds",
        ),
        "sync_hours": Parameter(default=1.0, reason="hours between the last copy with the server running and its power-off"),
        "link_share_percent": Parameter(default=70.0, reason="what copies may take of the line: the rest is the city's own traffic"),
        "streams": Parameter(
            default=64, reason="blocks in flight at once; over a long line they limit the speed before the bandwidth does"
        ),
        "stop_minutes": Parameter(default=3.0, reason="an orderly shutdown of the guest; a database flushes its caches first"),
        "boot_minutes": Parameter(
            default=10.0, reason="first start on other hardware with checks of file systems; a lab's 23 seconds are not a city's"
        ),
        "boot_minutes_windows": Parameter(
            default=45.0, reason="AWS says that the first start of a migrated Windows takes up to 45 minutes"
        ),
        "checks_minutes": Parameter(default=15.0, reason="people look at the application and decide to stay or to go back"),
    },
)
