"""CAP-006: a datastore keeps room after the change, swap files included."""

from __future__ import annotations

from collections.abc import Iterator

from infra.estate.model import GIB
from policies.evidence import DatastoreEvidence, Evidence, ServerEvidence, Unknown, missing
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every datastore."""
    for datastore in evidence.datastores:
        yield _judge(rule, datastore, evidence.on_datastore(datastore), parameters)


def _judge(rule: Rule, datastore: DatastoreEvidence, servers: tuple[ServerEvidence, ...], parameters: Parameters) -> Verdict:
    provisioned = sum(_known(d) for s in servers for d in s.disks)
    swap = sum(max(0, _known(s.memory) - _known(s.memory_reservation)) for s in servers)
    most, full = parameters.number("provisioned_percent"), parameters.number("used_percent")
    percent = 100 * (provisioned + swap) / datastore.capacity
    facts = (
        Fact(name="capacity", value=datastore.capacity / GIB, unit="GiB", source=datastore.source),
        Fact(name="provisioned", value=provisioned / GIB, unit="GiB"),
        Fact(name="swap files", value=swap / GIB, unit="GiB"),
        Fact(name="machines", value=len(servers)),
        *([] if isinstance(datastore.used, Unknown) else [Fact(name="used", value=datastore.used / GIB, unit="GiB")]),
    )
    formula = (
        f"({format_number(provisioned / GIB)} + {format_number(swap / GIB)}) GiB / {format_number(datastore.capacity / GIB)} GiB"
        f" = {format_number(percent)} %"
    )
    outcome, why, lacks = _weigh(datastore, percent, most, full)
    lacks += missing(d for s in servers for d in s.disks)
    if outcome is Outcome.PASS and lacks:
        outcome = Outcome.UNDETERMINED
    message = f"datastore {datastore.name} of {datastore.site}: {formula} provisioned with swap; {why}"
    return rule.verdict(outcome, datastore.target, message, facts=facts, formula=formula, source=datastore.source, missing=lacks)


def _weigh(datastore: DatastoreEvidence, percent: float, most: float, full: float) -> tuple[Outcome, str, tuple[str, ...]]:
    """Bounds first: what is provisioned below the limit of use can never be used above it."""
    if percent > most:
        return Outcome.FAIL, f"more than the {format_number(most)} % that may be promised", ()
    if not isinstance(datastore.used, Unknown):
        used = 100 * datastore.used / datastore.capacity
        text = f"{format_number(used)} % used, limit {format_number(full)} %"
        return (Outcome.FAIL if used > full else Outcome.PASS), text, ()
    if percent <= full:
        return Outcome.PASS, f"even full disks stay under the limit of {format_number(full)} %", ()
    return Outcome.UNDETERMINED, f"thin disks may pass the limit of {format_number(full)} %", (str(datastore.used),)


def _known(value: int | Unknown) -> int:
    return 0 if isinstance(value, Unknown) else value


DATASTORE_SPACE = Rule(
    id="CAP-006",
    name="datastore-space",
    title="A datastore keeps room after the change, swap files included",
    severity=Severity.HIGH,
    controls=("NIST 800-53 AU-4", "NIST 800-53 SC-5(2)"),
    formula="(sum of disks + sum of (memory - reservation)) / capacity <= promised limit; used / capacity <= limit of use",
    source="vSphere Storage DRS warns at 80 % used; thin disks promise more than they use",
    remedy="put the machine on another datastore, grow the datastore, or move a server to the other site",
    check=check,
    parameters={
        "provisioned_percent": Parameter(default=200.0, reason="thin provisioning beyond twice the capacity has no room for surprises"),
        "used_percent": Parameter(default=90.0, reason="Storage DRS starts to move at 80 %; at 90 % snapshots of a busy night may fill it"),
    },
)
