"""What the plan waits for: blockers, software that is licensed by the core, legacy systems, servers without a night. By who decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from infra.wording import listed
from migration.assess.model import Assessment, Modernize, Readiness, Strategy
from migration.report.model import Decision, Material

TEAM = "infrastructure team"
"""Who decides where no department is known."""
_NAMED = 4
_NO_NIGHT = frozenset({"not placed", "does not fit"})


def decisions(material: Material) -> tuple[Decision, ...]:
    """Grouped by who decides; each names the servers and the way out."""
    today = material.made.date()
    found = [
        *_blockers(material.assessments, {each.code: each.what for each in material.summary.obstacles}),
        *_licences(material.assessments),
        *_legacy(material.assessments, today),
        *_retire(material.assessments),
        *_homeless(material),
        *_full(material),
        *_grave(material),
    ]
    return tuple(sorted(found, key=lambda d: (d.who != TEAM, d.who)))


def _by(assessments: Iterable[tuple[Assessment, str, str]]) -> dict[tuple[str, str, str], list[str]]:
    """Servers by owner, text and way out."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each, what, way in assessments:
        found.setdefault((each.owner or TEAM, what, way), []).append(each.server)
    return found


def _blockers(assessments: Sequence[Assessment], titles: Mapping[str, str]) -> Iterable[Decision]:
    pairs = ((a, r.code, r.remedy) for a in assessments if a.readiness is Readiness.NOT_READY for r in a.reasons if r.blocks)
    words = {r.code: r.what for a in assessments for r in a.reasons}
    for (who, code, remedy), servers in _by(pairs).items():
        what = (
            f"{servers[0]}: {words[code]}"
            if len(servers) == 1
            else f"{listed(servers, _NAMED)} cannot move as they are: {titles.get(code, code)} ({code})"
        )
        yield Decision(who=who, what=what, next=remedy, anchor="readiness")


def _licences(assessments: Sequence[Assessment]) -> Iterable[Decision]:
    pairs = ((a, f"{risk.product}: {risk.what}", risk.remedy) for a in assessments for risk in a.licences)
    for (who, what, remedy), servers in _by(pairs).items():
        yield Decision(who=who, what=f"{listed(servers, _NAMED)}: {what}", next=remedy, anchor="licences")


def _legacy(assessments: Sequence[Assessment], today: date) -> Iterable[Decision]:
    old = ((a, a.modernize) for a in assessments if a.modernize is not None and a.modernize.path)
    triples = ((a, path.what + _until(path, today), path.path[0]) for a, path in old)
    for (who, what, step), servers in _by(triples).items():
        yield Decision(who=who, what=f"{listed(servers, _NAMED)}: {what}", next=step, anchor="legacy")


def _until(path: Modernize, today: date) -> str:
    """Its date, unless the words have said it."""
    if path.until is None or str(path.until) in path.what:
        return ""
    return f", supported until {path.until}" if path.until >= today else f", out of support since {path.until}"


def _retire(assessments: Sequence[Assessment]) -> Iterable[Decision]:
    pairs = ((a, a.strategy_why, "switch it off for a month, then remove it") for a in assessments if a.strategy is Strategy.RETIRE)
    for (who, why, way), servers in _by(pairs).items():
        yield Decision(who=who, what=f"{listed(servers, _NAMED)} may be retired: {why}", next=way, anchor="readiness")


def _homeless(material: Material) -> Iterable[Decision]:
    plan = material.plan
    left = [each for each in plan.left_out if each.kind in _NO_NIGHT] if plan else []
    for why in dict.fromkeys(each.why for each in left):
        servers = [each.server for each in left if each.why == why]
        yield Decision(
            who=TEAM,
            what=f"{listed(servers, _NAMED)}: in no night: {why}",
            next="settle the reason, or retain it: incline plan retain; then plan again",
            anchor="waves",
        )


def _full(material: Material) -> Iterable[Decision]:
    for each in material.projections:
        if each.passage.p10 is not None:
            yield Decision(
                who=TEAM,
                what=f"{each.name}: {each.passage.text()}",
                next="add capacity or move load away before the first of these dates",
                anchor="forecasts",
            )


def _grave(material: Material) -> Iterable[Decision]:
    for risk in material.risks:
        if risk.grave:
            yield Decision(who=risk.owner, what=risk.what, next=risk.measure, anchor="risks")
