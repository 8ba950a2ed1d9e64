"""VPC endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.providers.aws import tags
from lab.providers.aws.canonical import canonical_json
from lab.providers.aws.ec2 import REGION, TAGS, Api, AwsWork, Calls, Ec2Type, remove
from lab.providers.aws.session import pick
from lab.providers.table import Change, Field
from lab.providers.values import Values

_SETS = {"subnetIds": "SubnetIds", "routeTableIds": "RouteTableIds", "securityGroupIds": "SecurityGroupIds"}


@dataclass(frozen=True, kw_only=True)
class VpcEndpoint(Ec2Type):
    """An endpoint: interface (subnets, security groups) or gateway (route tables)."""

    def parameters(self, work: AwsWork, inputs: Values) -> Values:
        """What the create call takes as it is."""
        _ = work
        return {key: inputs[name] for name, key in _SETS.items() if inputs.get(name)}

    def more(self, work: AwsWork, id_: str, item: Values) -> Values:
        """The sets, and what the service gives."""
        _ = id_
        found: Values = {
            "subnetIds": item.get("SubnetIds") or [],
            "routeTableIds": item.get("RouteTableIds") or [],
            "securityGroupIds": [group["GroupId"] for group in item.get("Groups") or ()],
            "networkInterfaceIds": item.get("NetworkInterfaceIds") or [],
            "dnsEntries": [
                {"dnsName": entry.get("DnsName"), "hostedZoneId": entry.get("HostedZoneId")} for entry in item.get("DnsEntries") or ()
            ],
        }
        if item.get("VpcEndpointType") == "Gateway":
            filters = [{"Name": "prefix-list-name", "Values": [item["ServiceName"]]}]
            lists = work.session.ec2.describe_managed_prefix_lists(Filters=filters)
            found["prefixListId"] = pick(lists, "PrefixLists.0.PrefixListId")
        return found

    def update(self, work: AwsWork, change: Change) -> None:
        """One ModifyVpcEndpoint with what comes and what goes."""
        sent: Values = {}
        for name, key in _SETS.items():
            if name in change.changed:
                old, new = change.state.get(name) or [], change.new.get(name) or []
                _put(sent, f"Add{key}", [item for item in new if item not in old])
                _put(sent, f"Remove{key}", [item for item in old if item not in new])
        if change.touches("policy"):
            sent.update({"PolicyDocument": change.new["policy"]} if change.new.get("policy") else {"ResetPolicy": True})
        if change.touches("privateDnsEnabled"):
            sent["PrivateDnsEnabled"] = bool(change.new.get("privateDnsEnabled"))
        if sent:
            work.session.ec2.modify_vpc_endpoint(VpcEndpointId=change.id, **sent)
        if change.touches("tags"):
            tags.bring_ec2_tags(work.session, change)

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """The call deletes a list; it is over when the endpoint is no longer described."""
        _ = state
        remove(work, f"deleting {id_}", lambda: work.session.ec2.delete_vpc_endpoints(VpcEndpointIds=[id_]))
        work.wait.until(f"{id_} to be deleted", lambda: True if self.item(work, id_) is None else None)


def _put(sent: Values, key: str, items: list[Any]) -> None:
    if items:
        sent[key] = items


VPC_ENDPOINT = VpcEndpoint(
    name="aws:ec2/vpcEndpoint:VpcEndpoint",
    upstream="internal/service/ec2/vpc_endpoint.go",
    calls=Calls(
        create="create_vpc_endpoint",
        result="VpcEndpoint.VpcEndpointId",
        describe="describe_vpc_endpoints",
        ids="VpcEndpointIds",
        items="VpcEndpoints",
        delete="delete_vpc_endpoints",
        key="VpcEndpointId",
        tagged="vpc-endpoint",
    ),
    arn="vpc-endpoint/{id}",
    computed={"ownerId": "OwnerId", "state": "State", "requesterManaged": "RequesterManaged"},
    fields={
        "vpcId": Api(send="VpcId", path="VpcId", replace=True),
        "serviceName": Api(send="ServiceName", path="ServiceName", computed=True, replace=True),
        "vpcEndpointType": Api(send="VpcEndpointType", path="VpcEndpointType", default="Gateway", replace=True),
        "policy": Api(send="PolicyDocument", path="PolicyDocument", computed=True, canonical=canonical_json),
        "privateDnsEnabled": Api(send="PrivateDnsEnabled", path="PrivateDnsEnabled", computed=True),
        "ipAddressType": Api(send="IpAddressType", path="IpAddressType", computed=True),
        "autoAccept": Field(local=True),
        "subnetIds": Field(computed=True, unordered=True),
        "routeTableIds": Field(computed=True, unordered=True),
        "securityGroupIds": Field(computed=True, unordered=True),
        "region": REGION,
        "tags": TAGS,
    },
)
