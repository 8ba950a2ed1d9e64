"""What a stack declares on AWS: instances with their volumes, databases, subnets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_network

from infra.catalogue import instance_types
from infra.estate.model import GIB
from policies.evidence import DatabaseEvidence, Evidence, InstanceSettings, NetworkEvidence, ServerEvidence, Unknown, VolumeEvidence
from policies.readers.properties import Plain, address_range, flag, integer, objects, text
from policies.readers.snapshot_parts import plain_tags, same_disks
from policies.readers.stack import (
    ATTACHMENT,
    DATABASE,
    ELASTIC_IP,
    ELASTIC_IP_ASSOCIATION,
    SUBNET,
    VOLUME,
    Resource,
    Stack,
    nested,
)

_MIB = 1 << 20
_GP3 = (3000, 125 * _MIB)
"""Operations and bytes per second of a gp3 volume whose program names none."""


def merged_instance(entry: ServerEvidence, resource: Resource, stack: Stack) -> ServerEvidence:
    """A server's evidence with what its instance is declared with."""
    seen = entry.instance or InstanceSettings()
    volumes = tuple(_volumes(resource, stack))
    sizes = [v.size for v in volumes]
    known = [size for size in sizes if not isinstance(size, Unknown)]
    # What an image brings is declared only after the launch, so fewer volumes than disks say nothing of the others.
    complete = len(volumes) >= len(entry.disks)
    kept = not complete or (len(known) == len(sizes) and same_disks(entry.disks, known))
    settings = _settings(seen, entry.name, resource, stack)
    cpus, memory = _size(entry, seen.instance_type, settings.instance_type)
    zone, tags = resource.stated("availabilityZone"), resource.stated("tags")
    return replace(
        entry,
        urn=resource.urn,
        cpus=cpus,
        memory=memory,
        disks=entry.disks if kept else tuple(sizes),
        zone=zone if isinstance(zone, str) else entry.zone,
        tags=_tags(tags),
        protected=_protected(entry, resource, settings),
        instance=replace(settings, volumes=volumes if complete else _incomplete(seen, entry.name)),
    )


def _incomplete(seen: InstanceSettings, name: str) -> tuple[VolumeEvidence, ...] | Unknown:
    lack = Unknown(f"volumes of {name}", "its image brings disks that the stack does not declare yet")
    return lack if isinstance(seen.volumes, Unknown) else seen.volumes


def _tags(tags: Plain) -> Mapping[str, str | Unknown] | Unknown:
    if isinstance(tags, Unknown):
        return tags
    return plain_tags({k: v for k, v in tags.items() if isinstance(v, str | Unknown)}) if isinstance(tags, dict) else {}


def _protected(entry: ServerEvidence, resource: Resource, settings: InstanceSettings) -> bool | Unknown:
    if resource.protect or settings.termination_protection is True:
        return True
    return entry.protected if resource.protect is None or isinstance(settings.termination_protection, Unknown) else False


def _size(entry: ServerEvidence, declared: str | Unknown, chosen: str | Unknown) -> tuple[int | Unknown, int | Unknown]:
    """The size that the estate asks for, unless the stack takes another type than that size leads to."""
    if isinstance(chosen, Unknown):
        return (entry.cpus, entry.memory) if entry.service else (chosen, chosen)
    found = instance_types().get(chosen)
    if chosen == declared or (found is None and entry.service):
        return entry.cpus, entry.memory
    lack = Unknown(f"size of instance type {chosen}", "the catalogue does not have it")
    return (found.cpus, found.memory) if found else (lack, lack)


def _settings(seen: InstanceSettings, name: str, resource: Resource, stack: Stack) -> InstanceSettings:
    kind, termination = resource.stated("instanceType"), resource.stated("disableApiTermination")
    return replace(
        seen,
        instance_type=text(kind, f"instanceType of {name}") if kind is not None else seen.instance_type,
        imdsv2_only=_tokens(resource, seen, name),
        public_address=_public(resource, seen, stack, name),
        termination_protection=_termination(termination, seen, resource, name),
        auto_recovery=_recovery(resource, seen, name),
    )


def _termination(value: Plain, seen: InstanceSettings, resource: Resource, name: str) -> bool | Unknown:
    if value is not None:
        return flag(value, f"disableApiTermination of {name}")
    fresh = isinstance(seen.termination_protection, Unknown) and resource.declared is not None
    return False if fresh else seen.termination_protection


def _tokens(resource: Resource, seen: InstanceSettings, name: str) -> bool | Unknown:
    options = resource.stated("metadataOptions")
    if options is None:
        return seen.imdsv2_only
    if nested(options, "httpEndpoint") == "disabled":
        return True
    tokens = nested(options, "httpTokens")
    if tokens is None:  # the account's default decides
        return seen.imdsv2_only
    given = text(tokens, f"metadataOptions.httpTokens of {name}")
    return given if isinstance(given, Unknown) else given == "required"


def _recovery(resource: Resource, seen: InstanceSettings, name: str) -> bool | Unknown:
    options = resource.stated("maintenanceOptions")
    if options is None:  # EC2 recovers an instance by itself unless somebody says no
        return True if resource.declared is not None and isinstance(seen.auto_recovery, Unknown) else seen.auto_recovery
    given = nested(options, "autoRecovery")
    if given is None:
        return True
    chosen = text(given, f"maintenanceOptions.autoRecovery of {name}")
    return chosen if isinstance(chosen, Unknown) else chosen != "disabled"


def _public(resource: Resource, seen: InstanceSettings, stack: Stack, name: str) -> bool | Unknown:
    if any(resource.urn in used for used in _elastic(resource, stack)):
        return True
    address = resource.properties.get("publicIp")
    if isinstance(address, str):
        return bool(address)
    asked = resource.stated("associatePublicIpAddress")
    if isinstance(asked, bool):
        return asked
    if resource.stated("networkInterfaces"):
        return False  # a card made before the launch gets no public address by it
    given = asked if isinstance(asked, Unknown) else Unknown(f"public address of {name}", "its subnet's default decides")
    return given if isinstance(seen.public_address, Unknown) else seen.public_address


def _elastic(resource: Resource, stack: Stack) -> Iterator[tuple[str, ...]]:
    """What the stack's elastic addresses were made from; one under the same component is the server's."""
    for kind in (ELASTIC_IP, ELASTIC_IP_ASSOCIATION):
        for address in stack.of(kind):
            used = tuple(urn for urns in address.uses.values() for urn in urns)
            yield (*used, resource.urn) if address.parent == resource.parent and stack.server_of(resource) else used


def _volumes(resource: Resource, stack: Stack) -> Iterator[VolumeEvidence]:
    root = resource.stated("rootBlockDevice")
    if root is not None:
        root = root[0] if isinstance(root, list) and root else root
        yield _volume(f"{resource.name} root", root if isinstance(root, dict) else {}, "volumeSize", "volumeType")
    for device in objects(resource.stated("ebsBlockDevices")):
        yield _volume(f"{resource.name} {device.get('deviceName')}", device, "volumeSize", "volumeType")
    for volume in _attached(resource, stack):
        given = {key: volume.stated(key) for key in ("size", "type", "encrypted", "iops", "throughput")}
        yield _volume(volume.name, given, "size", "type")


def _attached(resource: Resource, stack: Stack) -> Iterator[Resource]:
    beside = stack.beside(resource, {VOLUME})
    yield from beside
    for attachment in stack.of(ATTACHMENT):
        if resource.urn in attachment.uses.get("instanceId", ()):
            for urn in attachment.uses.get("volumeId", ()):
                volume = stack.by_urn.get(urn)
                if volume is not None and volume.type == VOLUME and volume not in beside:
                    yield volume


def _volume(name: str, given: dict[str, Plain], size: str, kind: str) -> VolumeEvidence:
    gib, chosen = integer(given.get(size), f"size of volume {name}"), text(given.get(kind), f"type of volume {name}")
    rates = [given.get("iops"), given.get("throughput")]
    operations = integer(rates[0], f"operations of volume {name}")
    throughput = integer(rates[1], f"throughput of volume {name}")
    if chosen == "gp3":
        operations = _GP3[0] if isinstance(operations, Unknown) and rates[0] is None else operations
        throughput = _GP3[1] // _MIB if isinstance(throughput, Unknown) and rates[1] is None else throughput
    return VolumeEvidence(
        name=name,
        size=gib if isinstance(gib, Unknown) else gib * GIB,
        encrypted=flag(given.get("encrypted"), f"encryption of volume {name}"),
        type=chosen,
        iops=operations,
        throughput=throughput if isinstance(throughput, Unknown) else throughput * _MIB,
    )


def stack_databases(ground: Evidence, site: str, stack: Stack) -> tuple[DatabaseEvidence, ...]:
    """The databases, with those of this stack as it declares them."""
    merged = {(d.site, d.name): d for d in ground.databases}
    for resource in stack.of(DATABASE):
        made = _database(site, resource)
        merged[made.site, made.name] = made
    return tuple(merged.values())


def _database(site: str, resource: Resource) -> DatabaseEvidence:
    given = resource.stated("identifier")
    name = given if isinstance(given, str) else resource.name
    tags = _tags(resource.stated("tags"))

    def said(key: str) -> bool | Unknown:
        value = resource.stated(key)
        return False if value is None else flag(value, f"{key} of {name}")

    service = "" if isinstance(tags, Unknown) else tags.get("service", "")
    retention = resource.stated("backupRetentionPeriod")
    return DatabaseEvidence(
        site=site,
        name=name,
        service=service if isinstance(service, str) else "",
        multi_az=said("multiAz"),
        deletion_protection=said("deletionProtection"),
        retention_days=0 if retention is None else integer(retention, f"backupRetentionPeriod of {name}"),
        public=said("publiclyAccessible"),
        encrypted=said("storageEncrypted"),
        source=resource.urn,
        urn=resource.urn,
    )


def stack_networks(ground: Evidence, site: str, stack: Stack) -> tuple[NetworkEvidence, ...]:
    """The networks, with the subnets of this stack as it declares them."""
    merged = {n.target: n for n in ground.networks}
    for resource in stack.of(SUBNET):
        tags = _tags(resource.stated("tags"))
        given = None if isinstance(tags, Unknown) else tags.get("Name")
        name = given if isinstance(given, str) and given else resource.name
        cidr, zone = address_range(resource.stated("cidrBlock"), "cidrBlock"), resource.stated("availabilityZone")
        entry = merged.get(f"network/{site}/{name}")
        if isinstance(cidr, Unknown):
            continue
        fresh = entry or NetworkEvidence(site=site, name=name, cidr=cidr, source=resource.urn)
        size = max(0, ip_network(cidr, strict=False).num_addresses - 5)
        merged[fresh.target] = replace(fresh, cidr=cidr, size=size, zone=zone if isinstance(zone, str) else fresh.zone)
    return tuple(merged.values())
