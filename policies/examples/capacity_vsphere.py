"""Examples of the rules of vSphere capacity and of the capacity snapshot's age."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from policies.examples.case import Case, Document, Edit, both, nothing
from policies.examples.ground import GIB
from policies.examples.preview import UNKNOWN, Shown, machine
from policies.verdict import Outcome

MAIN = "cluster/hill/main"
STORE = "datastore/hill/hill-1"
ON_HILL = ("records-db-01", "records-app-01", "identity-dc-01")


def _machine(snapshot: Document, name: str) -> dict[str, Any]:
    machines: list[dict[str, Any]] = snapshot["sites"]["hill"]["machines"]
    return next(m for m in machines if m["server"] == name)


def _only_cloud(estate: Document) -> None:
    for name in [n for n, s in estate["servers"].items() if s["site"] != "cloud"]:
        del estate["servers"][name]
        del estate["placements"][name]
    estate["sites"] = {"cloud": estate["sites"]["cloud"]}
    estate["links"] = {}
    for server in estate["servers"].values():
        server["at"] = {"cloud": server["at"]["cloud"]}
        server["backup"]["copies"] = ["cloud"]


def _only_cloud_seen(snapshot: Document) -> None:
    snapshot["sites"] = {"cloud": snapshot["sites"]["cloud"]}


def _nothing_yet(estate: Document) -> None:
    estate.update(sites={}, links={}, servers={}, placements={})
    for service in estate["services"].values():
        service["lifecycle"] = "planned"


def _sizes(*, cpus: int = 4, memory: int = 16, servers: Iterable[str] = ON_HILL) -> Edit:
    """Servers of this size, in the estate's document."""

    def edit(estate: Document) -> None:
        for name in servers:
            estate["servers"][name]["size"] = {"cpus": cpus, "memory": memory * GIB}

    return edit


def _seen_sizes(*, cpus: int = 4, memory: int = 16, servers: Iterable[str] = ON_HILL) -> Edit:
    """The same in the snapshot's document."""

    def edit(snapshot: Document) -> None:
        for name in servers:
            _machine(snapshot, name).update(cpus=cpus, memory=memory * GIB)

    return edit


def _small_host(document: Document) -> None:
    document["sites"]["hill"]["clusters"][0]["hosts"][2]["memory"] = 64 * GIB


def _reserved(memory: dict[str, int]) -> Edit:
    def edit(snapshot: Document) -> None:
        for name, size in memory.items():
            _machine(snapshot, name)["memory_reservation"] = size * GIB

    return edit


def _ha(**settings: Any) -> Edit:
    """HA settings of hill's cluster, in either document."""

    def edit(document: Document) -> None:
        document["sites"]["hill"]["clusters"][0]["ha"].update(settings)

    return edit


def _host_lost(snapshot: Document) -> None:
    snapshot["sites"]["hill"]["clusters"][0]["hosts"][0]["connection"] = "notResponding"


def _usage(**used: float) -> Edit:
    def edit(snapshot: Document) -> None:
        for name in ON_HILL:
            _machine(snapshot, name)["usage"].update(used)

    return edit


def _cpu_history(factor: float, days: int = 90) -> Edit:
    """The measured days of hill's CPU, this many times as high, and only the last of them."""

    def edit(snapshot: Document) -> None:
        for history in snapshot["sites"]["hill"]["clusters"][0]["history"]:
            if history["resource"] == "cpu":
                history["days"] = [{**day, "value": day["value"] * factor} for day in history["days"][-days:]]

    return edit


def _to_hill(on: str | None) -> Edit:
    """An application server of the cloud is meant to move to hill; with `on`, on that night."""

    def edit(estate: Document) -> None:
        server = estate["servers"]["records-app-02"]
        server["site"] = "hill"
        if on is not None:
            server["move"] = {"on": on, "window_minutes": 120, "approved_by": "Town Clerk", "ticket": "CHG-1"}

    return edit


def _free(gibibytes: int) -> Edit:
    def edit(snapshot: Document) -> None:
        snapshot["sites"]["hill"]["datastores"][0]["free"] = gibibytes * GIB

    return edit


def _large_disk(estate: Document) -> None:
    estate["servers"]["records-db-01"]["disks"][1]["size"] = 7000 * GIB


def _no_gold(estate: Document) -> None:
    estate["services"]["identity"]["tier"] = "silver"


def _strangers(snapshot: Document) -> None:
    """Two machines of 250 GiB that nobody put into the estate."""
    for number in (1, 2):
        machine = deepcopy(_machine(snapshot, "records-db-01"))
        machine.update(name=f"legacy-{number:02}", server="", uuid=f"uuid-of-legacy-{number}", memory=250 * GIB, cpus=4)
        snapshot["sites"]["hill"]["machines"].append(machine)


def _no_nodes(document: Document) -> None:
    for host in document["sites"]["hill"]["clusters"][0]["hosts"]:
        host["numa_nodes"] = None


def _no_pools(document: Document) -> None:
    for site in ("hill", "dale"):
        document["sites"][site]["clusters"][0]["pools"] = []


def _lost_parent(snapshot: Document) -> None:
    snapshot["sites"]["hill"]["clusters"][0]["pools"][0]["parent"] = "departments"


def _pool(**settings: Any) -> Edit:
    def edit(snapshot: Document) -> None:
        snapshot["sites"]["hill"]["clusters"][0]["pools"][0].update(settings)

    return edit


def _taken(moment: str) -> Edit:
    def edit(snapshot: Document) -> None:
        snapshot["sites"]["hill"]["taken_at"] = moment

    return edit


def _without_dale(snapshot: Document) -> None:
    del snapshot["sites"]["dale"]


def _case(
    rule: str,
    outcome: Outcome,
    target: str,
    says: str,
    estate: Edit = nothing,
    snapshot: Edit | None = nothing,
    stack: tuple[Shown, ...] = (),
) -> Case:
    return Case(rule=rule, outcome=outcome, target=target, says=says, estate=estate, snapshot=snapshot, stack=stack)


def _no_vsphere(rule: str) -> Case:
    return _case(rule, Outcome.NOT_APPLICABLE, "estate", "the town has no data centre of its own", _only_cloud, _only_cloud_seen)


_PASS, _FAIL, _UNDETERMINED, _NONE = Outcome.PASS, Outcome.FAIL, Outcome.UNDETERMINED, Outcome.NOT_APPLICABLE

_FAILOVER = (
    _case("CAP-001", _PASS, MAIN, "three machines of 16 GiB fit on the two hosts that are left"),
    _case(
        "CAP-001", _FAIL, MAIN, "three machines of 240 GiB do not fit on two hosts of 256 GiB", _sizes(memory=240), _seen_sizes(memory=240)
    ),
    _case(
        "CAP-001",
        _FAIL,
        MAIN,
        "two machines of 240 GiB fit on two hosts, but one host is lost already",
        _sizes(memory=240, servers=ON_HILL[:2]),
        both(_seen_sizes(memory=240, servers=ON_HILL[:2]), _host_lost),
    ),
    _case(
        "CAP-001",
        _UNDETERMINED,
        MAIN,
        "how much memory the database gets is known only after the update",
        stack=machine("hill", "records-db-01", memory=UNKNOWN),
    ),
    _no_vsphere("CAP-001"),
)

_ADMISSION = (
    _case("CAP-002", _PASS, MAIN, "a third of three hosts is kept free"),
    _case("CAP-002", _FAIL, MAIN, "admission control is off", _ha(admission="disabled"), _ha(admission="disabled")),
    _case("CAP-002", _FAIL, MAIN, "20 % are kept free, one of three hosts is 33 %", _ha(memory_percent=20), _ha(memory_percent=20)),
    _case(
        "CAP-002",
        _UNDETERMINED,
        MAIN,
        "how much memory is reserved for a database of 600 GiB is known only after the update",
        stack=machine("hill", "records-db-01", memory=600 << 10, memoryReservation=UNKNOWN),
    ),
    _no_vsphere("CAP-002"),
)

_DEMAND = (
    _case("CAP-003", _PASS, MAIN, "three machines use 15.6 GHz, two hosts have 166.4"),
    _case("CAP-003", _FAIL, MAIN, "three machines use 60 GHz each, two hosts have 166.4", _sizes(cpus=24), _usage(cpu_mhz_p95=60_000.0)),
    _case("CAP-003", _UNDETERMINED, MAIN, "nobody measured what three machines of 32 vCPUs use", _sizes(cpus=32), None),
    _no_vsphere("CAP-003"),
)

_MOVE = (
    _case("CAP-004", _PASS, "move/records-app-02", "on 10 December about 22 GHz are used and 5.2 come, of 149.8", _to_hill("2026-12-10")),
    _case(
        "CAP-004",
        _FAIL,
        "move/records-app-02",
        "on 10 December the rising demand of the cluster leaves less than the 5.2 GHz that come",
        _to_hill("2026-12-10"),
        _cpu_history(6.65),
    ),
    _case(
        "CAP-004",
        _UNDETERMINED,
        "move/records-app-02",
        "nobody wrote the night; today it would fit, in a year it would not",
        _to_hill(None),
        _cpu_history(6.2),
    ),
    _case("CAP-004", _NONE, "estate", "nothing moves"),
)

_TIME = (
    _case("CAP-005", _PASS, MAIN, "neither CPU nor memory runs out within the projection"),
    _case(
        "CAP-005",
        _FAIL,
        MAIN,
        "at this growth the CPU is used up in about two months, and to buy more takes three",
        snapshot=_cpu_history(6.5),
    ),
    _case("CAP-005", _UNDETERMINED, MAIN, "the CPU was measured on ten days only", snapshot=_cpu_history(1.0, days=10)),
    _no_vsphere("CAP-005"),
)

_SPACE = (
    _case("CAP-006", _PASS, STORE, "1,192 of 8,192 GiB are used"),
    _case("CAP-006", _FAIL, STORE, "91.5 % are used", snapshot=_free(700)),
    _case("CAP-006", _FAIL, STORE, "81.7 % are used, which is a warning", snapshot=_free(1500)),
    _case("CAP-006", _UNDETERMINED, STORE, "a disk of 7,000 GiB is promised and nobody measured what is used", _large_disk, None),
    _no_vsphere("CAP-006"),
)

_OVERCOMMIT = (
    _case("CAP-007", _PASS, MAIN, "12 vCPUs on 96 cores"),
    _case("CAP-007", _FAIL, MAIN, "480 vCPUs on 96 cores are more than 4:1", _sizes(cpus=160), _seen_sizes(cpus=160)),
    _case(
        "CAP-007",
        _UNDETERMINED,
        MAIN,
        "how many vCPUs the database gets is known only after the update",
        stack=machine("hill", "records-db-01", numCpus=UNKNOWN),
    ),
    _no_vsphere("CAP-007"),
)

_GOLD = (
    _case("CAP-008", _PASS, MAIN, "one gold machine of 16 GiB, 512 GiB are left after the failure"),
    _case(
        "CAP-008",
        _FAIL,
        MAIN,
        "a gold machine of 200 GiB, and 320 GiB reserved for others",
        _sizes(memory=200),
        both(_seen_sizes(memory=200), _reserved({"records-db-01": 160, "records-app-01": 160})),
    ),
    _case("CAP-008", _UNDETERMINED, MAIN, "two machines of 250 GiB whose tier nobody knows", snapshot=_strangers),
    _case("CAP-008", _NONE, "estate", "no service is gold", _no_gold),
)

_DB = ON_HILL[:1]
_SIZE = (
    _case("CAP-009", _PASS, "server/records-db-01", "16 GiB fit a host of 256 GiB and its NUMA node of 128"),
    _case(
        "CAP-009",
        _FAIL,
        "server/records-db-01",
        "100 GiB do not fit the smallest host left, which has 64",
        both(_small_host, _sizes(memory=100, servers=_DB)),
        both(_small_host, _seen_sizes(memory=100, servers=_DB)),
    ),
    _case(
        "CAP-009",
        _FAIL,
        "server/records-db-01",
        "160 GiB fit a host of 256 GiB, but not its NUMA node of 128: a warning",
        _sizes(memory=160, servers=_DB),
        _seen_sizes(memory=160, servers=_DB),
    ),
    _case(
        "CAP-009",
        _UNDETERMINED,
        "server/records-db-01",
        "160 GiB fit a host of 256 GiB, whose NUMA nodes nobody knows",
        both(_no_nodes, _sizes(memory=160, servers=_DB)),
        both(_no_nodes, _seen_sizes(memory=160, servers=_DB)),
    ),
    _no_vsphere("CAP-009"),
)

_POOL = "pool/hill/main/city"
_POOLS = (
    _case(
        "CAP-010",
        _PASS,
        _POOL,
        "16 GiB are reserved inside a pool that has 32",
        snapshot=both(_pool(memory_reservation=32 * GIB), _reserved({"records-db-01": 16})),
    ),
    _case("CAP-010", _FAIL, _POOL, "16 GiB are reserved inside a pool that has nothing", snapshot=_reserved({"records-db-01": 16})),
    _case(
        "CAP-010",
        _FAIL,
        _POOL,
        "an expandable pool borrows 60 GiB, more than a tenth of what is left after a failure",
        snapshot=both(_pool(expandable=True), _reserved({"records-db-01": 60})),
    ),
    _case("CAP-010", _UNDETERMINED, _POOL, "the pool above it is not shown", snapshot=_lost_parent),
    _case("CAP-010", _NONE, "estate", "no cluster has a pool", _no_pools, _no_pools),
)

_AGE = (
    _case("CAP-018", _PASS, "site/hill", "the snapshot is of today"),
    _case("CAP-018", _FAIL, "site/hill", "the snapshot is five days old", snapshot=_taken("2026-11-20T00:00:00Z")),
    _case("CAP-018", _FAIL, "site/hill", "the snapshot is 28 hours old: a warning", snapshot=_taken("2026-11-23T20:00:00Z")),
    _case("CAP-018", _FAIL, "site/dale", "the snapshot leaves a site out", snapshot=_without_dale),
    _case("CAP-018", _UNDETERMINED, "site/hill", "nobody took a snapshot", snapshot=None),
    _case("CAP-018", _NONE, "estate", "the estate has no site yet", _nothing_yet, None),
)

CASES: tuple[Case, ...] = (
    *_FAILOVER,
    *_ADMISSION,
    *_DEMAND,
    *_MOVE,
    *_TIME,
    *_SPACE,
    *_OVERCOMMIT,
    *_GOLD,
    *_SIZE,
    *_POOLS,
    *_AGE,
)
