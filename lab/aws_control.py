"""A client of the lab AWS's control endpoint, for tests and the demo: what a guest does, and what goes wrong on purpose."""

from __future__ import annotations

import base64
import json
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from infra.errors import InclineError


class AwsControlError(InclineError):
    """The lab's AWS refused a control request."""

    def __init__(self, what: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(f"the lab's AWS refused: {what}", code="INC-4304", details=details, next_step="incline lab status")


@dataclass(frozen=True)
class AwsControl:
    """Talks to `/lab/` of one lab AWS process."""

    url: str
    token: str

    def guest_write(self, volume: str, offset: int, data: bytes) -> None:
        """What the running guest of a volume's instance writes."""
        self._call("POST", "guest/write", {"volume": volume, "offset": offset, "data": base64.b64encode(data).decode()})

    def guest_write_seeded(self, volume: str, offset: int, *, seed: int, length: int) -> None:
        """The same with bytes that a seed determines, for more than fits a request."""
        self._call("POST", "guest/write", {"volume": volume, "offset": offset, "seed": seed, "length": length})

    def guest_read(self, disk: str, offset: int, length: int) -> bytes:
        """What is on a volume or in a snapshot."""
        query = urlencode({"volume": disk, "offset": offset, "length": length})
        return base64.b64decode(self._call("GET", f"guest/read?{query}")["data"])

    def settings(self, **values: float | bool | str) -> dict[str, Any]:
        """Sets fields of `lab.aws.settings.Settings` and answers all of them."""
        return self._call("POST", "settings", values)

    def quotas(self) -> list[dict[str, Any]]:
        """Every limit on running vCPUs, by region: code, name, value."""
        found: list[dict[str, Any]] = self._call("GET", "quotas")["quotas"]
        return found

    def set_quota(self, code: str, value: float, *, region: str = "") -> dict[str, Any]:
        """Another limit on running vCPUs; the answer says what it was before."""
        return self._call("POST", "quota", {"code": code, "value": value, "region": region})

    def throttle(self, action: str, *, count: int = 0, probability: float = 1.0, skip: int = 0) -> None:
        """The next calls of an operation are answered with the service's own code for too many requests."""
        self._call("POST", "throttle", {"action": action, "count": count, "probability": probability, "skip": skip})

    def faults(self, *rules: dict[str, Any]) -> None:
        """Adds fault rules; their fields are those of `lab.aws.faults.Rule`."""
        self._call("POST", "faults", {"rules": list(rules)})

    def fault_hits(self) -> list[dict[str, Any]]:
        """The rules in force and how often each was hit."""
        rules: list[dict[str, Any]] = self._call("GET", "faults")["rules"]
        return rules

    def calm(self) -> None:
        """No more faults and throttles."""
        self._call("DELETE", "faults")

    def corrupt(self, disk: str, offset: int, *, bit: int = 0, silent: bool = True) -> None:
        """Flips a bit of a stored byte of a volume or snapshot. Unless `silent`, the stored checksum then no longer fits the data."""
        kind = "snapshot" if disk.startswith("snap-") else "volume"
        self._call("POST", "blocks/corrupt", {kind: disk, "offset": offset, "bit": bit, "silent": silent})

    def reset(self) -> None:
        """The region as it was when it started: base images only, no faults, the settings' defaults."""
        self._call("POST", "reset", {})

    def state(self) -> dict[str, Any]:
        """What stands where."""
        return self._call("GET", "state")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/lab/{path}", data=data, method=method)  # noqa: S310 loopback only
        request.add_header("X-Lab-Token", self.token)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 loopback only
                found: dict[str, Any] = json.load(answer)
                return found
        except HTTPError as error:
            raise _refusal(error.read().decode("utf-8", "replace")) from None


def _refusal(body: str) -> AwsControlError:
    """The words of a refusal, taken out of the document that they came in."""
    try:
        told = json.loads(body)
        return AwsControlError(str(told["error"]), tuple(str(each) for each in told.get("details", ())))
    except (ValueError, KeyError, TypeError):
        return AwsControlError(body)
