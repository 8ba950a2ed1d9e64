"""KMS, mended: keys are found by ARN wherever by id, and a key that is disabled or going away encrypts nothing."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import kms_backends
from moto.kms.responses import KmsResponse


def find_key(account: str, region: str, name: str) -> Any:
    """The key with an id, alias or ARN; None when there is none."""
    kms = kms_backends[account][region]
    alias = name.rpartition(":alias/")[2] if ":alias/" in name else name.removeprefix("alias/")
    if "alias/" in name:
        return next((key for key in kms.keys.values() if f"alias/{alias}" in key.aliases), None)
    return kms.keys.get(name.rpartition(":key/")[2] if ":key/" in name else name)


class LabKmsResponse(KmsResponse):
    """One KMS call."""

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        value = super()._get_param(param_name, if_none)
        if param_name == "KeyId" and isinstance(value, str) and value.startswith("arn:") and ":key/" in value:
            return value.rpartition(":key/")[2]
        return value

    def _refuse_unusable(self) -> None:
        key = find_key(self.current_account, self.region, self._get_param("KeyId") or "")
        if key is None:
            return  # the operation itself says that there is no such key
        if key.key_state == "Disabled":
            raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
        if key.key_state != "Enabled":
            raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")

    def encrypt(self) -> str:
        """Encrypt."""
        self._refuse_unusable()
        return super().encrypt()

    def generate_data_key(self) -> str:
        """GenerateDataKey."""
        self._refuse_unusable()
        return super().generate_data_key()

    def re_encrypt(self) -> str:
        """ReEncrypt."""
        self._refuse_unusable()
        return super().re_encrypt()

    def sign(self) -> str:
        """Sign."""
        self._refuse_unusable()
        return super().sign()
