"""The words that a report opens with: the answer in one sentence, then what a director has to know, each with its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from infra.wording import counted, listed
from policies.evaluate import Result
from policies.evidence import Evidence
from policies.reports.model import FailureCase, MoveSection, PreviewSection, Trend, WaiverRow
from policies.reports.rows import age
from policies.reports.scores import Scores
from policies.verdict import Outcome, Severity
from policies.waivers import SOON_DAYS

_READERS = {
    "estate": "the estate as it is declared",
    "preview": "the estate with what this preview would change",
    "plan": "the estate while the planned move is on trial and both copies exist",
    "state": "the estate with what Pulumi's state holds",
    "live": "the estate with what both sites really have",
}


def answer(result: Result, moves: tuple[MoveSection, ...] = (), previews: tuple[PreviewSection, ...] = ()) -> str:
    """The one sentence: what happened, and whether anything stands in the way."""
    parts = []
    if moves:
        whole = sum(all(d.equal for d in m.disks) for m in moves)
        parts.append(f"{whole} of {len(moves)} moves arrived with every block proven")
    if previews:
        clean = sum(p.changes == 0 for p in previews)
        parts.append(f"{clean} of {len(previews)} stacks have nothing left to change")
    blocking, open_ones = len(result.blocking), result.counts[Outcome.UNDETERMINED.value]
    parts.append(f"{counted(blocking, 'finding')} must be decided first" if blocking else "no rule stands in the way")
    if open_ones:
        parts.append(f"{counted(open_ones, 'verdict')} could not be decided for want of data")
    return sentence("; ".join(parts))


def director(
    result: Result,
    evidence: Evidence,
    scored: Scores,
    waivers: tuple[WaiverRow, ...],
    failures: tuple[FailureCase, ...],
    trend: Trend | None,
) -> tuple[str, ...]:
    """What was judged, how it stands by tier, what a failure would do, what is excused, what is not known."""
    return tuple(
        sentence(text)
        for part in (_judged(result, evidence), _failing(result), _by_tier(scored), _failures(failures), _excused(waivers), _trend(trend))
        for text in part
    )


def _judged(result: Result, evidence: Evidence) -> Iterator[str]:
    rules = len({v.rule for v in result.verdicts})
    judged = _READERS.get(evidence.reader, evidence.reader)
    machines = len([s for s in evidence.servers if not s.held])
    yield (
        f"{counted(rules, 'rule')} judged {counted(machines, 'server')} of {counted(len(evidence.services), 'service')} on "
        f"{counted(len(evidence.kinds) or len({s.site for s in evidence.servers}), 'site')} for {evidence.today:%d %B %Y}: {judged}"
    )
    if evidence.snapshot is not None:
        yield f"measured values come from a capacity snapshot, {age(evidence.snapshot.taken_at, evidence.moment)}"
    elif evidence.reader in {"estate", "plan"}:
        yield "nothing was measured: sizes and settings are those that people declared"


def _failing(result: Result) -> Iterator[str]:
    found = Counter(v.severity for v in result.of(Outcome.FAIL))
    if found:
        yield (
            "what fails: " + ", ".join(f"{found[s]:,} {s.value}" for s in Severity if found[s]) + "; critical and high ones block a change"
        )


def _by_tier(scored: Scores) -> Iterator[str]:
    known = [row for row in scored.tiers if row.score is not None]
    if known:
        yield "score, the weight of what holds in all that applies: " + ", ".join(f"{row.name} {row.score} %" for row in known)


def _failures(failures: tuple[FailureCase, ...]) -> Iterator[str]:
    """Hosts, which a cluster must survive, apart from what no cluster survives by itself."""
    hosts = [case for case in failures if case.cells]
    larger = [case for case in failures if not case.cells]
    if hosts:
        bad = [case for case in hosts if not case.holds]
        worst = max(bad, key=lambda c: len(c.without), default=None)
        said = f"; the worst, {worst.failed}, leaves {len(worst.without):,} of {worst.stopped:,}" if worst else ""
        yield f"if a host fails: {_of(len(bad), hosts, 'leave')} machines without a place{said}"
    if larger:
        broken = sorted({name for case in larger for name in case.breaks})
        named = f": {listed(broken, 6)}" if broken else ""
        breaking = sum(bool(c.breaks) for c in larger)
        yield f"if a datastore, cluster, zone, link or site fails: {_of(breaking, larger, 'break')} a promise of recovery{named}"


def _of(count: int, cases: Sequence[FailureCase], verb: str) -> str:
    return f"{f'{count:,}' if count else 'none'} of {counted(len(cases), 'simulated failure')} {verb}{'' if count > 1 else 's'}"


def _excused(waivers: tuple[WaiverRow, ...]) -> Iterator[str]:
    lapsed = [w for w in waivers if w.state == "lapsed"]
    soon = [w for w in waivers if w.state == "lapsing"]
    if lapsed:
        yield f"{counted(len(lapsed), 'waiver')} lapsed and excuse nothing: {', '.join(w.id for w in lapsed[:5])}"
    if soon:
        yield f"{counted(len(soon), 'waiver')} {'lapses' if len(soon) == 1 else 'lapse'} within {SOON_DAYS} days: " + ", ".join(
            f"{w.id} in {counted(w.days_left or 0, 'day')}" for w in soon[:5]
        )


def _trend(trend: Trend | None) -> Iterator[str]:
    if trend is not None:
        yield f"against {trend.baseline}: {len(trend.new):,} new, {trend.old:,} old, {len(trend.fixed):,} fixed"


def sentence(text: str) -> str:
    """With a full stop, and a capital unless it begins with a name, which stays as it is written; nothing stays nothing."""
    first = text.partition(" ")[0].rstrip(",;:")
    return (text[:1].upper() + text[1:] if first.isalpha() else text).rstrip(".") + "." if text else ""
