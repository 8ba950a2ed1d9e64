"""KMS keys and aliases."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from lab.providers.aws import tags
from lab.providers.aws.canonical import canonical_json
from lab.providers.aws.ec2 import REGION, TAGS, AwsWork, remove
from lab.providers.aws.session import AwsSession, code_of, is_gone
from lab.providers.table import Change, Field, Fields, GeneratedName, Resource
from lab.providers.values import Values, is_empty


def _kms_tags(values: Values | None) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": str(value)} for key, value in (values or {}).items()]


class Key(Resource[AwsSession]):
    """A customer managed key. Deleting it schedules the deletion; a key so scheduled counts as gone."""

    name = "aws:kms/key:Key"
    upstream = "internal/service/kms/key.go"
    fields = Fields(
        {
            "description": Field(computed=True),
            "keyUsage": Field(default="ENCRYPT_DECRYPT", replace=True),
            "customerMasterKeySpec": Field(default="SYMMETRIC_DEFAULT", replace=True),
            "customKeyStoreId": Field(replace=True),
            "multiRegion": Field(computed=True, replace=True),
            "policy": Field(computed=True, canonical=canonical_json),
            "bypassPolicyLockoutSafetyCheck": Field(default=False, local=True),
            "deletionWindowInDays": Field(local=True),
            "enableKeyRotation": Field(default=False),
            "rotationPeriodInDays": Field(computed=True),
            "isEnabled": Field(default=True),
            "region": REGION,
            "tags": TAGS,
        }
    )

    def create(self, work: AwsWork, inputs: Values) -> str:
        """CreateKey."""
        names = {
            "description": "Description",
            "keyUsage": "KeyUsage",
            "customerMasterKeySpec": "KeySpec",
            "customKeyStoreId": "CustomKeyStoreId",
            "multiRegion": "MultiRegion",
            "policy": "Policy",
        }
        sent: Values = {key: inputs[name] for name, key in names.items() if not is_empty(inputs.get(name))}
        if inputs.get("tags"):
            sent["Tags"] = _kms_tags(inputs["tags"])
        return str(work.session.client("kms").create_key(**sent)["KeyMetadata"]["KeyId"])

    def complete(self, work: AwsWork, id_: str, inputs: Values) -> None:
        """Rotation and state have calls of their own."""
        if inputs.get("enableKeyRotation"):
            self._rotation(work, id_, inputs)
        if inputs.get("isEnabled") is False:
            work.session.client("kms").disable_key(KeyId=id_)

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """Metadata, policy, rotation, tags."""
        _ = prior
        kms = work.session.client("kms")
        try:
            metadata = kms.describe_key(KeyId=id_)["KeyMetadata"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        if metadata.get("KeyState") in ("PendingDeletion", "PendingReplicaDeletion"):
            return None
        rotation = self._rotation_of(kms, id_)
        return {
            "id": id_,
            "region": work.session.region,
            "keyId": metadata["KeyId"],
            "arn": metadata["Arn"],
            "description": metadata.get("Description") or None,
            "keyUsage": metadata.get("KeyUsage"),
            "customerMasterKeySpec": metadata.get("KeySpec") or metadata.get("CustomerMasterKeySpec"),
            "customKeyStoreId": metadata.get("CustomKeyStoreId"),
            "multiRegion": bool(metadata.get("MultiRegion")),
            "isEnabled": bool(metadata.get("Enabled")),
            "policy": kms.get_key_policy(KeyId=id_, PolicyName="default")["Policy"],
            "enableKeyRotation": bool(rotation.get("KeyRotationEnabled")),
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays") if rotation.get("KeyRotationEnabled") else None,
            **tags.told(work.session, kms.list_resource_tags(KeyId=id_).get("Tags")),
        }

    def update(self, work: AwsWork, change: Change) -> None:
        """A call per property; a disabled key is enabled first, as upstream does it."""
        kms, id_, new = work.session.client("kms"), change.id, change.new
        if change.touches("isEnabled") and new.get("isEnabled"):
            kms.enable_key(KeyId=id_)
        if change.touches("enableKeyRotation", "rotationPeriodInDays"):
            self._rotation(work, id_, new)
        if change.touches("description"):
            kms.update_key_description(KeyId=id_, Description=new.get("description") or "")
        if change.touches("policy") and new.get("policy"):
            kms.put_key_policy(KeyId=id_, PolicyName="default", Policy=new["policy"])
        if change.touches("isEnabled") and not new.get("isEnabled"):
            kms.disable_key(KeyId=id_)
        if change.touches("tags"):
            old, wanted = change.state.get("tags") or {}, new.get("tags") or {}
            gone = [key for key in old if key not in wanted]
            if gone:
                kms.untag_resource(KeyId=id_, TagKeys=gone)
            if wanted:
                kms.tag_resource(KeyId=id_, Tags=_kms_tags(wanted))

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Schedule the deletion."""
        days = {"PendingWindowInDays": state["deletionWindowInDays"]} if state.get("deletionWindowInDays") else {}
        try:
            remove(work, f"deleting {id_}", lambda: work.session.client("kms").schedule_key_deletion(KeyId=id_, **days))
        except ClientError as error:
            if code_of(error) != "KMSInvalidStateException":
                raise

    @staticmethod
    def _rotation_of(kms: Any, id_: str) -> Values:
        try:
            return dict(kms.get_key_rotation_status(KeyId=id_))
        except ClientError as error:
            if code_of(error) == "UnsupportedOperationException":
                return {}
            raise

    @staticmethod
    def _rotation(work: AwsWork, id_: str, inputs: Values) -> None:
        kms = work.session.client("kms")
        if not inputs.get("enableKeyRotation"):
            kms.disable_key_rotation(KeyId=id_)
            return
        period = {"RotationPeriodInDays": inputs["rotationPeriodInDays"]} if inputs.get("rotationPeriodInDays") else {}
        kms.enable_key_rotation(KeyId=id_, **period)


class Alias(Resource[AwsSession]):
    """A name for a key; its id is the name."""

    name = "aws:kms/alias:Alias"
    upstream = "internal/service/kms/alias.go"
    generated_name = GeneratedName(prefix="alias/", max_length=250)
    fields = Fields(
        {
            "name": Field(computed=True, replace=True),
            "targetKeyId": Field(canonical=lambda value: str(value).rpartition("/")[2]),
            "region": REGION,
        }
    )

    def create(self, work: AwsWork, inputs: Values) -> str:
        """CreateAlias."""
        work.session.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return str(inputs["name"])

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """Find it in the list."""
        _ = prior
        for page in work.session.client("kms").get_paginator("list_aliases").paginate():
            for entry in page["Aliases"]:
                if entry["AliasName"] == id_:
                    key = entry.get("TargetKeyId")
                    return {
                        "id": id_,
                        "region": work.session.region,
                        "name": id_,
                        "arn": work.session.arn("kms", id_),
                        "targetKeyId": key,
                        "targetKeyArn": work.session.arn("kms", f"key/{key}"),
                    }
        return None

    def update(self, work: AwsWork, change: Change) -> None:
        """Another key."""
        work.session.client("kms").update_alias(AliasName=change.id, TargetKeyId=change.new["targetKeyId"])

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """DeleteAlias."""
        _ = state
        remove(work, f"deleting {id_}", lambda: work.session.client("kms").delete_alias(AliasName=id_))
