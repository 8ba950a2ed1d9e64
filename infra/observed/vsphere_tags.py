"""The tags of many machines in a few calls, under the names that the estate uses: `incline-tier` is `tier`."""

from __future__ import annotations

from collections.abc import Sequence

from infra.observed.vsphere_rest import VsphereRest
from infra.observed.vsphere_session import VsphereSession
from infra.tags import tag_category

_AT_ONCE = 500
_ATTACHED = "/tagging/tag-association?~action=list-attached-tags-on-objects"


def attached_tags(session: VsphereSession, morefs: Sequence[str]) -> dict[str, dict[str, str]]:
    """Tags by machine, key and value.

    Raises:
        RestRefusedError: this login may not read tags, or the vCenter does not answer for them.
    """
    with session.rest() as rest:
        return _read(rest, morefs)


def _read(rest: VsphereRest, morefs: Sequence[str]) -> dict[str, dict[str, str]]:
    attached: dict[str, list[str]] = {}
    for start in range(0, len(morefs), _AT_ONCE):
        objects = [{"id": moref, "type": "VirtualMachine"} for moref in morefs[start : start + _AT_ONCE]]
        for each in rest.post(_ATTACHED, {"object_ids": objects}) or ():
            attached[str(each["object_id"]["id"])] = [str(tag) for tag in each.get("tag_ids") or ()]
    categories: dict[str, str] = {}
    words: dict[str, tuple[str, str]] = {}
    for tag in sorted({tag for tags in attached.values() for tag in tags}):
        told = rest.get(f"/tagging/tag/id:{tag}")
        category = str(told["category_id"])
        if category not in categories:
            categories[category] = str(rest.get(f"/tagging/category/id:{category}")["name"])
        words[tag] = (categories[category].removeprefix(tag_category("")), str(told["name"]))
    return {moref: dict(words[tag] for tag in sorted(tags)) for moref, tags in attached.items()}
