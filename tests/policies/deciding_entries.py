"""Entries in which a parameter decides, for parameters on which no example of their rule hangs: one field of the town, or of a move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from infra.estate.model import GIB, Freeze, HighAvailability
from policies.evidence import DatabaseEvidence, Evidence, Unknown, VolumeEvidence
from policies.evidence.machines import InstanceSettings, VsphereSettings
from policies.examples.case import Case, Document, nothing
from policies.examples.migration import MOVE, application_returns, pending
from policies.rule import Scalar
from policies.verdict import Outcome

LACK = Unknown("a datum", "the reader lacks it")
MIB = 1 << 20
DB, WEB = "records-db-01", "maps-web-01"


@lru_cache(maxsize=8)
def _evidence(estate: Callable[[Document], None]) -> Evidence:
    return Case(rule="any", outcome=Outcome.PASS, target=MOVE, says="any", estate=estate).evidence()


def town() -> Evidence:
    """The town with nothing to find."""
    return _evidence(nothing)


_PENDING = pending()


def moving() -> Evidence:
    """The town whose database moves from the hill to the cloud."""
    return _evidence(_PENDING)


def returning() -> Evidence:
    """The town whose second application server moves from the cloud to the hill."""
    return _evidence(application_returns)


@dataclass(frozen=True)
class Entry:
    """Evidence in which one parameter of a rule decides; `value`: what to set it to, where no scaling of the default tells."""

    rule: str
    parameter: str
    evidence: Callable[[], Evidence]
    value: Scalar | None = None


def server(evidence: Evidence, name: str, **changes: Any) -> Evidence:
    """One machine changed."""
    return replace(evidence, servers=tuple(replace(s, **changes) if s.name == name else s for s in evidence.servers))


def used(evidence: Evidence, name: str, **changes: Any) -> Evidence:
    """What one machine uses, changed."""
    usage = next(s.usage for s in evidence.servers if s.name == name)
    assert not isinstance(usage, Unknown)
    return server(evidence, name, usage=replace(usage, **changes))


def ha(evidence: Evidence, **settings: Any) -> Evidence:
    """HA of all clusters with these settings instead."""
    old = evidence.clusters[0].ha.model_dump()
    changed = HighAvailability.model_validate({**old, **settings})
    return replace(evidence, clusters=tuple(replace(c, ha=changed) for c in evidence.clusters))


def settings_of(evidence: Evidence, name: str, **changes: Any) -> Evidence:
    """One virtual machine with these settings instead."""
    old = next(s.vsphere for s in evidence.servers if s.name == name) or VsphereSettings()
    return server(evidence, name, vsphere=replace(old, **changes))


def move(evidence: Evidence, **changes: Any) -> Evidence:
    """The move changed."""
    return replace(evidence, moves=tuple(replace(m, **changes) for m in evidence.moves))


def _service(evidence: Evidence, name: str, **changes: Any) -> Evidence:
    return replace(evidence, services={**evidence.services, name: replace(evidence.services[name], **changes)})


def _link(evidence: Evidence, **changes: Any) -> Evidence:
    return replace(evidence, links=tuple(replace(link, **changes) for link in evidence.links))


def _slots(**reserved: int) -> Callable[[], Evidence]:
    """By slots, and the database has reserved so much that a slot is as large as that."""
    return lambda: server(ha(town(), admission="slots"), DB, **reserved)


def _busy() -> Evidence:
    """60 GHz at p95 for each machine on the hill, and no performance tolerance set: 180 GHz of the 166.4 that are left."""
    found = ha(town(), performance_tolerance=None)
    for name in (DB, "records-app-01", "identity-dc-01"):
        found = used(found, name, cpu_mhz_p95=60_000.0)
    return found


def _database_cluster() -> Evidence:
    return replace(town(), clusters=tuple(replace(c, role="database") for c in town().clusters))


def _busy_disks() -> Evidence:
    """The database, which moves, asks its disks for more than one gp3 volume does."""
    return used(moving(), DB, iops_p95=2500.0, throughput_p95=100.0 * MIB)


def _managed(multi_az: bool) -> Callable[[], Evidence]:
    """The maps' data are a managed database, and 99.3 % are promised."""
    database = DatabaseEvidence(
        site="cloud",
        name="maps",
        service="maps",
        multi_az=multi_az,
        deletion_protection=True,
        retention_days=7,
        public=False,
        encrypted=True,
    )
    return lambda: _service(replace(town(), databases=(database,)), "maps", availability_percent=99.3)


def _unprotected() -> Evidence:
    """One disk only, but a database, and nothing protects it."""
    return server(town(), DB, disks=(40 * GIB,), role="database", protected=False)


def _one_directory() -> Evidence:
    """The directory runs on the hill only."""
    servers = tuple(s for s in moving().servers if s.name not in {"identity-dc-02", "identity-dc-03"})
    return replace(moving(), servers=servers)


def _windows() -> Evidence:
    return move(server(moving(), DB, os="windows-2019"), window_minutes=60)


def _far() -> Evidence:
    """200 ms away: blocks in flight may decide the speed, and the window is just long enough."""
    return move(_link(moving(), latency_ms=200.0), window_minutes=30)


def _tier(service_of_tier: str, days: int) -> Callable[[], Evidence]:
    """The database belongs to a service of another tier."""
    return lambda: move(server(moving(), DB, service=service_of_tier), hold_days=days)


def _volume(**changes: Any) -> Callable[[], Evidence]:
    """The web server's volume does more than gp3 does by itself."""
    volume = VolumeEvidence(name="vol", size=100 * GIB, encrypted=True, type="gp3", **changes)
    return lambda: server(town(), WEB, instance=InstanceSettings(instance_type="m5a.xlarge", volumes=(volume,)))


def _unprepared() -> Evidence:
    """The database may stand nowhere but where its copies are, at sites that are not prepared for it; it must be back in four hours."""
    return server(town(), DB, places=())


def _thin_link() -> Evidence:
    """The database may stand in the data centres only, its copies lie in the cloud, and the line there has 100 Mbit/s: 107 minutes."""
    found = _link(server(town(), DB, places=("hill", "dale"), disks=(40 * GIB, 20 * GIB)), mbit_s=100)
    jobs = tuple(replace(b, copies=("cloud",)) if b.server == DB else b for b in found.backups)
    return _service(replace(found, backups=jobs), "records", rto_minutes=150)


def _hasty() -> Evidence:
    """The records promise to be back in 45 minutes; their tier has 480."""
    return _service(town(), "records", rto_minutes=45)


def _frozen_morning() -> Evidence:
    """The night before a freeze, whose window reaches into the morning."""
    freeze = Freeze(begins=date(2026, 12, 6), ends=date(2027, 1, 5), reason="year-end accounts")
    return replace(moving(), standards=moving().standards.model_copy(update={"freezes": (freeze,)}))


def _restricted() -> Evidence:
    """The database holds restricted data on disks that the machine does not encrypt."""
    return settings_of(_service(town(), "records", data_class="restricted"), DB, encrypted=False)


ENTRIES: tuple[Entry, ...] = (
    Entry("CAP-002", "slot_memory_mib", _slots(memory_reservation=200 * GIB)),
    Entry("CAP-002", "slot_cpu_mhz", _slots(cpu_reservation_mhz=60_000)),
    Entry("CAP-003", "tolerated_percent", _busy),
    Entry("CAP-007", "database", _database_cluster),
    Entry("CAP-016", "gp3_iops", _busy_disks),
    Entry("CAP-016", "gp3_mib_s", _busy_disks),
    Entry("REL-003", "unprepared_minutes", _unprepared),
    Entry("REL-003", "link_share", _thin_link),
    Entry("REL-003", "disaster_promise", _hasty, "tier"),
    Entry("REL-005", "database_percent", _managed(multi_az=False)),
    Entry("REL-005", "database_multi_az_percent", _managed(multi_az=True)),
    Entry("REL-007", "warning_is_enough", lambda: ha(town(), pdl_response="warning")),
    Entry("REL-010", "roles", _unprotected),
    Entry("REL-011", "directory_roles", _one_directory),
    Entry("MIG-002", "streams", _far),
    Entry("MIG-002", "boot_minutes_windows", _windows),
    Entry("MIG-003", "hold_days_gold", _tier("identity", 14)),
    Entry("MIG-003", "hold_days_bronze", _tier("maps", 7)),
    Entry("MIG-004", "vsphere_disks", returning),
    Entry("MIG-004", "vsphere_nics", returning),
    Entry("MIG-004", "vmdk_tib", returning),
    Entry("MIG-006", "nights", _frozen_morning),
    Entry("MIG-006", "ticket_needed", lambda: move(moving(), ticket="")),
    Entry("SEC-002", "encrypted_datastores", _restricted, "hill-1"),
    Entry("SEC-003", "require_uefi", lambda: settings_of(town(), DB, firmware="bios")),
    Entry("SEC-004", "allowed_devices", lambda: settings_of(town(), DB, devices=("usb",)), "usb"),
    Entry("CST-001", "gp3_usd_iops_month", _volume(iops=4000.0)),
    Entry("CST-001", "gp3_usd_mib_s_month", _volume(throughput=200.0 * MIB)),
    Entry("CST-001", "windows_usd_vcpu_hour", lambda: server(town(), WEB, os="windows-2019")),
)
