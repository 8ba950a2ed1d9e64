"""`/lab/...`: what tests and the demo may do to the region beyond AWS's own calls. Needs the lab's token; never reached by the product."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from infra.errors import InclineError
from lab.aws.faults import Faults
from lab.aws.http import Request, Response
from lab.aws.machines import Machines
from lab.aws.settings import Settings


class Control:
    """The control endpoint."""

    def __init__(self, token: str, settings: Settings, faults: Faults, machines: Machines, reset: Callable[[], None]) -> None:
        self._reset = reset
        self._token, self._settings, self._faults, self._machines = token, settings, faults, machines
        self._routes: dict[tuple[str, str], Callable[[dict[str, Any]], object]] = {
            ("POST", "/lab/guest/write"): self._write,
            ("GET", "/lab/guest/read"): self._read,
            ("POST", "/lab/settings"): self._set,
            ("GET", "/lab/settings"): lambda _: asdict(settings),
            ("GET", "/lab/quotas"): lambda _: {"quotas": machines.quotas()},
            ("POST", "/lab/quota"): self._quota,
            ("POST", "/lab/throttle"): self._throttle,
            ("POST", "/lab/faults"): lambda asked: {"rules": faults.add(list(asked.get("rules", [])))},
            ("GET", "/lab/faults"): lambda _: {"rules": faults.describe()},
            ("DELETE", "/lab/faults"): self._calm,
            ("POST", "/lab/blocks/corrupt"): self._corrupt,
            ("GET", "/lab/state"): lambda _: machines.describe(),
            ("POST", "/lab/reset"): self._start_over,
        }

    def __call__(self, request: Request) -> Response:
        """Answers one control request."""
        if not secrets.compare_digest(request.headers.get("x-lab-token", "").encode(), self._token.encode()):
            return _json(403, {"error": "the X-Lab-Token header is missing or wrong"})
        route = self._routes.get((request.method, request.path))
        if route is None:
            return _json(
                404, {"error": f"no such control: {request.method} {request.path}", "known": [f"{m} {p}" for m, p in self._routes]}
            )
        try:
            asked: dict[str, Any] = {**request.parameters(), **(json.loads(request.body) if request.body else {})}
            return _json(200, route(asked))
        except InclineError as error:
            return _json(400, {"error": error.what, "code": error.code, "details": list(error.details)})
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            return _json(400, {"error": f"{type(error).__name__}: {error}"})

    def _write(self, asked: dict[str, Any]) -> object:
        offset = int(asked["offset"])
        if "data" in asked:
            data = base64.b64decode(asked["data"], validate=True)
            self._machines.write(asked["volume"], offset, data)
            return {"written": len(data)}
        return {"written": self._machines.write_seeded(asked["volume"], offset, int(asked["seed"]), int(asked["length"]))}

    def _read(self, asked: dict[str, Any]) -> object:
        data = self._machines.read(asked["volume"], int(asked["offset"]), int(asked["length"]))
        return {"data": base64.b64encode(data).decode()}

    def _set(self, asked: dict[str, Any]) -> object:
        self._settings.update(asked)
        return asdict(self._settings)

    def _quota(self, asked: dict[str, Any]) -> object:
        return {"code": asked["code"], **self._machines.set_quota(str(asked["code"]), float(asked["value"]), str(asked.get("region", "")))}

    def _calm(self, asked: dict[str, Any]) -> object:
        del asked
        self._faults.clear()
        return {"rules": 0}

    def _start_over(self, asked: dict[str, Any]) -> object:
        del asked
        self._faults.clear()
        self._settings.update(asdict(Settings()))
        self._reset()
        return self._machines.describe()

    def _throttle(self, asked: dict[str, Any]) -> object:
        rule: dict[str, Any] = {
            name: asked[name] for name in ("action", "service", "probability", "count", "skip", "reason") if name in asked
        }
        return {"rules": self._faults.add([{**rule, "fault": "throttle"}])}

    def _corrupt(self, asked: dict[str, Any]) -> object:
        name = asked.get("snapshot") or asked["volume"]
        self._machines.corrupt(name, int(asked["offset"]), int(asked.get("bit", 0)), silent=bool(asked.get("silent", True)))
        return {"corrupted": name, "offset": int(asked["offset"])}


def _json(status: int, body: object) -> Response:
    return Response(status, json.dumps(body, default=str).encode(), (("Content-Type", "application/json"),))
