"""Projected demand as evidence: a year of `infra.forecast` in weekly points, judged by the busiest weekday.

The trend, its levels and how often such levels held come from there; here they are put into the words of rules and reports.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from infra.forecast.model import Achieved, Forecast, NoForecast
from policies.evidence.forecasts import ForecastEvidence, ForecastPoint

MINIMUM_DAYS = 14
HORIZON_DAYS = 365
STEP_DAYS = 7
SHOWN = 0.95


def forecast(
    target: str, resource: str, days: Sequence[tuple[date, float]], *, source: str, as_of: datetime | None
) -> ForecastEvidence | None:
    """A year of projected demand in weekly points, the first on the last measured day; None when fewer than 14 days were measured.

    Args:
        target: the object as verdicts name it, such as cluster/downtown/general.
        resource: cpu, memory or space.
        days: the largest demand of each day, in any order; of a day given twice the larger counts.
        source: who measured it.
        as_of: when it was asked for.
    """
    # numpy is loaded only where something was measured: the policy pack starts without it.
    from infra.forecast.passage import peaks  # noqa: PLC0415
    from infra.forecast.project import forecast as project  # noqa: PLC0415

    if len(days) < MINIMUM_DAYS:
        return None
    found = project(days, HORIZON_DAYS, busiest=True)
    if isinstance(found, NoForecast):
        return None
    return ForecastEvidence(
        target=target,
        resource=resource,
        points=tuple(_points(found, [(low, middle, high) for low, middle, high in peaks(found).tolist()])),
        confidence=_confidence(found),
        source=source,
        as_of=as_of,
        coverage=found.coverage(),
        shifts=tuple(shift.text() for shift in found.shifts),
        oddities=tuple(f"{each.what}: {each.taken}" for each in found.oddities),
    )


def _points(found: Forecast, largest: Sequence[tuple[float, float, float]]) -> Iterator[ForecastPoint]:
    """Where the trend stands on the last measured day, with the levels of a day ahead; then every seventh day and the last one."""
    for ahead in [*range(0, HORIZON_DAYS, STEP_DAYS), HORIZON_DAYS]:
        point = found.points[max(0, ahead - 1)]
        back = 0.0 if ahead else found.slope
        p2_5, p10, p50, p90, p97_5 = (max(0.0, level - back) for level in point.levels())
        yield ForecastPoint(found.last + timedelta(days=ahead), p10, p50, p90, p2_5, p97_5, largest[max(0, ahead - 1)])


def _confidence(found: Forecast) -> str:
    """Days, trend, spread, what broke, and how often such levels held: in words."""
    scale = found.level if found.level > 0 else 1.0
    change, month = 100 * 30 * found.slope / scale, found.points[29]
    direction = "no clear trend" if abs(change) < 0.5 else f"{change:+.1f} % in 30 days"
    spread = f"in 30 days eight in ten futures within {100 * (month.p90 - month.p10) / scale:.1f} % of each other"
    broke = [found.shifts[-1].text()] if found.shifts else []
    return "; ".join([f"{found.days} days measured", direction, spread, *broke, *_held(found.achieved)])


def _held(achieved: Sequence[Achieved]) -> list[str]:
    """In short; `coverage` has it in full."""
    shares = [each.achieved for each in achieved if each.nominal == SHOWN and not each.horizon]
    return [f"{100 * SHOWN:g} % intervals held {100 * share:.1f} % of held-back days" for share in shares]
