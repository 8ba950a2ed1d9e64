"""EC2 instances as a capacity snapshot keeps them, and the ports that their security groups open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from infra.observed.aws_session import AwsSession
from infra.observed.capacity import ObservedIngress, ObservedInstance, ObservedVolume, Usage
from infra.observed.gaps import Gaps
from infra.observed.who import Roster

GONE = frozenset({"terminated", "shutting-down"})
_GIB, _MIB = 1 << 30, 1 << 20
_AT_ONCE = 8  # AWS allows far more; a person who looks once need not ask faster
_TAG_PREFIX = "incline:"

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What was asked of a region about its instances."""

    instances: Sequence[Raw]
    groups: Mapping[str, Raw]
    volumes: Mapping[str, Raw]
    subnets: Mapping[str, str]
    protected: Mapping[str, bool | None]
    recovered: frozenset[str]
    usage: Mapping[str, Usage]
    roster: Roster

    def server(self, raw: Raw) -> str:
        """The server of the estate that an instance is, empty for one that is not ours."""
        return self.roster.server(identity=str(raw["InstanceId"]), name=tags(raw).get("Name", ""))


def raw_instances(session: AwsSession) -> list[Raw]:
    """All instances that exist, as EC2 tells them."""
    found = session.pages("ec2", "describe_instances", "Reservations")
    return [i for r in found for i in r.get("Instances") or () if str((i.get("State") or {}).get("Name")) not in GONE]


def raw_volumes(session: AwsSession, instances: Iterable[Raw]) -> dict[str, Raw]:
    """The volumes that instances have, by id."""
    if not any(i.get("BlockDeviceMappings") for i in instances):
        return {}
    return {str(v["VolumeId"]): v for v in session.pages("ec2", "describe_volumes", "Volumes")}


def protection(session: AwsSession, gaps: Gaps, instances: Sequence[Raw]) -> dict[str, bool | None]:
    """Whether each instance refuses to be terminated; a call each, as EC2 tells it in no other way."""

    def one(instance_id: str) -> bool:
        told = session.call("ec2", "describe_instance_attribute", InstanceId=instance_id, Attribute="disableApiTermination")
        return bool((told.get("DisableApiTermination") or {}).get("Value"))

    def asked(raw: Raw) -> tuple[str, bool | None]:
        instance_id = str(raw["InstanceId"])
        return instance_id, gaps.ask("termination protection", lambda: one(instance_id))

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return dict(pool.map(asked, instances))


def observed_instances(region: Region) -> tuple[ObservedInstance, ...]:
    """All instances, by name."""
    return tuple(sorted((_instance(raw, region) for raw in region.instances), key=lambda i: (i.name, i.instance_id)))


def observed_ingress(region: Region) -> tuple[ObservedIngress, ...]:
    """What each security group lets in from addresses, and the servers behind it. Groups that nobody is in are left out."""
    behind: dict[str, set[str]] = {}
    for raw in region.instances:
        for group in _group_ids(raw):
            behind.setdefault(group, set()).add(region.server(raw))
    found = []
    for group, servers in sorted(behind.items()):
        for permission in region.groups.get(group, {}).get("IpPermissions") or ():
            found += _opened(region.groups[group], permission, tuple(sorted(servers - {""})))
    return tuple(found)


def tags(raw: Raw) -> dict[str, str]:
    """Tags under the names that the estate uses: `incline:tier` is `tier`."""
    return {str(t["Key"]).removeprefix(_TAG_PREFIX): str(t["Value"]) for t in raw.get("Tags") or ()}


def _instance(raw: Raw, region: Region) -> ObservedInstance:
    instance_id, carried = str(raw["InstanceId"]), tags(raw)
    told = (raw.get("MetadataOptions") or {}).get("HttpTokens")
    subnet = str(raw.get("SubnetId", ""))
    return ObservedInstance(
        name=carried.get("Name", ""),
        server=region.server(raw),
        instance_id=instance_id,
        instance_type=str(raw.get("InstanceType", "")),
        zone=str((raw.get("Placement") or {}).get("AvailabilityZone", "")),
        subnet=region.subnets.get(subnet, subnet),
        running=str((raw.get("State") or {}).get("Name")) in {"running", "pending"},
        imdsv2_only=None if told is None else told == "required",
        public_address=bool(raw.get("PublicIpAddress")),
        termination_protection=region.protected.get(instance_id),
        auto_recovery=_recovers(raw, instance_id in region.recovered),
        closed=_closed(raw, region.groups),
        volumes=tuple(_volumes(raw, region.volumes)),
        tags=carried,
        usage=region.usage.get(instance_id),
    )


def _recovers(raw: Raw, by_alarm: bool) -> bool | None:
    """Simplified automatic recovery, on unless switched off, or an alarm that recovers."""
    told = (raw.get("MaintenanceOptions") or {}).get("AutoRecovery")
    return True if by_alarm else None if told is None else told == "default"


def _closed(raw: Raw, groups: Mapping[str, Raw]) -> bool | None:
    """Whether nothing gets in or out: all its groups are without rules."""
    ids = _group_ids(raw)
    if not ids or any(each not in groups for each in ids):
        return None
    return not any(groups[each].get("IpPermissions") or groups[each].get("IpPermissionsEgress") for each in ids)


def _group_ids(raw: Raw) -> list[str]:
    cards = raw.get("NetworkInterfaces") or ()
    return sorted({str(g["GroupId"]) for owner in (*cards, *(() if cards else (raw,))) for g in _groups(owner)})


def _groups(owner: Raw) -> Iterable[Raw]:
    return owner.get("Groups") or owner.get("SecurityGroups") or ()


def _volumes(raw: Raw, volumes: Mapping[str, Raw]) -> Iterator[ObservedVolume]:
    for device in raw.get("BlockDeviceMappings") or ():
        told = volumes.get(str((device.get("Ebs") or {}).get("VolumeId", "")))
        if told is not None:
            throughput = told.get("Throughput")
            yield ObservedVolume(
                id=str(told["VolumeId"]),
                size=int(told["Size"]) * _GIB,
                type=str(told.get("VolumeType", "")),
                encrypted=bool(told.get("Encrypted")),
                iops=None if told.get("Iops") is None else float(told["Iops"]),
                throughput=None if throughput is None else float(throughput) * _MIB,
            )


def _opened(group: Raw, permission: Raw, servers: tuple[str, ...]) -> list[ObservedIngress]:
    protocol = str(permission.get("IpProtocol", "-1"))
    everything = protocol == "-1" or permission.get("FromPort") in {None, -1}
    first, last = (0, 65535) if everything else (int(permission["FromPort"]), int(permission["ToPort"]))
    ranges = [str(r["CidrIp"]) for r in permission.get("IpRanges") or ()]
    ranges += [str(r["CidrIpv6"]) for r in permission.get("Ipv6Ranges") or ()]
    return [
        ObservedIngress(
            group=str(group.get("GroupName") or group["GroupId"]),
            protocol="all" if protocol == "-1" else protocol,
            first=first,
            last=last,
            cidr=cidr,
            servers=servers,
        )
        for cidr in ranges
    ]
