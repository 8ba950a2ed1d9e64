"""The ground of all examples: a small town with two data centres and a region, in order, with nothing to find.

Plain documents, as the estate's files and the capacity snapshot hold them, so that an example is an edit a person could make.
"""

from __future__ import annotations

from typing import Any

TAKEN = "2026-11-25T08:00:00Z"
GIB = 1 << 30


def _host(name: str) -> dict[str, Any]:
    return {"name": name, "cores": 32, "mhz": 2600, "memory": 256 * GIB, "numa_nodes": 2}


def _ha() -> dict[str, Any]:
    return {
        "enabled": True,
        "admission": "percentage",
        "host_failures": 1,
        "host_monitoring": True,
        "isolation_response": "powerOff",
        "pdl_response": "restartAggressive",
        "apd_response": "restartConservative",
        "restart_priority": "medium",
        "performance_tolerance": 0,
    }


def _data_centre(name: str, second_octet: int) -> dict[str, Any]:
    return {
        "kind": "vsphere",
        "name": name,
        "title": f"{name} data centre",
        "endpoint": f"vcenter-{name}.town.example",
        "datacenter": name.title(),
        "credentials": {"user_env": "TOWN_VCENTER_USER", "password_env": "TOWN_VCENTER_PASSWORD"},
        "clusters": [
            {
                "name": "main",
                "hosts": [_host(f"{name}-esx-{n}") for n in (1, 2, 3)],
                "datastores": [f"{name}-1"],
                "ha": _ha(),
                "pools": [{"name": "city", "expandable": False}],
            }
        ],
        "datastores": [{"name": f"{name}-1", "capacity": 8192 * GIB}],
        "networks": [{"name": f"{name}-apps", "cidr": f"10.{second_octet}.0.0/24", "vlan": 100}],
    }


def _region() -> dict[str, Any]:
    return {
        "kind": "aws",
        "name": "cloud",
        "title": "AWS",
        "account": "123456789012",
        "region": "us-east-1",
        "credentials": {"user_env": "AWS_ACCESS_KEY_ID", "password_env": "AWS_SECRET_ACCESS_KEY"},
        "vpc_cidr": "10.60.0.0/16",
        "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
        "networks": [{"name": f"app-{z}", "cidr": f"10.60.{i}.0/24", "zone": f"us-east-1{z}"} for i, z in enumerate("abc")],
        "base_images": {"debian-12": "ami-0deb12000000000a1"},
    }


def _service(name: str, tier: str, **more: Any) -> dict[str, Any]:
    plain = {
        "name": name,
        "title": f"{name} of the town",
        "owner": "Town Clerk",
        "tier": tier,
        "rto_minutes": 240,
        "rpo_minutes": 240,
        "data_class": "internal",
        "cost_centre": "TC-1",
        "recovery_tests": [{"kind": "restore", "on": "2026-10-01"}, {"kind": "failover", "on": "2026-10-01"}],
    }
    return {**plain, **more}


def _address(site: str, number: int) -> str:
    return {"hill": "10.20.0.", "dale": "10.30.0."}[site] + str(number)


def _server(name: str, service: str, site: str, number: int, **more: Any) -> dict[str, Any]:
    zone = "abc"[number % 3]
    on_premises = {
        s: {"cluster": "main", "datastore": f"{s}-1", "nics": [{"network": f"{s}-apps", "address": _address(s, number)}]}
        for s in ("hill", "dale")
    }
    cloud = {"nics": [{"network": f"app-{zone}", "address": f"10.60.{'abc'.index(zone)}.{number}"}]}
    plain = {
        "name": name,
        "service": service,
        "site": site,
        "size": {"cpus": 4, "memory": 16 * GIB},
        "os": {"id": "debian-12", "family": "linux", "guest_id": "debian12_64Guest", "firmware": "efi"},
        "disks": [{"name": "system", "size": 40 * GIB}, {"name": "data", "size": 100 * GIB}],
        "at": {**on_premises, "cloud": cloud},
        "ports": [{"port": 443, "source": "10.0.0.0/8", "purpose": "applications"}],
        "backup": {"interval_minutes": 60, "retention_days": 35, "copies": ["dale", "cloud"] if site == "hill" else ["hill", "dale"]},
        "alarms": ["cpu", "memory", "disk", "reachability"],
    }
    return {**plain, **more}


_SERVERS = [
    _server("records-db-01", "records", "hill", 11),
    _server("records-app-01", "records", "hill", 21, redundancy_group="records-app"),
    _server("records-app-02", "records", "cloud", 22, redundancy_group="records-app"),
    _server("maps-web-01", "maps", "cloud", 30, redundancy_group="maps-web"),
    _server("maps-web-02", "maps", "cloud", 31, redundancy_group="maps-web"),
    _server("identity-dc-01", "identity", "hill", 41, redundancy_group="identity-dc", role="directory"),
    _server("identity-dc-02", "identity", "dale", 42, redundancy_group="identity-dc", role="directory"),
    _server("identity-dc-03", "identity", "cloud", 43, redundancy_group="identity-dc", role="directory"),
]


def _tier(rto: int, rpo: int, **more: Any) -> dict[str, Any]:
    return {"rto_minutes": rto, "rpo_minutes": rpo, "backup": {"interval_minutes": rpo, "retention_days": 30}, **more}


ESTATE: dict[str, Any] = {
    "name": "town",
    "title": "Town",
    "generation": 1,
    "sites": {"hill": _data_centre("hill", 20), "dale": _data_centre("dale", 30), "cloud": _region()},
    "links": {
        f"{a}-{b}": {"name": f"{a}-{b}", "sites": [a, b], "mbit_s": 1000, "latency_ms": 10, "paths": 2, "encrypted": True}
        for a, b in (("hill", "dale"), ("hill", "cloud"), ("dale", "cloud"))
    },
    "services": {
        "identity": _service("identity", "gold"),
        "records": _service("records", "silver", depends_on=["identity"]),
        "maps": _service("maps", "bronze", depends_on=["identity"], rto_minutes=480),
    },
    "servers": {s["name"]: s for s in _SERVERS},
    "standards": {
        "required_tags": ["owner", "service", "tier", "rto", "rpo", "data-class", "cost-centre"],
        "tiers": {
            "gold": _tier(
                240, 240, availability_percent=99.9, span="sites", static_stability=True, reserved_capacity=True, recovery_test_days=180
            ),
            "silver": _tier(480, 480, availability_percent=99.0, reserved_capacity=True, recovery_test_days=365),
            "bronze": _tier(2880, 1440, recovery_test_days=730),
        },
        "budget_usd_month": 5000,
    },
    "placements": {
        s["name"]: {"server": s["name"], "generation": 1, "origin": "created", "machine": {"site": s["site"]}} for s in _SERVERS
    },
}
"""As `Estate` holds it: maps by name."""


def _usage() -> dict[str, float]:
    return {"cpu_mhz_p95": 5200.0, "memory_p95": 10.0 * GIB, "iops_p95": 900.0, "throughput_p95": 60.0e6, "days": 30}


def _machine(server: dict[str, Any], host: int) -> dict[str, Any]:
    site = server["site"]
    return {
        "name": server["name"],
        "server": server["name"],
        "uuid": f"uuid-of-{server['name']}",
        "cluster": "main",
        "host": f"{site}-esx-{host}",
        "datastore": f"{site}-1",
        "pool": "city",
        "running": True,
        "cpus": 4,
        "memory": 16 * GIB,
        "disks": [40 * GIB, 100 * GIB],
        "firmware": "efi",
        "secure_boot": True,
        "hardware_version": 19,
        "encrypted": True,
        "vmotion_encryption": "required",
        "logging": True,
        "nonpersistent_disks": [],
        "devices": [],
        "restart_priority": "high",
        "nics_connected": True,
        "networks": [f"{site}-apps"],
        "usage": _usage(),
    }


def _history(start: float) -> list[dict[str, Any]]:
    """Ninety days up to yesterday, rising by a thousandth of the start a day, the weekend a little lower."""
    from datetime import date, timedelta  # noqa: PLC0415 - used here only

    first = date(2026, 8, 27)
    days = [first + timedelta(days=n) for n in range(90)]
    return [{"day": d.isoformat(), "value": start * (1 + 0.001 * n) * (0.9 if d.weekday() > 4 else 1.0)} for n, d in enumerate(days)]


def _observed_site(site: str) -> dict[str, Any]:
    declared = ESTATE["sites"][site]
    machines = [s for s in _SERVERS if s["site"] == site]
    return {
        "kind": "vsphere",
        "taken_at": TAKEN,
        "source": f"vCenter of {site}",
        "clusters": [
            {
                "name": "main",
                "ha": _ha(),
                "drs": True,
                "hosts": [_host(f"{site}-esx-{n}") for n in (1, 2, 3)],
                "pools": [{"name": "city", "expandable": False}],
                "history": [
                    {"resource": "cpu", "days": _history(20_000.0)},
                    {"resource": "memory", "days": _history(60.0 * GIB)},
                ],
            }
        ],
        "datastores": [
            {
                "name": f"{site}-1",
                "capacity": declared["datastores"][0]["capacity"],
                "free": 7000 * GIB,
                "uncommitted": 200 * GIB,
                "history": [{"resource": "space", "days": _history(1000.0 * GIB)}],
            }
        ],
        "networks": [{"name": f"{site}-apps", "cidr": declared["networks"][0]["cidr"], "free": 200}],
        "machines": [_machine(s, 1 + i % 3) for i, s in enumerate(machines)],
    }


INSTANCE_TYPE = "m5a.xlarge"
"""What the catalogue chooses for four processors and 16 GiB."""


def _instance(server: dict[str, Any]) -> dict[str, Any]:
    number = int(server["at"]["cloud"]["nics"][0]["address"].rpartition(".")[2])
    zone = "abc"[number % 3]
    return {
        "name": server["name"],
        "server": server["name"],
        "instance_id": f"i-{number:017x}",
        "instance_type": INSTANCE_TYPE,
        "zone": f"us-east-1{zone}",
        "subnet": f"app-{zone}",
        "running": True,
        "imdsv2_only": True,
        "public_address": False,
        "termination_protection": True,
        "auto_recovery": True,
        "closed": False,
        "volumes": [
            {
                "id": f"vol-{number:015x}{n:02x}",
                "size": d["size"],
                "type": "gp3",
                "encrypted": True,
                "iops": 3000.0,
                "throughput": 125.0e6,
            }
            for n, d in enumerate(server["disks"])
        ],
        "tags": _tags(ESTATE["services"][server["service"]]),
        "usage": _usage(),
    }


def _tags(service: dict[str, Any]) -> dict[str, str]:
    return {
        "owner": service["owner"],
        "service": service["name"],
        "tier": service["tier"],
        "rto": f"{service['rto_minutes']}m",
        "rpo": f"{service['rpo_minutes']}m",
        "data-class": service["data_class"],
        "cost-centre": service["cost_centre"],
    }


def _opening(server: dict[str, Any]) -> dict[str, Any]:
    """What its security group lets in: what its entry asks for."""
    return {"group": server["name"], "protocol": "tcp", "first": 443, "last": 443, "cidr": "10.0.0.0/8", "servers": [server["name"]]}


SNAPSHOT: dict[str, Any] = {
    "schema": "incline.capacity/1",
    "estate": "town",
    "taken_at": TAKEN,
    "sites": {
        "hill": _observed_site("hill"),
        "dale": _observed_site("dale"),
        "cloud": {
            "kind": "aws",
            "taken_at": TAKEN,
            "source": "EC2 of us-east-1",
            "region": "us-east-1",
            "zones": [{"name": f"us-east-1{z}", "offers": [INSTANCE_TYPE, "m7i.xlarge", "r7i.xlarge"]} for z in "abc"],
            "networks": [
                {"name": f"app-{z}", "cidr": f"10.60.{i}.0/24", "zone": f"us-east-1{z}", "free": 240} for i, z in enumerate("abc")
            ],
            "quotas": [
                {
                    "code": "L-1216C47A",
                    "name": "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
                    "families": ["a", "c", "d", "h", "i", "m", "r", "t", "z"],
                    "limit": 256.0,
                    "used": 16.0,
                }
            ],
            "reservations": [],
            "instances": [_instance(s) for s in _SERVERS if s["site"] == "cloud"],
            "databases": [],
            "ingress": [_opening(s) for s in _SERVERS if s["site"] == "cloud"],
            "alarms": {s["name"]: ["cpu", "memory", "disk", "reachability"] for s in _SERVERS},
        },
    },
}
"""As the capacity snapshot's file holds it."""
