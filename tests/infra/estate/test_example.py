"""The city of Three Rivers: what the demo and everybody's tests count on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from uuid import NAMESPACE_DNS, uuid5

import pytest

from infra.estate.load import load_estate
from infra.estate.locate import locations, where
from infra.estate.model import GIB, AwsSite, Estate, VsphereSite

ROOT = Path(__file__).parents[3] / "estate"


@pytest.fixture(scope="module")
def city() -> Estate:
    return load_estate(ROOT)


def _in_cluster(city: Estate, site: str, cluster: str) -> list[str]:
    return [name for name, server in city.servers.items() if server.site == site and server.at[site].cluster == cluster]


def test_its_shape(city: Estate) -> None:
    assert Counter(server.site for server in city.servers.values()) == {"downtown": 32, "northside": 10, "aws-east": 6}
    assert len(city.services) == 13
    assert {server.service for server in city.servers.values()} == set(city.services)
    assert city.placements.keys() == city.servers.keys()
    downtown, north, aws = city.sites["downtown"], city.sites["northside"], city.sites["aws-east"]
    assert isinstance(downtown, VsphereSite)
    assert isinstance(north, VsphereSite)
    assert isinstance(aws, AwsSite)
    assert [len(cluster.hosts) for cluster in downtown.clusters] == [5, 3]
    assert [len(cluster.hosts) for cluster in north.clusters] == [3]
    assert len(aws.zones) == 3


def test_the_server_of_the_demo(city: Estate) -> None:
    server = city.servers["permits-db-01"]

    assert [(disk.name, disk.size) for disk in server.disks] == [("system", 8 * GIB), ("data", 81 * GIB // 2)]
    assert (server.site, server.at["downtown"].cluster) == ("downtown", "data")
    assert server.at["aws-east"].nics[0].network == "data-a"
    assert len(city.servers["gis-files-01"].disks) == 3


def test_an_adopted_machine_has_the_ids_that_the_lab_gives_it(city: Estate) -> None:
    for name, placement in city.placements.items():
        if placement.origin == "adopted":
            assert placement.machine.uuid == str(uuid5(NAMESPACE_DNS, f"{name}.three-rivers.incline.lab"))
            for disk in placement.machine.disks:
                assert disk.uuid == str(uuid5(NAMESPACE_DNS, f"{name}.{disk.name}.three-rivers.incline.lab"))


@pytest.mark.parametrize(("site", "cluster"), [("downtown", "general"), ("downtown", "data"), ("northside", "north")])
def test_a_cluster_survives_its_largest_host_but_not_one_large_change_more(city: Estate, site: str, cluster: str) -> None:
    vsphere = city.sites[site]
    assert isinstance(vsphere, VsphereSite)
    hosts = next(each for each in vsphere.clusters if each.name == cluster).hosts
    left = sum(host.memory for host in hosts) - max(host.memory for host in hosts)
    cores = sum(host.cores for host in hosts) - max(host.cores for host in hosts)
    servers = [city.servers[name] for name in _in_cluster(city, site, cluster)]
    used = sum(server.size.memory for server in servers)

    assert 0.75 * left < used < 0.95 * left
    assert sum(server.size.cpus for server in servers) <= cores


def test_datastores_keep_a_quarter_free(city: Estate) -> None:
    for name, site in city.sites.items():
        if isinstance(site, VsphereSite):
            for datastore in site.datastores:
                servers = [each for each in city.servers.values() if each.site == name and each.at[name].datastore == datastore.name]
                used = sum(sum(disk.size for disk in server.disks) + server.size.memory for server in servers)
                assert used <= 0.75 * datastore.capacity, datastore.name


def test_every_backup_meets_its_services_promise_and_leaves_the_site(city: Estate) -> None:
    for server in city.servers.values():
        assert server.backup is not None
        assert server.backup.interval_minutes <= city.services[server.service].rpo_minutes
        for site in server.at:
            assert set(server.backup.copies) - {site}, f"{server.name} on {site} would have no copy elsewhere"


def test_no_port_of_administration_is_open_to_the_world(city: Estate) -> None:
    for server in city.servers.values():
        for port in server.ports:
            assert port.source.prefixlen > 0 or port.port not in city.standards.admin_ports, server.name


def test_members_of_a_group_can_stand_apart(city: Estate) -> None:
    groups: dict[str, list[str]] = {}
    for name, server in city.servers.items():
        if server.redundancy_group:
            groups.setdefault(server.redundancy_group, []).append(name)
    aws = city.sites["aws-east"]
    assert isinstance(aws, AwsSite)
    zone = {network.name: network.zone for network in aws.networks}

    assert groups
    for members in groups.values():
        assert len(members) >= 2
        attached = [city.servers[name].at["aws-east"] for name in members if "aws-east" in city.servers[name].at]
        assert len({zone[each.nics[0].network] for each in attached}) == len(attached)


def test_nothing_in_it_ends_with_time(city: Estate) -> None:
    assert city.waivers == ()
    assert all(placement.move is None and placement.held is None for placement in city.placements.values())


def test_every_object_has_a_place() -> None:
    places = locations(ROOT)

    assert where(ROOT, "gis-files-01") == places["server/gis-files-01"]
    file, line = places["cluster/downtown/data"]
    assert "name: data" in file.read_text().splitlines()[line - 1]
    assert str(places["network/aws-east/app-b"]).endswith("estate/sites/aws-east.yaml:17")
