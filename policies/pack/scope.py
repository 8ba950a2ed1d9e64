"""Which verdicts a stack's preview shows: those about its own site. Another site's findings belong to its own preview."""

from __future__ import annotations

from policies.evidence import Evidence

_NAMED_BY_SITE = ("cluster", "datastore", "pool", "network", "zone", "quota")


class Scope:
    """The objects of one site, looked up once for all verdicts."""

    def __init__(self, evidence: Evidence, site: str) -> None:
        here = [s for s in evidence.servers if s.site == site]
        self._site = site
        self._names = {
            "server": {s.name for s in here},
            "group": {s.group for s in here},
            "service": {s.service for s in here},
            "move": {m.server for m in evidence.moves if site in (m.source_site, m.target_site)},
            # A link that ought to be there and is not declared is named after its two sites, in order.
            "link": {link.name for link in evidence.links if site in link.sites}
            | {"-".join(sorted((site, other))) for other in evidence.kinds if other != site},
            "database": {d.name for d in evidence.databases if d.site == site},
            "site": {site},
        }

    def __contains__(self, target: str) -> bool:
        """Whether an object, as verdicts name it, matters to the site. What is not named after a place matters to all."""
        kind, _, rest = target.partition("/")
        if kind in _NAMED_BY_SITE:
            return rest.partition("/")[0] == self._site
        names = self._names.get(kind)
        return names is None or rest.partition("/")[0] in names
