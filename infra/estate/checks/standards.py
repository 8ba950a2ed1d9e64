"""Standards: required tags and rules that mean something, sane tiers."""

from __future__ import annotations

from collections.abc import Iterator

from infra.estate.draft import Draft
from infra.estate.problems import Problem, did_you_mean
from infra.tags import KEYS


def check(draft: Draft) -> Iterator[Problem]:
    """Every problem of the standards and of waivers' shape; whether a waiver's rule exists, the rules know."""
    entry = draft.standards
    if entry is not None:
        for index, tag in enumerate(entry.value.required_tags):
            if tag not in KEYS:
                yield entry.problem(
                    f"required tag {tag!r} is none that Incline sets", did_you_mean(tag, KEYS), "INC-1011", "required_tags", index
                )
        for tier, standard in entry.value.tiers.items():
            interval = standard.backup.interval_minutes
            if interval > standard.rpo_minutes:
                what = f"tier {tier.value}: backups every {interval} minutes cannot meet its RPO of {standard.rpo_minutes}"
                advice = f"write interval_minutes: {standard.rpo_minutes} or less"
                yield entry.problem(what, advice, "INC-1041", "tiers", tier.value, "backup", "interval_minutes")
    seen: dict[str, str] = {}
    for waiver in draft.waivers:
        if waiver.value.id in seen:
            what = f"waiver {waiver.value.id} stands twice, first at {seen[waiver.value.id]}"
            yield waiver.problem(what, "give each waiver its own id", "INC-1010", "id")
        seen.setdefault(waiver.value.id, waiver.where())
