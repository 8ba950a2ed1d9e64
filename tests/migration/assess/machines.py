"""Machines and subjects for the tests of the assessment: a plain one of each side, and what differs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.catalogue import instance_type
from infra.estate.model import GIB, Attachment, Disk, Nic, OperatingSystem, Server, Service, Size
from migration.assess.subject import Subject
from migration.discover.model import FoundDisk, FoundHost, FoundMachine, FoundNic, Metric, Percentiles

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def disk(**changes: Any) -> FoundDisk:
    return replace(FoundDisk(label="Hard disk 1", size=40 * GIB, mode="persistent", sharing="sharingNone"), **changes)


def nic(**changes: Any) -> FoundNic:
    return replace(FoundNic(label="card 1", mac="00:50:56:9a:11:22", addresses=("10.0.0.5",)), **changes)


def vm(**changes: Any) -> FoundMachine:
    """A Linux machine on vSphere that nothing speaks against."""
    plain = FoundMachine(
        key="here/vm-1",
        name="vm-1",
        site="here",
        kind="vsphere",
        source="vCenter here",
        as_of=NOW,
        cpus=4,
        memory=16 * GIB,
        os="debian-12",
        firmware="bios",
        secure_boot=False,
        hardware_version=19,
        tools="toolsOk",
        cluster="general",
        disks=(disk(),),
        nics=(nic(),),
        tracking=True,
        consolidate=False,
    )
    return replace(plain, **changes)


def instance(**changes: Any) -> FoundMachine:
    """A Linux instance on AWS that nothing speaks against."""
    plain = FoundMachine(
        key="there/i-1",
        name="i-1",
        site="there",
        kind="aws",
        source="AWS there",
        as_of=NOW,
        cpus=2,
        memory=8 * GIB,
        os="debian-12",
        firmware="bios",
        instance_type="m6a.large",
        architecture="x86_64",
        billing="Linux/UNIX",
        disks=(FoundDisk(label="/dev/sda1", size=40 * GIB, uuid="vol-1", kind="gp3", iops=3000, throughput=125 << 20),),
        nics=(FoundNic(label="eth0", addresses=("10.1.0.5",)),),
    )
    return replace(plain, **changes)


def up(machine: FoundMachine | None = None, **changes: Any) -> Subject:
    """A machine on its way to AWS."""
    found = machine or vm()
    known: dict[str, Any] = {"system": found.os, "instance": instance_type("m6a.xlarge")}
    return Subject(**{"machine": found, "direction": "up", "target": "there", "now": NOW, **known, **changes})


def down(machine: FoundMachine | None = None, **changes: Any) -> Subject:
    """An instance on its way to vSphere; it came from there, so that its drivers are known to be in it."""
    found = machine or instance()
    known: dict[str, Any] = {"system": found.os, "placement": moved()}
    return Subject(**{"machine": found, "direction": "down", "target": "here", "now": NOW, **known, **changes})


def moved(**changes: Any) -> Any:
    from infra.estate.model import Machine, Placement

    return Placement(**{"server": "i-1", "generation": 1, "origin": "moved", "machine": Machine(site="there"), **changes})


def server(**changes: Any) -> Server:
    plain: dict[str, Any] = {
        "name": "vm-1",
        "service": "maps",
        "site": "here",
        "role": "application",
        "size": Size(cpus=4, memory=16 * GIB),
        "os": OperatingSystem(id="debian-12", family="linux", guest_id="debian12_64Guest"),
        "disks": (Disk(name="system", size=40 * GIB),),
        "at": {site: Attachment(nics=(Nic(network="apps", address="10.0.0.5"),)) for site in ("here", "there")},  # type: ignore[arg-type]
    }
    return Server(**{**plain, **changes})


def service(**changes: Any) -> Service:
    plain: dict[str, Any] = {
        "name": "maps",
        "title": "Maps",
        "owner": "City Planning",
        "tier": "silver",
        "rto_minutes": 240,
        "rpo_minutes": 240,
        "data_class": "public",
        "cost_centre": "CP-1",
    }
    return Service(**{**plain, **changes})


def host(name: str = "esx-1", **changes: Any) -> FoundHost:
    return replace(FoundHost(name=name, site="here", cluster="general", sockets=2, cores=32, mhz=2600, memory=256 * GIB), **changes)


def measured(
    metric: Metric, value: float, *, machine: str = "here/vm-1", days: float = 30, share: float = 1.0, ago: float = 0
) -> Percentiles:
    """The same value all the time."""
    last = NOW - timedelta(days=ago)
    expected = max(1, round(days * 288))
    return Percentiles(
        machine=machine,
        metric=metric,
        interval_s=300,
        samples=round(expected * share),
        expected=expected,
        first=last - timedelta(days=days),
        last=last,
        mean=value,
        p50=value,
        p90=value,
        p95=value,
        p99=value,
        maximum=value,
    )


def usage(*found: Percentiles) -> dict[Metric, Percentiles]:
    return {each.metric: each for each in found}
