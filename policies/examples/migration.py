"""Examples of the rules of moves: records-db-01 moves from the hill to the cloud."""

from __future__ import annotations

from typing import Any

from policies.examples.case import Case, Document, Edit, both
from policies.examples.ground import GIB
from policies.verdict import Outcome

SERVER = "records-db-01"
MOVE = f"move/{SERVER}"
NIGHT: Document = {
    "on": "2026-12-05",
    "window_minutes": 120,
    "approved_by": "head of records",
    "ticket": "CHG-1042",
    "hold_days": 14,
}


def pending(**changes: Any) -> Edit:
    """The server is meant for the cloud, and `move:` says when and how."""

    def edit(estate: Document) -> None:
        estate["servers"][SERVER]["site"] = "cloud"
        estate["servers"][SERVER]["move"] = {**NIGHT, **changes}

    return edit


def unsaid(estate: Document) -> None:
    """The server is meant for the cloud, and nobody wrote when."""
    estate["servers"][SERVER]["site"] = "cloud"


def trial(until: str = "2026-12-10T22:00:00Z") -> Edit:
    """The server runs in the cloud since five days; its source on the hill is held."""

    def edit(estate: Document) -> None:
        pending()(estate)
        estate["generation"] = 2
        held = {"machine": {"site": "hill"}, "since": "2026-11-20T22:00:00Z", "until": until, "move": "m-7"}
        estate["placements"][SERVER] = {"server": SERVER, "generation": 2, "origin": "moved", "machine": {"site": "cloud"}, "held": held}

    return edit


def seen(**changes: Any) -> Edit:
    """The snapshot shows the source off and cut off, and the server in the cloud."""

    def edit(snapshot: Document) -> None:
        for machine in snapshot["sites"]["hill"]["machines"]:
            if machine["name"] == SERVER:
                machine.update({"running": False, "nics_connected": False, **changes})
        region = snapshot["sites"]["cloud"]
        copy = {**region["instances"][0], "name": SERVER, "server": SERVER, "instance_id": "i-0000000000000000b"}
        region["instances"].append({**copy, "zone": "us-east-1c", "subnet": "app-c"})

    return edit


def memory(**sizes: int) -> Edit:
    """Servers with other memory, in GiB; their names with underscores."""

    def edit(estate: Document) -> None:
        for name, size in sizes.items():
            estate["servers"][name.replace("_", "-")]["size"] = {"cpus": 4, "memory": size * GIB}

    return edit


def application_returns(estate: Document) -> None:
    """The second application server moves from the cloud to the hill."""
    estate["servers"]["records-app-02"] |= {"site": "hill", "move": dict(NIGHT)}


def no_way_back(estate: Document) -> None:
    """A web server moves from the cloud to the hill."""
    estate["servers"]["maps-web-01"] |= {"site": "hill", "move": dict(NIGHT)}


def old_system(estate: Document) -> None:
    """The server runs Red Hat Enterprise Linux 6."""
    estate["servers"][SERVER]["os"] = {"id": "rhel-6", "family": "linux", "guest_id": "rhel6_64Guest", "firmware": "bios"}


def freeze(estate: Document) -> None:
    """Nothing changes in the days of the year's end."""
    estate["standards"]["freezes"] = [{"begins": "2026-12-05", "ends": "2027-01-05", "reason": "year-end accounts"}]


def large(estate: Document) -> None:
    """The data disk has 3 TiB, and copies may use the link from ten in the evening until five."""
    estate["servers"][SERVER]["disks"][1]["size"] = 3072 * GIB
    estate["links"]["hill-cloud"]["window"] = "22:00-05:00"


def smaller(snapshot: Document) -> None:
    """A vCenter that shows the server with half of the memory that the estate declares."""
    for machine in snapshot["sites"]["hill"]["machines"]:
        if machine["name"] == SERVER:
            machine["memory"] = 8 * GIB


def _case(rule: str, outcome: Outcome, says: str, estate: Edit, **more: Any) -> Case:
    return Case(rule=rule, outcome=outcome, target=more.pop("target", MOVE), says=says, estate=estate, **more)


def _still(rule: str) -> Case:
    return Case(rule=rule, outcome=Outcome.NOT_APPLICABLE, target="estate", says="Nothing moves.")


_OK, _FAIL, _OPEN = Outcome.PASS, Outcome.FAIL, Outcome.UNDETERMINED

CASES: tuple[Case, ...] = (
    _case("MIG-001", _OK, "The hill could run the server again, even without its largest host.", pending()),
    _case(
        "MIG-001",
        _FAIL,
        "Another machine of the hill grew larger than two hosts can hold beside the one that comes back.",
        both(pending(), memory(records_app_01=250, identity_dc_01=250)),
    ),
    _case("MIG-001", _OPEN, "The source is in a region that no snapshot shows.", no_way_back, snapshot=None, target="move/maps-web-01"),
    _still("MIG-001"),
    _case("MIG-002", _OK, "About 28 minutes down, of 120.", pending()),
    _case("MIG-002", _FAIL, "About 28 minutes down, of 20.", pending(window_minutes=20)),
    _case(
        "MIG-002",
        _FAIL,
        "The first copy has one night of seven hours, and 3 TiB to carry.",
        both(pending(on="2026-11-26"), large),
    ),
    _case("MIG-002", _OPEN, "Nobody wrote when the server moves.", unsaid),
    _still("MIG-002"),
    _case("MIG-003", _OK, "The source will be held 14 days.", pending()),
    _case("MIG-003", _OK, "The source is off and held for 20 days.", trial(), snapshot=seen()),
    _case("MIG-003", _FAIL, "The source would be held 3 days, silver needs 14.", pending(hold_days=3)),
    _case("MIG-003", _FAIL, "Somebody started the held source.", trial(), snapshot=seen(running=True)),
    _case("MIG-003", _OPEN, "On trial, and nobody looked whether the source is off.", trial(), snapshot=None),
    _still("MIG-003"),
    _case("MIG-004", _OK, "Debian 12 with UEFI, two disks, one card: an m5a.xlarge starts it.", pending()),
    _case("MIG-004", _FAIL, "Red Hat Enterprise Linux 6 has no drivers for today's instances.", both(pending(), old_system)),
    _case("MIG-004", _FAIL, "vCenter shows half of the memory that the estate declares.", pending(), snapshot=smaller),
    _case("MIG-004", _OPEN, "Nobody looked at the machine.", pending(), snapshot=None),
    _still("MIG-004"),
    _case("MIG-005", _OK, "Both sides keep their reserve with the server standing twice.", pending()),
    _case(
        "MIG-005",
        _FAIL,
        "Two large machines fill the hosts that the hill has left after a failure; a third one arrives.",
        both(application_returns, memory(records_db_01=200, records_app_01=200, records_app_02=200)),
        target="move/records-app-02",
    ),
    _case("MIG-005", _OPEN, "Nobody asked AWS what it would still start.", pending(), snapshot=None),
    _still("MIG-005"),
    _case("MIG-006", _OK, "Approved, with a ticket, outside every freeze.", pending()),
    _case("MIG-006", _FAIL, "Nobody approved it.", pending(approved_by="")),
    _case("MIG-006", _FAIL, "Its night is the first of a freeze.", both(pending(), freeze)),
    _case("MIG-006", _OPEN, "Nobody wrote when the server moves, nor who approved it.", unsaid),
    _still("MIG-006"),
    _case("MIG-007", _OK, "The held source is off, and its cards are disconnected.", trial(), snapshot=seen()),
    _case("MIG-007", _FAIL, "The held source runs beside the server.", trial(), snapshot=seen(running=True, nics_connected=True)),
    _case("MIG-007", _FAIL, "The held source is off, but still on the network.", trial(), snapshot=seen(nics_connected=True)),
    _case("MIG-007", _OPEN, "Nobody looked since the cut-over.", trial(), snapshot=None),
    _still("MIG-007"),
)
