"""Links: two different sites that exist, one link per pair."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra.estate.draft import Draft
from infra.estate.problems import Problem, did_you_mean

_WINDOW = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


def check(draft: Draft) -> Iterator[Problem]:
    """Every problem of links."""
    pairs: dict[frozenset[str], str] = {}
    for name, entry in draft.links.items():
        link = entry.value
        for index, site in enumerate(link.sites):
            if not draft.may_declare("sites", site):
                yield entry.problem(
                    f"link {name}: unknown site {site!r}", did_you_mean(site, draft.names("sites")), "INC-1011", "sites", index
                )
        pair = frozenset(link.sites)
        if len(pair) == 1:
            yield entry.problem(f"link {name} joins {link.sites[0]} to itself", "name two sites", "INC-1005", "sites")
        elif pair in pairs:
            advice = "write one link with paths: 2 or more"
            yield entry.problem(f"link {name} joins the same sites as link {pairs[pair]}", advice, "INC-1010", "sites")
        pairs.setdefault(pair, name)
        if link.window and not _WINDOW.fullmatch(link.window):
            what = f"link {name}: the window {link.window!r} is no span of time"
            yield entry.problem(what, 'write it as "22:00-05:00", in quotes', "INC-1005", "window")
