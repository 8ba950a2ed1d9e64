"""Keeps secrets out of the store: people write passwords into custom attributes and tags, where everybody with read access sees them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from migration.discover.model import Finding, FoundMachine, Gravity

_NAMES = re.compile(r"passw|passphrase|secret|credential|private.?key|api.?key|access.?key|token|(^|[^a-z])pw(d)?([^a-z]|$)", re.IGNORECASE)
_VALUES = re.compile(r"passw(or)?d\s*[:=]|-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b", re.IGNORECASE)


def without_secrets(machines: Sequence[FoundMachine]) -> tuple[tuple[FoundMachine, ...], tuple[Finding, ...]]:
    """The machines without tags and attributes that look like a secret, and a finding for each of those: its name, never its value."""
    kept: list[FoundMachine] = []
    found: list[Finding] = []
    for machine in machines:
        names = [*_secret(machine.tags), *_secret(machine.custom)]
        if not names:
            kept.append(machine)
            continue
        kept.append(replace(machine, tags=_without(machine.tags, names), custom=_without(machine.custom, names)))
        found += [_finding(machine, name) for name in names]
    return tuple(kept), tuple(found)


def _secret(told: Mapping[str, str]) -> list[str]:
    return [name for name, value in told.items() if value and (_NAMES.search(name) or _VALUES.search(value))]


def _without(told: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in told.items() if name not in names}


def _finding(machine: FoundMachine, name: str) -> Finding:
    return Finding(
        code="DSC-102",
        gravity=Gravity.WARNING,
        where=f"{machine.site}/{machine.name}",
        what=f"the tag or attribute {name} looks like a secret",
        taken="it is not kept",
        remedy="remove it at the site, and change the secret: everybody who may look at the machine could read it",
    )
