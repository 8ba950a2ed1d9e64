"""Service Quotas for EC2, which moto does not have: limits on running on-demand vCPUs, that launches really run into.

The codes and names are AWS's; the values are this lab's, chosen for a city of some fifty servers, and change by `POST /lab/quota`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.moto_api._internal import mock_random
from moto.servicequotas import urls
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend, servicequotas_backends
from moto.servicequotas.responses import ServiceQuotasResponse

from infra.errors import InclineError

SERVICE = "ec2"
LIMITS: dict[str, tuple[str, str, float]] = {
    "L-1216C47A": ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", r"(?!dl|hpc|inf|mac|trn)[acdhimrtz]", 640.0),
    "L-DB2E81BA": ("Running On-Demand G and VT instances", r"g|vt", 64.0),
    "L-417A185B": ("Running On-Demand P instances", r"p", 0.0),
    "L-74FC7D96": ("Running On-Demand F instances", r"f", 0.0),
    "L-7295265B": ("Running On-Demand X instances", r"x", 64.0),
    "L-1945791B": ("Running On-Demand Inf instances", r"inf", 0.0),
    "L-2C3B7624": ("Running On-Demand Trn instances", r"trn", 0.0),
    "L-6E869C2A": ("Running On-Demand DL instances", r"dl", 0.0),
    "L-43DA4232": ("Running On-Demand High Memory instances", r"u", 0.0),
    "L-F7808C92": ("Running On-Demand HPC instances", r"hpc", 0.0),
}
"""By code: name, the families it counts as a pattern of the type's beginning, and the limit that a fresh region has."""


class NoSuchQuotaError(InclineError):
    """A quota that the lab does not have."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the lab's AWS has no EC2 quota {code}", code="INC-4306", details=(f"known: {', '.join(LIMITS)}",))


class LabQuotas(ServiceQuotasBackend):
    """One account's quotas in one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.limits = {code: value for code, (_, _, value) in LIMITS.items()}

    @property
    def _url_module(self) -> Any:
        return urls

    def set(self, code: str, value: float) -> None:
        """Puts another limit in the place of one; what runs already stays."""
        if code not in self.limits:
            raise NoSuchQuotaError(code)
        self.limits[code] = value

    def list_service_quotas(self, service_code: str) -> list[dict[str, Any]]:
        """The limits as they are applied now."""
        if service_code == SERVICE:
            return [self._quota(code, value) for code, value in self.limits.items()]
        found: list[dict[str, Any]] = super().list_aws_default_service_quotas(service_code)
        return found

    def list_aws_default_service_quotas(self, service_code: str) -> list[dict[str, Any]]:
        """The limits of a fresh region."""
        if service_code == SERVICE:
            return [self._quota(code, value) for code, (_, _, value) in LIMITS.items()]
        return self.list_service_quotas(service_code)

    def get_service_quota(self, service_code: str, quota_code: str) -> dict[str, Any]:
        """One limit."""
        if service_code == SERVICE and quota_code in self.limits:
            return self._quota(quota_code, self.limits[quota_code])
        found: dict[str, Any] = super().get_service_quota(service_code, quota_code)
        return found

    def request_increase(self, code: str, wanted: float) -> dict[str, Any]:
        """RequestServiceQuotaIncrease: granted at once, where AWS takes minutes to days and may refuse."""
        if code not in self.limits:
            raise NoSuchResource
        if wanted <= self.limits[code]:
            raise JsonRESTError("IllegalArgumentException", "You must provide a quota value greater than the current quota value.")
        self.limits[code] = wanted
        return {
            "Id": mock_random.get_random_hex(32),
            "ServiceCode": SERVICE,
            "QuotaCode": code,
            "QuotaName": LIMITS[code][0],
            "DesiredValue": wanted,
            "Status": "APPROVED",
            "GlobalQuota": False,
            "Unit": "None",
        }

    def _quota(self, code: str, value: float) -> dict[str, Any]:
        return {
            "ServiceCode": SERVICE,
            "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
            "QuotaArn": f"arn:aws:servicequotas:{self.region_name}:{self.account_id}:{SERVICE}/{code}",
            "QuotaCode": code,
            "QuotaName": LIMITS[code][0],
            "Value": value,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }


class LabQuotasResponse(ServiceQuotasResponse):
    """One call of Service Quotas."""

    def list_service_quotas(self) -> str:
        """ListServiceQuotas, all on one page."""
        return json.dumps({"Quotas": self.backend.list_service_quotas(str(json.loads(self.body).get("ServiceCode")))})

    def request_service_quota_increase(self) -> str:
        """RequestServiceQuotaIncrease, for EC2."""
        asked = json.loads(self.body)
        if asked.get("ServiceCode") != SERVICE:
            raise NoSuchResource
        granted = self.backend.request_increase(str(asked.get("QuotaCode")), float(asked.get("DesiredValue") or 0))
        return json.dumps({"RequestedQuota": granted})


def quota_of(instance_type: str) -> str:
    """The quota that counts a type; empty when none does."""
    return next((code for code, (_, families, _) in LIMITS.items() if re.match(families, instance_type)), "")


def limit_on(account: str, region: str, instance_type: str) -> tuple[str, float]:
    """Code and value of the limit on a type; no limit is an endless one."""
    code = quota_of(instance_type)
    return (code, servicequotas_backends[account][region].limits[code]) if code else ("", float("inf"))
