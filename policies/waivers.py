"""Waivers: accepted findings with an end. An unreadable or overlong date is a lapsed waiver, never a permanent one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase

from infra.estate.model import Waiver
from policies.verdict import Outcome, Severity, Verdict

LONGEST = {
    Severity.CRITICAL: timedelta(days=14),
    Severity.HIGH: timedelta(days=90),
    Severity.MEDIUM: timedelta(days=180),
    Severity.LOW: timedelta(days=365),
}
"""The longest life of a waiver by the severity of what it waives: the graver, the sooner somebody has to look again."""
SOON_DAYS = 30
"""A waiver that lapses within so many days is named aloud: long enough to mend what it covers, or to ask again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a waiver counts today, and if not, why."""

    counts: bool
    why: str = ""


def standing(waiver: Waiver, severity: Severity, today: date) -> Standing:
    """Whether a waiver counts for a finding of this severity on this day."""
    created, expires = day_of(waiver.created), day_of(waiver.expires)
    if expires is None:
        return Standing(counts=False, why=f"its expiry date {waiver.expires!r} cannot be read; write it like {today + timedelta(days=14)}")
    if created is None:
        return Standing(counts=False, why=f"its creation date {waiver.created!r} cannot be read")
    if expires < today:
        return Standing(counts=False, why=f"it expired on {expires}, {(today - expires).days} days ago")
    if created > today:
        return Standing(counts=False, why=f"it begins only on {created}")
    if expires - created > LONGEST[severity]:
        return Standing(
            counts=False, why=f"a {severity} finding may be waived for {LONGEST[severity].days} days, not {(expires - created).days}"
        )
    return Standing(counts=True)


def apply(verdict: Verdict, waivers: tuple[Waiver, ...], today: date) -> Verdict:
    """The verdict after the estate's waivers: waived, or failed with the lapse said aloud."""
    if verdict.outcome is not Outcome.FAIL:
        return verdict
    matching = [w for w in waivers if verdict.rule in w.rules and fnmatchcase(verdict.target, w.target)]
    standings = [(w, standing(w, verdict.severity, today)) for w in matching]
    for waiver, state in standings:
        if state.counts:
            return verdict.waived_by(waiver.id, waiver.expires)
    for waiver, state in standings:
        return verdict.lapsed_waiver(waiver.id, state.why)
    return verdict


def lapses(waiver: Waiver) -> date | None:
    """The last day a waiver counts; None where its date cannot be read."""
    return day_of(waiver.expires)


def day_of(text: str) -> date | None:
    """A date as waivers write it; None where it cannot be read."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
