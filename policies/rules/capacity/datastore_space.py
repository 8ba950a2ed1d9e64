"""CAP-006: a datastore keeps room after the change, swap files and snapshots included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from infra.estate.model import GIB
from policies.evidence import DatastoreEvidence, Evidence, PromiseEvidence, ServerEvidence, Unknown, known
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.demand import NOTHING, Bounds, counts, joined_lacks, total_of
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number, gib


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every datastore."""
    if not evidence.datastores:
        yield rule.not_applicable("there is no datastore")
    promised: dict[tuple[str, str], dict[str, PromiseEvidence]] = {}
    for promise in evidence.promises:
        promised.setdefault((promise.site, promise.datastore), {})[promise.holder] = promise
    limits = _Limits(
        parameters.number("warn_percent"),
        parameters.number("used_percent"),
        parameters.number("provisioned_percent"),
        parameters.number("snapshot_percent"),
    )
    for datastore in evidence.datastores:
        servers = evidence.on_datastore(datastore)
        names = {s.name for s in servers}
        others = [p for holder, p in promised.get((datastore.site, datastore.name), {}).items() if holder not in names]
        yield _judge(rule, _Store.of(datastore, servers, others, limits), limits)


@dataclass(frozen=True, slots=True)
class _Limits:
    warn: float
    full: float
    provisioned: float
    snapshots: float


@dataclass(frozen=True, slots=True)
class _Store:
    """A datastore's sums: all that is provisioned, and what will be used after the plan."""

    datastore: DatastoreEvidence
    disks: Bounds
    swap: Bounds
    reserve: Bounds
    promised: float
    planned: Bounds
    machines: int

    @classmethod
    def of(
        cls, datastore: DatastoreEvidence, servers: Iterable[ServerEvidence], promises: Iterable[PromiseEvidence], limits: _Limits
    ) -> _Store:
        """What lies on a datastore, or is to. Where somebody looked, a machine that was seen is in the used space; another will come."""
        listed = list(servers)
        disks, swap = _disks(listed), _swap(listed)
        # Where somebody looked, a machine without a time of observation is not in the used space yet.
        coming = [s for s in listed if _comes(s)] if datastore.as_of is not None else []
        larger, swapped = _growth(listed) if datastore.as_of is not None else (NOTHING, NOTHING)
        arriving = _disks(coming) + larger
        promised = float(sum(p.disk + p.memory for p in promises))
        planned = arriving + _part(arriving, limits.snapshots) + _swap(coming) + swapped + Bounds(promised, promised)
        return cls(datastore, disks, swap, _part(disks, limits.snapshots), promised, planned, len(listed))

    @property
    def provisioned(self) -> Bounds:
        """All disks at full size, swap files, the reserve for snapshots, and what is promised."""
        return self.disks + self.swap + self.reserve + Bounds(self.promised, self.promised)

    @property
    def used(self) -> Bounds:
        """Used after the plan; where use is not known, from nothing to all that is provisioned."""
        used = self.datastore.used
        if isinstance(used, Unknown):
            return Bounds(0.0, self.provisioned.most, (str(used), *self.provisioned.unknown))
        return Bounds(used, used) + self.planned

    def percent(self, size: float) -> float:
        """A part of the capacity."""
        return 100 * size / self.datastore.capacity if self.datastore.capacity > 0 else float("inf") if size else 0.0


def _judge(rule: Rule, store: _Store, limits: _Limits) -> Verdict:
    datastore, used, provisioned = store.datastore, store.used, store.provisioned
    outcome, severity, why = _weigh(store, limits)
    lacks = joined_lacks(tuple(dict.fromkeys(used.unknown + provisioned.unknown)))
    formula = _formula(store, limits)
    return rule.verdict(
        outcome,
        datastore.target,
        f"datastore {datastore.name} of {datastore.site}: {why}",
        facts=_facts(store),
        formula=formula,
        source=datastore.source,
        severity=severity,
        missing=lacks if outcome is Outcome.UNDETERMINED else (),
    )


def _weigh(store: _Store, limits: _Limits) -> tuple[Outcome, Severity, str]:
    """Bounds first: what is provisioned below the limit of use can never be used above it."""
    known = not isinstance(store.datastore.used, Unknown)
    provisioned, used = store.percent(store.provisioned.least), store.percent(store.used.least)
    most, used_most = store.percent(store.provisioned.most), store.percent(store.used.most)
    shown = f"{format_number(used)} % used after the plan"
    if provisioned > limits.provisioned:
        text = f"{format_number(provisioned)} % provisioned, more than the {format_number(limits.provisioned)} % that may be promised"
        return Outcome.FAIL, Severity.HIGH, text
    if used > limits.full:
        return Outcome.FAIL, Severity.HIGH, f"{shown}, limit {format_number(limits.full)} %"
    if used > limits.warn:
        return Outcome.FAIL, Severity.MEDIUM, f"{shown}, warned from {format_number(limits.warn)} %, limit {format_number(limits.full)} %"
    if most > limits.provisioned or used_most > limits.warn:
        text = shown if known else f"{format_number(provisioned)} % provisioned"
        return Outcome.UNDETERMINED, Severity.HIGH, f"{text}; thin disks may pass the limit of {format_number(limits.warn)} %"
    if known:
        text = f"{shown} (limit {format_number(limits.warn)} %), {format_number(provisioned)} % provisioned"
        return Outcome.PASS, Severity.HIGH, text
    return (
        Outcome.PASS,
        Severity.HIGH,
        f"even full disks stay under {format_number(limits.warn)} %: {format_number(provisioned)} % provisioned",
    )


def _formula(store: _Store, limits: _Limits) -> str:
    capacity = gib(store.datastore.capacity)
    provisioned = (
        f"provisioned ({gib(store.disks.least)} disks + {gib(store.swap.least)} swap + {gib(store.reserve.least)} snapshots + "
        f"{gib(store.promised)} promised) / {capacity} = {format_number(store.percent(store.provisioned.least))} % <= "
        f"{format_number(limits.provisioned)} %"
    )
    if isinstance(store.datastore.used, Unknown):
        return provisioned
    return (
        f"used ({gib(store.datastore.used)} + {gib(store.planned.least)} planned) / {capacity} = "
        f"{format_number(store.percent(store.used.least))} % <= {format_number(limits.warn)} %; {provisioned}"
    )


def _facts(store: _Store) -> tuple[Fact, ...]:
    source, as_of, used = store.datastore.source, store.datastore.as_of, store.datastore.used
    return (
        Fact(name="capacity", value=store.datastore.capacity / GIB, unit="GiB", source=source, as_of=as_of),
        Fact(name="disks provisioned", value=store.disks.least / GIB, unit="GiB"),
        Fact(name="swap files", value=store.swap.least / GIB, unit="GiB"),
        Fact(name="reserve for snapshots", value=store.reserve.least / GIB, unit="GiB"),
        Fact(name="promised", value=store.promised / GIB, unit="GiB"),
        Fact(name="planned", value=store.planned.least / GIB, unit="GiB"),
        Fact(name="machines", value=store.machines),
        *([] if isinstance(used, Unknown) else [Fact(name="used", value=used / GIB, unit="GiB", source=source, as_of=as_of)]),
    )


def _disks(servers: Iterable[ServerEvidence]) -> Bounds:
    return total_of((disk, disk) for server in servers for disk in server.disks)


def _comes(server: ServerEvidence) -> bool:
    """Whether nothing of a machine is in the used space: nobody saw it yet, or it lies on another datastore so far."""
    return server.as_of is None or (server.seen is not None and server.seen.datastore not in {"", server.datastore})


def _growth(servers: Iterable[ServerEvidence]) -> tuple[Bounds, Bounds]:
    """What machines that were seen here get beyond what they had then: disks, and the swap files of those that run."""
    disks = swap = 0.0
    for server in servers:
        if server.seen is not None and not _comes(server):
            disks += max(0.0, sum(map(known, server.disks)) - server.seen.disks)
            if counts(server) and not isinstance(server.seen.memory, Unknown):
                swap += max(0.0, known(server.memory) - server.seen.memory)
    return Bounds(disks, disks), Bounds(swap, swap)


def _swap(servers: Iterable[ServerEvidence]) -> Bounds:
    """A running machine's swap file is its memory less what is reserved for it."""
    return total_of(_swap_file(server) for server in servers if counts(server))


def _swap_file(server: ServerEvidence) -> tuple[float | Unknown, float | Unknown]:
    memory, reserved = server.memory, server.memory_reservation
    if isinstance(memory, Unknown):
        return memory, memory
    return (reserved, memory) if isinstance(reserved, Unknown) else (max(0, memory - reserved), 0)


def _part(size: Bounds, percent: float) -> Bounds:
    return Bounds(size.least * percent / 100, size.most * percent / 100 if percent else 0.0)


DATASTORE_SPACE = Rule(
    id="CAP-006",
    name="datastore-space",
    title="A datastore keeps room after the change, swap files and snapshots included",
    severity=Severity.HIGH,
    side="vsphere",
    controls=("NIST 800-53 AU-4", "NIST 800-53 SC-5(2)"),
    needs=("capacity and used space of the datastore", "disks, memory and reservations of its machines", "open promises of disk space"),
    formula=(
        "(used + planned) / capacity <= 80 % (a warning; above 90 % it blocks); "
        "(disks + memory - reservation + snapshot reserve + promises) / capacity <= 200 %"
    ),
    source="vSphere Storage DRS: space threshold 80 %; a swap file is memory less reservation; thin disks promise more than they use",
    remedy="put the machine on another datastore, grow the datastore, or move a server to the other site",
    check=check,
    parameters={
        "provisioned_percent": Parameter(default=200.0, reason="thin provisioning beyond twice the capacity has no room for surprises"),
        "warn_percent": Parameter(default=80.0, reason="Storage DRS starts to move disks at 80 %"),
        "used_percent": Parameter(
            default=90.0, reason="at 90 % the snapshots of a busy night may fill it, and then every machine on it stops"
        ),
        "snapshot_percent": Parameter(
            default=10.0, reason="a move keeps a snapshot open while it copies; a tenth of a disk changes in that time"
        ),
    },
)
