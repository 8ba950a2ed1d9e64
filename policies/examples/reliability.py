"""Examples of the reliability rules."""

from __future__ import annotations

from typing import Any

from policies.examples.case import Case, Document, Edit, both
from policies.examples.ground import GIB
from policies.verdict import Outcome


def _service(name: str, **changes: Any) -> Edit:
    def edit(estate: Document) -> None:
        estate["services"][name].update(changes)

    return edit


def _server(name: str, **changes: Any) -> Edit:
    def edit(estate: Document) -> None:
        estate["servers"][name].update(changes)

    return edit


def _every_server(**changes: Any) -> Edit:
    def edit(estate: Document) -> None:
        for server in estate["servers"].values():
            server.update(changes)

    return edit


def _tier(name: str, **changes: Any) -> Edit:
    def edit(estate: Document) -> None:
        estate["standards"]["tiers"][name].update(changes)

    return edit


def _every_tier_without(key: str) -> Edit:
    def edit(estate: Document) -> None:
        for tier in estate["standards"]["tiers"].values():
            tier.pop(key, None)

    return edit


def _rule(rule: str, **parameters: Any) -> Edit:
    def edit(estate: Document) -> None:
        estate["standards"].setdefault("rules", {})[rule] = parameters

    return edit


def _without(*names: str) -> Edit:
    def edit(estate: Document) -> None:
        for name in names:
            del estate["servers"][name]
            del estate["placements"][name]

    return edit


def _nobody(estate: Document) -> None:
    """A town on paper: its services are planned and there is no server yet."""
    estate["servers"].clear()
    estate["placements"].clear()
    for service in estate["services"].values():
        service["lifecycle"] = "planned"


def _cloud_only(estate: Document) -> None:
    """The town has closed its data centres."""
    _without(*(name for name, server in estate["servers"].items() if server["site"] != "cloud"))(estate)
    estate["sites"] = {"cloud": estate["sites"]["cloud"]}
    estate["links"].clear()
    for server in estate["servers"].values():
        server["at"] = {"cloud": server["at"]["cloud"]}
        server["backup"]["copies"] = ["cloud"]


def _cloud_only_seen(snapshot: Document) -> None:
    snapshot["sites"] = {"cloud": snapshot["sites"]["cloud"]}


def _nothing_seen(snapshot: Document) -> None:
    snapshot["sites"].clear()


def _one_zone(estate: Document) -> None:
    estate["servers"]["maps-web-02"]["at"]["cloud"]["nics"] = [{"network": "app-a", "address": "10.60.0.31"}]


def _stands(site: str, *names: str) -> Edit:
    def edit(estate: Document) -> None:
        for name in names:
            estate["servers"][name]["site"] = site
            estate["placements"][name]["machine"]["site"] = site

    return edit


def _drs_off(estate: Document) -> None:
    estate["sites"]["hill"]["clusters"][0]["drs"] = False


def _stretched(estate: Document) -> None:
    """The hosts of hill stand in two buildings."""
    cluster = estate["sites"]["hill"]["clusters"][0]
    cluster["stretched"] = True
    for host, half in zip(cluster["hosts"], ("east", "west", "west"), strict=True):
        host["fault_domain"] = half


def _paths(number: int) -> Edit:
    def edit(estate: Document) -> None:
        estate["links"]["hill-cloud"]["paths"] = number

    return edit


def _no_direct_link(estate: Document) -> None:
    del estate["links"]["hill-cloud"]


def _needs_planned(estate: Document) -> None:
    """The records need a service that has no machine yet."""
    parcels = {**estate["services"]["identity"], "name": "parcels", "title": "parcels of the town", "lifecycle": "planned"}
    estate["services"]["parcels"] = parcels
    estate["services"]["records"]["depends_on"] = ["identity", "parcels"]


def _to_the_cloud(estate: Document) -> None:
    """People have decided to move the database; it is not there yet."""
    estate["servers"]["records-db-01"]["site"] = "cloud"


def _ha(site: str, **changes: Any) -> Edit:
    def edit(estate: Document) -> None:
        estate["sites"][site]["clusters"][0]["ha"].update(changes)

    return edit


def _ha_seen(site: str, **changes: Any) -> Edit:
    def edit(snapshot: Document) -> None:
        snapshot["sites"][site]["clusters"][0]["ha"].update(changes)

    return edit


def _machine(name: str, **changes: Any) -> Edit:
    def edit(snapshot: Document) -> None:
        next(m for m in snapshot["sites"]["hill"]["machines"] if m["name"] == name).update(changes)

    return edit


def _stranger(snapshot: Document) -> None:
    """An instance that nobody declared runs in the account."""
    known = snapshot["sites"]["cloud"]["instances"][0]
    snapshot["sites"]["cloud"]["instances"].append({**known, "name": "attic-01", "server": "", "instance_id": "i-0a771c"})


def _unlocked(snapshot: Document) -> None:
    for instance in snapshot["sites"]["cloud"]["instances"]:
        instance["termination_protection"] = False


def _database(**changes: Any) -> Edit:
    plain = {
        "name": "records-rds",
        "service": "records",
        "multi_az": True,
        "deletion_protection": True,
        "retention_days": 30,
        "public": False,
        "encrypted": True,
    }

    def edit(snapshot: Document) -> None:
        snapshot["sites"]["cloud"]["databases"] = [{**plain, **changes}]

    return edit


def _alarms_seen(name: str, *watches: str) -> Edit:
    def edit(snapshot: Document) -> None:
        snapshot["sites"]["cloud"]["alarms"][name] = list(watches)

    return edit


def _all_bronze(estate: Document) -> None:
    for service in estate["services"].values():
        service["tier"] = "bronze"


_NO_PRIORITY = both(_machine("records-db-01", restart_priority=None), _ha_seen("hill", restart_priority=None))
_PRIORITY_UNSAID = _ha("hill", restart_priority=None)
_ONE_DISK = [{"name": "system", "size": 40 * GIB}]

PASS, FAIL, OPEN, NONE = Outcome.PASS, Outcome.FAIL, Outcome.UNDETERMINED, Outcome.NOT_APPLICABLE

_SEPARATION = (
    Case(rule="REL-001", outcome=PASS, target="group/maps-web", says="Two web servers stand in two zones of the region."),
    Case(rule="REL-001", outcome=FAIL, target="group/maps-web", says="Both web servers have a subnet in the same zone.", estate=_one_zone),
    Case(
        rule="REL-001",
        outcome=OPEN,
        target="group/maps-web",
        says="Both stand in a cluster whose DRS is off, and nobody looked on which hosts.",
        estate=both(_stands("hill", "maps-web-01", "maps-web-02"), _drs_off),
        snapshot=None,
    ),
    Case(rule="REL-001", outcome=NONE, target="estate", says="No server has a group.", estate=_every_server(redundancy_group="")),
    Case(rule="REL-002", outcome=PASS, target="service/identity", says="The directory of tier gold stands on three sites."),
    Case(
        rule="REL-002",
        outcome=FAIL,
        target="service/records",
        says="Silver is asked to stand on two sites, and the database stands on one.",
        estate=_tier("silver", span="sites"),
    ),
    Case(
        rule="REL-002",
        outcome=OPEN,
        target="service/maps",
        says="Bronze is asked to stand in two zones or halves of a stretched cluster, and nobody looked in which halves it runs.",
        estate=both(_tier("bronze", span="zones"), _stands("hill", "maps-web-01", "maps-web-02"), _stretched),
        snapshot=None,
    ),
    Case(rule="REL-002", outcome=NONE, target="estate", says="No tier asks for a span.", estate=_every_tier_without("span")),
)

_RECOVERY = (
    Case(rule="REL-003", outcome=PASS, target="service/records", says="A restore at another site takes less than the promised four hours."),
    Case(
        rule="REL-003",
        outcome=FAIL,
        target="service/records",
        says="The service promises to be back after 40 minutes, and the restore of its database takes longer.",
        estate=_service("records", rto_minutes=40),
    ),
    Case(
        rule="REL-003",
        outcome=OPEN,
        target="service/records",
        says="With a restart by HA the promise of 55 minutes holds, by hand it does not, and nobody says whether HA restarts the machine.",
        estate=both(_service("records", rto_minutes=55), _PRIORITY_UNSAID),
        snapshot=_NO_PRIORITY,
    ),
    Case(rule="REL-003", outcome=NONE, target="estate", says="No service has a machine.", estate=_nobody, snapshot=_nothing_seen),
    Case(rule="REL-004", outcome=PASS, target="server/records-db-01", says="Hourly, kept 35 days, with copies at two other sites."),
    Case(
        rule="REL-004",
        outcome=FAIL,
        target="server/records-db-01",
        says="Every five hours where four are promised.",
        estate=_server("records-db-01", backup={"interval_minutes": 300, "retention_days": 35, "copies": ["dale"]}),
    ),
    Case(
        rule="REL-004",
        outcome=FAIL,
        target="server/records-db-01",
        says="Kept for 29 days where the tier asks for 30.",
        estate=_server("records-db-01", backup={"interval_minutes": 60, "retention_days": 29, "copies": ["dale"]}),
    ),
    Case(
        rule="REL-004",
        outcome=OPEN,
        target="server/attic-01",
        says="An instance that nobody declared: nothing says what it may lose.",
        snapshot=_stranger,
    ),
    Case(rule="REL-004", outcome=NONE, target="estate", says="There is no server.", estate=_nobody, snapshot=_nothing_seen),
    Case(rule="REL-012", outcome=PASS, target="service/identity", says="A failover was tried within the 180 days of tier gold."),
    Case(
        rule="REL-012",
        outcome=FAIL,
        target="service/identity",
        says="The last test is 181 days old, 180 are allowed.",
        estate=_service("identity", recovery_tests=[{"kind": "restore", "on": "2026-05-28"}]),
    ),
    Case(
        rule="REL-012",
        outcome=OPEN,
        target="service/identity",
        says="The only test on record lies in the future.",
        estate=_service("identity", recovery_tests=[{"kind": "restore", "on": "2027-05-28"}]),
    ),
    Case(rule="REL-012", outcome=NONE, target="estate", says="No tier sets a period.", estate=_every_tier_without("recovery_test_days")),
)

_AVAILABILITY = (
    Case(rule="REL-005", outcome=PASS, target="service/records", says="Database, applications and directory together reach 99 %."),
    Case(
        rule="REL-005",
        outcome=FAIL,
        target="service/records",
        says="A promise of 99.95 % is more than one database on one site can hold.",
        estate=_service("records", availability_percent=99.95),
    ),
    Case(
        rule="REL-005",
        outcome=OPEN,
        target="service/records",
        says="Whether 99.5 % can be held depends on whether HA restarts the database, and nobody says.",
        estate=both(_service("records", availability_percent=99.5), _PRIORITY_UNSAID),
        snapshot=_NO_PRIORITY,
    ),
    Case(
        rule="REL-005",
        outcome=NONE,
        target="estate",
        says="Neither services nor tiers promise an availability.",
        estate=_every_tier_without("availability_percent"),
    ),
    Case(rule="REL-006", outcome=PASS, target="server/records-db-01", says="HA restarts the one database with high priority."),
    Case(
        rule="REL-006",
        outcome=FAIL,
        target="server/records-db-01",
        says="The one database has its restart switched off.",
        snapshot=_machine("records-db-01", restart_priority="disabled"),
    ),
    Case(
        rule="REL-006",
        outcome=OPEN,
        target="server/records-db-01",
        says="Neither the machine nor the cluster tells a restart priority.",
        estate=_PRIORITY_UNSAID,
        snapshot=_NO_PRIORITY,
    ),
    Case(
        rule="REL-006",
        outcome=NONE,
        target="estate",
        says="Every server has another that stands in for it.",
        estate=_without("records-db-01"),
    ),
    Case(rule="REL-007", outcome=PASS, target="cluster/hill/main", says="HA answers isolation and lost storage by restarting elsewhere."),
    Case(
        rule="REL-007",
        outcome=FAIL,
        target="cluster/hill/main",
        says="Machines of an isolated host are left running where nobody reaches them.",
        snapshot=_ha_seen("hill", isolation_response="none"),
    ),
    Case(
        rule="REL-007",
        outcome=OPEN,
        target="cluster/hill/main",
        says="The estate does not say what happens when all paths to storage are down, and nobody looked.",
        estate=_ha("hill", apd_response=None),
        snapshot=None,
    ),
    Case(rule="REL-007", outcome=NONE, target="estate", says="There is no cluster.", estate=_cloud_only, snapshot=_cloud_only_seen),
    Case(
        rule="REL-008",
        outcome=PASS,
        target="database/records-rds",
        says="In two zones, locked, kept for the 30 days of tier silver.",
        snapshot=_database(),
    ),
    Case(
        rule="REL-008",
        outcome=FAIL,
        target="database/records-rds",
        says="Of tier silver, and in one zone.",
        snapshot=_database(multi_az=False),
    ),
    Case(
        rule="REL-008",
        outcome=OPEN,
        target="database/records-rds",
        says="In one zone, which is enough for bronze, but nobody says which service it belongs to.",
        snapshot=_database(multi_az=False, service=""),
    ),
    Case(rule="REL-008", outcome=NONE, target="estate", says="There is no managed database."),
)

_CONNECTED = (
    Case(rule="REL-009", outcome=PASS, target="link/hill-cloud", says="The records stand on both sides of a link of two paths."),
    Case(rule="REL-009", outcome=FAIL, target="link/hill-cloud", says="The link has one path.", estate=_paths(1)),
    Case(
        rule="REL-009",
        outcome=OPEN,
        target="link/cloud-hill",
        says="No direct link is declared; both sites have one to dale.",
        estate=_no_direct_link,
    ),
    Case(rule="REL-009", outcome=NONE, target="estate", says="All stands on one site.", estate=_cloud_only, snapshot=_cloud_only_seen),
    Case(rule="REL-010", outcome=PASS, target="server/maps-web-01", says="Its termination protection is on."),
    Case(
        rule="REL-010",
        outcome=FAIL,
        target="server/maps-web-01",
        says="The town asks for EC2's own lock, and it is off.",
        estate=_rule("REL-010", termination_protection_too=True),
        snapshot=_unlocked,
    ),
    Case(
        rule="REL-010",
        outcome=OPEN,
        target="server/maps-web-01",
        says="Termination protection is off, and only the stack tells whether Pulumi protects it.",
        snapshot=_unlocked,
    ),
    Case(
        rule="REL-010",
        outcome=NONE,
        target="estate",
        says="No server has more than its system disk or a role that holds data.",
        estate=_every_server(disks=_ONE_DISK, role="web"),
    ),
    Case(
        rule="REL-011",
        outcome=PASS,
        target="move/records-db-01",
        says="The directory has a member on both sides, and two paths lead to what stays behind.",
        estate=_to_the_cloud,
    ),
    Case(
        rule="REL-011",
        outcome=FAIL,
        target="move/records-db-01",
        says="The cloud has no directory, and one path leads back to it.",
        estate=both(_to_the_cloud, _paths(1), _without("identity-dc-03")),
    ),
    Case(
        rule="REL-011",
        outcome=OPEN,
        target="move/records-db-01",
        says="It needs a service of which no machine is known.",
        estate=both(_to_the_cloud, _needs_planned),
    ),
    Case(rule="REL-011", outcome=NONE, target="estate", says="No move is under way."),
    Case(rule="REL-013", outcome=PASS, target="server/records-db-01", says="Alarms watch its disk and whether it answers."),
    Case(
        rule="REL-013",
        outcome=FAIL,
        target="server/records-db-01",
        says="Only its processor is watched.",
        estate=_server("records-db-01", alarms=["cpu"]),
        snapshot=_alarms_seen("records-db-01"),
    ),
    Case(
        rule="REL-013",
        outcome=OPEN,
        target="server/records-db-01",
        says="Nobody says what is watched, and nobody looked.",
        estate=_every_server(alarms=None),
        snapshot=None,
    ),
    Case(rule="REL-013", outcome=NONE, target="estate", says="Every service is of tier bronze.", estate=_all_bronze),
)

CASES: tuple[Case, ...] = (*_SEPARATION, *_RECOVERY, *_AVAILABILITY, *_CONNECTED)
