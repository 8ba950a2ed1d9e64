"""Incline's own document: an inventory as JSON that loses nothing, to carry it from one store to another."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from migration.discover.exchange.faults import damaged, several_sites, unknown
from migration.discover.exchange.source import Source
from migration.discover.model import Inventory
from migration.discover.store_codec import encode

SCHEMA = "incline.inventory/1"
_SITED = ("machines", "hosts", "clusters", "datastores", "networks", "quotas")


def write_document(inventory: Inventory) -> tuple[str, int, tuple[str, ...]]:
    """The document, how many machines are in it, and what is not: nothing."""
    document = {"schema": SCHEMA, **encode(inventory)}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n", len(inventory.machines), ()


def read_document(source: Source, site: str) -> Inventory:
    """Read a document; what is of one site is kept under the name given.

    Raises:
        InclineError: it is no such document, is damaged, or holds several sites and not the one that is asked for.
    """
    try:
        found = json.loads(source.workbook)
    except (ValueError, RecursionError) as error:
        raise damaged(source.name, f"it is no readable JSON ({error})") from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise unknown(f"{source.name} is JSON, but no inventory of Incline", "`incline inventory export FILE.json` writes one")
    try:
        inventory = TypeAdapter(Inventory).validate_python({name: value for name, value in found.items() if name != "schema"})
    except (ValidationError, RecursionError) as error:
        raise damaged(source.name, _first(error)) from error
    sites = {each.site for name in _SITED for each in getattr(inventory, name)}
    if site in sites or len(sites) > 1:
        return _of_site(inventory, source.name, site, sites)
    return _renamed(inventory, next(iter(sites), site), site)


def _first(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    each = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, each['loc']))}: {each['msg']}"


def _of_site(inventory: Inventory, name: str, site: str, sites: set[str]) -> Inventory:
    if site not in sites:
        raise several_sites(name, sites, site)
    own: dict[str, Any] = {kind: tuple(each for each in getattr(inventory, kind) if each.site == site) for kind in _SITED}
    usage = tuple(each for each in inventory.usage if each.machine.startswith(f"{site}/"))
    return replace(inventory, **own, usage=usage)


def _renamed(inventory: Inventory, old: str, new: str) -> Inventory:
    """The same under another site's name, in the keys too."""
    if old == new:
        return inventory

    def key(text: str) -> str:
        return f"{new}/{text.removeprefix(f'{old}/')}" if text.startswith(f"{old}/") else text

    own: dict[str, Any] = {kind: tuple(replace(each, site=new) for each in getattr(inventory, kind)) for kind in _SITED}
    own["machines"] = tuple(replace(each, key=key(each.key)) for each in own["machines"])
    return replace(
        inventory,
        **own,
        usage=tuple(replace(each, machine=key(each.machine)) for each in inventory.usage),
        edges=tuple(replace(each, source=key(each.source), target=key(each.target)) for each in inventory.edges),
    )
