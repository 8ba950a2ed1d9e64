"""A city on AWS as evidence; tests change one field of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from infra.estate.model import GIB, Backup, Standards, Tier, TierStandard
from policies.evidence import (
    Evidence,
    InstanceSettings,
    MoveEvidence,
    NetworkEvidence,
    PriceEvidence,
    PromiseEvidence,
    QuotaEvidence,
    ServerEvidence,
    Unknown,
    UsageEvidence,
    ZoneEvidence,
)
from policies.examples.case import NOW
from policies.rule import Parameters, Rule
from policies.verdict import Verdict
from tests.policies.builders import city, server

SITE = "aws-east"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
LACK = Unknown("a datum", "the reader lacks it")
MIB = 1 << 20
TIER = TierStandard(
    rto_minutes=60,
    rpo_minutes=60,
    backup=Backup(interval_minutes=60, retention_days=30, copies=(SITE,)),
    static_stability=True,
    reserved_capacity=True,
)


def instance(name: str, *, zone: str = "a", kind: str | Unknown = "m5a.xlarge", **changes: Any) -> ServerEvidence:
    """A planned instance of 4 vCPUs at 2.5 GHz and 16 GiB, in the subnet app of its zone."""
    plain = server(
        name,
        site=SITE,
        kind="aws",
        cluster="",
        datastore="",
        memory=16 * GIB,
        zone=f"us-east-1{zone}" if zone else "",
        networks=(f"app-{zone}",) if zone else (),
        instance=InstanceSettings(instance_type=kind),
    )
    return replace(plain, **changes)


def seen(name: str, **changes: Any) -> ServerEvidence:
    """The same, seen running."""
    return instance(name, **{"as_of": NOW, "running": True, **changes})


def usage(*, cpu: float | Unknown = 5000.0, memory: float | Unknown = 10.0, iops: Any = 900.0, mib_s: Any = 50.0) -> UsageEvidence:
    known = memory if isinstance(memory, Unknown) else memory * GIB
    rate = mib_s if isinstance(mib_s, Unknown) else mib_s * MIB
    return UsageEvidence(cpu_mhz_p95=cpu, memory_p95=known, iops_p95=iops, throughput_p95=rate, days=7)


def quota(limit: float | Unknown = 100.0, used: float | Unknown = 0.0, **changes: Any) -> QuotaEvidence:
    plain = QuotaEvidence(site=SITE, code="L-1216C47A", name="Standard", families=("c", "m", "r", "t"), limit=limit, used=used, as_of=NOW)
    return replace(plain, **changes)


def subnet(zone: str, free: int | Unknown = 100, *, name: str = "app", size: int = 251) -> NetworkEvidence:
    return NetworkEvidence(site=SITE, name=f"{name}-{zone}", cidr="10.0.0.0/24", zone=f"us-east-1{zone}", size=size, free=free)


def zone(letter: str, *offers: str) -> ZoneEvidence:
    return ZoneEvidence(site=SITE, name=f"us-east-1{letter}", offers=frozenset(offers or ("m5a.xlarge",)))


def town(*servers: ServerEvidence, rules: dict[str, dict[str, Any]] | None = None, budget: float | None = None, **changes: Any) -> Evidence:
    standards = Standards(
        required_tags=(), tiers=dict.fromkeys(Tier, TIER), rules=rules or {}, budget_usd_month=budget
    )  # every tier asks for everything
    kinds = {"downtown": "vsphere", SITE: "aws"}
    prices = {"m5a.xlarge": PriceEvidence(instance_type="m5a.xlarge", usd_per_hour=0.172, source="price list")}
    plain = city(servers=servers, standards=standards, kinds=kinds, prices=prices, backups=(), now=NOW)
    return replace(plain, **changes)


def judge(rule: Rule, evidence: Evidence, target: str = "") -> Verdict:
    found = [v for v in rule.check(rule, evidence, Parameters(rule, evidence.standards.rules.get(rule.id, {}))) if target in {"", v.target}]
    assert found, f"no verdict on {target}"
    return found[0]


def coming(machine: ServerEvidence, state: str = "pending") -> MoveEvidence:
    return MoveEvidence(
        server=machine.name, source_site="downtown", target_site=SITE, state=state, on=LACK, window_minutes=LACK, machine=machine
    )


def promise(holder: str, cpus: int = 4, kind: str = "m5a.xlarge") -> PromiseEvidence:
    return PromiseEvidence(
        by="stack other", holder=holder, site=SITE, cpus=cpus, memory=16 * GIB, disk=100 * GIB, zone=ZONES[0], instance_type=kind
    )
