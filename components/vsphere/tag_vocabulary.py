"""The city's vocabulary of tags in a vCenter: a category per key, a tag per value in use.

Existing categories and tags are adopted. Every value that a service of the estate uses is declared, whether or not a server carries it
now, so that a new server or a move needs no change of the foundation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import pulumi
import pulumi_vsphere as vsphere

from components.base import ChildOptions
from components.vsphere.vcenter import VcenterLookup
from infra.estate.model import Server, Service
from infra.naming import safe_name
from infra.outputs import tag_id_key
from infra.stack_state import StackState
from infra.tags import tag_catalogue, tag_category

CATEGORY_TYPE = "vsphere:index/tagCategory:TagCategory"
TAG_TYPE = "vsphere:index/tag:Tag"
# Longer names are legal in Pulumi, but a table of them is not readable.
MAX_NAME = 100

Vocabulary = Mapping[str, tuple[str, ...]]


def vocabulary(services: Iterable[Service], servers: Iterable[Server]) -> Vocabulary:
    """Category -> sorted values: the required tags of all services and the servers' own."""
    values = {category: set(tags) for category, tags in tag_catalogue(services).items()}
    for server in servers:
        for key, value in server.tags.items():
            values.setdefault(tag_category(key), set()).add(value)
    return {category: tuple(sorted(tags)) for category, tags in sorted(values.items())}


def declare_tags(
    site: str, words: Vocabulary, vcenter: VcenterLookup, stack: StackState, children: ChildOptions
) -> dict[str, pulumi.Input[str]]:
    """Children `<site>-<category>` and `<site>-<category>-<value>`; the ids by `tag_id_key`."""
    ids: dict[str, pulumi.Input[str]] = {}
    for category, values in words.items():
        name = f"{site}-{category}"
        tag_names = {value: safe_name(f"{name}-{value}", max_length=MAX_NAME) for value in values}
        unknown = not stack.owns(CATEGORY_TYPE, name) or any(not stack.owns(TAG_TYPE, each) for each in tag_names.values())
        found = vcenter.category(category) if unknown else None
        declared = vsphere.TagCategory(
            name,
            name=category,
            cardinality="SINGLE",
            associable_types=["VirtualMachine"],
            opts=children.adopted(stack.import_id(CATEGORY_TYPE, name, category if found else ""), protect=False),
        )
        for value, tag_name in tag_names.items():
            adopt = found and not stack.owns(TAG_TYPE, tag_name) and vcenter.has_tag(value, found)
            import_id = json.dumps({"category_name": category, "tag_name": value}) if adopt else None
            tag = vsphere.Tag(tag_name, name=value, category_id=declared.id, opts=children.adopted(import_id, protect=False))
            ids[tag_id_key(category, value)] = tag.id
    return ids
