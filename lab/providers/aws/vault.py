"""AWS Backup vaults."""

from __future__ import annotations

from botocore.exceptions import ClientError

from lab.providers.aws import tags
from lab.providers.aws.ec2 import REGION, TAGS, AwsWork, remove
from lab.providers.aws.session import AwsSession, is_gone
from lab.providers.table import Change, Field, Fields, GeneratedName, Resource
from lab.providers.values import Values


class Vault(Resource[AwsSession]):
    """A vault; its id is its name."""

    name = "aws:backup/vault:Vault"
    upstream = "internal/service/backup/vault.go"
    generated_name = GeneratedName(max_length=50)
    fields = Fields(
        {
            "name": Field(replace=True),
            "kmsKeyArn": Field(computed=True, replace=True),
            "forceDestroy": Field(default=False, local=True),
            "region": REGION,
            "tags": TAGS,
        }
    )

    def create(self, work: AwsWork, inputs: Values) -> str:
        """CreateBackupVault."""
        sent: Values = {"BackupVaultName": inputs["name"]}
        if inputs.get("kmsKeyArn"):
            sent["EncryptionKeyArn"] = inputs["kmsKeyArn"]
        if inputs.get("tags"):
            sent["BackupVaultTags"] = inputs["tags"]
        work.session.client("backup").create_backup_vault(**sent)
        return str(inputs["name"])

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """DescribeBackupVault."""
        _ = prior
        backup = work.session.client("backup")
        try:
            vault = backup.describe_backup_vault(BackupVaultName=id_)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        arn = vault["BackupVaultArn"]
        return {
            "id": id_,
            "region": work.session.region,
            "name": vault["BackupVaultName"],
            "arn": arn,
            "kmsKeyArn": vault.get("EncryptionKeyArn"),
            "recoveryPoints": vault.get("NumberOfRecoveryPoints") or 0,
            **tags.told(work.session, backup.list_tags(ResourceArn=arn).get("Tags") or {}),
        }

    def update(self, work: AwsWork, change: Change) -> None:
        """Tags alone."""
        backup, arn = work.session.client("backup"), change.state["arn"]
        old, new = change.state.get("tags") or {}, change.new.get("tags") or {}
        gone = [key for key in old if key not in new]
        if gone:
            backup.untag_resource(ResourceArn=arn, TagKeyList=gone)
        if new:
            backup.tag_resource(ResourceArn=arn, Tags=new)

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Delete it, with its recovery points when told to."""
        backup = work.session.client("backup")
        if state.get("forceDestroy") and self.read(work, id_, {}) is not None:
            for point in backup.list_recovery_points_by_backup_vault(BackupVaultName=id_).get("RecoveryPoints") or ():
                backup.delete_recovery_point(BackupVaultName=id_, RecoveryPointArn=point["RecoveryPointArn"])
        remove(work, f"deleting vault {id_}", lambda: backup.delete_backup_vault(BackupVaultName=id_))
