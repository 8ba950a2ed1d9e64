"""Software that counts cores: seen by name, said as such, and what more cores would cost."""

from __future__ import annotations

from typing import Any

import pytest

from infra.prices import listed_prices
from migration.assess.licences import licences
from tests.migration.assess.machines import server, up, vm

PRICES = listed_prices()


def products(then: int = 0, system: str = "debian-12", role: str = "", **machine: Any) -> dict[str, str]:
    found = licences(up(vm(**machine), system=system, server=server(role=role)), PRICES, then_cpus=then)
    return {each.product: each.what for each in found}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "mssql-prod-01"}, {"SQL Server"}),
        ({"name": "SQLSRV2"}, {"SQL Server"}),
        ({"tags": {"app": "Microsoft SQL Server 2019"}}, {"SQL Server"}),
        ({"billing": "SQL Server Standard"}, {"SQL Server"}),
        ({"name": "ora-fin-01"}, {"Oracle Database"}),
        ({"custom": {"software": "Oracle Database 19c"}}, {"Oracle Database"}),
        ({"tags": {"engine": "DB2 11.5"}}, {"Db2"}),
        ({"name": "permits-db2"}, set()),
        ({"name": "sap-app-01"}, {"SAP"}),
        ({"role": "HANA"}, {"SAP"}),
        ({"name": "horizon-connection-1"}, {"VMware Horizon"}),
        ({"name": "citrix-xenapp-3"}, {"Citrix"}),
        ({"os_guest": "Microsoft Windows Server 2019 Datacenter (64-bit)", "system": "windows-2019"}, {"Windows Server Datacenter"}),
        ({"tags": {"place": "datacenter 1"}}, set()),
        ({"system": "rhel-9"}, {"Red Hat Enterprise Linux"}),
        ({"system": "oracle-linux-8", "os_guest": "Oracle Linux 8 (64-bit)"}, set()),
        ({"name": "corals-web"}, set()),
        ({"name": "sapling-01"}, set()),
        ({"name": "laboratory"}, set()),
        ({"name": "web-01"}, set()),
    ],
)
def test_what_is_seen(changes: dict[str, Any], expected: set[str]) -> None:
    assert set(products(**changes)) == expected


def test_it_is_marked_as_seen_by_name_only() -> None:
    [found] = licences(up(vm(name="mssql-1")), PRICES)

    assert found.seen == "by name only (name: mssql )"


@pytest.mark.parametrize(
    ("now", "then", "told"),
    [
        (2, 4, "; 4 cores now and then"),
        (4, 6, "; 4 cores now, 6 then: 3,946 USD (Microsoft SQL Server 2022 list price, Standard, 3,945 per two cores) more to buy"),
        (8, 4, "; 8 cores now, 4 then: 7,892 USD (Microsoft SQL Server 2022 list price, Standard, 3,945 per two cores) less to need"),
        (4, 0, ""),
        (0, 4, ""),
    ],
)
def test_sql_server_counts_every_vcpu_from_four_on(now: int, then: int, told: str) -> None:
    assert products(name="mssql-1", cpus=now, then=then)["SQL Server"] == "every vCPU is a core to license, four at least" + told


def test_oracle_counts_two_vcpus_as_a_processor() -> None:
    assert products(name="ora-1", cpus=4, then=8)["Oracle Database"].endswith(
        "; 2 processors now, 4 then: 95,000 USD (Oracle Technology Global Price List, Database Enterprise Edition) more to buy"
    )
