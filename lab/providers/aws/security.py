"""Security groups and their rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lab.providers.aws import tags
from lab.providers.aws.canonical import canonical_cidr
from lab.providers.aws.ec2 import REGION, TAGS, Api, AwsWork, Calls, Ec2Type, remove
from lab.providers.aws.session import AwsSession, is_gone
from lab.providers.table import Change, Field, Fields, GeneratedName, Problem, Resource
from lab.providers.values import Values, is_empty

_ALL_PROTOCOLS = {"all": "-1", "6": "tcp", "17": "udp", "1": "icmp"}
_DEFAULT_EGRESS = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
_RULE_SOURCES = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}


def canonical_protocol(value: Any) -> Any:
    """A protocol by its name; `all` and -1 are one."""
    text = str(value).lower()
    return _ALL_PROTOCOLS.get(text, text)


@dataclass(frozen=True, kw_only=True)
class SecurityGroup(Ec2Type):
    """A group with its inline rules. A new group has no egress rule but those declared: upstream revokes AWS's own."""

    def complete(self, work: AwsWork, id_: str, inputs: Values) -> None:
        """Revoke the egress rule that AWS adds, and authorise the inline rules."""
        ec2 = work.session.ec2
        if (self.item(work, id_) or {}).get("IpPermissionsEgress"):
            ec2.revoke_security_group_egress(GroupId=id_, IpPermissions=[_DEFAULT_EGRESS])
        self._bring_rules(work, id_, {}, inputs)

    def more(self, work: AwsWork, id_: str, item: Values) -> Values:
        """The rules as inline rules: Optional + Computed upstream, so rules of other resources are no drift."""
        _ = work
        return {
            "ingress": [_rule_shown(part, id_) for entry in item.get("IpPermissions") or () for part in _by_description(entry)],
            "egress": [_rule_shown(part, id_) for entry in item.get("IpPermissionsEgress") or () for part in _by_description(entry)],
        }

    def update(self, work: AwsWork, change: Change) -> None:
        """Rules, then tags."""
        self._bring_rules(work, change.id, change.state, change.new)
        super().update(work, change)

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Revoke its rules first when told to: two groups may name each other."""
        if state.get("revokeRulesOnDelete"):
            self._bring_rules(work, id_, state, {"ingress": [], "egress": []})
        super().delete(work, id_, state)

    def _bring_rules(self, work: AwsWork, id_: str, state: Values, wanted: Values) -> None:
        ec2 = work.session.ec2
        calls = {
            "ingress": (ec2.revoke_security_group_ingress, ec2.authorize_security_group_ingress),
            "egress": (ec2.revoke_security_group_egress, ec2.authorize_security_group_egress),
        }
        for side, (revoke, authorize) in calls.items():
            if side not in wanted:
                continue
            old, new = state.get(side) or [], wanted[side] or []
            gone = [rule for rule in old if rule not in new]
            come = [rule for rule in new if rule not in old]
            if gone:
                revoke(GroupId=id_, IpPermissions=[_permission(rule, id_) for rule in gone])
            if come:
                authorize(GroupId=id_, IpPermissions=[_permission(rule, id_) for rule in come])


def _by_description(entry: Values) -> list[Values]:
    """One permission of AWS as upstream gathers it (initSecurityGroupRule): a rule for every description, in the order they come."""
    notes = dict.fromkeys(item.get("Description", "") for key, _ in _RULE_SOURCES.values() for item in entry.get(key) or ())
    return [
        {**entry, **{key: [i for i in entry.get(key) or () if i.get("Description", "") == note] for key, _ in _RULE_SOURCES.values()}}
        for note in notes
    ]


def _rule_shown(entry: Values, group: str) -> Values:
    rule: Values = {
        "protocol": canonical_protocol(entry["IpProtocol"]),
        "fromPort": entry.get("FromPort", 0),
        "toPort": entry.get("ToPort", 0),
    }
    for name, (key, member) in _RULE_SOURCES.items():
        values = [item[member] for item in entry.get(key) or ()]
        if name == "securityGroups" and group in values:
            rule["self"] = True
            values = [value for value in values if value != group]
        if values:
            rule[name] = sorted(values)
        notes = [item["Description"] for item in entry.get(key) or () if item.get("Description")]
        if notes:
            rule["description"] = notes[0]
    return rule


def _permission(rule: Values, group: str) -> Values:
    permission: Values = {"IpProtocol": canonical_protocol(rule["protocol"])}
    if permission["IpProtocol"] != "-1":
        permission |= {"FromPort": rule.get("fromPort", 0), "ToPort": rule.get("toPort", 0)}
    for name, (key, member) in _RULE_SOURCES.items():
        values = list(rule.get(name) or ())
        if name == "securityGroups" and rule.get("self"):
            values.append(group)
        note = {"Description": rule["description"]} if rule.get("description") else {}
        if values:
            permission[key] = [{member: value, **note} for value in values]
    return permission


SECURITY_GROUP = SecurityGroup(
    name="aws:ec2/securityGroup:SecurityGroup",
    upstream="internal/service/ec2/vpc_security_group.go",
    calls=Calls(
        create="create_security_group",
        result="GroupId",
        describe="describe_security_groups",
        ids="GroupIds",
        items="SecurityGroups",
        delete="delete_security_group",
        key="GroupId",
        tagged="security-group",
        delete_retries=("DependencyViolation", "InvalidGroup.InUse"),
    ),
    arn="security-group/{id}",
    computed={"ownerId": "OwnerId"},
    generated_name=GeneratedName(max_length=255),
    fields={
        "name": Api(send="GroupName", path="GroupName", computed=True, replace=True),
        "description": Api(send="Description", path="Description", default="Managed by Pulumi", replace=True),
        "vpcId": Api(send="VpcId", path="VpcId", computed=True, replace=True),
        "ingress": Field(computed=True, unordered=True, key="fromPort"),
        "egress": Field(computed=True, unordered=True, key="fromPort"),
        "revokeRulesOnDelete": Field(default=False, local=True),
        "region": REGION,
        "tags": TAGS,
    },
)

_SOURCES = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")


class SecurityGroupRule(Resource[AwsSession]):
    """One rule as a resource of its own."""

    upstream = "internal/service/ec2/vpc_security_group_ingress_rule.go"
    side = ""
    fields = Fields(
        {
            "securityGroupId": Field(replace=True),
            "ipProtocol": Field(canonical=canonical_protocol),
            "fromPort": Field(),
            "toPort": Field(),
            "cidrIpv4": Field(),
            "cidrIpv6": Field(canonical=canonical_cidr),
            "prefixListId": Field(),
            "referencedSecurityGroupId": Field(),
            "description": Field(),
            "region": REGION,
            "tags": TAGS,
        }
    )

    def check(self, inputs: Values) -> Iterable[Problem]:
        """Exactly one source, as upstream's ExactlyOneOf."""
        given = [name for name in _SOURCES if name in inputs]
        if len(given) != 1:
            yield Problem(property="cidrIpv4", reason=f"exactly one of {', '.join(_SOURCES)} is needed; got {given or 'none'}")

    def create(self, work: AwsWork, inputs: Values) -> str:
        """Authorise it."""
        call = getattr(work.session.ec2, f"authorize_security_group_{self.side}")
        specification = tags.specification("security-group-rule", inputs.get("tags"))
        more = {"TagSpecifications": specification} if specification else {}
        answer = call(GroupId=inputs["securityGroupId"], IpPermissions=[self._permission(inputs)], **more)
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """Describe it; an answer of the other side is not this rule."""
        _ = prior
        try:
            rules = work.session.ec2.describe_security_group_rules(SecurityGroupRuleIds=[id_])["SecurityGroupRules"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        rules = [rule for rule in rules if rule["SecurityGroupRuleId"] == id_ and rule.get("IsEgress", False) == (self.side == "egress")]
        if not rules:
            return None
        rule = rules[0]
        protocol = canonical_protocol(rule["IpProtocol"])
        ports = protocol != "-1"
        return {
            "id": id_,
            "region": work.session.region,
            "securityGroupRuleId": id_,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": protocol,
            "fromPort": rule.get("FromPort") if ports else None,
            "toPort": rule.get("ToPort") if ports else None,
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": (rule.get("ReferencedGroupInfo") or {}).get("GroupId"),
            "description": rule.get("Description") or None,
            "arn": work.session.arn("ec2", f"security-group-rule/{id_}"),
            **tags.told(work.session, rule.get("Tags")),
        }

    def update(self, work: AwsWork, change: Change) -> None:
        """ModifySecurityGroupRules for the rule, CreateTags for the tags."""
        if change.changed - {"tags"}:
            work.session.ec2.modify_security_group_rules(
                GroupId=change.new["securityGroupId"],
                SecurityGroupRules=[{"SecurityGroupRuleId": change.id, "SecurityGroupRule": _request(change.new)}],
            )
        if change.touches("tags"):
            tags.bring_ec2_tags(work.session, change)

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Revoke it by its id."""
        call = getattr(work.session.ec2, f"revoke_security_group_{self.side}")
        remove(work, f"revoking {id_}", lambda: call(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[id_]))

    def _permission(self, inputs: Values) -> Values:
        permission: Values = {"IpProtocol": canonical_protocol(inputs["ipProtocol"])}
        if permission["IpProtocol"] != "-1":
            permission |= {"FromPort": inputs.get("fromPort", -1), "ToPort": inputs.get("toPort", -1)}
        note = {"Description": inputs["description"]} if inputs.get("description") else {}
        places = {
            "cidrIpv4": ("IpRanges", "CidrIp"),
            "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
            "prefixListId": ("PrefixListIds", "PrefixListId"),
            "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
        }
        for name, (key, member) in places.items():
            if name in inputs:
                permission[key] = [{member: inputs[name], **note}]
        return permission


def _request(inputs: Values) -> Values:
    keys = {
        "ipProtocol": "IpProtocol",
        "fromPort": "FromPort",
        "toPort": "ToPort",
        "cidrIpv4": "CidrIpv4",
        "cidrIpv6": "CidrIpv6",
        "prefixListId": "PrefixListId",
        "referencedSecurityGroupId": "ReferencedGroupId",
        "description": "Description",
    }
    return {key: inputs[name] for name, key in keys.items() if name in inputs and (name.endswith("Port") or not is_empty(inputs[name]))}


class IngressRule(SecurityGroupRule):
    """A rule that lets traffic in."""

    name = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    side = "ingress"


class EgressRule(SecurityGroupRule):
    """A rule that lets traffic out."""

    name = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    upstream = "internal/service/ec2/vpc_security_group_egress_rule.go"
    side = "egress"
