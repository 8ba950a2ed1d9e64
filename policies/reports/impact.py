"""What happens when something fails, told for people: one sentence, then services, machines, what to do, and what was taken for granted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from infra.wording import counted
from policies.evidence import Evidence, ServerEvidence
from policies.reports.advice import advice
from policies.reports.words import listed, span
from policies.simulate import Failure, Kind, Outcome, ServiceFate, Settings, State, recovery, simulate

KINDS = {
    Kind.HOST: "host",
    Kind.HOSTS: "hosts",
    Kind.FAULT_DOMAIN: "fault domain",
    Kind.DATASTORE: "datastore",
    Kind.CLUSTER: "cluster",
    Kind.ZONE: "zone",
    Kind.LINK: "link",
    Kind.SITE: "site",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceRow:
    """A service that is touched. `kept` is whether both promises, of time and of data, are."""

    name: str
    title: str
    owner: str
    tier: str
    state: str
    because: str
    back: str
    minutes: float | None
    promise: str
    rto_minutes: int
    loses_minutes: int
    rpo_minutes: int
    kept: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineRow:
    """A machine that stops: where it comes back and when, or why it does not."""

    name: str
    service: str
    tier: str
    where: str
    how: str
    minutes: float | None
    formula: str
    binding: str
    why: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Impact:
    """The whole answer.

    Args:
        subject: the object, as the command names it.
        answer: the one sentence.
        grave: whether somebody's promise breaks or a machine finds no place.
        basis: what it was worked out on.
    """

    subject: str
    title: str
    answer: str
    grave: bool
    generated: datetime
    basis: str
    services: tuple[ServiceRow, ...]
    machines: tuple[MachineRow, ...]
    todo: tuple[str, ...]
    assumptions: tuple[str, ...]
    missing: tuple[str, ...]
    at_most: int

    @property
    def without(self) -> tuple[MachineRow, ...]:
        """The machines without a place."""
        return tuple(m for m in self.machines if m.binding)

    @property
    def back(self) -> tuple[MachineRow, ...]:
        """The machines that come back, in the order in which they do."""
        return tuple(m for m in self.machines if not m.binding)


def build_impact(evidence: Evidence, failure: Failure, generated: datetime) -> Impact:
    """What the failure does, told."""
    outcome = simulate(evidence, failure)
    services = tuple(_service(evidence, fate) for fate in outcome.services)
    return Impact(
        subject=str(failure),
        title=f"What if {_subject(failure)} {_fails(failure)}",
        answer=_answer(outcome),
        grave=bool(outcome.without_place) or not all(s.kept for s in services),
        generated=generated,
        basis=basis(evidence),
        services=services,
        machines=tuple(_machines(evidence, outcome)),
        todo=tuple(advice(evidence, outcome, _with_drs(evidence, outcome))),
        assumptions=outcome.fates.assumptions,
        missing=outcome.fates.missing,
        at_most=outcome.fates.at_most,
    )


def basis(evidence: Evidence) -> str:
    """What an answer was worked out on."""
    if evidence.snapshot is None:
        return "the estate as it is declared; no capacity snapshot was at hand"
    return f"the estate and the capacity snapshot of {evidence.snapshot.taken_at:%Y-%m-%d %H:%M %Z}"


def _with_drs(evidence: Evidence, outcome: Outcome) -> Outcome | None:
    """The same failure when running machines may be moved to make room; None where nothing is without a place or DRS is off."""
    site, _, rest = outcome.failure.name.partition("/")
    cluster = next((c for c in evidence.clusters if c.site == site and c.name == rest.partition("/")[0]), None)
    if not outcome.without_place or cluster is None or cluster.drs is not True or outcome.failure.kind not in _OF_HOSTS:
        return None
    return simulate(evidence, outcome.failure, Settings(rearrange=True))


_OF_HOSTS = {Kind.HOST, Kind.HOSTS, Kind.FAULT_DOMAIN}


def _subject(failure: Failure) -> str:
    short = failure.short.replace("+", " and ")
    return f"{KINDS[failure.kind]} {short}"


def _fails(failure: Failure) -> str:
    if failure.kind is Kind.LINK:
        return "is cut"
    return "fail together" if failure.kind is Kind.HOSTS else "fails"


def _answer(outcome: Outcome) -> str:
    head = f"If {_subject(outcome.failure)} {_fails(outcome.failure)}, {_machine_clause(outcome)}"
    clauses = [head, *_service_clauses(outcome.services)]
    return "; ".join(clauses) + "."


def _machine_clause(outcome: Outcome) -> str:
    stopped, without = len(outcome.stopped), len(outcome.without_place)
    if not stopped:
        return "no machine stops" if outcome.failure.kind is Kind.LINK else "nothing stops: no machine of ours runs there"
    away = f"{counted(stopped, 'machine')} stop{'s' if stopped == 1 else ''}"
    if not without and outcome.certain:
        come = "it comes" if stopped == 1 else "all come" if stopped > 2 else "both come"
        return f"{away} and {come} back {_place(outcome)}"
    if not without:
        return f"{away} and can come back {_place(outcome)}, for {outcome.fates.at_most} of them not certainly"
    names = listed([w.name for w in outcome.without_place], 3)
    if not outcome.restarted:
        return f"{away} and {'finds no place' if stopped == 1 else 'none finds a place'} ({names})"
    back = len(outcome.restarted)
    return f"{away}, {back:,} come{'s' * (back == 1)} back {_place(outcome)}, and {without:,} find{'s' * (without == 1)} no place ({names})"


def _place(outcome: Outcome) -> str:
    if outcome.failure.kind in _OF_HOSTS:
        return "on other hosts"
    return "in other zones" if outcome.failure.kind is Kind.ZONE else "from copies"


def _service_clauses(fates: Sequence[ServiceFate]) -> Iterator[str]:
    down = [f for f in fates if f.state is State.DOWN]
    away = [f for f in fates if f.state is State.INTERRUPTED]
    degraded = [f for f in fates if f.state is State.DEGRADED]
    if down:
        are = "is" if len(down) == 1 else "are"
        yield f"{counted(len(down), 'service')} {are} down until that is mended: {listed([f.name for f in down], 4)}"
    if away:
        longest = max(away, key=lambda f: f.minutes or 0.0)
        yield f"{counted(len(away), 'service')} {'is' if len(away) == 1 else 'are'} away for up to {span(longest.minutes or 0.0)}"
    if degraded:
        yield f"{len(degraded)} {'goes' if len(degraded) == 1 else 'go'} on with less"
    broken = [f for f in away if not (f.keeps_time and f.keeps_data)]
    if broken:
        worst = max(broken, key=lambda f: (not f.keeps_time, (f.minutes or 0.0) / f.rto_minutes))
        what = (
            f"{worst.name} promised {span(worst.rto_minutes)} and takes {span(worst.minutes or 0.0)}"
            if not worst.keeps_time
            else f"{worst.name} loses up to {span(worst.loses_minutes)} of data and promised {span(worst.rpo_minutes)}"
        )
        yield f"{counted(len(broken), 'promise')} {'is' if len(broken) == 1 else 'are'} broken, worst: {what}"
    elif away or degraded:
        yield "every promise is kept" if not down else "every other promise is kept"


def _service(evidence: Evidence, fate: ServiceFate) -> ServiceRow:
    service = evidence.services[fate.name]
    return ServiceRow(
        name=fate.name,
        title=service.title or fate.name,
        owner=fate.owner,
        tier=service.tier.value,
        state=fate.state.value,
        because="; ".join(fate.because),
        back=_back(fate),
        minutes=fate.minutes,
        promise=span(fate.rto_minutes),
        rto_minutes=fate.rto_minutes,
        loses_minutes=fate.loses_minutes,
        rpo_minutes=fate.rpo_minutes,
        kept=fate.keeps_time and fate.keeps_data,
    )


def _back(fate: ServiceFate) -> str:
    if fate.minutes is None:
        return "not by itself"
    if fate.state is State.DEGRADED:
        return f"others take over in {span(fate.minutes)}" if fate.minutes else "goes on"
    return span(fate.minutes)


def _machines(evidence: Evidence, outcome: Outcome) -> Iterator[MachineRow]:
    """Those without a place first, then those that come back, soonest first."""
    known = {s.name: s for s in evidence.servers if not s.held}
    for each in outcome.without_place:
        yield replace(_row(evidence, known[each.name]), binding=each.binding, why=each.why)
    times = recovery(evidence, outcome)
    for restart in sorted(outcome.restarted, key=lambda r: (times[r.name].minutes if r.name in times else 0.0, r.name)):
        time = times.get(restart.name)
        notes = [restart.way.value + (f" at {restart.copy}" if restart.copy else "")]
        notes += ["no address there yet"] if restart.unprepared else []
        notes += ["beside a member of its group"] if restart.beside else []
        notes += [restart.note] if restart.note else []
        yield replace(
            _row(evidence, known[restart.name]),
            where=restart.where,
            how="; ".join(notes),
            minutes=time.minutes if time else None,
            formula=time.formula if time else "",
        )


def _row(evidence: Evidence, server: ServerEvidence) -> MachineRow:
    service = evidence.services.get(server.service)
    return MachineRow(
        name=server.name,
        service=server.service,
        tier=service.tier.value if service else "",
        where="",
        how="",
        minutes=None,
        formula="",
        binding="",
        why="",
        source=server.source,
    )
