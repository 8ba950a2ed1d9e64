"""What all regions of the lab's AWS share: blocks, settings, one lock for EC2's metadata, and what is due later."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from lab.aws.blocks.store import BlockStore
from lab.aws.ec2.refusals import refuse
from lab.aws.settings import Settings


@dataclass
class World:
    """The lock serialises EC2's calls: moto's models do not expect two at a time. Block data never passes under it."""

    store: BlockStore
    settings: Settings
    lock: RLock = field(default_factory=RLock)
    _due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _answers: dict[tuple[str, ...], tuple[str, Any]] = field(default_factory=dict)

    def later(self, delay: float, do: Callable[[], None]) -> None:
        """Does something when `delay` seconds have passed, at the earliest with the next call: no answer shows it as done already."""
        self._due.append((self.settings.now() + delay, do))

    def settle(self) -> None:
        """Does what has become due. Called at the start of each call, with the lock held."""
        now = self.settings.now()
        ready = [do for when, do in self._due if when <= now]
        self._due = [(when, do) for when, do in self._due if when > now]
        for do in ready:
            do()

    def forget(self) -> None:
        """Nothing is due and nothing was answered: for a region that starts over."""
        self._due.clear()
        self._answers.clear()
        self.store.clear()

    def once(self, key: tuple[str, ...], parameters: dict[str, Any], make: Callable[[], Any]) -> Any:
        """What a client token promises: the same request again gets the first answer's objects, another request is refused."""
        request = json.dumps({k: v for k, v in parameters.items() if k != "ClientToken"}, sort_keys=True, default=str)
        known = self._answers.get(key)
        if known is None:
            answer = make()
            self._answers[key] = (request, answer)
            return answer
        if known[0] != request:
            raise refuse(
                "IdempotentParameterMismatch",
                f"The client token '{key[-1]}' was already used with different parameters.",
            )
        return known[1]
