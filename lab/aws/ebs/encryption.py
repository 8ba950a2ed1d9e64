"""The encryption table of StartSnapshot, as the EBS user guide prints it ("Encryption outcomes for EBS direct APIs")."""

from __future__ import annotations

from dataclasses import dataclass

from lab.aws.ebs.errors import invalid


@dataclass(frozen=True)
class Asked:
    """What a StartSnapshot asks for. None and "" mean: left out."""

    encrypted: bool | None
    key: str
    parent: bool
    parent_key: str
    """The key of an encrypted parent; empty when the parent is not encrypted."""
    by_default: bool


ACCOUNT_KEY = "account default"
"""Stands for the key that EBS uses in this account when none is named."""


def outcome(asked: Asked) -> str:
    """The key that the snapshot is encrypted with, `ACCOUNT_KEY`, or "" for none; raises where the table says ValidationException."""
    if asked.parent:
        return _with_parent(asked)
    if asked.encrypted is True:
        return asked.key or ACCOUNT_KEY
    if asked.encrypted is False:
        if asked.by_default or asked.key:
            raise invalid("encryption", "Encrypted false cannot be combined with KmsKeyArn or with encryption by default.")
        return ""
    if asked.by_default:
        return asked.key or ACCOUNT_KEY
    if asked.key:
        raise invalid("encryption", "KmsKeyArn needs Encrypted.")
    return ""


def _with_parent(asked: Asked) -> str:
    if asked.encrypted is not None:
        raise invalid("encryption", "ParentSnapshotId and Encrypted cannot be specified in the same request.")
    if asked.key:
        raise invalid("encryption", "ParentSnapshotId and KmsKeyArn cannot be specified in the same request.")
    if not asked.parent_key and asked.by_default:
        raise invalid("encryption", "Encryption by default is on: an unencrypted snapshot cannot be a parent.")
    return asked.parent_key
