"""Small estates for tests: one vSphere site, one AWS site, a few servers. Each builder takes what a test wants to differ."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from infra.estate.model import (
    GIB,
    Attachment,
    AwsSite,
    Backup,
    Cluster,
    Credentials,
    DataClass,
    Datastore,
    Disk,
    DiskRecord,
    Estate,
    Held,
    Host,
    Machine,
    Network,
    Nic,
    OpenPort,
    OperatingSystem,
    Placement,
    Server,
    Service,
    Size,
    Standards,
    Tier,
    TierStandard,
    VsphereSite,
)

ENVIRON = {
    "INCLINE_VCENTER_USER": "engineer",
    "INCLINE_VCENTER_PASSWORD": "not-a-secret",
    "AWS_ACCESS_KEY_ID": "lab",
    "AWS_SECRET_ACCESS_KEY": "lab",
    "INCLINE_SITE_DOWNTOWN_ENDPOINT": "127.0.0.1:8989",
    "INCLINE_SITE_NORTHSIDE_ENDPOINT": "127.0.0.1:8989",
    "INCLINE_SITE_AWS_EAST_ENDPOINT": "http://127.0.0.1:5555",
}
VCENTER = Credentials(user_env="INCLINE_VCENTER_USER", password_env="INCLINE_VCENTER_PASSWORD")
AWS_KEYS = Credentials(user_env="AWS_ACCESS_KEY_ID", password_env="AWS_SECRET_ACCESS_KEY")
DAY = datetime(2026, 11, 25, tzinfo=UTC)


def vsphere_site(name: str = "downtown", **changes: Any) -> VsphereSite:
    plain: dict[str, Any] = {
        "kind": "vsphere",
        "name": name,
        "title": f"Data centre {name}",
        "endpoint": "vcenter.city.example",
        "datacenter": name.capitalize(),
        "credentials": VCENTER,
        "clusters": (
            Cluster(name="data", hosts=(Host(name="esx-1", cores=32, mhz=2600, memory=256 * GIB),), datastores=("fast",)),
            Cluster(name="general", hosts=(Host(name="esx-2", cores=32, mhz=2600, memory=256 * GIB),), datastores=("bulk",)),
        ),
        "datastores": (Datastore(name="fast", capacity=1024 * GIB), Datastore(name="bulk", capacity=1024 * GIB)),
        "networks": (Network(name="data", cidr=IPv4Network("10.20.4.0/24"), vlan=204),),
    }
    return VsphereSite(**{**plain, **changes})


def aws_site(**changes: Any) -> AwsSite:
    plain: dict[str, Any] = {
        "kind": "aws",
        "name": "aws-east",
        "title": "AWS",
        "account": "123456789012",
        "region": "us-east-1",
        "credentials": AWS_KEYS,
        "vpc_cidr": IPv4Network("10.60.0.0/16"),
        "zones": ("us-east-1a", "us-east-1b"),
        "networks": (
            Network(name="data-a", cidr=IPv4Network("10.60.32.0/24"), zone="us-east-1a"),
            Network(name="data-b", cidr=IPv4Network("10.60.33.0/24"), zone="us-east-1b"),
        ),
        "base_images": {"debian-12": "ami-0deb12000000000a1"},
    }
    return AwsSite(**{**plain, **changes})


def service(name: str = "permits", **changes: Any) -> Service:
    plain: dict[str, Any] = {
        "name": name,
        "title": "Building permits",
        "owner": "Permits and Licences",
        "tier": Tier.GOLD,
        "rto_minutes": 240,
        "rpo_minutes": 60,
        "data_class": DataClass.CONFIDENTIAL,
        "cost_centre": "4711",
    }
    return Service(**{**plain, **changes})


def server(name: str = "permits-db-01", **changes: Any) -> Server:
    plain: dict[str, Any] = {
        "name": name,
        "service": "permits",
        "site": "downtown",
        "role": "database",
        "size": Size(cpus=2, memory=8 * GIB),
        "os": OperatingSystem(id="debian-12", family="linux", guest_id="debian12_64Guest"),
        "disks": (Disk(name="system", size=8 * GIB), Disk(name="data", size=40 * GIB + GIB // 2)),
        "at": {
            "downtown": Attachment(cluster="data", datastore="fast", nics=(Nic(network="data", address=IPv4Address("10.20.4.15")),)),
            "aws-east": Attachment(nics=(Nic(network="data-a", address=IPv4Address("10.60.32.15")),)),
        },
        "ports": (OpenPort(port=5432, source=IPv4Network("10.20.2.0/24"), purpose="database"),),
        "backup": Backup(interval_minutes=60, retention_days=30, copies=("aws-east",)),
    }
    return Server(**{**plain, **changes})


def on_vsphere(name: str = "permits-db-01", site: str = "downtown", **changes: Any) -> Machine:
    plain: dict[str, Any] = {
        "site": site,
        "import_id": f"/{site.capitalize()}/vm/Three Rivers/{name}",
        "uuid": "1e4ac8f6-cfd7-5fb0-90eb-e02f75b32efd",
        "disks": (
            DiskRecord(name="system", size=8 * GIB, label="Hard disk 1", unit_number=0),
            DiskRecord(name="data", size=40 * GIB + GIB // 2, label="Hard disk 2", unit_number=1),
        ),
    }
    return Machine(**{**plain, **changes})


def on_aws(**changes: Any) -> Machine:
    """A machine that arrived by a move and has been launched."""
    plain: dict[str, Any] = {
        "site": "aws-east",
        "image_id": "ami-0123456789abcdef0",
        "instance_id": "i-0123456789abcdef0",
        "disks": (
            DiskRecord(name="system", size=8 * GIB, device="/dev/sda1", snapshot_id="snap-1"),
            DiskRecord(name="data", size=41 * GIB, device="/dev/sdf", snapshot_id="snap-2", volume_id="vol-0123456789abcdef0"),
        ),
    }
    return Machine(**{**plain, **changes})


def placement(name: str = "permits-db-01", **changes: Any) -> Placement:
    plain: dict[str, Any] = {"server": name, "generation": 1, "origin": "adopted", "machine": on_vsphere(name)}
    return Placement(**{**plain, **changes})


def moved(name: str = "permits-db-01") -> Placement:
    """On trial: it serves on AWS, its source is held downtown."""
    held = Held(machine=on_vsphere(name), since=DAY, move="move-1")
    return placement(name, origin="moved", machine=on_aws(), held=held)


def standards() -> Standards:
    tier = TierStandard(rto_minutes=240, rpo_minutes=60, backup=Backup(interval_minutes=60, retention_days=30))
    return Standards(required_tags=("owner",), tiers=dict.fromkeys(Tier, tier))


def estate(*placements: Placement, servers: tuple[Server, ...] | None = None, generation: int = 7, **changes: Any) -> Estate:
    """An estate of the given placements; without any, `permits-db-01` adopted downtown."""
    all_servers = servers if servers is not None else (server(),)
    records = placements or tuple(placement(each.name) for each in all_servers)
    plain: dict[str, Any] = {
        "name": "small-city",
        "title": "A small city",
        "generation": generation,
        "sites": {"downtown": vsphere_site(), "northside": vsphere_site("northside"), "aws-east": aws_site()},
        "links": {},
        "services": {"permits": service()},
        "servers": {each.name: each for each in all_servers},
        "standards": standards(),
        "placements": {each.server: each for each in records},
    }
    return Estate(**{**plain, **changes})
