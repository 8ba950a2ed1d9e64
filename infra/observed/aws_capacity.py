"""What a region really has: zones, subnets, quotas, reservations, instances with their use, databases, open ports, alarms.

What the account may not ask stays None and is named in `missing`; it is never taken for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from infra.catalogue import instance_types, type_for
from infra.estate.model import AwsSite, Estate
from infra.observed.aws_instances import (
    Raw,
    Region,
    observed_ingress,
    observed_instances,
    protection,
    raw_instances,
    raw_volumes,
    tags,
)
from infra.observed.aws_quotas import read_quotas
from infra.observed.aws_session import AwsSession
from infra.observed.aws_watch import Watch, Whole, read_alarms, read_usage
from infra.observed.capacity import AwsCapacity, ObservedDatabase, ObservedNetwork, ObservedReservation, ObservedZone
from infra.observed.gaps import Gaps
from infra.observed.who import Roster

_MIB = 1 << 20


def read_aws_capacity(session: AwsSession, site: AwsSite, estate: Estate, *, now: datetime | None = None) -> AwsCapacity:
    """One look at the site's region."""
    taken_at, gaps = now or datetime.now(UTC), Gaps()
    instances = raw_instances(session)
    subnets = _subnets(session, site)
    watch = gaps.ask("alarms", lambda: read_alarms(session))
    sizes = gaps.ask("sizes of the instances' types", lambda: _sizes(session, instances)) or {}
    region = Region(
        instances=instances,
        groups={str(g["GroupId"]): g for g in session.pages("ec2", "describe_security_groups", "SecurityGroups")},
        volumes=raw_volumes(session, instances),
        subnets={subnet: network.name for subnet, network in subnets.items()},
        protected=protection(session, gaps, instances),
        recovered=watch.recovered if watch else frozenset(),
        usage=gaps.ask("usage", lambda: read_usage(session, _wholes(instances, sizes), taken_at)) or {},
        roster=Roster(estate, site.name),
    )
    return AwsCapacity(
        taken_at=taken_at,
        source=f"AWS account {site.account}, region {session.region}",
        region=session.region,
        zones=gaps.ask("zones", lambda: _zones(session, site, estate, instances)) or (),
        networks=tuple(sorted(subnets.values(), key=lambda n: n.name)),
        quotas=gaps.ask("quotas", lambda: read_quotas(session, _running(instances, sizes))),
        reservations=gaps.ask("reservations", lambda: _reservations(session)),
        instances=observed_instances(region),
        databases=gaps.ask("databases", lambda: _databases(session, estate)) or (),
        ingress=observed_ingress(region),
        alarms=None if watch is None else _alarms(watch, region),
        missing=gaps.reasons,
    )


def _subnets(session: AwsSession, site: AwsSite) -> dict[str, ObservedNetwork]:
    """The subnets within the estate's range, by id, under the estate's names where it knows them by range."""
    names = {str(network.cidr): network.name for network in site.networks}
    found = {}
    for raw in session.pages("ec2", "describe_subnets", "Subnets"):
        cidr = str(raw["CidrBlock"])
        if not ip_network(cidr).subnet_of(site.vpc_cidr):  # type: ignore[arg-type]  # both are of IPv4
            continue
        subnet = str(raw["SubnetId"])
        found[subnet] = ObservedNetwork(
            name=names.get(cidr) or tags(raw).get("Name") or subnet,
            cidr=cidr,
            zone=str(raw.get("AvailabilityZone", "")),
            free=int(raw["AvailableIpAddressCount"]) if "AvailableIpAddressCount" in raw else None,
        )
    return found


def _zones(session: AwsSession, site: AwsSite, estate: Estate, instances: Sequence[Raw]) -> tuple[ObservedZone, ...]:
    """The site's zones with what they offer of the types that matter: the catalogue's current ones, and all in use or wanted by name."""
    wanted = {each.name for each in instance_types().values() if each.current and not each.bare_metal and not each.accelerated}
    wanted |= {type_for(server, site.name).name for server in estate.servers.values() if site.name in server.at}
    wanted |= {str(raw.get("InstanceType", "")) for raw in instances}
    offers: dict[str, set[str]] = {zone: set() for zone in site.zones}
    filters = [{"Name": "location", "Values": list(site.zones)}]
    asked: dict[str, Any] = {"LocationType": "availability-zone", "Filters": filters}
    for each in session.pages("ec2", "describe_instance_type_offerings", "InstanceTypeOfferings", **asked):
        if each["InstanceType"] in wanted:
            offers.setdefault(str(each["Location"]), set()).add(str(each["InstanceType"]))
    return tuple(ObservedZone(name=zone, offers=tuple(sorted(types))) for zone, types in sorted(offers.items()))


def _sizes(session: AwsSession, instances: Sequence[Raw]) -> dict[str, tuple[int, Whole]]:
    """Processors, and all clock and memory, of the types in use; 0 MHz where AWS does not tell a clock."""
    types = sorted({str(raw.get("InstanceType", "")) for raw in instances} - {""})
    found = {}
    for start in range(0, len(types), 100):
        asked = types[start : start + 100]
        for each in session.pages("ec2", "describe_instance_types", "InstanceTypes", InstanceTypes=asked):
            clock, cpus = (
                float((each.get("ProcessorInfo") or {}).get("SustainedClockSpeedInGhz") or 0),
                int(each["VCpuInfo"]["DefaultVCpus"]),
            )
            memory = int((each.get("MemoryInfo") or {}).get("SizeInMiB") or 0) * _MIB
            found[str(each["InstanceType"])] = (cpus, Whole(clock * 1000 * cpus, memory))
    return found


def _wholes(instances: Sequence[Raw], sizes: Mapping[str, tuple[int, Whole]]) -> dict[str, Whole]:
    """By running instance whose type tells."""
    types = {str(raw["InstanceId"]): str(raw.get("InstanceType", "")) for raw in instances if _runs(raw)}
    return {instance: sizes[kind][1] for instance, kind in types.items() if kind in sizes}


def _running(instances: Sequence[Raw], sizes: Mapping[str, tuple[int, Whole]]) -> list[tuple[str, int]]:
    """Type and vCPUs of what counts against the on-demand quotas."""
    types = [str(raw.get("InstanceType", "")) for raw in instances if _runs(raw) and raw.get("InstanceLifecycle") != "spot"]
    catalogue = instance_types()
    return [(t, sizes[t][0] if t in sizes else catalogue[t].cpus if t in catalogue else 0) for t in types]


def _runs(raw: Raw) -> bool:
    return str((raw.get("State") or {}).get("Name")) in {"running", "pending"}


def _reservations(session: AwsSession) -> tuple[ObservedReservation, ...]:
    found = session.pages("ec2", "describe_capacity_reservations", "CapacityReservations")
    made = (
        ObservedReservation(
            zone=str(raw.get("AvailabilityZone", "")),
            instance_type=str(raw.get("InstanceType", "")),
            total=int(raw.get("TotalInstanceCount") or 0),
            free=int(raw.get("AvailableInstanceCount") or 0),
        )
        for raw in found
        if raw.get("State") == "active"
    )
    return tuple(sorted(made, key=lambda r: (r.zone, r.instance_type, r.total, r.free)))


def _databases(session: AwsSession, estate: Estate) -> tuple[ObservedDatabase, ...]:
    found: list[ObservedDatabase] = []
    marker: dict[str, str] = {}
    while True:
        answer = session.call("rds", "describe_db_instances", **marker)
        found += [_database(raw, estate) for raw in answer.get("DBInstances") or ()]
        if not answer.get("Marker"):
            return tuple(sorted(found, key=lambda d: d.name))
        marker = {"Marker": str(answer["Marker"])}


def _database(raw: Mapping[str, Any], estate: Estate) -> ObservedDatabase:
    service = tags({"Tags": raw.get("TagList") or ()}).get("service", "")
    return ObservedDatabase(
        name=str(raw["DBInstanceIdentifier"]),
        service=service if service in estate.services else "",
        multi_az=bool(raw.get("MultiAZ")),
        deletion_protection=bool(raw.get("DeletionProtection")),
        retention_days=int(raw.get("BackupRetentionPeriod") or 0),
        public=bool(raw.get("PubliclyAccessible")),
        encrypted=bool(raw.get("StorageEncrypted")),
    )


def _alarms(watch: Watch, region: Region) -> dict[str, tuple[str, ...]]:
    """By server; one that nothing watches is there too, with nothing."""
    owners = {str(raw["InstanceId"]): region.server(raw) for raw in region.instances}
    return {server: watch.alarms.get(instance, ()) for instance, server in sorted(owners.items(), key=lambda each: each[1]) if server}
