"""What a table entry is: one `Resource` per type, one `Function` per invoke, one `Table` per provider.

A resource says what its properties mean (`fields`) and how it is made, read, changed and removed. Everything else, the checks, the diff
with its replace list, defaults, generated names, previews and errors, follows from that and is written once in this package.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from lab.providers.failures import ProviderError
from lab.providers.sdk import Sdk
from lab.providers.values import Values

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Field:
    """What a property means beyond its kind in the SDK.

    Attributes:
        replace: Terraform's ForceNew: a change makes a new resource.
        computed: Terraform's Optional + Computed: when the program says nothing, what is there is right.
        default: Terraform's Default: what the program means when it says nothing.
        local: lives in the state alone; the other side never tells it.
        unordered: Terraform's set: the order of the items means nothing.
        key: for a list of objects without order, the property that tells them apart.
        canonical: the form in which two values are compared (policies as JSON, case, ids for names).
    """

    replace: bool = False
    computed: bool = False
    default: Any = None
    local: bool = False
    unordered: bool = False
    key: str = ""
    canonical: Callable[[Any], Any] | None = None


Fields = MappingProxyType[str, Field]
"""What the properties of a type mean, by their name; nested ones are written `disks[].label`."""


@dataclass(frozen=True, kw_only=True)
class GeneratedName:
    """The bridge's auto-naming: the resource's name in the program, a separator and seven hex digits."""

    field: str = "name"
    separator: str = "-"
    prefix: str = ""
    max_length: int = 255


class StoppedError(ProviderError):
    """The engine asked to stop."""


class TimedOutError(ProviderError):
    """What was waited for did not come in time."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Waiting with an end: the operation's time limit, and the engine's Cancel."""

    seconds: float = 600.0
    pause: float = 0.2
    stop: threading.Event = field(default_factory=threading.Event)

    def until(self, what: str, probe: Callable[[], T | None]) -> T:
        """Ask `probe` until it answers something; `what` completes the sentence "timed out waiting for"."""
        end = time.monotonic() + self.seconds
        pause = self.pause / 8
        while True:
            answer = probe()
            if answer is not None:
                return answer
            if self.stop.is_set():
                raise StoppedError(f"stopped while waiting for {what}")
            if time.monotonic() >= end:
                raise TimedOutError(f"timed out after {self.seconds:.0f} s waiting for {what}")
            self.stop.wait(pause)
            pause = min(pause * 2, self.pause)


@dataclass(frozen=True, kw_only=True)
class Work(Generic[S]):
    """One operation at hand: the session it runs on, the resource's name in the program, its patience."""

    session: S
    name: str = ""
    wait: Wait = field(default_factory=Wait)


@dataclass(frozen=True, kw_only=True)
class Change:
    """An update: the state as it was, the inputs as they were and shall be, and the top-level properties that differ."""

    id: str
    state: Values
    old: Values
    new: Values
    changed: frozenset[str]

    def touches(self, *names: str) -> bool:
        """Whether any of the properties differs."""
        return not self.changed.isdisjoint(names)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """An input that cannot be: which property, and why."""

    property: str
    reason: str


class Resource(ABC, Generic[S]):
    """One resource type.

    Attributes:
        name: the Pulumi type token.
        upstream: the file of the upstream provider that this entry repeats.
        fields: what each input means; an input without an entry is refused as not modelled. Nested ones are written `disks[].label`.
        generated_name: how a missing name is made, if it is.
        delete_before_replace: whether the old one must go before the new one can come.
    """

    name: str
    upstream: str
    fields: Mapping[str, Field]
    generated_name: GeneratedName | None = None
    delete_before_replace: bool = False

    def check(self, inputs: Values) -> Iterable[Problem]:
        """Rules that concern more than one property. `inputs` are complete, unknowns included."""
        _ = inputs
        return ()

    def replaces(self, pattern: str, old: Values, new: Values) -> bool:
        """Whether a difference at `pattern` (`disks[].label`) needs a new resource."""
        _ = old, new
        return any(entry.replace for entry in self.along(pattern))

    def along(self, pattern: str) -> Iterable[Field]:
        """The entries of a property and of everything that it stands in."""
        parts = pattern.split(".")
        for count in range(1, len(parts) + 1):
            path = ".".join(parts[:count])
            for name in dict.fromkeys((path.removesuffix("[]"), path)):
                if name in self.fields:
                    yield self.fields[name]

    def suppresses(self, pattern: str, old: Values, new: Values) -> bool:
        """Whether upstream overlooks a difference at `pattern` (DiffSuppressFunc)."""
        _ = pattern, old, new
        return False

    def imported(self, inputs: Values) -> Values:
        """The inputs of an import without those that a program could not say together."""
        return inputs

    def refuse_change(self, state: Values, news: Values) -> str:
        """Why upstream refuses this change; empty when it does not.

        Upstream refuses it in the plan. Here it is the Update that does, in a preview as well: a refusal in Diff would end a refresh too,
        which then could not show that someone has grown a disk by hand.
        """
        _ = state, news
        return ""

    @abstractmethod
    def create(self, work: Work[S], inputs: Values) -> str:
        """Make it and return its id, as soon as it has one."""

    def complete(self, work: Work[S], id_: str, inputs: Values) -> None:
        """What follows the creation; when it fails, the resource is kept as half made."""
        _ = work, id_, inputs

    @abstractmethod
    def read(self, work: Work[S], id_: str, prior: Values) -> Values | None:
        """What is really there, or nothing. `prior` is the state as last seen, empty at an import."""

    def update(self, work: Work[S], change: Change) -> None:
        """Bring it to the new inputs in place."""
        raise NotImplementedError(f"{self.name} has no property that can be changed in place, yet {sorted(change.changed)} did")

    @abstractmethod
    def delete(self, work: Work[S], id_: str, state: Values) -> None:
        """Remove it; fine when it is gone already."""

    def locate(self, work: Work[S], import_id: str) -> str:
        """The id of what a person names in an import."""
        _ = work
        return import_id


@dataclass(frozen=True, kw_only=True)
class Function(Generic[S]):
    """One invoke: its token and what it answers."""

    name: str
    upstream: str
    call: Callable[[S, Values], Values]


@dataclass(frozen=True, kw_only=True)
class Table(Generic[S]):
    """A provider: its types, its functions, its configuration, and how a session is opened.

    `within` is the session of the place that a resource names itself, `adjust_inputs` what the configuration adds to every resource.
    """

    name: str
    sdk: Sdk
    resources: Mapping[str, Resource[S]]
    functions: Mapping[str, Function[S]]
    config_keys: frozenset[str]
    required_config: Callable[[Values], Iterable[Problem]]
    connect: Callable[[Values], S]
    within: Callable[[S, Values], S] = lambda session, _values: session
    adjust_inputs: Callable[[Values, Resource[S], Values], Values] = lambda _config, _resource, inputs: inputs


def by_token(entries: Iterable[T], token: Callable[[T], str]) -> dict[str, T]:
    """The entries under their tokens; two for one token is a mistake in the table."""
    table: dict[str, T] = {}
    for entry in entries:
        if token(entry) in table:
            raise ValueError(f"two entries for {token(entry)}")
        table[token(entry)] = entry
    return table
