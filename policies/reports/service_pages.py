"""The pages of `incline where` and `incline impact`: one HTML file each, no network, no script."""

from __future__ import annotations

from typing import Any

from infra.pages.environment import page_environment
from policies.reports.impact import Impact
from policies.reports.where import Whereabouts
from policies.reports.words import span


def impact_page(impact: Impact) -> str:
    """What a failure does."""
    states = [s.state for s in impact.services]
    return _render(
        "impact.html",
        r=impact,
        down=states.count("down"),
        away=states.count("interrupted"),
        broken=sum(not s.kept for s in impact.services),
    )


def where_page(where: Whereabouts) -> str:
    """Where a service runs."""
    return _render("where.html", r=where, broken=sum(not f.kept for f in where.failures))


def _render(template: str, **values: Any) -> str:
    return page_environment("policies.reports", span=span, sentence=_sentence).get_template(template).render(**values)


def _sentence(text: str) -> str:
    """With a capital, unless it begins with a command or a name, and a full stop."""
    return text[:1].upper() + text[1:].rstrip(".") + "."
