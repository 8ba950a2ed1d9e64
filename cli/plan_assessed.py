"""Who may move, as assessed: kept beside the inventory, so that a hand edit of a plan is scored at once, without judging a fleet again.

What is kept counts only for the very same inputs: machines, usage, dependencies, estate, targets, day, prices, and the code that judges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from infra.atomic import replace_file
from infra.errors import InclineError
from infra.estate.model import Estate
from infra.prices import load_prices
from migration.assess.assess import assess
from migration.discover.model import Inventory
from migration.waves.build_candidates import Candidate, LeftOut, from_assessments
from migration.waves.programme import Programme

KEPT = Path("out") / "assessed.json"
FEW = 200
"""So many servers are judged faster than they are read back."""


@dataclass(frozen=True)
class Assessed:
    """Candidates and who is left out, with the digest of what they were made from."""

    made_from: str
    candidates: tuple[Candidate, ...]
    left: tuple[LeftOut, ...]


def assessed(
    base: Path, inventory: Inventory, estate: Estate | None, targets: Mapping[str, str], programme: Programme, now: datetime
) -> tuple[tuple[Candidate, ...], tuple[LeftOut, ...]]:
    """Judge, or read back what was judged of the same inputs. What cannot be written is judged again the next time."""
    print_ = _digest(inventory, estate, targets, programme, now) if len(targets) > FEW else ""
    found = _read(base / KEPT, print_) if print_ else None
    if found is None:
        judged = assess(inventory, estate=estate, target=targets, now=now)
        candidates, left = from_assessments(judged, inventory, estate, programme.environments, programme.hold_days)
        found = Assessed(print_, tuple(candidates), tuple(left))
        if print_:
            _write(base / KEPT, found)
    return found.candidates, found.left


def _read(path: Path, made_from: str) -> Assessed | None:
    """What is kept, if it was made from the same; a file that is not there, damaged or of another version is no answer."""
    try:
        text = path.read_bytes()
        if made_from.encode() not in text[:200]:
            return None
        found = TypeAdapter(Assessed).validate_json(text)
    except (OSError, ValidationError):
        return None
    return found if found.made_from == made_from else None


def _write(path: Path, found: Assessed) -> None:
    try:
        replace_file(path, TypeAdapter(Assessed).dump_json(found))
    except InclineError:
        return  # a folder that may not be written costs time, not the answer


def _digest(inventory: Inventory, estate: Estate | None, targets: Mapping[str, str], programme: Programme, now: datetime) -> str:
    digest = hashlib.sha256()
    for part in _parts(inventory, estate, targets, programme, now):
        digest.update(part.encode())
    return digest.hexdigest()


def _parts(inventory: Inventory, estate: Estate | None, targets: Mapping[str, str], programme: Programme, now: datetime) -> Iterable[str]:
    """Everything that a judgement rests on, as text. `as_of` and the time of the look change with every look and judge nothing but age."""
    yield f"{now.date()} {programme.hold_days} {programme.environments!r} {sorted(targets.items())!r}"
    yield repr(load_prices())
    yield estate.model_dump_json() if estate else ""
    yield from (repr(each) for each in (*inventory.hosts, *inventory.datastores, *inventory.clusters))
    yield from (repr(each) for each in (*inventory.machines, *inventory.usage, *inventory.edges))
    yield from sorted(_code())


def _code() -> Iterable[str]:
    """The judging code by size and time: a new version judges anew."""
    for package in ("migration.assess", "migration.assess.limits", "migration.waves", "infra", "infra.data"):
        for each in files(package).iterdir():
            place = Path(str(each))
            if place.is_file():
                seen = place.stat()
                yield f"{place.name} {seen.st_size} {seen.st_mtime_ns}"
