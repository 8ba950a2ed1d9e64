"""Redundancy groups: rules on vSphere, zones in the intent on AWS."""

from __future__ import annotations

import pulumi

from components.hybrid.redundancy_group import Member, RedundancyGroup, RedundancyGroupArgs
from tests.fakes import estates
from tests.fakes.foundations import aws_foundation, vsphere_foundation
from tests.fakes.pulumi_mocks import Recording, run_program

RULE = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule"
ESTATE = estates.estate()


def declare(site: str, *domains: str) -> Recording:
    foundation = vsphere_foundation(ESTATE) if site == "downtown" else aws_foundation(ESTATE)

    def program() -> None:
        members = tuple(
            Member(server=f"web-{index}", failure_domain=domain, machine_id=pulumi.Output.from_input(f"uuid-{index}"))
            for index, domain in enumerate(domains)
        )
        RedundancyGroup("web", args=RedundancyGroupArgs(members=members, site=ESTATE.sites[site], foundation=foundation))

    return run_program(program)


def test_members_of_one_cluster_are_kept_on_different_hosts() -> None:
    rule = declare("downtown", "data", "data").one(RULE, "web-data")

    assert rule.inputs["virtualMachineIds"] == ["uuid-0", "uuid-1"]
    assert rule.inputs["computeClusterId"] == "cluster-data"
    assert rule.inputs["mandatory"] is False
    assert rule.parent_name == "web"


def test_a_single_member_of_a_cluster_needs_no_rule() -> None:
    recording = declare("downtown", "data", "data", "general")

    assert [each.name for each in recording.of_type(RULE)] == ["web-data"]


def test_on_aws_the_zones_stand_in_the_intent() -> None:
    recording = declare("aws-east", "us-east-1a", "us-east-1b")

    group = recording.one("incline:hybrid:RedundancyGroup", "web")
    assert recording.children("web") == []
    assert group.inputs["failureDomains"] == ["us-east-1a", "us-east-1b"]
