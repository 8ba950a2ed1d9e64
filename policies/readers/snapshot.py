"""A capacity snapshot laid over the evidence: what both sides really have and use, in place of what is declared.

What a snapshot shows and the estate does not know is a finding, and what runs counts as load all the same. A machine that was seen carries
the time in `as_of`; one without it is not there yet, so it is not in the used space or the used quota that the snapshot tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infra.errors import InclineError, why_unreadable
from infra.observed.capacity import SCHEMA, AwsCapacity, CapacitySnapshot, VsphereCapacity
from policies.evidence import (
    AlarmEvidence,
    Evidence,
    PortEvidence,
    ServerEvidence,
    SnapshotEvidence,
    Unknown,
)
from policies.readers.snapshot_aws import read_region
from policies.readers.snapshot_parts import Layer, Seen
from policies.readers.snapshot_vsphere import read_center

_PROBLEMS_SHOWN = 5


class SnapshotError(InclineError):
    """A capacity snapshot that cannot be used."""


def read_snapshot(path: Path) -> CapacitySnapshot:
    """A capacity snapshot from its file.

    Raises:
        SnapshotError: it cannot be read (INC-3020), is no JSON of this format (INC-3021), or is damaged (INC-3022).
    """
    again = "incline capacity snapshot"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SnapshotError(
            f"{path}: the capacity snapshot cannot be read: {why_unreadable(error)}", code="INC-3020", next_step=again
        ) from error
    return parse_snapshot(text, str(path))


def parse_snapshot(text: str, name: str) -> CapacitySnapshot:
    """A capacity snapshot from text; `name` stands for it in errors.

    Raises:
        SnapshotError: it is no JSON of this format (INC-3021), or is damaged (INC-3022).
    """
    again = "incline capacity snapshot"
    try:
        return CapacitySnapshot.model_validate_json(text)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
    format_wrong = any(p["type"] == "json_invalid" or p["loc"] in {(), ("schema",)} for p in problems)
    if format_wrong:
        what = f"{name}: no capacity snapshot: one is a JSON document with the schema {SCHEMA}"
        raise SnapshotError(what, code="INC-3021", details=(str(problems[0]["msg"]),), next_step=again)
    shown = tuple(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in problems[:_PROBLEMS_SHOWN])
    more = (f"and {len(problems) - _PROBLEMS_SHOWN} more",) if len(problems) > _PROBLEMS_SHOWN else ()
    raise SnapshotError(f"{name}: the capacity snapshot is damaged", code="INC-3022", details=shown + more, next_step=again)


def overlay_snapshot(evidence: Evidence, snapshot: CapacitySnapshot, source: str, *, observed_wins: bool = False) -> Evidence:
    """The evidence with what the snapshot shows laid over it.

    Args:
        evidence: the estate's, or a plan's.
        snapshot: what both sides have.
        source: how verdicts name the snapshot: its path, or `live`.
        observed_wins: what a machine is (size, place, tags, open ports) is taken from the snapshot, and a difference is a finding.
            Otherwise the declaration stands, because it is what is about to be.
    """
    seen = Seen(source=source, wins=observed_wins)
    layers: list[Layer] = []
    findings: list[str] = []
    for name, site in sorted(snapshot.sites.items()):
        kind = evidence.kinds.get(name)
        if kind is None:
            findings.append(f"site/{name}: the capacity snapshot {source} shows it, the estate has no such site")
        elif kind != site.kind:
            findings.append(f"site/{name}: the capacity snapshot {source} shows a {site.kind} site, the estate declares it as {kind}")
        elif isinstance(site, VsphereCapacity):
            layers.append(read_center(evidence, name, site, seen))
        elif isinstance(site, AwsCapacity):
            layers.append(read_region(evidence, name, site, seen))
    unread = tuple((name, part, why) for name, site in sorted(snapshot.sites.items()) for part, why in sorted(site.missing.items()))
    findings += [f"site/{name}: {source} lacks {part}: {why}" for name, part, why in unread]
    taken = min((layer.taken_at for layer in layers), default=snapshot.taken_at)
    told = SnapshotEvidence(taken_at=taken, sites=tuple(layer.site for layer in layers), source=source, unread=unread)
    return _joined(replace(evidence, snapshot=told, findings=evidence.findings + tuple(findings)), layers, wins=observed_wins)


def _joined(evidence: Evidence, layers: list[Layer], *, wins: bool) -> Evidence:
    sites = {layer.site for layer in layers}
    asked_quotas = [layer.quotas for layer in layers if layer.quotas is not None]
    asked_reservations = [layer.reservations for layer in layers if layer.reservations is not None]
    return replace(
        evidence,
        clusters=_over(evidence.clusters, (c for layer in layers for c in layer.clusters)),
        pools=tuple(p for p in evidence.pools if p.site not in sites) + _all(layer.pools for layer in layers),
        datastores=_over(evidence.datastores, (d for layer in layers for d in layer.datastores)),
        networks=_over(evidence.networks, (n for layer in layers for n in layer.networks)),
        zones=_over(evidence.zones, (z for layer in layers for z in layer.zones)),
        databases=_over(evidence.databases, (d for layer in layers for d in layer.databases)),
        servers=_servers(evidence, layers),
        alarms=_alarms(evidence, layers),
        ports=_ports(evidence, layers, wins=wins),
        seen_ports=evidence.seen_ports + _all(layer.ports for layer in layers),
        quotas=(evidence.quotas or ()) + _all(asked_quotas) if asked_quotas else evidence.quotas,
        reservations=(evidence.reservations or ()) + _all(asked_reservations) if asked_reservations else evidence.reservations,
        forecasts=evidence.forecasts + _all(layer.forecasts for layer in layers),
        findings=evidence.findings + _all(layer.findings for layer in layers),
    )


def _all(parts: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(item for part in parts for item in part)


def _over(declared: tuple[Any, ...], observed: Iterable[Any]) -> tuple[Any, ...]:
    """The declared records, each replaced by the observed one of the same target, and what is observed only behind them.

    By site too: a database's name says nothing of its region, and two regions may each have one of that name.
    """
    merged = {(record.site, record.target): record for record in declared}
    merged.update(((record.site, record.target), record) for record in observed)
    return tuple(merged.values())


def _servers(evidence: Evidence, layers: list[Layer]) -> tuple[ServerEvidence, ...]:
    merged = {(s.name, s.site): s for s in evidence.servers}
    for layer in layers:
        merged.update(((s.name, s.site), s) for s in layer.servers)
    usage = {s.name: s.usage for s in merged.values() if not isinstance(s.usage, Unknown)}
    # A machine that is about to be made elsewhere will do what its source does: the source's counters speak for it.
    carried = (replace(s, usage=usage[s.name]) if isinstance(s.usage, Unknown) and s.name in usage else s for s in merged.values())
    return tuple(sorted(carried, key=lambda s: (s.name, s.held)))


def _alarms(evidence: Evidence, layers: list[Layer]) -> tuple[AlarmEvidence, ...] | None:
    """What is declared and what CloudWatch has: a city's own monitoring watches too, and no site can be asked about that."""
    asked = [layer for layer in layers if layer.alarms is not None]
    if not asked:
        return evidence.alarms
    declared = evidence.alarms or ()
    known = {(a.server, a.watches) for a in declared}
    return (*declared, *(a for layer in asked for a in layer.alarms or () if (a.server, a.watches) not in known))


def _ports(evidence: Evidence, layers: list[Layer], *, wins: bool) -> tuple[PortEvidence, ...]:
    """Observed openings count where observation wins; otherwise what is declared is what will be open."""
    if not wins:
        return evidence.ports
    regions = {layer.site for layer in layers if layer.opens}
    return tuple(p for p in evidence.ports if p.site not in regions) + _all(layer.ports for layer in layers)
