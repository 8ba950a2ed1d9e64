"""A move's life: its events, and the record that is the fold of them.

The journal is append-only and is the only memory of a move; a `MoveRecord` is never written anywhere. An event that the present state
does not allow is an `IllegalTransitionError`, both when it is written and when a journal is read, so that a damaged or hand-edited journal
is never silently believed. Step names are stable ids: they stand in journals that outlive the program's version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from infra.errors import InclineError


class MoveState(StrEnum):
    """Where a move stands. The last four are final."""

    PLANNED = "planned"
    SEEDING = "seeding"
    SYNCED = "synced"
    REHEARSED = "rehearsed"
    CUTTING_OVER = "cutting-over"
    ON_TRIAL = "on-trial"
    ROLLING_BACK = "rolling-back"
    ACCEPTING = "accepting"
    STUCK = "stuck"
    ACCEPTED = "accepted"
    ROLLED_BACK = "rolled-back"
    RETURNED = "returned"


FINAL = frozenset({MoveState.ACCEPTED, MoveState.ROLLED_BACK, MoveState.RETURNED})

_ROLLBACK = {MoveState.ROLLING_BACK}
ALLOWED: Mapping[MoveState, frozenset[MoveState]] = {
    MoveState.PLANNED: frozenset({MoveState.SEEDING} | _ROLLBACK),
    MoveState.SEEDING: frozenset({MoveState.SYNCED} | _ROLLBACK),
    MoveState.SYNCED: frozenset({MoveState.SYNCED, MoveState.REHEARSED, MoveState.CUTTING_OVER} | _ROLLBACK),
    MoveState.REHEARSED: frozenset({MoveState.SYNCED, MoveState.CUTTING_OVER} | _ROLLBACK),
    MoveState.CUTTING_OVER: frozenset({MoveState.ON_TRIAL} | _ROLLBACK),
    MoveState.ON_TRIAL: frozenset({MoveState.ACCEPTING, MoveState.RETURNED} | _ROLLBACK),
    # A return that is rolled back puts the first move on trial again.
    MoveState.RETURNED: frozenset({MoveState.ON_TRIAL}),
    MoveState.ROLLING_BACK: frozenset({MoveState.ROLLED_BACK, MoveState.STUCK}),
    MoveState.STUCK: frozenset({MoveState.ROLLING_BACK}),
    MoveState.ACCEPTING: frozenset({MoveState.ACCEPTED}),
    MoveState.ACCEPTED: frozenset(),
    MoveState.ROLLED_BACK: frozenset(),
}


class IllegalTransitionError(InclineError):
    """An event that the move's present state does not allow."""

    def __init__(self, move: str, what: str) -> None:
        super().__init__(
            f"move {move}: {what}",
            code="INC-2001",
            next_step="incline move status SERVER shows where the move stands and what it allows",
        )


@dataclass(frozen=True)
class Event:
    """One line of a journal. `data` holds JSON values only."""

    seq: int
    at: str
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DiskRound:
    """What one round did for one disk. `resumed` blocks had been acknowledged before an interruption and were not sent again."""

    disk: str
    blocks_total: int
    blocks_sent: int
    blocks_resumed: int
    bytes: int
    receipt: str = ""
    method: str = ""


@dataclass(frozen=True)
class Round:
    """One copy round over all disks. By disk: `points`, what the next round counts from; `bases`, what this one counts from."""

    number: int
    kind: str
    point: str
    points: Mapping[str, str]
    bases: Mapping[str, str]
    started: str
    disks: Mapping[str, DiskRound] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    finished: str = ""


@dataclass(frozen=True)
class MoveRecord:
    """A move as its journal tells it.

    `results` holds every finished step's result under the step's name: the only way in which steps hand anything to each other.
    `begun` holds the steps that were started and not undone since, in the order of their first start: what a rollback walks back.
    `source_ran`: somebody started the source by hand before the target served, so what the final round has copied is not its last state.
    """

    id: str
    server: str
    source: str
    target: str
    direction: str
    state: MoveState
    created: str
    owner: str
    placement_before: Mapping[str, Any]
    site_before: str
    returns: str = ""
    rounds: tuple[Round, ...] = ()
    rounds_begun: int = 0
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    begun: tuple[str, ...] = ()
    failure: str = ""
    mismatches: tuple[Mapping[str, Any], ...] = ()
    cut_off_at: str = ""
    held_disks_written: bool = False
    source_ran: bool = False
    connections_before: Mapping[str, Any] = field(default_factory=dict)
    last_seq: int = 0

    @property
    def base_round(self) -> Round | None:
        """The last round whose blocks and manifests are durable: what the next delta counts from."""
        return next((r for r in reversed(self.rounds) if r.finished), None)

    @property
    def open_round(self) -> Round | None:
        """A round that was begun and not finished."""
        return self.rounds[-1] if self.rounds and not self.rounds[-1].finished else None

    @property
    def served(self) -> bool:
        """Whether the target may have answered for the server: an instance runs once it is launched, a machine once it is started."""
        return ("update_target_stack" if self.direction == "up" else "start_target") in self.begun

    def result(self, step: str) -> Mapping[str, Any]:
        """A finished step's result; empty when it has not finished."""
        return self.results.get(step, {})

    def done(self, step: str) -> bool:
        """Whether the step has finished and was not undone since."""
        return step in self.results


def fold(events: Iterable[Event]) -> MoveRecord:
    """The record that these events make."""
    record: MoveRecord | None = None
    for event in events:
        record = apply(record, event)
    if record is None:
        raise IllegalTransitionError("?", "the journal is empty")
    return record


def apply(record: MoveRecord | None, event: Event) -> MoveRecord:
    """The record after one more event."""
    if record is None:
        return _planned(event)
    if event.seq != record.last_seq + 1:
        raise IllegalTransitionError(record.id, f"event {event.seq} follows event {record.last_seq}: the journal is damaged")
    changed = _applied(record, event)
    return replace(changed, last_seq=event.seq)


def _planned(event: Event) -> MoveRecord:
    if event.kind != "planned" or event.seq != 1:
        raise IllegalTransitionError("?", f"a journal begins with `planned`, got {event.kind}")
    data = event.data
    return MoveRecord(
        id=data["id"],
        server=data["server"],
        source=data["source"],
        target=data["target"],
        direction=data["direction"],
        state=MoveState.PLANNED,
        created=event.at,
        owner=data["owner"],
        placement_before=data["placement_before"],
        site_before=data["site_before"],
        returns=data.get("returns", ""),
        last_seq=1,
    )


def _applied(record: MoveRecord, event: Event) -> MoveRecord:
    match event.kind:
        case "state":
            return _moved(record, MoveState(event.data["state"]))
        case "step-started" | "step-done" | "step-failed" | "step-undone":
            return _step_event(record, event)
        case "round-started" | "target-opened" | "disk-copied" | "round-finished" | "round-abandoned":
            return _round_event(record, event)
        case "verified":
            return replace(record, mismatches=tuple(event.data["mismatches"]))
        case "connections-noted":
            return replace(record, connections_before=event.data["connections"])
        case "held-disks-written":
            return replace(record, held_disks_written=True)
        case "fence-broken":
            return _ran_by_hand(record, str(event.data["site"]))
        case "interrupted" | "note":
            return record
        case _:
            raise IllegalTransitionError(record.id, f"unknown event {event.kind!r}: written by a newer Incline?")


def _ran_by_hand(record: MoveRecord, site: str) -> MoveRecord:
    """A machine that ran by hand may have written on its disks.

    After the target served they are no longer a known base for a return. Before that the source still has the server's only true data:
    it is copied again, or the move is rolled back.
    """
    if site == record.source and not record.served:
        return replace(record, source_ran=record.source_ran or record.done("cut_off_source"))
    return replace(record, held_disks_written=record.held_disks_written or record.done("cut_off_source"))


def _step_event(record: MoveRecord, event: Event) -> MoveRecord:
    step = event.data["step"]
    match event.kind:
        case "step-started":
            begun = record.begun if step in record.begun else (*record.begun, step)
            return replace(record, begun=begun, failure="")
        case "step-done":
            return _step_done(record, event)
        case "step-failed":
            return replace(record, failure=str(event.data["what"]))
        case _:
            results = {k: v for k, v in record.results.items() if k != step}
            return replace(record, begun=tuple(s for s in record.begun if s != step), results=results)


def _step_done(record: MoveRecord, event: Event) -> MoveRecord:
    step = event.data["step"]
    if step not in record.begun:
        raise IllegalTransitionError(record.id, f"step {step} finished without having started")
    cut_off = event.at if step == "cut_off_source" and not record.cut_off_at else record.cut_off_at
    return replace(record, results={**record.results, step: event.data.get("result", {})}, cut_off_at=cut_off)


def _moved(record: MoveRecord, state: MoveState) -> MoveRecord:
    if state not in ALLOWED[record.state]:
        raise IllegalTransitionError(record.id, f"is {record.state.value} and cannot become {state.value}")
    return replace(record, state=state)


def _round_event(record: MoveRecord, event: Event) -> MoveRecord:
    data = event.data
    if event.kind == "round-started":
        if record.open_round is not None:
            raise IllegalTransitionError(record.id, f"round {data['round']} began while round {record.open_round.number} was open")
        fresh = Round(
            number=data["round"],
            kind=data["kind"],
            point=data["point"],
            points=data["points"],
            bases=data["bases"],
            started=event.at,
        )
        return replace(record, rounds=(*record.rounds, fresh), rounds_begun=fresh.number, source_ran=False)
    current = record.open_round
    if current is None or current.number != data["round"]:
        raise IllegalTransitionError(record.id, f"{event.kind} of round {data['round']}, which is not open")
    match event.kind:
        case "round-abandoned":
            return replace(record, rounds=record.rounds[:-1])
        case "target-opened":
            current = replace(current, targets={**current.targets, data["disk"]: data["key"]})
        case "disk-copied":
            disk = DiskRound(**{k: v for k, v in data.items() if k != "round"})
            current = replace(current, disks={**current.disks, disk.disk: disk})
        case _:
            current = replace(current, finished=event.at)
            return replace(record, rounds=(*record.rounds[:-1], current), mismatches=())
    return replace(record, rounds=(*record.rounds[:-1], current))
