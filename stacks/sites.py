"""Which site a stack is about."""

from __future__ import annotations

from infra.errors import InclineError
from infra.estate.model import Estate, Site
from infra.stack_config import StackName


def site_of(estate: Estate, name: StackName) -> Site:
    """The site that a stack's name begins with.

    Raises:
        InclineError: the estate has no such site (INC-7004).
    """
    site = estate.sites.get(name.site)
    if site is None:
        raise InclineError(
            f"stack {name}: the estate {estate.name} has no site {name.site}",
            code="INC-7004",
            details=(f"it has {', '.join(sorted(estate.sites))}",),
            next_step="select the stack of one of these sites, or name another estate with INCLINE_ESTATE",
        )
    return site
