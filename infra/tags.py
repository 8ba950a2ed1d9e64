"""The tags that every machine carries on either side, built in one place so that both sides agree to the letter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infra.estate.model import Server, Service

KEYS = ("owner", "service", "tier", "rto", "rpo", "data-class", "cost-centre")

_AWS_PREFIX = "incline:"
_VSPHERE_PREFIX = "incline-"


def required_tags(service: Service) -> dict[str, str]:
    """The values of the required tags, by key without any side's prefix."""
    return {
        "owner": service.owner,
        "service": service.name,
        "tier": service.tier.value,
        "rto": f"{service.rto_minutes}m",
        "rpo": f"{service.rpo_minutes}m",
        "data-class": service.data_class.value,
        "cost-centre": service.cost_centre,
    }


def aws_tags(tags: Mapping[str, str], *, name: str = "") -> dict[str, str]:
    """The same tags as AWS holds them: `incline:owner` ..., and `Name`, which consoles show."""
    named = {"Name": name} if name else {}
    return named | {f"{_AWS_PREFIX}{key}": value for key, value in tags.items()}


def aws_server_tags(server: Server, service: Service) -> dict[str, str]:
    """Everything an EC2 instance of a server carries: the required tags, its name, and the tags of its own from the estate."""
    return aws_tags(required_tags(service), name=server.name) | dict(server.tags)


def tag_category(key: str) -> str:
    """The vSphere tag category of a key."""
    return f"{_VSPHERE_PREFIX}{key}"


def vsphere_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The same tags as vSphere holds them: category name to tag name."""
    return {tag_category(key): value for key, value in tags.items()}


def tag_catalogue(services: Iterable[Service]) -> dict[str, tuple[str, ...]]:
    """Every category and its tags, sorted: what a vCenter must hold before the machines of these services can be tagged."""
    values: dict[str, set[str]] = {tag_category(key): set() for key in KEYS}
    for service in services:
        for category, tag in vsphere_tags(required_tags(service)).items():
            values[category].add(tag)
    return {category: tuple(sorted(tags)) for category, tags in values.items()}
