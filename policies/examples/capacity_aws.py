"""Examples of the rules of AWS capacity and of cost."""

from __future__ import annotations

from typing import Any

from policies.examples.case import Case, Document
from policies.examples.ground import GIB, INSTANCE_TYPE
from policies.verdict import Outcome

QUOTA = "quota/cloud/L-1216C47A"
WEB = "server/maps-web-01"


def _site(snapshot: Document) -> dict[str, Any]:
    cloud: dict[str, Any] = snapshot["sites"]["cloud"]
    return cloud


def _instance(snapshot: Document, name: str) -> dict[str, Any]:
    return next(each for each in _site(snapshot)["instances"] if each["server"] == name)


def _no_cloud(estate: Document) -> None:
    """All that stood in the cloud stands in the second data centre."""
    for name, server in estate["servers"].items():
        if server["site"] == "cloud":
            server["site"] = "dale"
            estate["placements"][name]["machine"]["site"] = "dale"


def _no_instances(snapshot: Document) -> None:
    _site(snapshot)["instances"] = []


def _to_cloud(estate: Document) -> None:
    """The database is meant to move: its placement stays on hill until the move."""
    estate["servers"]["records-db-01"]["site"] = "cloud"


def _quota(limit: float) -> Any:
    def edit(snapshot: Document) -> None:
        _site(snapshot)["quotas"][0]["limit"] = limit

    return edit


def _no_quotas(snapshot: Document) -> None:
    _site(snapshot)["quotas"] = None


def _zone_without_type(snapshot: Document) -> None:
    _site(snapshot)["zones"][0]["offers"] = ["m7i.xlarge", "r7i.xlarge"]


def _full_subnet(snapshot: Document) -> None:
    _site(snapshot)["networks"][1]["free"] = 7


def _no_room_elsewhere(snapshot: Document) -> None:
    for network in _site(snapshot)["networks"]:
        network["free"] = 240 if network["name"] == "app-b" else 1


def _static_bronze(estate: Document) -> None:
    estate["standards"]["tiers"]["bronze"]["static_stability"] = True


def _static_nowhere(estate: Document) -> None:
    estate["standards"]["tiers"]["gold"]["static_stability"] = False


def _light_load(snapshot: Document) -> None:
    for name in ("maps-web-01", "maps-web-02"):
        _instance(snapshot, name)["usage"].update(cpu_mhz_p95=4000.0, memory_p95=6.0 * GIB)


def _reserved_nowhere(estate: Document) -> None:
    for tier in estate["standards"]["tiers"].values():
        tier.pop("reserved_capacity", None)


def _copy_in_the_cloud_only(estate: Document) -> None:
    estate["servers"]["records-db-01"]["backup"]["copies"] = ["cloud"]


def _reservation(snapshot: Document) -> None:
    _site(snapshot)["reservations"] = [{"zone": "us-east-1a", "instance_type": INSTANCE_TYPE, "total": 2, "free": 1}]


def _no_reservations(snapshot: Document) -> None:
    _site(snapshot)["reservations"] = None


def _used(**changes: float | None) -> Any:
    def edit(snapshot: Document) -> None:
        _instance(snapshot, "maps-web-01")["usage"].update(changes)

    return edit


def _not_measured(snapshot: Document) -> None:
    _instance(snapshot, "maps-web-01")["usage"] = None


def _budget(usd: float) -> Any:
    def edit(estate: Document) -> None:
        estate["standards"]["budget_usd_month"] = usd

    return edit


def _service_budget(estate: Document) -> None:
    estate["services"]["maps"]["budget_usd_month"] = 200


def _no_budget(estate: Document) -> None:
    del estate["standards"]["budget_usd_month"]


def _unpriced_type(estate: Document) -> None:
    estate["servers"]["maps-web-01"]["at"]["cloud"]["instance_type"] = "x8aedz.xlarge"


_QUOTA = (
    Case(rule="CAP-011", outcome=Outcome.PASS, target=QUOTA, says="16 of 256 vCPUs run and nothing more is planned"),
    Case(
        rule="CAP-011",
        outcome=Outcome.FAIL,
        target=QUOTA,
        says="16 vCPUs run, a move brings 4, and the quota is 24: 20 is more than 80 % of it",
        estate=_to_cloud,
        snapshot=_quota(24.0),
    ),
    Case(
        rule="CAP-011",
        outcome=Outcome.FAIL,
        target=QUOTA,
        says="the quota is 18 and the move would need 20: the launch itself would fail, which is critical",
        estate=_to_cloud,
        snapshot=_quota(18.0),
    ),
    Case(
        rule="CAP-011",
        outcome=Outcome.UNDETERMINED,
        target=QUOTA,
        says="the account may not ask Service Quotas",
        snapshot=_no_quotas,
    ),
    Case(
        rule="CAP-011",
        outcome=Outcome.NOT_APPLICABLE,
        target="estate",
        says="all servers stand in the data centres",
        estate=_no_cloud,
        snapshot=_no_instances,
    ),
)

_OFFERING = (
    Case(rule="CAP-012", outcome=Outcome.PASS, target=WEB, says="both zones of its group offer its type"),
    Case(
        rule="CAP-012",
        outcome=Outcome.FAIL,
        target="server/maps-web-02",
        says="its own zone offers its type, the other zone of its group does not",
        snapshot=_zone_without_type,
    ),
    Case(rule="CAP-012", outcome=Outcome.UNDETERMINED, target=WEB, says="nobody asked what the zones offer", snapshot=None),
    Case(
        rule="CAP-012",
        outcome=Outcome.NOT_APPLICABLE,
        target="estate",
        says="all servers stand in the data centres",
        estate=_no_cloud,
        snapshot=_no_instances,
    ),
)

_ADDRESSES = (
    Case(rule="CAP-013", outcome=Outcome.PASS, target="network/cloud/app-b", says="hundreds of addresses are free in every zone"),
    Case(
        rule="CAP-013",
        outcome=Outcome.FAIL,
        target="network/cloud/app-b",
        says="seven addresses are free and eight must be",
        snapshot=_full_subnet,
    ),
    Case(
        rule="CAP-013",
        outcome=Outcome.FAIL,
        target="network/cloud/app-b",
        says="three machines would restart in the other zones, which have two addresses",
        snapshot=_no_room_elsewhere,
    ),
    Case(
        rule="CAP-013",
        outcome=Outcome.UNDETERMINED,
        target="network/cloud/app-b",
        says="nobody asked how many addresses are free",
        snapshot=None,
    ),
    Case(
        rule="CAP-013",
        outcome=Outcome.NOT_APPLICABLE,
        target="estate",
        says="all servers stand in the data centres",
        estate=_no_cloud,
        snapshot=_no_instances,
    ),
)

_STABILITY = (
    Case(
        rule="CAP-014",
        outcome=Outcome.PASS,
        target="group/identity-dc",
        says="two data centres and a zone: each carries half of the load",
    ),
    Case(
        rule="CAP-014",
        outcome=Outcome.PASS,
        target="group/maps-web",
        says="two zones, and each could carry all of a light load",
        estate=_static_bronze,
        snapshot=_light_load,
    ),
    Case(
        rule="CAP-014",
        outcome=Outcome.FAIL,
        target="group/maps-web",
        says="two zones, and one alone is too small for the load of both",
        estate=_static_bronze,
    ),
    Case(
        rule="CAP-014",
        outcome=Outcome.UNDETERMINED,
        target="group/identity-dc",
        says="nobody measured the load",
        snapshot=None,
    ),
    Case(
        rule="CAP-014",
        outcome=Outcome.NOT_APPLICABLE,
        target="estate",
        says="no tier asks for static stability",
        estate=_static_nowhere,
    ),
)

_RECOVERY = (
    Case(
        rule="CAP-015",
        outcome=Outcome.PASS,
        target="service/records",
        says="the database restarts in the other data centre, which has room beyond N+1",
    ),
    Case(
        rule="CAP-015",
        outcome=Outcome.PASS,
        target="service/records",
        says="the only copy is in the cloud, where an instance is reserved",
        estate=_copy_in_the_cloud_only,
        snapshot=_reservation,
    ),
    Case(
        rule="CAP-015",
        outcome=Outcome.FAIL,
        target="service/records",
        says="the only copy is in the cloud, where nothing is reserved",
        estate=_copy_in_the_cloud_only,
    ),
    Case(
        rule="CAP-015",
        outcome=Outcome.UNDETERMINED,
        target="service/records",
        says="the only copy is in the cloud, and nobody asked what is reserved there",
        estate=_copy_in_the_cloud_only,
        snapshot=_no_reservations,
    ),
    Case(
        rule="CAP-015",
        outcome=Outcome.NOT_APPLICABLE,
        target="estate",
        says="no tier asks for reserved capacity",
        estate=_reserved_nowhere,
    ),
)

_DISKS = (
    Case(rule="CAP-016", outcome=Outcome.PASS, target=WEB, says="900 operations and 57 MiB a second are less than any volume does"),
    Case(
        rule="CAP-016",
        outcome=Outcome.FAIL,
        target=WEB,
        says="200 MB a second are more than the instance type sends to its volumes",
        snapshot=_used(throughput_p95=200.0e6),
    ),
    Case(
        rule="CAP-016",
        outcome=Outcome.UNDETERMINED,
        target=WEB,
        says="4,000 operations fit two volumes of 3,000 each, if they are spread",
        snapshot=_used(iops_p95=4000.0),
    ),
    Case(
        rule="CAP-016",
        outcome=Outcome.NOT_APPLICABLE,
        target="estate",
        says="all servers stand in the data centres",
        estate=_no_cloud,
        snapshot=_no_instances,
    ),
)

_SIZE = (
    Case(rule="CAP-017", outcome=Outcome.PASS, target=WEB, says="4 vCPUs for 2.1 used, 16 GiB for 10 used"),
    Case(
        rule="CAP-017",
        outcome=Outcome.FAIL,
        target=WEB,
        says="its processors are used up at p95",
        snapshot=_used(cpu_mhz_p95=10_200.0),
    ),
    Case(
        rule="CAP-017",
        outcome=Outcome.FAIL,
        target=WEB,
        says="it hardly works, and a much cheaper type would do",
        snapshot=_used(cpu_mhz_p95=500.0, memory_p95=1.0 * GIB),
    ),
    Case(
        rule="CAP-017",
        outcome=Outcome.UNDETERMINED,
        target=WEB,
        says="nobody measured what it uses",
        snapshot=_not_measured,
    ),
    Case(
        rule="CAP-017",
        outcome=Outcome.NOT_APPLICABLE,
        target="estate",
        says="all servers stand in the data centres and none moves",
        estate=_no_cloud,
        snapshot=_no_instances,
    ),
)

_COST = (
    Case(rule="CST-001", outcome=Outcome.PASS, target="estate", says="four machines cost 547 USD of 5,000"),
    Case(
        rule="CST-001",
        outcome=Outcome.FAIL,
        target="estate",
        says="four machines cost 547 USD and the budget is 540",
        estate=_budget(540),
    ),
    Case(
        rule="CST-001",
        outcome=Outcome.FAIL,
        target="service/maps",
        says="two machines cost 274 USD and the service has 200",
        estate=_service_budget,
    ),
    Case(
        rule="CST-001",
        outcome=Outcome.UNDETERMINED,
        target="estate",
        says="one of the types has no known price",
        estate=_unpriced_type,
    ),
    Case(
        rule="CST-001",
        outcome=Outcome.NOT_APPLICABLE,
        target="estate",
        says="nobody set a budget",
        estate=_no_budget,
    ),
)

CASES: tuple[Case, ...] = (*_QUOTA, *_OFFERING, *_ADDRESSES, *_STABILITY, *_RECOVERY, *_DISKS, *_SIZE, *_COST)
"""In the order of the rules."""
