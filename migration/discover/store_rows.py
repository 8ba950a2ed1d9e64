"""Records of the inventory as rows of the store, and rows as records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from migration.discover.model import (
    Edge,
    Finding,
    FoundCluster,
    FoundDatastore,
    FoundHost,
    FoundMachine,
    FoundNetwork,
    FoundQuota,
    Gravity,
    Inventory,
    Metric,
    Percentiles,
)
from migration.discover.store_codec import decode, dumps, encode
from migration.discover.store_tables import clusters, datastores, hosts, networks, quotas

_MACHINE_COLUMNS: tuple[str, ...] = (
    *("key", "site", "name", "kind", "server", "cluster", "host", "cpus", "memory", "power", "template", "os"),
    *("instance_type", "version", "as_of"),
)
_IN_COLUMNS = frozenset(_MACHINE_COLUMNS)
_EDGE_COLUMNS = ("source", "target", "port", "protocol", "confidence", "once")
_PERCENTILE_FIELDS: tuple[str, ...] = (
    *("machine", "metric", "interval_s", "samples", "expected", "first", "last", "mean", "p50", "p90", "p95", "p99"),
    *("maximum", "peaks", "source"),
)
VOLATILE = frozenset({"as_of", "source", "in_use", "partitions", "version"})
"""What moves while nobody changes anything: no reason to call a machine changed."""

PARTS = {
    "hosts": (hosts, FoundHost, ("cluster", "cores", "mhz", "memory")),
    "clusters": (clusters, FoundCluster, ()),
    "datastores": (datastores, FoundDatastore, ("capacity", "free")),
    "networks": (networks, FoundNetwork, ("cidr",)),
    "quotas": (quotas, FoundQuota, ("code", "limit", "used")),
}
"""What is replaced whole with each discovery: table, record, and the fields that have columns."""


def machine_row(machine: FoundMachine, seen: datetime) -> dict[str, Any]:
    """A machine seen now."""
    detail = encode(machine, _IN_COLUMNS)
    row = {name: getattr(machine, name) for name in _MACHINE_COLUMNS}
    steady = [machine.name, machine.server, machine.cluster, machine.host, machine.cpus, machine.memory, machine.power, machine.template]
    steady += [machine.os, machine.instance_type, {name: value for name, value in detail.items() if name not in VOLATILE}]
    print_of = hashlib.blake2b(json.dumps(steady).encode(), digest_size=12).hexdigest()
    return row | {
        "provisioned": machine.provisioned,
        "first_seen": seen,
        "last_seen": seen,
        "gone_at": None,
        "fingerprint": print_of,
        "detail": dumps(detail),
    }


def machine_of(row: Mapping[str, Any]) -> FoundMachine:
    """The machine of a row."""
    columns = {name: row[name] for name in _MACHINE_COLUMNS}
    return decode(FoundMachine, json.loads(row["detail"]) | columns)


def part_row(record: Any, columns: tuple[str, ...]) -> dict[str, Any]:
    """A host, cluster, datastore, network or quota."""
    held = frozenset({"site", "name", *columns})
    return {name: getattr(record, name) for name in held} | {"detail": dumps(encode(record, held))}


def part_of(kind: type[Any], columns: tuple[str, ...], row: Mapping[str, Any]) -> Any:
    """The record of a row."""
    return decode(kind, json.loads(row["detail"]) | {name: row[name] for name in ("site", "name", *columns)})


def percentile_row(found: Percentiles, site: str) -> dict[str, Any]:
    """What a metric did, as the picture of the month in which it ends."""
    row = {name: getattr(found, name) for name in _PERCENTILE_FIELDS}
    return row | {"metric": found.metric.value, "site": site, "month": f"{found.last:%Y-%m}"}


def percentiles_of(row: Mapping[str, Any]) -> Percentiles:
    """The record of a row."""
    return Percentiles(**({name: row[name] for name in _PERCENTILE_FIELDS} | {"metric": Metric(row["metric"])}))


def finding_row(found: Finding, site: str, part: str) -> dict[str, Any]:
    """A finding of a part of a site's discovery."""
    told = {"code": found.code, "gravity": found.gravity.value, "where": found.where, "what": found.what}
    return told | {"taken": found.taken, "remedy": found.remedy, "site": site, "part": part}


def finding_of(row: Mapping[str, Any]) -> Finding:
    """The record of a row."""
    return Finding(
        code=row["code"], gravity=Gravity(row["gravity"]), where=row["where"], what=row["what"], taken=row["taken"], remedy=row["remedy"]
    )


def edge_row(edge: Edge) -> dict[str, Any]:
    """An edge."""
    return {name: getattr(edge, name) for name in _EDGE_COLUMNS} | {"detail": dumps(encode(edge, frozenset(_EDGE_COLUMNS)))}


def edge_of(row: Mapping[str, Any]) -> Edge:
    """The record of a row."""
    return decode(Edge, json.loads(row["detail"]) | {name: row[name] for name in _EDGE_COLUMNS})


def sites_of(inventory: Inventory) -> set[str]:
    """The sites that an inventory's records name."""
    parts = (inventory.machines, *(getattr(inventory, name) for name in PARTS))
    return {each.site for part in parts for each in part}
