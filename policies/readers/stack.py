"""A stack's resources as the readers of previews and states hold them: kinds, parents, and what each property says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from policies.readers.properties import Plain

SERVER = "incline:hybrid:Server"
VIRTUAL_MACHINE = "vsphere:index/virtualMachine:VirtualMachine"
COMPUTE_CLUSTER = "vsphere:index/computeCluster:ComputeCluster"
RESOURCE_POOL = "vsphere:index/resourcePool:ResourcePool"
ANTI_AFFINITY = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule"
HA_OVERRIDE = "vsphere:index/haVmOverride:HaVmOverride"
INSTANCE = "aws:ec2/instance:Instance"
VOLUME = "aws:ebs/volume:Volume"
ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
ELASTIC_IP = "aws:ec2/eip:Eip"
ELASTIC_IP_ASSOCIATION = "aws:ec2/eipAssociation:EipAssociation"
DATABASE = "aws:rds/instance:Instance"
SUBNET = "aws:ec2/subnet:Subnet"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
SECURITY_GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
NETWORK_ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"
DEFAULT_SECURITY_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
NETWORK_ACL = "aws:ec2/networkAcl:NetworkAcl"
DEFAULT_NETWORK_ACL = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"

_CLUSTER_KEYS = (
    "name haEnabled haAdmissionControlPolicy haAdmissionControlHostFailureTolerance haAdmissionControlPerformanceTolerance"
    " haAdmissionControlResourcePercentageAutoCompute haAdmissionControlResourcePercentageCpu haAdmissionControlResourcePercentageMemory"
    " haHostMonitoring haHostIsolationResponse haDatastorePdlResponse haDatastoreApdResponse haVmRestartPriority haAdvancedOptions"
    " drsEnabled vsanStretchedCluster"
)
_MACHINE_KEYS = (
    "name numCpus memory disks cpuReservation memoryReservation firmware efiSecureBootEnabled hardwareVersion enableLogging"
    " storagePolicyId cdroms videoCard"
)
_INSTANCE_KEYS = (
    "instanceType availabilityZone associatePublicIpAddress publicIp disableApiTermination metadataOptions maintenanceOptions"
    " rootBlockDevice ebsBlockDevices networkInterfaces tags instanceState"
)
KEYS: Mapping[str, frozenset[str]] = {
    kind: frozenset(keys.split())
    for kind, keys in {
        SERVER: "tags state site service",
        VIRTUAL_MACHINE: _MACHINE_KEYS,
        COMPUTE_CLUSTER: _CLUSTER_KEYS,
        RESOURCE_POOL: "name cpuReservation memoryReservation cpuExpandable memoryExpandable",
        ANTI_AFFINITY: "enabled virtualMachineIds",
        HA_OVERRIDE: "haVmRestartPriority virtualMachineId",
        INSTANCE: _INSTANCE_KEYS,
        VOLUME: "size type encrypted iops throughput",
        ATTACHMENT: "instanceId volumeId",
        ELASTIC_IP: "instance networkInterface",
        ELASTIC_IP_ASSOCIATION: "instanceId networkInterfaceId",
        DATABASE: "identifier multiAz deletionProtection backupRetentionPeriod publiclyAccessible storageEncrypted tags",
        SUBNET: "cidrBlock availabilityZone mapPublicIpOnLaunch tags",
        SECURITY_GROUP: "ingress",
        SECURITY_GROUP_RULE: "type fromPort toPort protocol cidrBlocks ipv6CidrBlocks securityGroupId",
        INGRESS_RULE: "fromPort toPort ipProtocol cidrIpv4 cidrIpv6 securityGroupId",
        DEFAULT_SECURITY_GROUP: "ingress",
        NETWORK_ACL: "ingress",
        DEFAULT_NETWORK_ACL: "ingress",
        NETWORK_ACL_RULE: "egress ruleAction fromPort toPort protocol cidrBlock ipv6CidrBlock",
    }.items()
}
"""What rules may come to read, by kind of resource. Everything else is never decoded."""

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a stack as a policy sees it.

    Args:
        declared: the keys that the program gave; None where its inputs were not seen. A computed property that the program did not give
            is unknown in a preview, which is less than what its default tells.
        protect: Pulumi's protection; None where the reader does not tell.
        uses: the URNs that a property was made from, by property.
    """

    type: str
    name: str
    urn: str
    parent: str
    properties: dict[str, Plain]
    declared: frozenset[str] | None = None
    protect: bool | None = None
    uses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def stated(self, key: str) -> Plain:
        """A property's value; None where the program leaves it to the plugin."""
        value = self.properties.get(key)
        known = isinstance(value, str | int | float | list | dict)
        return value if known or self.declared is None or key in self.declared else None


class Stack:
    """Resources by kind, by URN and by parent."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.by_type: dict[str, list[Resource]] = {}
        self.by_urn: dict[str, Resource] = {}
        self.children: dict[str, list[Resource]] = {}
        for resource in resources:
            self.by_type.setdefault(resource.type, []).append(resource)
            self.by_urn[resource.urn] = resource
            self.children.setdefault(resource.parent, []).append(resource)

    def of(self, kind: str) -> list[Resource]:
        """The resources of a kind, in the stack's order."""
        return self.by_type.get(kind, [])

    def beside(self, resource: Resource, kinds: Collection[str]) -> list[Resource]:
        """The resources of the same server: those under the same component."""
        if self.server_of(resource) is None:
            return []
        return [each for each in self.children.get(resource.parent, []) if each.type in kinds]

    def server_of(self, resource: Resource) -> Resource | None:
        """The server's component that a resource belongs to."""
        parent = self.by_urn.get(resource.parent)
        return parent if parent is not None and parent.type == SERVER else None


def nested(value: Plain, key: str) -> Plain:
    """A property of an object, or of the first object of a list, as plugins differ; an unknown object has unknown properties."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        return value.get(key)
    return value if value is None or not isinstance(value, str | float | bool) else None
