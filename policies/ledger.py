"""The ledger of promised capacity: what moves and other stacks' pending changes will take, so that each fits beside the others.

A preview of a stack may write what its machines need into a file that the previews of other stacks and branches read. A promise ends
when it expires, when its stack is previewed again, or when the machine is counted as itself: no machine is ever counted twice. A machine
that is counted with less than it was promised leaves a promise of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field, ValidationError

from infra.atomic import folder_lock, replace_file
from infra.errors import InclineError, why_unreadable
from infra.estate.model import Model
from policies.evidence import Evidence, MoveEvidence, PromiseEvidence, ServerEvidence, Unknown

SCHEMA: Literal["incline.ledger/1"] = "incline.ledger/1"
LIFE = timedelta(days=7)
"""How long a preview speaks for its stack: a change that nobody has carried out after a week is previewed again or given up."""


class LedgerError(InclineError):
    """A ledger that cannot be read."""


class Promise(Model):
    """What one machine of a stack needs. Sizes in bytes."""

    holder: str
    site: str
    cluster: str = ""
    datastore: str = ""
    zone: str = ""
    instance_type: str = ""
    cpus: int
    memory: int
    disk: int


class Promises(Model):
    """What one stack needs, from one preview."""

    since: AwareDatetime
    expires: AwareDatetime
    machines: tuple[Promise, ...]


class Ledger(Model):
    """All stacks' promises, by who holds them."""

    format: Literal["incline.ledger/1"] = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    stacks: dict[str, Promises] = Field(default={})


def read_ledger(path: Path) -> Ledger:
    """The ledger of a file; an empty one where there is no file yet.

    Raises:
        LedgerError: it cannot be read or is no ledger (INC-3023).
    """
    try:
        ledger = Ledger.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Ledger()
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        reason = str(error.errors(include_url=False)[0]["msg"]) if isinstance(error, ValidationError) else why_unreadable(error)
        raise _no_ledger(path, reason) from error
    if "format" not in ledger.model_fields_set:
        raise _no_ledger(path, f"it does not say that it is one: schema {SCHEMA}")
    return ledger


def _no_ledger(path: Path, reason: str) -> LedgerError:
    """Nobody is told to remove the file without a second look: it may be a wrong name for something that is dear."""
    return LedgerError(
        f"{path}: the ledger of promises cannot be read",
        code="INC-3023",
        details=(reason,),
        next_step="name the right file; if this is the ledger, remove it and preview the stacks again",
    )


def write_promises(path: Path, by: str, evidence: Evidence, site: str, now: datetime) -> None:
    """Replace a stack's promises by what its machines on a site need now; what has expired goes.

    Raises:
        LedgerError: the file that stands there is no ledger.
        FileWriteError: it cannot be written.
    """
    machines = tuple(_needed(s) for s in evidence.servers if s.site == site and s.service and not s.held and _has_size(s))
    path.parent.mkdir(parents=True, exist_ok=True)
    with folder_lock(path.parent):
        kept = {name: each for name, each in read_ledger(path).stacks.items() if each.expires > now and name != by}
        ledger = Ledger(stacks={**kept, by: Promises(since=now, expires=now + LIFE, machines=machines)})
        replace_file(path, ledger.model_dump_json(by_alias=True, indent=1) + "\n")


def _has_size(server: ServerEvidence) -> bool:
    return not any(isinstance(value, Unknown) for value in (server.cpus, server.memory, *server.disks))


def _needed(server: ServerEvidence) -> Promise:
    kind = server.instance.instance_type if server.instance else ""
    return Promise(
        holder=server.name,
        site=server.site,
        cluster=server.cluster,
        datastore=server.datastore,
        zone=server.zone,
        instance_type="" if isinstance(kind, Unknown) else kind,
        cpus=_number(server.cpus),
        memory=_number(server.memory),
        disk=sum(map(_number, server.disks)),
    )


def _number(value: int | Unknown) -> int:
    return 0 if isinstance(value, Unknown) else value


def move_promises(moves: tuple[MoveEvidence, ...]) -> Iterator[PromiseEvidence]:
    """What coming moves take on their targets. A move on trial takes nothing more: its machine stands there."""
    for move in moves:
        if move.machine is not None:
            needed = _needed(move.machine)
            yield PromiseEvidence(by=f"move {move.server}", since=None, source=move.source, **needed.model_dump())


def with_ledger(evidence: Evidence, ledger: Ledger, source: str, *, own: str = "") -> Evidence:
    """The evidence with other stacks' open promises; what has expired is a finding.

    Args:
        evidence: what is judged.
        ledger: the promises of all stacks.
        source: the ledger's file, as facts cite it.
        own: the stack that is judged: what it was promised is what it shows.
    """
    counted = {(s.name, s.site): s for s in evidence.servers}
    taken = {(p.holder, p.site) for p in evidence.promises}
    found: dict[tuple[str, str], PromiseEvidence] = {}
    lapsed: list[str] = []
    for by, promises in sorted(ledger.stacks.items()):
        if by == own:
            continue
        if promises.expires <= evidence.moment:
            lapsed.append(f"{source}: the promises of {by} of {promises.since:%Y-%m-%d} have expired; they are not subtracted")
            continue
        for machine in promises.machines:
            key = machine.holder, machine.site
            if machine.site in evidence.kinds and key not in taken:
                rest = _beyond(machine, counted.get(key))
                if rest is not None:
                    each = PromiseEvidence(by=by, since=promises.since, source=source, **rest.model_dump())
                    found[key] = _larger(found[key], each) if key in found else each
    return replace(evidence, promises=evidence.promises + tuple(found.values()), findings=evidence.findings + tuple(lapsed))


def _larger(one: PromiseEvidence, other: PromiseEvidence) -> PromiseEvidence:
    """What a machine may come to that two changes promise: it is made once, as large as the larger of the two in each."""
    larger = other if (other.memory, other.cpus, other.disk) > (one.memory, one.cpus, one.disk) else one
    cpus, memory, disk = max(one.cpus, other.cpus), max(one.memory, other.memory), max(one.disk, other.disk)
    return replace(larger, cpus=cpus, memory=memory, disk=disk)


def _beyond(promise: Promise, counted: ServerEvidence | None) -> Promise | None:
    """What a promise asks for beyond the machine that is counted already."""
    if counted is None:
        return promise
    cpus = max(0, promise.cpus - _number(counted.cpus)) if not isinstance(counted.cpus, Unknown) else 0
    memory = max(0, promise.memory - _number(counted.memory)) if not isinstance(counted.memory, Unknown) else 0
    disk = max(0, promise.disk - sum(map(_number, counted.disks)))
    if not (cpus or memory or disk):
        return None
    return promise.model_copy(update={"holder": f"{promise.holder} (growth)", "cpus": cpus, "memory": memory, "disk": disk})
