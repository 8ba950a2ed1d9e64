"""Tags: categories, tags, and which objects carry them. All of it is REST."""

from __future__ import annotations

import json
from typing import Any

from lab.providers.failures import ProviderError
from lab.providers.table import Change, Field, Fields, GeneratedName, Resource, Work
from lab.providers.values import Values, is_empty
from lab.providers.vsphere.session import VsphereSession, moref

VsphereWork = Work[VsphereSession]

_TAGGING = "tagging"
_TYPE_PREFIX = "urn:vim25:"
_ALL = "All"

TAGS = Field(unordered=True)
"""The property `tags` of an object that can carry tags: a set of tag ids."""


def _object(obj: Any) -> Values:
    return {"object_id": {"id": moref(obj), "type": type(obj).__name__.rpartition(".")[2]}}


def attached(session: VsphereSession, obj: Any) -> list[str]:
    """The ids of the tags that an object carries."""
    return sorted(session.rest("POST", f"{_TAGGING}/tag-association?~action=list-attached-tags", _object(obj)) or [])


def bring_tags(session: VsphereSession, obj: Any, wanted: list[str]) -> None:
    """Make an object carry exactly these tags."""
    there = attached(session, obj)
    for tag in there:
        if tag not in wanted:
            session.rest("POST", f"{_TAGGING}/tag-association/id:{tag}?~action=detach", _object(obj))
    for tag in wanted:
        if tag not in there and session.rest("POST", f"{_TAGGING}/tag-association/id:{tag}?~action=attach", _object(obj)) is None:
            raise_if_missing(session, tag)


def raise_if_missing(session: VsphereSession, tag: str) -> None:
    """Attaching answers nothing on success too: ask whether there is such a tag at all."""
    if session.rest("GET", f"{_TAGGING}/tag/id:{tag}") is None:
        raise ProviderError(f"tag {tag} not found")


def category_named(session: VsphereSession, name: str) -> Values | None:
    """The category of a name, or None."""
    for id_ in session.look("GET", f"{_TAGGING}/category") or ():
        found = session.look("GET", f"{_TAGGING}/category/id:{id_}")
        if found and found["name"] == name:
            return dict(found)
    return None


def tag_named(session: VsphereSession, name: str, category: str) -> Values | None:
    """The tag of a name in a category, or None."""
    for id_ in session.look("POST", f"{_TAGGING}/tag/id:{category}?~action=list-tags-for-category") or ():
        found = session.look("GET", f"{_TAGGING}/tag/id:{id_}")
        if found and found["name"] == name:
            return dict(found)
    return None


def category_shown(found: Values) -> Values:
    """A category as its resource and its function show it."""
    return {
        "id": found["id"],
        "name": found["name"],
        "description": found.get("description") or None,
        "cardinality": found["cardinality"],
        "associableTypes": sorted(kind.removeprefix(_TYPE_PREFIX) for kind in found.get("associable_types") or ()),
    }


def tag_shown(found: Values) -> Values:
    """A tag as its resource and its function show it."""
    return {"id": found["id"], "name": found["name"], "description": found.get("description") or None, "categoryId": found["category_id"]}


class TagCategory(Resource[VsphereSession]):
    """A category of tags. Types can be added to it, never removed."""

    name = "vsphere:index/tagCategory:TagCategory"
    upstream = "vsphere/resource_vsphere_tag_category.go"
    generated_name = GeneratedName()
    fields = Fields({"name": Field(), "description": Field(), "cardinality": Field(), "associableTypes": Field(unordered=True)})

    def refuse_change(self, state: Values, news: Values) -> str:
        """Upstream refuses this in its Update; the plan shows it here already."""
        wanted = news.get("associableTypes")
        gone = [kind for kind in state.get("associableTypes") or () if isinstance(wanted, list) and kind not in wanted]
        return f'cannot remove type "{gone[0]}" (removal of associable types is not supported)' if gone else ""

    def create(self, work: VsphereWork, inputs: Values) -> str:
        """POST category."""
        work.session.forget()
        return str(work.session.rest("POST", f"{_TAGGING}/category", {"create_spec": self._spec(inputs)}))

    def read(self, work: VsphereWork, id_: str, prior: Values) -> Values | None:
        """GET category."""
        _ = prior
        found = work.session.rest("GET", f"{_TAGGING}/category/id:{id_}")
        return category_shown(found) if found else None

    def update(self, work: VsphereWork, change: Change) -> None:
        """PATCH category. Types are only ever appended: the list must begin as it was."""
        work.session.forget()
        path, spec = f"{_TAGGING}/category/id:{change.id}", self._spec(change.new)
        there = list((work.session.rest("GET", path) or {}).get("associable_types") or ())
        spec["associable_types"] = [*there, *(kind for kind in spec["associable_types"] if kind not in there)]
        work.session.rest("PATCH", path, {"update_spec": spec})

    def delete(self, work: VsphereWork, id_: str, state: Values) -> None:
        """DELETE category, with its tags."""
        _ = state
        work.session.forget()
        work.session.rest("DELETE", f"{_TAGGING}/category/id:{id_}")

    def locate(self, work: VsphereWork, import_id: str) -> str:
        """Imported by its name."""
        found = category_named(work.session, import_id)
        return str(found["id"]) if found else ""

    @staticmethod
    def _spec(inputs: Values) -> Values:
        kinds = [kind if kind == _ALL else f"{_TYPE_PREFIX}{kind}" for kind in inputs["associableTypes"]]
        return {
            "name": inputs["name"],
            "description": inputs.get("description") or "",
            "cardinality": inputs["cardinality"],
            "associable_types": kinds,
        }


class Tag(Resource[VsphereSession]):
    """A tag of a category."""

    name = "vsphere:index/tag:Tag"
    upstream = "vsphere/resource_vsphere_tag.go"
    generated_name = GeneratedName()
    fields = Fields({"name": Field(), "description": Field(), "categoryId": Field(replace=True)})

    def create(self, work: VsphereWork, inputs: Values) -> str:
        """POST tag."""
        spec = {"name": inputs["name"], "description": inputs.get("description") or "", "category_id": inputs["categoryId"]}
        work.session.forget()
        made = work.session.rest("POST", f"{_TAGGING}/tag", {"create_spec": spec})
        if is_empty(made):
            raise ProviderError(f"tag category {inputs['categoryId']} not found")
        return str(made)

    def read(self, work: VsphereWork, id_: str, prior: Values) -> Values | None:
        """GET tag."""
        _ = prior
        found = work.session.rest("GET", f"{_TAGGING}/tag/id:{id_}")
        return tag_shown(found) if found else None

    def update(self, work: VsphereWork, change: Change) -> None:
        """PATCH tag."""
        spec = {"name": change.new["name"], "description": change.new.get("description") or ""}
        work.session.forget()
        work.session.rest("PATCH", f"{_TAGGING}/tag/id:{change.id}", {"update_spec": spec})

    def delete(self, work: VsphereWork, id_: str, state: Values) -> None:
        """DELETE tag."""
        _ = state
        work.session.forget()
        work.session.rest("DELETE", f"{_TAGGING}/tag/id:{id_}")

    def locate(self, work: VsphereWork, import_id: str) -> str:
        """Imported by a JSON of category and name."""
        try:
            wanted = json.loads(import_id)
            category, name = wanted["category_name"], wanted["tag_name"]
        except (ValueError, KeyError, TypeError) as error:
            raise ProviderError(f'expected {{"category_name": ..., "tag_name": ...}} as the id of a tag, got {import_id}') from error
        owner = category_named(work.session, category)
        found = tag_named(work.session, name, owner["id"]) if owner else None
        return str(found["id"]) if found else ""
