"""Foundations as a servers stack reads them: ids made of names."""

from __future__ import annotations

from typing import Any

from components.vsphere.tag_vocabulary import vocabulary
from infra.estate.model import Estate
from infra.outputs import AwsFoundation, VsphereFoundation, tag_id_key
from tests.fakes.pulumi_mocks import stack_outputs


def vsphere_foundation(estate: Estate, site: str = "downtown") -> VsphereFoundation:
    place = estate.sites[site]
    assert place.kind == "vsphere"
    words = vocabulary(estate.services.values(), estate.servers.values())
    return VsphereFoundation(
        datacenter_id="datacenter-1",
        folder="Three Rivers",
        pools={each.name: f"pool-{each.name}" for each in place.clusters},
        clusters={each.name: f"cluster-{each.name}" for each in place.clusters},
        datastores={each.name: f"datastore-{each.name}" for each in place.datastores},
        networks={each.name: f"network-{each.name}" for each in place.networks},
        tags={tag_id_key(category, value): f"tag-{category}-{value}" for category, values in words.items() for value in values},
    )


def aws_foundation(estate: Estate) -> AwsFoundation:
    return AwsFoundation(
        vpc_id="vpc-1",
        subnets={each.name: f"subnet-{each.name}" for each in estate.sites["aws-east"].networks},
        kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/1",
        instance_profile="aws-east-server",
        quarantine_security_group_id="sg-quarantine",
        backup_vault="aws-east-vault",
    )


def foundation_states(estate: Estate) -> dict[str, Any]:
    """The states of all foundation stacks of an estate."""
    states = {}
    for name, site in estate.sites.items():
        ids = vsphere_foundation(estate, name) if site.kind == "vsphere" else aws_foundation(estate)
        stack = f"{name}.foundation"
        states[stack] = stack_outputs(stack, ids.export())
    return states
