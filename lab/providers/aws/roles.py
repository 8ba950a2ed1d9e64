"""IAM roles, instance profiles and attached policies. IAM is global: no region here."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from lab.providers.aws import tags
from lab.providers.aws.canonical import canonical_json
from lab.providers.aws.ec2 import TAGS, AwsWork, remove
from lab.providers.aws.session import AwsSession, is_gone
from lab.providers.failures import ProviderError
from lab.providers.table import Change, Field, Fields, GeneratedName, Resource
from lab.providers.values import Values, is_empty


def _policy_text(document: Any) -> str:
    return json.dumps(document) if isinstance(document, dict) else unquote(str(document))


def _bring_tags(tag: Any, untag: Any, change: Change, **names: str) -> None:
    old, new = change.state.get("tags") or {}, change.new.get("tags") or {}
    gone = [key for key in old if key not in new]
    if gone:
        untag(**names, TagKeys=gone)
    if new:
        tag(**names, Tags=tags.as_list(new))


class Role(Resource[AwsSession]):
    """A role; its id is its name."""

    name = "aws:iam/role:Role"
    upstream = "internal/service/iam/role.go"
    generated_name = GeneratedName(max_length=64)
    fields = Fields(
        {
            "name": Field(computed=True, replace=True),
            "path": Field(default="/", replace=True),
            "assumeRolePolicy": Field(canonical=canonical_json),
            "description": Field(),
            "maxSessionDuration": Field(default=3600),
            "permissionsBoundary": Field(),
            "forceDetachPolicies": Field(default=False, local=True),
            "managedPolicyArns": Field(computed=True, unordered=True),
            "tags": TAGS,
        }
    )

    def create(self, work: AwsWork, inputs: Values) -> str:
        """CreateRole."""
        names = {
            "name": "RoleName",
            "path": "Path",
            "assumeRolePolicy": "AssumeRolePolicyDocument",
            "description": "Description",
            "maxSessionDuration": "MaxSessionDuration",
            "permissionsBoundary": "PermissionsBoundary",
        }
        sent: Values = {key: inputs[name] for name, key in names.items() if not is_empty(inputs.get(name))}
        if inputs.get("tags"):
            sent["Tags"] = tags.as_list(inputs["tags"])
        return str(work.session.client("iam").create_role(**sent)["Role"]["RoleName"])

    def complete(self, work: AwsWork, id_: str, inputs: Values) -> None:
        """Attach the inline list of managed policies."""
        for arn in inputs.get("managedPolicyArns") or ():
            work.session.client("iam").attach_role_policy(RoleName=id_, PolicyArn=arn)

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """GetRole and what is attached."""
        _ = prior
        iam = work.session.client("iam")
        try:
            role = iam.get_role(RoleName=id_)["Role"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        attached = iam.list_attached_role_policies(RoleName=id_)["AttachedPolicies"]
        return {
            "id": id_,
            "name": role["RoleName"],
            "path": role["Path"],
            "arn": role["Arn"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "assumeRolePolicy": _policy_text(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description") or None,
            "maxSessionDuration": role.get("MaxSessionDuration") or 3600,
            "permissionsBoundary": (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
            "managedPolicyArns": [entry["PolicyArn"] for entry in attached],
            **tags.told(work.session, iam.list_role_tags(RoleName=id_).get("Tags")),
        }

    def update(self, work: AwsWork, change: Change) -> None:
        """A call per property."""
        iam, id_, new = work.session.client("iam"), change.id, change.new
        if change.touches("assumeRolePolicy"):
            iam.update_assume_role_policy(RoleName=id_, PolicyDocument=new["assumeRolePolicy"])
        if change.touches("description", "maxSessionDuration"):
            iam.update_role(RoleName=id_, Description=new.get("description") or "", MaxSessionDuration=new.get("maxSessionDuration", 3600))
        if change.touches("permissionsBoundary"):
            if new.get("permissionsBoundary"):
                iam.put_role_permissions_boundary(RoleName=id_, PermissionsBoundary=new["permissionsBoundary"])
            else:
                iam.delete_role_permissions_boundary(RoleName=id_)
        if change.touches("managedPolicyArns"):
            self._bring_policies(iam, id_, change.state.get("managedPolicyArns") or [], new.get("managedPolicyArns") or [])
        if change.touches("tags"):
            _bring_tags(iam.tag_role, iam.untag_role, change, RoleName=id_)

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Leave profiles, detach and delete policies where told to, delete."""
        iam = work.session.client("iam")
        try:
            for profile in iam.list_instance_profiles_for_role(RoleName=id_)["InstanceProfiles"]:
                iam.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=id_)
            forced = state.get("forceDetachPolicies")
            attached = [entry["PolicyArn"] for entry in iam.list_attached_role_policies(RoleName=id_)["AttachedPolicies"]]
            self._bring_policies(iam, id_, attached if forced else state.get("managedPolicyArns") or [], [])
        except ClientError as error:
            if not is_gone(error):
                raise
        remove(work, f"deleting role {id_}", lambda: iam.delete_role(RoleName=id_), ("DeleteConflict",))

    @staticmethod
    def _bring_policies(iam: Any, id_: str, old: list[str], new: list[str]) -> None:
        for arn in old:
            if arn not in new:
                try:
                    iam.detach_role_policy(RoleName=id_, PolicyArn=arn)
                except ClientError as error:
                    if not is_gone(error):
                        raise
        for arn in new:
            if arn not in old:
                iam.attach_role_policy(RoleName=id_, PolicyArn=arn)


class InstanceProfile(Resource[AwsSession]):
    """The role of an instance; its id is its name."""

    name = "aws:iam/instanceProfile:InstanceProfile"
    upstream = "internal/service/iam/instance_profile.go"
    generated_name = GeneratedName(max_length=128)
    fields = Fields(
        {
            "name": Field(computed=True, replace=True),
            "path": Field(default="/", replace=True),
            "role": Field(),
            "tags": TAGS,
        }
    )

    def create(self, work: AwsWork, inputs: Values) -> str:
        """CreateInstanceProfile."""
        sent: Values = {"InstanceProfileName": inputs["name"], "Path": inputs.get("path", "/")}
        if inputs.get("tags"):
            sent["Tags"] = tags.as_list(inputs["tags"])
        return str(work.session.client("iam").create_instance_profile(**sent)["InstanceProfile"]["InstanceProfileName"])

    def complete(self, work: AwsWork, id_: str, inputs: Values) -> None:
        """Put the role in."""
        if inputs.get("role"):
            work.session.client("iam").add_role_to_instance_profile(InstanceProfileName=id_, RoleName=inputs["role"])

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """GetInstanceProfile."""
        _ = prior
        try:
            profile = work.session.client("iam").get_instance_profile(InstanceProfileName=id_)["InstanceProfile"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        roles = profile.get("Roles") or []
        return {
            "id": id_,
            "name": profile["InstanceProfileName"],
            "path": profile["Path"],
            "arn": profile["Arn"],
            "uniqueId": profile["InstanceProfileId"],
            "createDate": profile["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "role": roles[0]["RoleName"] if roles else None,
            **tags.told(work.session, profile.get("Tags")),
        }

    def update(self, work: AwsWork, change: Change) -> None:
        """Another role, other tags."""
        iam = work.session.client("iam")
        if change.touches("role"):
            if change.state.get("role"):
                iam.remove_role_from_instance_profile(InstanceProfileName=change.id, RoleName=change.state["role"])
            if change.new.get("role"):
                iam.add_role_to_instance_profile(InstanceProfileName=change.id, RoleName=change.new["role"])
        if change.touches("tags"):
            _bring_tags(iam.tag_instance_profile, iam.untag_instance_profile, change, InstanceProfileName=change.id)

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Take the role out, then delete."""
        iam = work.session.client("iam")
        if state.get("role"):
            remove(
                work,
                f"removing the role of {id_}",
                lambda: iam.remove_role_from_instance_profile(InstanceProfileName=id_, RoleName=state["role"]),
            )
        remove(work, f"deleting {id_}", lambda: iam.delete_instance_profile(InstanceProfileName=id_))


class RolePolicyAttachment(Resource[AwsSession]):
    """A managed policy on a role."""

    name = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    upstream = "internal/service/iam/role_policy_attachment.go"
    fields = Fields({"role": Field(replace=True), "policyArn": Field(replace=True)})

    def create(self, work: AwsWork, inputs: Values) -> str:
        """AttachRolePolicy."""
        work.session.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """Whether the policy is attached."""
        _ = prior
        role, _, arn = id_.partition("/")
        try:
            attached = work.session.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        if all(entry["PolicyArn"] != arn for entry in attached):
            return None
        return {"id": id_, "role": role, "policyArn": arn}

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """DetachRolePolicy."""
        iam = work.session.client("iam")
        remove(work, f"detaching {id_}", lambda: iam.detach_role_policy(RoleName=state["role"], PolicyArn=state["policyArn"]))

    def locate(self, work: AwsWork, import_id: str) -> str:
        """Imported as `role/policy-arn`."""
        _ = work
        if "/" not in import_id:
            raise ProviderError(f"unexpected format of ID ({import_id}), expected <role-name>/<policy_arn>")
        return import_id
