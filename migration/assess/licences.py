"""Software that is licensed by the core or tied to a place, by what its name, its tags and the estate say. Heuristics: `seen` says by what.

A larger type means more cores to pay for, and on EC2 a licensed core is a vCPU for some makers and half of one for others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from infra.guest_systems import split
from infra.prices import Prices
from migration.assess.model import LicenceRisk
from migration.assess.subject import Subject

SQL_LEAST_CORES = 4
"""SQL Server is licensed for four cores of a machine at least (Microsoft Product Terms)."""
VCPUS_PER_ORACLE_PROCESSOR = 2
"""Oracle counts two vCPUs of EC2 as one processor licence where hyper-threading is on (Licensing Oracle Software in the Cloud)."""


@dataclass(frozen=True, slots=True)
class Product:
    """Software that counts cores, and how its name is seen."""

    name: str
    pattern: re.Pattern[str]
    what: str
    remedy: str
    price: str = ""


def _product(name: str, pattern: str, what: str, remedy: str, price: str = "") -> Product:
    return Product(name, re.compile(pattern, re.IGNORECASE), what, remedy, price)


PRODUCTS: tuple[Product, ...] = (
    _product(
        "SQL Server",
        r"\bms-?sql|\bsql[\s-]*server|(?<![a-z])mssql|(?<![a-z])sqlsrv",
        "every vCPU is a core to license, four at least",
        "count cores after sizing; use licence mobility with Software Assurance, or RDS with the licence included",
        "sql-server-standard-core",
    ),
    _product(
        "Oracle Database",
        r"(?<![a-z])ora(?:cle)?(?![a-z])(?![\s-]*(?:enterprise\s*)?linux)|\boracle[\s-]*(?:db|database|rac)",
        "two vCPUs are one processor licence on EC2; on vSphere Oracle asks for every host that it could run on",
        "ask the contract's owner before the night; keep the vCPUs within what is licensed, or switch hyper-threading off",
        "oracle-enterprise-processor",
    ),
    _product(
        "Db2", r"(?<![a-z])db2(?![a-z])", "counted in processor value units, by the core", "have IBM's sub-capacity rules for EC2 confirmed"
    ),
    _product(
        "SAP", r"(?<![a-z])sap(?![a-z])|\bhana\b", "only certified types and sizes are supported", "choose from SAP's certified EC2 types"
    ),
    _product(
        "VMware Horizon",
        r"\bhorizon\b|\bvdi\b",
        "desktops by VMware bind to vSphere and its licence",
        "keep it, or replace it by another desktop service",
    ),
    _product("Citrix", r"\bcitrix\b|\bxenapp\b", "licence server and user licences move together", "move the licence server with it"),
    _product(
        "WebSphere", r"\bwebsphere\b", "counted in processor value units, by the core", "have IBM's sub-capacity rules for EC2 confirmed"
    ),
    _product(
        "Windows Server Datacenter",
        r"\bdata\s?center\b",
        "licensed by the cores of its host; the rights do not follow a machine to EC2",
        "use AWS's licence (it is in the run cost), or dedicated hosts for licences from before October 2019",
    ),
    _product(
        "Red Hat Enterprise Linux",
        r"^rhel",
        "the subscription must allow EC2 (Cloud Access)",
        "register it for Cloud Access, or convert to AWS's billing",
    ),
    _product("SUSE Linux Enterprise", r"^sles", "the subscription must allow EC2", "bring the subscription, or convert to AWS's billing"),
)


def licences(subject: Subject, prices: Prices, *, then_cpus: int = 0) -> tuple[LicenceRisk, ...]:
    """The products seen on a machine. `then_cpus`: the processors it would have at the target, when its size is known."""
    words = tuple(_words(subject))
    found = []
    for product in PRODUCTS:
        seen = next((f"{where}: {text}" for where, text in words if _speaks(product, where, text)), "")
        if seen:
            what = product.what + _more_cores(product, subject.machine.cpus, then_cpus, prices)
            found.append(LicenceRisk(product=product.name, seen=f"by name only ({seen})", what=what, remedy=product.remedy))
    return tuple(found)


def _speaks(product: Product, where: str, text: str) -> bool:
    if product.name == "Windows Server Datacenter" and where != "operating system":
        return False  # half of all folders and tags of a city are called so
    return product.pattern.search(text) is not None


def _words(s: Subject) -> Iterator[tuple[str, str]]:
    """Whatever may name software, with where it stands. Annotations are never read: people leave passwords there."""
    machine = s.machine
    for text in (
        s.system if split(s.system)[1] or s.system in {"rhel", "sles"} else "",
        machine.os_guest,
        machine.os_config,
        machine.billing,
    ):
        if text:
            yield "operating system", text
    yield "name", re.sub(r"[_.\d-]+", " ", machine.name)
    if s.server is not None and s.server.role:
        yield "role", s.server.role
    for kind, pairs in (("tag", machine.tags), ("attribute", machine.custom)):
        for key, value in pairs.items():
            yield f"{kind} {key}", value


def _more_cores(product: Product, now: int, then: int, prices: Prices) -> str:
    """What the target's processors change, where the count is by the core."""
    if not product.price or now <= 0 or then <= 0:
        return ""
    price = prices[product.price]
    before, after, unit = _counted(product, now), _counted(product, then), "processor" if "processor" in product.price else "core"
    if after == before:
        return f"; {before} {unit}s now and then"
    money = f"{abs(after - before) * price.value:,.0f} USD ({price.source})"
    return f"; {before} {unit}s now, {after} then: {money} {'more to buy' if after > before else 'less to need'}"


def _counted(product: Product, cpus: int) -> int:
    if product.name == "SQL Server":
        return max(SQL_LEAST_CORES, cpus)
    return -(-cpus // VCPUS_PER_ORACLE_PROCESSOR)
