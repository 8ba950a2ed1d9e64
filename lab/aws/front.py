"""Where every request arrives: control, faults, EBS direct by the lab itself, the rest by moto."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from lab.aws import protocol
from lab.aws.control import Control
from lab.aws.ebs import wire
from lab.aws.ebs.region import Region
from lab.aws.ebs.service import EbsDirect
from lab.aws.faults import Faults
from lab.aws.http import Request, Response
from lab.aws.protocol import Call
from lab.aws.settings import Settings

Moto = Callable[[Request, Call], Response]


class Front:
    """The application of the server. EBS direct is answered before moto's dispatcher: its data plane must be fast."""

    def __init__(
        self, *, settings: Settings, faults: Faults, control: Control, ebs: EbsDirect, region: Callable[[Call], Region], moto: Moto
    ) -> None:
        self._settings, self._faults, self._control = settings, faults, control
        self._ebs, self._region, self._moto = ebs, region, moto

    def __call__(self, request: Request) -> Response:
        """Answers one request."""
        if request.path.startswith("/lab/"):
            return self._control(request)
        if request.path.startswith("/moto-api"):
            return Response(404, b"the lab is steered through /lab/", (("Content-Type", "text/plain"),))
        call = protocol.identify(request)
        if not self._settings.knows(call.access_key):
            return protocol.unknown_key(call.service)
        struck = self._faults.strike(call)
        if struck is not None:
            return struck
        if call.service == "ebs":
            return self._direct(request, call)
        return self._moto(request, call)

    def _direct(self, request: Request, call: Call) -> Response:
        found = wire.operation(request)
        if found is None:
            return protocol.not_modelled("ebs", f"{request.method} {request.path}")
        try:
            region = self._region(call)
        except KeyError:
            return protocol.error("ebs", "UnrecognizedClientException", 400, f"No such region: {call.region}")
        try:
            return wire.answer(self._ebs, region, *found, request)
        except Exception as error:  # noqa: BLE001 a fault of the lab must reach the client as an answer, and its log as a traceback
            traceback.print_exc()
            return protocol.error("ebs", "InternalServerException", 500, f"{found[0]}: {type(error).__name__}: {error}")
