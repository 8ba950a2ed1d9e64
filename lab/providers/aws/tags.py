"""Tags: the provider's default tags are part of every resource's `tags`, as the Pulumi bridge merges them in Check."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lab.providers.aws.session import AwsSession
from lab.providers.table import Change, Resource
from lab.providers.values import Unknown, Values

RESERVED = "aws:"


def with_default_tags(config: Values, resource: Resource[Any], inputs: Values) -> Values:
    """The inputs with `defaultTags` merged in; the resource's own tags win."""
    defaults = ((config.get("defaultTags") or {}).get("tags")) or {}
    own = inputs.get("tags") or {}
    if "tags" not in resource.fields or not defaults or isinstance(own, Unknown):
        return inputs
    return {**inputs, "tags": {**defaults, **own}}


def as_list(tags: Values | None) -> list[dict[str, str]]:
    """A map of tags as AWS's calls want it."""
    return [{"Key": key, "Value": str(value)} for key, value in (tags or {}).items()]


def as_map(session: AwsSession, tags: Iterable[Any] | dict[str, str] | None) -> Values:
    """The tags that a person can set: without AWS's own, and without those the provider is told to ignore."""
    pairs = tags.items() if isinstance(tags, dict) else [_pair(tag) for tag in tags or ()]
    ignore = session.config.get("ignoreTags") or {}
    prefixes = (RESERVED, *(ignore.get("keyPrefixes") or ()))
    keys = set(ignore.get("keys") or ())
    return {key: value for key, value in pairs if not key.startswith(prefixes) and key not in keys}


def told(session: AwsSession, tags: Iterable[Any] | dict[str, str] | None) -> Values:
    """The two outputs that every tagged resource has."""
    plain = as_map(session, tags)
    return {"tags": plain, "tagsAll": dict(plain)}


def specification(kind: str, tags: Values | None) -> list[dict[str, Any]]:
    """The `TagSpecifications` of an EC2 call."""
    return [{"ResourceType": kind, "Tags": as_list(tags)}] if tags else []


def bring_ec2_tags(session: AwsSession, change: Change) -> None:
    """Make an EC2 resource's tags those of the inputs."""
    bring_ec2(session, change.id, change.state.get("tags") or {}, change.new.get("tags") or {})


def bring_ec2(session: AwsSession, id_: str, old: Values, new: Values) -> None:
    """Remove the tags that go and set those that come or change."""
    gone = [{"Key": key} for key in old if key not in new]
    come = {key: value for key, value in new.items() if str(old.get(key)) != str(value)}
    if gone:
        session.ec2.delete_tags(Resources=[id_], Tags=gone)
    if come:
        session.ec2.create_tags(Resources=[id_], Tags=as_list(come))


def _pair(tag: Any) -> tuple[str, str]:
    """A tag as EC2 and IAM write it, or as KMS does."""
    return (tag["Key"], tag.get("Value", "")) if "Key" in tag else (tag["TagKey"], tag.get("TagValue", ""))
