"""The only reader of Pulumi's configuration and the only parser of stack names.

A stack is a layer of a site: `<site>.<layer>`. Its configuration says the same in words (`incline:site`, `incline:layer`) and names the
estate's folder; everything else is in the estate. A configuration that contradicts the stack's name is refused: a program that runs
under the wrong name would write one site's servers into another site's state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pulumi

from infra.errors import InclineError

ESTATE_VARIABLE = "INCLINE_ESTATE"
DEFAULT_ESTATE = "estate"


class Layer(StrEnum):
    """What a stack holds: what rarely changes, or what changes daily."""

    FOUNDATION = "foundation"
    SERVERS = "servers"


@dataclass(frozen=True, kw_only=True)
class StackName:
    """A stack's name in its parts."""

    site: str
    layer: Layer

    def __str__(self) -> str:
        """The name as Pulumi knows it."""
        return f"{self.site}.{self.layer}"


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """What a program needs to know before it reads the estate."""

    name: StackName
    estate: Path


def parse_stack_name(text: str) -> StackName:
    """The parts of `downtown.servers`.

    Raises:
        InclineError: the name is not `<site>.<layer>` (INC-7001).
    """
    site, dot, layer = text.rpartition(".")
    if not site or not dot or layer not in {each.value for each in Layer}:
        raise InclineError(
            f"stack {text!r} is not named <site>.<layer>",
            code="INC-7001",
            details=(f"layers: {', '.join(Layer)}",),
            next_step="pulumi stack select downtown.servers, or another stack of a site",
        )
    return StackName(site=site, layer=Layer(layer))


def read_settings(environ: Mapping[str, str]) -> StackSettings:
    """The settings of the running program; `INCLINE_ESTATE` wins over the configured folder. Paths start at the project's root.

    Raises:
        InclineError: the configuration contradicts the stack's name (INC-7002).
    """
    name = parse_stack_name(pulumi.get_stack())
    config = pulumi.Config("incline")
    said = (config.get("site") or name.site, config.get("layer") or name.layer.value)
    if said != (name.site, name.layer.value):
        raise InclineError(
            f"stack {name} is configured as {said[0]}.{said[1]}",
            code="INC-7002",
            next_step=f"correct incline:site and incline:layer in stacks/config/Pulumi.{name}.yaml",
        )
    folder = environ.get(ESTATE_VARIABLE) or config.get("estate") or DEFAULT_ESTATE
    return StackSettings(name=name, estate=Path(pulumi.get_root_directory()) / folder)
