"""Faults and throttles on demand: which call fails next, how, and how often."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from infra.errors import InclineError
from lab.aws import protocol
from lab.aws.http import Response
from lab.aws.protocol import Call

FAULTS = ("throttle", "error", "drop", "delay", "expired-credentials")


@dataclass
class Rule:
    """One fault. `action` is an operation's name or `*`; the first `skip` matches pass, then `count` of them are hit (0: all of them)."""

    action: str = "*"
    service: str = "*"
    fault: str = "error"
    probability: float = 1.0
    count: int = 0
    skip: int = 0
    code: str = ""
    status: int = 500
    message: str = "A fault of the lab."
    reason: str = ""
    delay_s: float = 0.0
    hits: int = field(default=0, compare=False)
    matches: int = field(default=0, compare=False)

    def fits(self, call: Call) -> bool:
        """Whether the call is one of those that the rule is about."""
        return self.action in {"*", call.operation} and self.service in {"*", call.service}


class Faults:
    """The rules in force. Chance comes from one seeded source, so that a run can be repeated."""

    def __init__(self, seed: int = 1) -> None:
        self._rules: list[Rule] = []
        self._lock = Lock()
        self._random = random.Random(seed)

    def add(self, rules: list[dict[str, Any]]) -> int:
        """Adds rules; none of them when one is wrong."""
        made = [self._rule(values) for values in rules]
        with self._lock:
            self._rules += made
            return len(self._rules)

    @staticmethod
    def _rule(values: dict[str, Any]) -> Rule:
        values = {("action" if name == "method" else name): value for name, value in values.items()}
        try:
            rule = Rule(**values)
        except TypeError as error:
            raise UnknownFaultError(str(error)) from None
        if rule.fault not in FAULTS:
            raise UnknownFaultError(f"fault {rule.fault!r} is none of {', '.join(FAULTS)}")
        return rule

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self._rules.clear()

    def describe(self) -> list[dict[str, Any]]:
        """The rules and how often each was asked and hit."""
        with self._lock:
            return [dict(vars(rule)) for rule in self._rules]

    def strike(self, call: Call) -> Response | None:
        """The answer of the first rule that hits this call; a delay is waited out here."""
        rule = self._draw(call)
        if rule is None:
            return None
        if rule.fault == "delay":
            time.sleep(rule.delay_s)
            return None
        if rule.fault == "drop":
            return Response(0, drop=True)
        if rule.fault == "throttle":
            return protocol.throttled(call.service, rule.reason or "ACCOUNT_THROTTLED")
        if rule.fault == "expired-credentials":
            code = "RequestExpired" if call.service == "ec2" else "ExpiredTokenException"
            return protocol.error(call.service, code, 400, "The security token included in the request is expired")
        code = rule.code or ("InternalError" if call.service == "ec2" else "InternalServerException")
        return protocol.error(call.service, code, rule.status, rule.message, rule.reason)

    def _draw(self, call: Call) -> Rule | None:
        if not self._rules:
            return None
        with self._lock:
            for rule in self._rules:
                if not rule.fits(call):
                    continue
                rule.matches += 1
                spent = rule.count and rule.hits >= rule.count
                if rule.matches <= rule.skip or spent or self._random.random() >= rule.probability:
                    continue
                rule.hits += 1
                return rule
        return None


class UnknownFaultError(InclineError):
    """A fault rule that the lab cannot carry out."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the lab's AWS does not know this fault: {what}", code="INC-4302", details=(f"faults: {', '.join(FAULTS)}",))
