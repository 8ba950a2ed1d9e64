"""A saved check: everything that went in and what came out, in one file that gives the same report hash anywhere.

The evidence is the whole input of the rules: estate, placements, snapshot, standards, waivers and the day they were judged at. The
estate's documents and the capacity snapshot stand beside it, so that a reader can see what it was made from. Nothing in the hash depends
on the machine or on the clock. Numbers are hashed by their value: 5 and 5.0 are one number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from infra.atomic import replace_file
from infra.errors import InclineError, why_unreadable
from policies.evaluate import Result, evaluate
from policies.evidence import Evidence, Unknown
from policies.moments import Moment, worst_of
from policies.reports.data import result_data

SCHEMA = "incline.bundle/1"
_UNKNOWN = "?"
_HOW = "incline check --bundle FILE writes one"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A saved check.

    Args:
        moments: what was judged, as data: the name and the evidence of each moment of a plan, or of the one state there is.
        before: the evidence without the plan, as data; empty when nothing was planned.
        documents: the estate's files by path, as they were.
        snapshot: the capacity snapshot that was used, as it was; empty when there was none.
        result: what came out.
        report_hash: of inputs and result together.
    """

    title: str
    moments: Sequence[Mapping[str, Any]]
    before: Mapping[str, Any]
    documents: Mapping[str, str]
    snapshot: Mapping[str, Any]
    result: Mapping[str, Any]
    report_hash: str

    def judge(self) -> tuple[Moment, ...]:
        """Every moment, judged by the rules of this version."""
        return tuple(_judged(each["name"], evidence_of(each["evidence"])) for each in self.moments)

    def without_plan(self) -> Evidence | None:
        """The evidence without the plan."""
        return evidence_of(self.before) if self.before else None

    def document(self) -> dict[str, Any]:
        """As its file holds it."""
        return {"schema": SCHEMA, **{name: getattr(self, name) for name in self.__dataclass_fields__}}


@dataclass(frozen=True, slots=True)
class Replay:
    """A bundle evaluated again. `same`: it gave what was saved; else `changes` says where it does not."""

    moments: tuple[Moment, ...]
    before: Evidence | None
    result: Result
    report_hash: str
    changes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether it gave what was saved."""
        return not self.changes


def make_bundle(
    title: str,
    moments: Sequence[Moment],
    documents: Mapping[str, str],
    *,
    before: Evidence | None = None,
    snapshot: Mapping[str, Any] | None = None,
    here: str = "",
) -> Bundle:
    """A bundle of a check.

    Args:
        title: what was checked.
        moments: what was judged: the moments of a plan, or the one state.
        documents: the estate's files by their path inside the estate.
        before: the evidence without the plan.
        snapshot: the capacity snapshot that was used.
        here: a folder of this machine whose name is taken out of every source.
    """
    saved = [{"name": each.name, "evidence": _without(plain(each.evidence), here)} for each in moments]
    ground = _without(plain(before), here) if before else {}
    bundle = Bundle(title, saved, ground, dict(sorted(documents.items())), snapshot or {}, {}, "")
    result = result_data(worst_of(bundle.judge()))
    return replace(bundle, result=result, report_hash=_hash(saved, ground, result))


def report_hash(moments: Sequence[Moment], result: Result, before: Evidence | None = None) -> str:
    """The hash of a report: of its inputs and its verdicts, as canonical JSON. No clock, no path of a machine, no order of maps."""
    inputs = [{"name": each.name, "evidence": plain(each.evidence)} for each in moments]
    return _hash(inputs, plain(before) if before else {}, result_data(result))


def _hash(moments: Sequence[Mapping[str, Any]], before: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    return digest({"moments": moments, "before": before, "result": result})


def _judged(name: str, evidence: Evidence) -> Moment:
    return Moment(name=name, evidence=evidence, result=evaluate(evidence))


def plain(evidence: Evidence) -> dict[str, Any]:
    """Evidence as data of JSON: sets in order, and what is unknown marked, so that it is never taken for a map."""
    return {each.name: _plain(getattr(evidence, each.name)) for each in fields(evidence)}


def _plain(value: Any) -> Any:
    if value is None or type(value) in {str, int, bool}:
        return value
    if type(value) is float:
        return value if isfinite(value) else str(value)  # JSON has no word for infinity; pydantic reads this one back
    if isinstance(value, Unknown):
        return {_UNKNOWN: [value.datum, value.why]}
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return _plain_many(value)


def _plain_many(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(_plain(each) for each in value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else str(value)


def evidence_of(data: Mapping[str, Any]) -> Evidence:
    """Evidence from its data.

    Raises:
        ValidationError: it has another shape.
    """
    return _adapter().validate_python(_marked(data))


def _marked(value: Any) -> Any:
    """The data with what is unknown as such."""
    if isinstance(value, Mapping):
        if value.keys() == {_UNKNOWN} and len(value[_UNKNOWN]) == 2:
            return Unknown(*value[_UNKNOWN])
        return {key: _marked(each) for key, each in value.items()}
    return [_marked(each) for each in value] if isinstance(value, list) else value


def replay(bundle: Bundle) -> Replay:
    """Evaluate a bundle again with the rules of this version, and compare."""
    moments = bundle.judge()
    result = worst_of(moments)
    now = result_data(result)
    found = _hash(bundle.moments, bundle.before, now)
    same = found == bundle.report_hash and digest(now) == digest(bundle.result)
    return Replay(moments, bundle.without_plan(), result, found, () if same else tuple(_changes(bundle, now)))


def write_bundle(path: Path, bundle: Bundle) -> None:
    """Save it, whole or not at all."""
    replace_file(path, json.dumps(bundle.document(), ensure_ascii=False, separators=(",", ":")) + "\n")


def read_bundle(path: Path) -> Bundle:
    """A saved bundle.

    Raises:
        InclineError: it cannot be read (INC-3040), or it is something else or damaged (INC-3041).
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecursionError, json.JSONDecodeError) as error:
        raise InclineError(f"{path}: the bundle cannot be read: {why_unreadable(error)}", code="INC-3040", next_step=_HOW) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InclineError(f"{path}: is no bundle of this version ({SCHEMA})", code="INC-3041", next_step=_HOW)
    try:
        bundle = Bundle(**{name: document[name] for name in Bundle.__dataclass_fields__})
        _check(bundle)
    except (KeyError, TypeError, IndexError, ValidationError) as error:
        detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise InclineError(f"{path}: the bundle is damaged: {detail}", code="INC-3041", next_step=_HOW) from error
    return bundle


def _check(bundle: Bundle) -> None:
    """Raise for a shape that cannot be evaluated."""
    for evidence in (*(each["evidence"] for each in bundle.moments), *([bundle.before] if bundle.before else [])):
        evidence_of(evidence)
    if not bundle.moments or not all(isinstance(v, dict) and "rule" in v for v in bundle.result["verdicts"]):
        raise TypeError("there are no moments or no verdicts")


def digest(value: object) -> str:
    """SHA-256 of canonical JSON: keys in order, no blanks, whole floats as integers."""
    text = json.dumps(_canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: object) -> object:
    if type(value) in {str, int}:
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {key: _canonical(each) for key, each in value.items()}
    return [_canonical(each) for each in value] if isinstance(value, list | tuple) else value


def _without(value: Any, here: str) -> Any:
    """The value with a folder of this machine taken out of its texts."""
    if not here:
        return value
    if isinstance(value, dict):
        return {key: _without(each, here) for key, each in value.items()}
    if isinstance(value, list):
        return [_without(each, here) for each in value]
    return value.replace(f"{here.rstrip('/')}/", "") if isinstance(value, str) else value


def _changes(bundle: Bundle, now: Mapping[str, Any]) -> list[str]:
    """Which verdicts are others than those that were saved; the rules of another version may judge otherwise."""
    then, found = _by_object(bundle.result["verdicts"]), _by_object(now["verdicts"])
    lines = []
    for rule, target in dict.fromkeys((*then, *found)):
        before, after = then.get((rule, target), []), found.get((rule, target), [])
        if before != after:
            lines.append(f"{rule} {target}: {_change(before, after)}")
    return sorted(lines) or ["the inputs were edited after the bundle was written"]


def _by_object(verdicts: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for verdict in verdicts:
        found.setdefault((verdict["rule"], verdict["target"]), []).append(verdict)
    return found


def _change(before: list[Mapping[str, Any]], after: list[Mapping[str, Any]]) -> str:
    was, now = (", ".join(v["outcome"] for v in verdicts) for verdicts in (before, after))
    if not after or not before:
        return f"was {was}, is not given now" if before else f"is {now}, was not given then"
    if was != now:
        return f"was {was}, is {now}"
    other = next((b for a, b in zip(before, after, strict=False) if a != b), after[0])
    return f"{now} as before, but for other reasons: {other['formula'] or other['message']}"


@cache
def _adapter() -> TypeAdapter[Evidence]:
    return TypeAdapter(Evidence)
