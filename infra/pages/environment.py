"""Templates of a package, together with the shared frame and style."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def page_environment(package: str, **filters: Callable[..., Any]) -> Environment:
    """Templates of `package` (its folder `templates`), which may extend `base.html`. Everything is escaped, nothing undefined passes."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "templates"), PackageLoader("infra.pages", "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    return environment
