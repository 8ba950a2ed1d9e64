"""An AWS account's region as an inventory: instances with their volumes and cards, subnets, quotas. Nothing is changed there.

What the login may not ask is a finding and stays unknown; user data, where people leave passwords, is never asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from infra.catalogue import instance_types
from infra.estate.model import AwsSite
from infra.observed.aws_instances import Raw, raw_instances, raw_volumes, tags
from infra.observed.aws_quotas import read_quotas
from infra.observed.aws_session import AwsSession
from infra.observed.gaps import Gaps
from migration.discover.aws_machines import Region, found_instance
from migration.discover.model import Finding, FoundNetwork, FoundQuota, Gravity, Inventory

_MIB = 1 << 20
_AT_ONCE = 100
Watch = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Size:
    """What an instance type is: processors, memory in bytes, MHz of one processor (0: not told), architecture."""

    cpus: int
    memory: int
    mhz: float
    architecture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsLook:
    """The inventory, and by machine key what 100 per cent of its processors are, in MHz."""

    inventory: Inventory
    mhz: Mapping[str, float]


def read_region(session: AwsSession, site: AwsSite, *, now: datetime | None = None, watch: Watch = lambda _: None) -> AwsLook:
    """One look at the region of a site: every instance that exists, not only those within the site's own range."""
    taken_at, gaps = now or datetime.now(UTC), Gaps()
    instances = raw_instances(session)
    watch(len(instances))
    sizes = gaps.ask("sizes of the instances' types", lambda: _sizes(session, instances)) or {}
    sizes = _of_catalogue(instances) | sizes
    subnets = gaps.ask("subnets", lambda: _subnets(session, site)) or {}
    region = Region(
        site=site.name,
        source=f"AWS account {site.account}, region {session.region}",
        as_of=taken_at,
        volumes=gaps.ask("volumes", lambda: raw_volumes(session, instances)) or {},
        images=gaps.ask("images", lambda: _images(session, instances)) or {},
        subnets={subnet: network.name for subnet, network in subnets.items()},
        sizes={name: (size.cpus, size.memory, size.architecture) for name, size in sizes.items()},
    )
    machines = tuple(sorted((found_instance(raw, region) for raw in instances), key=lambda m: (m.name, m.key)))
    quotas = gaps.ask("quotas", lambda: _quotas(session, site.name, instances, sizes)) or ()
    inventory = Inventory(
        taken_at=taken_at,
        machines=machines,
        networks=tuple(sorted(subnets.values(), key=lambda n: n.name)),
        quotas=quotas,
        findings=tuple(_unread(site.name, part, why) for part, why in gaps.reasons.items()),
    )
    whole = {m.key: sizes[m.instance_type].mhz * m.cpus for m in machines if m.instance_type in sizes}
    return AwsLook(inventory=inventory, mhz=whole)


def _unread(site: str, part: str, why: str) -> Finding:
    return Finding(
        code="DSC-106",
        gravity=Gravity.WARNING,
        where=site,
        what=f"{part} could not be read: {why}",
        taken="they stay unknown",
        remedy="give the site's user the permission that the reason names",
    )


def _sizes(session: AwsSession, instances: Sequence[Raw]) -> dict[str, Size]:
    types = sorted({str(raw.get("InstanceType", "")) for raw in instances} - {""})
    found = {}
    for start in range(0, len(types), _AT_ONCE):
        asked = types[start : start + _AT_ONCE]
        for each in session.pages("ec2", "describe_instance_types", "InstanceTypes", InstanceTypes=asked):
            processor: Mapping[str, Any] = each.get("ProcessorInfo") or {}
            supported = processor.get("SupportedArchitectures") or ()
            found[str(each["InstanceType"])] = Size(
                cpus=int(each["VCpuInfo"]["DefaultVCpus"]),
                memory=int((each.get("MemoryInfo") or {}).get("SizeInMiB") or 0) * _MIB,
                mhz=float(processor.get("SustainedClockSpeedInGhz") or 0) * 1000,
                architecture=str(supported[-1]) if supported else "",
            )
    return found


def _of_catalogue(instances: Sequence[Raw]) -> dict[str, Size]:
    """For a login that may not ask for types, what our own list says."""
    catalogue = instance_types()
    used = {str(raw.get("InstanceType", "")) for raw in instances} & set(catalogue)
    return {name: Size(catalogue[name].cpus, catalogue[name].memory, float(catalogue[name].mhz), "") for name in used}


def _subnets(session: AwsSession, site: AwsSite) -> dict[str, FoundNetwork]:
    """By id, under the estate's names where it knows them by range."""
    names = {str(network.cidr): network.name for network in site.networks}
    found = {}
    for raw in session.pages("ec2", "describe_subnets", "Subnets"):
        cidr, subnet = str(ip_network(str(raw["CidrBlock"]))), str(raw["SubnetId"])
        found[subnet] = FoundNetwork(
            name=names.get(cidr) or tags(raw).get("Name") or subnet,
            site=site.name,
            cidr=cidr,
            switch=str(raw.get("VpcId", "")),
            zone=str(raw.get("AvailabilityZone", "")),
            free=int(raw["AvailableIpAddressCount"]) if "AvailableIpAddressCount" in raw else None,
        )
    return found


def _images(session: AwsSession, instances: Sequence[Raw]) -> dict[str, Raw]:
    """The images that instances came from; one that was given up is simply absent."""
    ids = sorted({str(raw.get("ImageId", "")) for raw in instances} - {""})
    found: dict[str, Raw] = {}
    for start in range(0, len(ids), _AT_ONCE):
        filters = [{"Name": "image-id", "Values": ids[start : start + _AT_ONCE]}]
        for each in session.call("ec2", "describe_images", Filters=filters).get("Images") or ():
            found[str(each["ImageId"])] = each
    return found


def _quotas(session: AwsSession, site: str, instances: Sequence[Raw], sizes: Mapping[str, Size]) -> tuple[FoundQuota, ...]:
    kinds = [str(raw.get("InstanceType", "")) for raw in instances if _counts(raw)]
    running = [(kind, sizes[kind].cpus if kind in sizes else 0) for kind in kinds]
    return tuple(FoundQuota(site=site, code=q.code, name=q.name, limit=q.limit, used=q.used) for q in read_quotas(session, running))


def _counts(raw: Raw) -> bool:
    """Whether it counts against the on-demand quotas."""
    return str((raw.get("State") or {}).get("Name")) in {"running", "pending"} and raw.get("InstanceLifecycle") != "spot"
