"""What a preview shows in an example: resources of one stack, with values that are known only after the update."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.evidence import Evidence
from policies.examples.ground import ESTATE, GIB
from policies.readers.properties import decode_plain
from policies.readers.resources import overlay
from policies.readers.stack import KEYS, SERVER, VIRTUAL_MACHINE, Resource

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How Pulumi writes a text that is known only after the update."""


@dataclass(frozen=True)
class Shown:
    """One resource of the preview. A component's name is the server's."""

    site: str
    type: str
    name: str
    properties: Mapping[str, Any]
    parent: str = ""

    @property
    def urn(self) -> str:
        """Its URN, as the engine makes it."""
        return f"urn:pulumi:{self.site}.servers::incline::{self.type}::{self.name}"


def machine(site: str, server: str, **other: Any) -> tuple[Shown, ...]:
    """A virtual machine as the estate's ground declares it, but for the properties given; UNKNOWN for what the update will tell."""
    entry = ESTATE["servers"].get(server, ESTATE["servers"]["records-db-01"])
    properties = {
        "name": server,
        "numCpus": entry["size"]["cpus"],
        "memory": entry["size"]["memory"] >> 20,
        "firmware": entry["os"]["firmware"],
        "disks": [{"label": d["name"], "size": -(-d["size"] // GIB)} for d in entry["disks"]],
    }
    return (Shown(site, VIRTUAL_MACHINE, server, {**properties, **other}),)


def component(site: str, server: str, tags: Any, **other: Any) -> tuple[Shown, ...]:
    """A virtual machine below its component, whose intent carries the tags."""
    above = Shown(site, SERVER, server, {"tags": tags})
    (below,) = machine(site, server, **other)
    return (above, Shown(site, below.type, f"{server}-vm", below.properties, above.urn))


def previewed(evidence: Evidence, shown: Iterable[Shown]) -> Evidence:
    """The evidence with the preview's resources laid over it."""
    listed = tuple(shown)
    if not listed:
        return evidence
    resources = [
        Resource(s.type, s.name, s.urn, s.parent, decode_plain(s.properties, s.name, KEYS[s.type]), frozenset(s.properties)) for s in listed
    ]
    return overlay(evidence, listed[0].site, resources)
