"""A wave carried out: copies first, then cut-overs group by group; what fails is taken back, and nothing is started twice.

It reads where each move stands before it acts, so that the same call after an interruption goes on where it stopped. Moves are made by a
`Mover`: the `incline move` commands as they stand, a fake in tests.

    copy every server -> a group with a failed copy waits -> cut over group by group -> a failed cut-over is rolled back, its group waits
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from infra.errors import InclineError
from migration.waves.document import PlannedNight, PlannedServer, State, WavePlan

COPIED = frozenset({"synced", "rehearsed"})
SERVING = frozenset({"on-trial", "accepting", "accepted"})
"""States in which the target serves, if that is where the move went."""
BROKEN = frozenset({"rolling-back", "stuck"})
LATEST = timedelta(days=1)
"""A night ends in the morning after its date."""


class WaveInterruptedError(InclineError):
    """Somebody stopped it: everything acknowledged is kept, the same command goes on."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a server stands: the site of its placement, and the state of its latest move to this target, empty without one."""

    site: str
    state: str = ""
    move: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said. `interrupted`: it was stopped, not refused."""

    ok: bool
    what: str = ""
    interrupted: bool = False


class Mover(Protocol):
    """The commands of a move. Each may be given again after an interruption and then goes on."""

    def position(self, server: str, to: str) -> Position:
        """Where it stands now; reads only."""
        ...

    def start(self, server: str, to: str) -> Answer:
        """Copy while it runs."""
        ...

    def cutover(self, server: str) -> Answer:
        """Change hands."""
        ...

    def rollback(self, server: str) -> Answer:
        """Everything as it was."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a server tonight."""

    server: str
    state: State
    move: str = ""
    note: str = ""


Record = Callable[[Done], None]
"""Called once a server's fate is known, before the next one is touched: it writes it down."""


def run_wave(
    night: PlannedNight, mover: Mover, record: Record, *, copies_only: bool = False, say: Callable[[str], None] = print
) -> tuple[Done, ...]:
    """Carry out a night.

    Args:
        night: who moves; those that have moved already are passed over.
        mover: the commands.
        record: keeps each result.
        copies_only: begin the copies, change no hands.
        say: narration.

    Raises:
        WaveInterruptedError: INC-7140; what was done is recorded.
    """
    wave = _Wave(mover, record, say)
    todo = [each for each in night.servers if each.state != "moved"]
    ready = [each for each in todo if wave.copied(each)]
    if copies_only:
        return tuple(wave.done)
    for members in _groups(ready, todo).values():
        wave.cut_over(members)
    return tuple(wave.done)


def _groups(ready: Iterable[PlannedServer], todo: Iterable[PlannedServer]) -> dict[str, list[PlannedServer]]:
    """Groups of which every member has been copied; the members of one that has not wait together."""
    able = {each.server for each in ready}
    found: dict[str, list[PlannedServer]] = {}
    for each in todo:
        found.setdefault(each.group or each.server, []).append(each)
    return {name: members for name, members in found.items() if all(each.server in able for each in members)}


class _Wave:
    """What the phases share."""

    def __init__(self, mover: Mover, record: Record, say: Callable[[str], None]) -> None:
        self._mover, self._record, self._say = mover, record, say
        self.done: list[Done] = []

    def copied(self, each: PlannedServer) -> bool:
        """Bring a server's copy up; answers whether it can change hands. Who has arrived already is recorded and can."""
        here = self._mover.position(each.server, each.to)
        if self._arrived(each, here):
            return True
        if here.state in BROKEN:
            self._take_back(each, f"its move was {here.state}")
            return False
        if here.state in COPIED or here.state == "cutting-over":
            return True
        self._say(f"{each.server}: copying to {each.to}")
        answer = self._mover.start(each.server, each.to)
        self._interrupted(answer)
        if not answer.ok:
            self._take_back(each, answer.what)
        return answer.ok

    def cut_over(self, members: list[PlannedServer]) -> None:
        """A group changes hands, server by server; after the first failure the others wait where they are."""
        for place, each in enumerate(members):
            here = self._mover.position(each.server, each.to)
            if self._arrived(each, here):
                continue
            self._say(f"{each.server}: changing hands")
            answer = self._mover.cutover(each.server)
            self._interrupted(answer)
            if answer.ok:
                self._keep(each, "moved")
                continue
            self._take_back(each, answer.what)
            for other in members[place + 1 :]:
                if not self._arrived(other, self._mover.position(other.server, other.to)):
                    self._keep(other, "planned", f"waits for {each.server}")
            return

    def _arrived(self, each: PlannedServer, here: Position) -> bool:
        if here.site != each.to or (here.state and here.state not in SERVING):
            return False
        if not any(done.server == each.server for done in self.done):
            self._keep(each, "moved")
        return True

    def _take_back(self, each: PlannedServer, why: str) -> None:
        """Undo a move that failed. If that fails too, it is said, and the server is left to people."""
        here = self._mover.position(each.server, each.to)
        if here.site == each.to and here.state in SERVING:
            self._keep(each, "moved", f"it serves on {each.to}, but: {why}")
            return
        if not here.state or here.state in {"rolled-back", "accepted", "returned"}:
            self._keep(each, "failed", why)
            return
        self._say(f"{each.server}: taking it back: {why}")
        answer = self._mover.rollback(each.server)
        self._interrupted(answer)
        self._keep(
            each, "rolled-back" if answer.ok else "failed", why if answer.ok else f"{why}; and it cannot be taken back: {answer.what}"
        )

    def _keep(self, each: PlannedServer, state: State, note: str = "") -> None:
        move = self._mover.position(each.server, each.to).move
        done = Done(server=each.server, state=state, move=move, note=note)
        self.done.append(done)
        self._record(done)

    @staticmethod
    def _interrupted(answer: Answer) -> None:
        if answer.interrupted:
            raise WaveInterruptedError(
                f"the wave was stopped: {answer.what}" if answer.what else "the wave was stopped",
                code="INC-7140",
                details=("everything acknowledged is kept; moves that began go on where they stopped",),
                next_step="incline plan run --yes   or   incline plan status",
            )


def recorded(plan: WavePlan, done: Mapping[str, Done], on: date) -> WavePlan:
    """The plan with what became of servers written into their lines."""

    def line(each: PlannedServer) -> PlannedServer:
        found = done.get(each.server)
        if found is None:
            return each
        known = {"state": found.state, "note": found.note or each.note}
        return each.model_copy(update=known if found.state == "planned" else {**known, "on": on, "move": found.move})

    nights = (night.model_copy(update={"servers": tuple(line(each) for each in night.servers)}) for night in plan.nights)
    return plan.model_copy(update={"nights": tuple(nights)})


def next_night(plan: WavePlan) -> PlannedNight | None:
    """The first night in which somebody still waits to move."""
    return next((night for night in plan.nights if any(each.state == "planned" for each in night.servers)), None)
