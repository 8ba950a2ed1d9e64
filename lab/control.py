"""A client of the lab vCenter's control endpoint, for tests and the demo: what a guest does, and what goes wrong on purpose."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode

from infra.errors import InclineError

_TIMEOUT_S = 60


class LabControlError(InclineError):
    """The lab's vCenter refused a control request."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the lab's vCenter refused: {what}", code="INC-4111", next_step="incline lab status")


@dataclass(frozen=True, kw_only=True)
class LabControl:
    """Talks to `/lab/` of one lab vCenter. `url` is its base, such as https://127.0.0.1:8989."""

    url: str
    token: str
    ca_file: str

    def guest_write(self, vm: str, disk: int, offset: int, data: bytes) -> None:
        """What a running guest writes; `vm` is a name or a managed object id, `disk` the position in the guest."""
        self._send("guest/write", {"vm": vm, "disk": disk, "offset": offset, "data": base64.b64encode(data).decode()})

    def guest_write_seeded(self, vm: str, disk: int, offset: int, *, seed: int, length: int) -> None:
        """The same with `lab.guest.pattern(seed, length)`, for more than fits a request."""
        self._send("guest/write", {"vm": vm, "disk": disk, "offset": offset, "seed": seed, "length": length})

    def guest_read(self, vm: str, disk: int, offset: int, length: int) -> bytes:
        """What is on a machine's disk now, running or not."""
        query = urlencode({"vm": vm, "disk": disk, "offset": offset, "length": length})
        return self._call("GET", f"guest/read?{query}")

    def faults(self, *rules: dict[str, Any]) -> None:
        """Puts these fault rules in the place of all others; the fields are those of `FaultRule` in lab/vcenter/faults.go."""
        self._send("faults", {"rules": list(rules)})

    def fault_hits(self) -> list[dict[str, Any]]:
        """The rules in force and how often each was hit."""
        rules: list[dict[str, Any]] = self._get("faults")["rules"]
        return rules

    def calm(self) -> None:
        """No more faults."""
        self._call("DELETE", "faults")

    def settings(self, **values: float) -> dict[str, Any]:
        """Sets fields of `Settings` in lab/vcenter/lab.go (session_ttl_s, power_delay_s, area_limit ...) and answers all of them."""
        return self._send("settings", values)

    def hosts(self) -> list[dict[str, Any]]:
        """Every host: its name, cluster, state and the machines that run on it."""
        found: list[dict[str, Any]] = self._get("hosts")["hosts"]
        return found

    def host(self, name: str, action: str) -> dict[str, Any]:
        """Makes a host fail, go into maintenance or recover (`fail`, `maintain`, `recover`); what moved, and what found no place."""
        return self._send("host", {"name": name, "action": action})

    def expire_sessions(self) -> int:
        """Ends every login; the answer says how many there were."""
        return int(self._send("sessions/expire", {})["expired"])

    def state(self) -> dict[str, Any]:
        """What stands where, with the health that each machine's disks give it."""
        return self._get("state")

    def _send(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._call("POST", path, body))
        return found

    def _get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._call("GET", path))
        return found

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/lab/{path}", data=data, method=method)  # noqa: S310 - loopback only
        request.add_header("X-Lab-Token", self.token)
        context = ssl.create_default_context(cafile=self.ca_file)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=context) as answer:  # noqa: S310 - loopback only
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            raise LabControlError(f"{method} {path}: {error.code} {error.read().decode(errors='replace').strip()}") from error
        except URLError as error:
            raise LabControlError(f"{method} {path}: {error.reason}") from error
