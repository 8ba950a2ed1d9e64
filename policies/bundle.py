"""A saved check: everything that went in and what came out, in one file that gives the same report hash anywhere.

The evidence is the whole input of the rules: estate, placements, snapshot, standards, waivers and the day they were judged at. The
estate's documents and the capacity snapshot stand beside it, so that a reader can see what it was made from. Nothing in the hash depends
on the machine or on the clock. Numbers are hashed by their value: 5 and 5.0 are one number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from infra.atomic import replace_file
from infra.errors import InclineError
from policies.evaluate import Result, evaluate
from policies.evidence import Evidence
from policies.reports.data import result_data

SCHEMA = "incline.bundle/1"
_HOW = "incline check --bundle FILE writes one"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A saved check.

    Args:
        evidence: the input as data; `Bundle.inputs` makes evidence of it.
        documents: the estate's files by path, as they were.
        snapshot: the capacity snapshot that was used, as it was; empty when there was none.
        result: what came out.
        report_hash: of input and result together.
    """

    title: str
    evidence: Mapping[str, Any]
    documents: Mapping[str, str]
    snapshot: Mapping[str, Any]
    result: Mapping[str, Any]
    report_hash: str

    def inputs(self) -> Evidence:
        """The evidence, as the rules take it."""
        return _adapter().validate_python(self.evidence)

    def document(self) -> dict[str, Any]:
        """As its file holds it."""
        return {
            "schema": SCHEMA,
            "title": self.title,
            "report_hash": self.report_hash,
            "evidence": self.evidence,
            "documents": dict(sorted(self.documents.items())),
            "snapshot": self.snapshot,
            "result": self.result,
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """A bundle evaluated again. `same`: it gave what was saved; else `changes` says where it does not."""

    evidence: Evidence
    result: Result
    report_hash: str
    changes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether it gave what was saved."""
        return not self.changes


def make_bundle(
    title: str, evidence: Evidence, documents: Mapping[str, str], snapshot: Mapping[str, Any] | None = None, *, here: str = ""
) -> Bundle:
    """A bundle of a check.

    Args:
        title: what was checked.
        evidence: what was judged.
        documents: the estate's files by their path inside the estate.
        snapshot: the capacity snapshot that was used.
        here: a folder of this machine whose name is taken out of every source.
    """
    saved = _without(plain(evidence), here)
    inputs = _adapter().validate_python(saved)
    result = evaluate(inputs)
    return Bundle(title, saved, documents, snapshot or {}, result_data(result), report_hash(inputs, result))


def report_hash(evidence: Evidence, result: Result) -> str:
    """The hash of a report: of its inputs and its verdicts, as canonical JSON. No clock, no path of a machine, no order of maps."""
    return digest({"inputs": plain(evidence), "result": result_data(result)})


def plain(evidence: Evidence) -> dict[str, Any]:
    """Evidence as data of JSON; sets in order."""
    dumped: dict[str, Any] = json.loads(_adapter().dump_json(evidence))
    for zone in dumped["zones"]:
        if isinstance(zone["offers"], list):
            zone["offers"] = sorted(zone["offers"])
    return dumped


def replay(bundle: Bundle) -> Replay:
    """Evaluate a bundle again with the rules of this version, and compare."""
    evidence = bundle.inputs()
    result = evaluate(evidence)
    found = report_hash(evidence, result)
    now = result_data(result)
    same = found == bundle.report_hash and digest(now) == digest(bundle.result)
    changes = () if same else tuple(_changes(bundle, now))
    return Replay(evidence, result, found, changes)


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
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InclineError(f"{path}: the bundle cannot be read: {error}", code="INC-3040", next_step=_HOW) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InclineError(f"{path}: is no bundle of this version ({SCHEMA})", code="INC-3041", next_step=_HOW)
    try:
        bundle = Bundle(**{name: document[name] for name in Bundle.__dataclass_fields__})
        bundle.inputs()
        str(bundle.report_hash)
        list(bundle.result["verdicts"])
    except (KeyError, TypeError, ValidationError) as error:
        detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise InclineError(f"{path}: the bundle is damaged: {detail}", code="INC-3041", next_step=_HOW) from error
    return bundle


def digest(value: object) -> str:
    """SHA-256 of canonical JSON: keys in order, no blanks, whole floats as integers."""
    text = json.dumps(_canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _canonical(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(each) for each in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return value


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
    then = {(v["rule"], v["target"], v["source"], v["formula"]): v for v in bundle.result["verdicts"]}
    found = {(v["rule"], v["target"], v["source"], v["formula"]): v for v in now["verdicts"]}
    lines = [f"{key[0]} {key[1]}: was {then[key]['outcome']}, is not given now" for key in then if key not in found]
    lines += [f"{key[0]} {key[1]}: is {found[key]['outcome']}, was not given then" for key in found if key not in then]
    lines += [
        f"{key[0]} {key[1]}: was {then[key]['outcome']}, is {found[key]['outcome']}"
        for key in then
        if key in found and then[key] != found[key]
    ]
    return sorted(lines) or ["the inputs were edited after the bundle was written"]


@cache
def _adapter() -> TypeAdapter[Evidence]:
    return TypeAdapter(Evidence)
