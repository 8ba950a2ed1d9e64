"""The operations of a provider on plain values: what each request means, for every type alike. No gRPC here."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lab.providers.check import DEFAULTS, Check
from lab.providers.diff import Diff, Difference
from lab.providers.failures import HalfMadeError, ProviderError, sentence
from lab.providers.state import imported_inputs, preview, refreshed_inputs, settle
from lab.providers.table import Change as ResourceChange
from lab.providers.table import Function, Problem, Resource, Table, Wait, Work
from lab.providers.values import Values, has_unknown, without_marks

DEFAULT_PATIENCE = 600.0
"""Seconds that an operation may take when the program sets no timeout: the shortest of upstream's usual limits."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer to a Diff."""

    differences: list[Difference]
    delete_before_replace: bool

    @property
    def replaces(self) -> list[str]:
        """The paths that take a new resource."""
        return [item.path for item in self.differences if item.replace]


@dataclass
class Operations:
    """One provider process: its table, the session once configured, and the engine's wish to stop."""

    table: Table[Any]
    stop: threading.Event = field(default_factory=threading.Event)
    _config: Values | None = None
    _session: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def configure(self, config: Values) -> None:
        """Take the configuration and open the session; a configuration that is not all known yet waits for the first operation."""
        self._config = config
        self._session = None
        if not any(has_unknown(value) for value in config.values()):
            self.session()

    def session(self) -> Any:
        """The session on the other side, opened once."""
        with self._lock:
            if self._session is None:
                if self._config is None:
                    raise ProviderError("the provider was not configured")
                unknown = sorted(name for name, value in self._config.items() if has_unknown(value))
                if unknown:
                    raise ProviderError(f"the provider's configuration is not known yet: {', '.join(unknown)}")
                self._session = self.table.connect(self._config)
            return self._session

    def check_config(self, config: Values) -> list[Problem]:
        """Which configuration keys the real provider does not have, or would miss."""
        unknown = [
            Problem(property=name, reason=f"the provider {self.table.name} has no configuration key '{name}'")
            for name in config
            if name not in self.table.config_keys and not name.startswith("__")
        ]
        return [*unknown, *self.table.required_config(config)]

    def resource(self, token: str) -> Resource[Any]:
        """The entry of a type."""
        try:
            return self.table.resources[token]
        except KeyError:
            raise ProviderError(
                f"the lab's provider does not model the type {token}; it models {', '.join(self.table.resources)}"
            ) from None

    def function(self, token: str) -> Function[Any]:
        """The entry of an invoke."""
        try:
            return self.table.functions[token]
        except KeyError:
            raise ProviderError(f"the lab's provider does not model {token}; it models {', '.join(self.table.functions)}") from None

    def check(self, token: str, news: Values, olds: Values, *, name: str, seed: bytes, proposed: str = "") -> tuple[Values, list[Problem]]:
        """The complete inputs, and what is wrong with them."""
        resource = self.resource(token)
        check = Check(self.table.sdk, resource)
        inputs = check.run(news, olds, name=name, seed=seed, proposed=proposed)
        if self._config is not None and not check.problems:
            inputs = self.table.adjust_inputs(self._config, resource, inputs)
        return inputs, check.problems

    def diff(self, token: str, state: Values, old_inputs: Values, news: Values, ignored: Iterable[str] = ()) -> Verdict:
        """What differs, and what that takes."""
        resource = self.resource(token)
        found = Diff(self.table.sdk, resource).run(without_marks(state), without_marks(old_inputs), without_marks(news), ignored)
        replaced = any(item.replace for item in found)
        return Verdict(differences=found, delete_before_replace=replaced and _old_must_go_first(resource, news, found))

    def create(self, token: str, inputs: Values, *, name: str, timeout: float, dry_run: bool) -> tuple[str, Values]:
        """Make it; in a preview only say what is known of it."""
        resource = self.resource(token)
        if dry_run:
            return "", preview(self.table.sdk, resource, inputs)
        work = self._work(name, timeout, inputs)
        wanted = without_marks(inputs)
        id_ = resource.create(work, wanted)
        try:
            resource.complete(work, id_, wanted)
            return id_, self._state(resource, work, id_, wanted)
        except Exception as error:
            raise self._half_made(resource, work, id_, wanted, inputs, error) from error

    def read(self, token: str, id_: str, state: Values, old_inputs: Values, *, name: str, timeout: float) -> tuple[str, Values, Values]:
        """What is there: id, state and inputs. With no state known it is an import. An empty id says that it is gone."""
        resource = self.resource(token)
        work = self._work(name, timeout, state)
        importing = not without_marks(state)
        if importing:
            id_ = resource.locate(work, id_)
            if not id_:
                return "", {}, {}
        found = resource.read(work, id_, state)
        if found is None:
            return "", {}, {}
        defaults = {key: entry.default for key, entry in resource.fields.items() if entry.local and "." not in key}
        settled = settle(resource, found, {k: v for k, v in defaults.items() if v is not None} if importing else state)
        known = without_marks(old_inputs)
        inputs = imported_inputs(self.table.sdk, resource, settled)
        if known:
            inputs = refreshed_inputs(self.table.sdk, resource, settled, old_inputs)
        return str(found.get("id", id_)), settled, inputs

    def update(
        self,
        token: str,
        id_: str,
        *,
        state: Values,
        old_inputs: Values,
        news: Values,
        ignored: Iterable[str],
        name: str,
        timeout: float,
        dry_run: bool,
    ) -> Values:
        """Bring it to the new inputs."""
        resource = self.resource(token)
        wanted = without_marks(news)
        verdict = self.diff(token, state, old_inputs, news, ignored)
        refusal = resource.refuse_change(state, wanted)
        if refusal:
            raise ProviderError(refusal)
        if dry_run:
            changed = {**without_marks(state), **wanted}
            return {**changed, "tagsAll": wanted.get("tags", {})} if "tagsAll" in state else changed
        work = self._work(name, timeout, state)
        change = ResourceChange(
            id=id_,
            state=without_marks(state),
            old=without_marks(old_inputs),
            new=wanted,
            changed=frozenset(item.top for item in verdict.differences),
        )
        try:
            resource.update(work, change)
            return self._state(resource, work, id_, wanted, prior=state)
        except Exception as error:
            raise self._half_made(resource, work, id_, without_marks(state), old_inputs, error) from error

    def delete(self, token: str, id_: str, state: Values, *, name: str, timeout: float) -> None:
        """Remove it."""
        self.resource(token).delete(self._work(name, timeout, state), id_, without_marks(state))

    def invoke(self, token: str, arguments: Values) -> Values:
        """Answer a function."""
        return self.function(token).call(self.session(), without_marks(arguments))

    def _work(self, name: str, timeout: float, values: Values) -> Work[Any]:
        return Work(
            session=self.table.within(self.session(), values), name=name, wait=Wait(seconds=timeout or DEFAULT_PATIENCE, stop=self.stop)
        )

    def _state(self, resource: Resource[Any], work: Work[Any], id_: str, inputs: Values, prior: Values | None = None) -> Values:
        kept = {**without_marks(prior or {}), **inputs}
        found = resource.read(work, id_, kept)
        if found is None:
            raise ProviderError(f"{id_} was gone right after it was made or changed")
        return settle(resource, found, {**{k: v for k, v in kept.items() if k in inputs or k not in resource.fields}, **inputs})

    def _half_made(
        self, resource: Resource[Any], work: Work[Any], id_: str, known: Values, inputs: Values, error: Exception
    ) -> HalfMadeError:
        """The failure together with what is there now, as far as that can be told."""
        try:
            found = resource.read(work, id_, known)
        except Exception:  # noqa: BLE001  # the first failure is the one to tell; a second one while looking must not hide it
            found = None
        state = settle(resource, found, known) if found is not None else known
        return HalfMadeError(sentence(error), id_=id_, state=state, inputs=inputs)


def _old_must_go_first(resource: Resource[Any], news: Values, found: list[Difference]) -> bool:
    """Upstream says so, or the old one holds the name that the new one needs."""
    if resource.delete_before_replace:
        return True
    generated = resource.generated_name
    if generated is None or not news.get(generated.field):
        return False
    renamed = any(item.top == generated.field for item in found)
    return not renamed and generated.field not in news.get(DEFAULTS, ())
