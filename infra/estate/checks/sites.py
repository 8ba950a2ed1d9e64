"""Sites: what their clusters, networks and images name must exist, and no name may stand twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from infra.estate.draft import Draft, Entry
from infra.estate.model import AwsSite, Network, VsphereSite
from infra.estate.problems import Problem, did_you_mean

_IMAGE = re.compile(r"ami-[0-9a-f]{8}([0-9a-f]{9})?")
_AWS_PREFIXES = range(16, 29)  # AWS takes subnets and VPCs of /16 to /28

T = TypeVar("T")


def check(draft: Draft) -> Iterator[Problem]:
    """Every problem within one site."""
    for entry in draft.sites.values():
        site = entry.value
        yield from _duplicates(entry, "networks", site.networks, lambda each: each.name)
        yield from _gateways(entry)
        if isinstance(site, VsphereSite):
            yield from _vsphere(entry, site)
        else:
            yield from _aws(entry, site)


def _vsphere(entry: Entry[VsphereSite | AwsSite], site: VsphereSite) -> Iterator[Problem]:
    yield from _duplicates(entry, "clusters", site.clusters, lambda each: each.name)
    yield from _duplicates(entry, "datastores", site.datastores, lambda each: each.name)
    if not site.credentials.user_env or not site.credentials.password_env:
        advice = "write credentials: {user_env: INCLINE_VCENTER_USER, password_env: INCLINE_VCENTER_PASSWORD}"
        yield entry.problem(f"site {site.name}: a vCenter needs both user_env and password_env", advice, "INC-1004", "credentials")
    datastores = {each.name for each in site.datastores}
    mounted = {name for cluster in site.clusters for name in cluster.datastores}
    for index, datastore in enumerate(site.datastores):
        if datastore.name not in mounted:
            advice = "name it under a cluster's datastores, or remove it"
            yield entry.problem(f"datastore {datastore.name} is mounted by no cluster", advice, "INC-1011", "datastores", index)
    hosts: dict[str, str] = {}
    for number, cluster in enumerate(site.clusters):
        for index, name in enumerate(cluster.datastores):
            if name not in datastores:
                what = f"cluster {cluster.name} mounts an unknown datastore {name!r}"
                yield entry.problem(what, did_you_mean(name, datastores), "INC-1011", "clusters", number, "datastores", index)
        for index, host in enumerate(cluster.hosts):
            if host.name in hosts:
                what = f"host {host.name} stands twice, first in cluster {hosts[host.name]}"
                yield entry.problem(what, "remove one of the two", "INC-1010", "clusters", number, "hosts", index, "name")
            hosts.setdefault(host.name, cluster.name)
        if cluster.ha.enabled and cluster.ha.host_failures >= len(cluster.hosts):
            what = f"cluster {cluster.name} is to survive the loss of {cluster.ha.host_failures} of its {len(cluster.hosts)} hosts"
            yield entry.problem(what, "write a smaller ha.host_failures, or ha: {enabled: false}", "INC-1005", "clusters", number, "ha")


def _aws(entry: Entry[VsphereSite | AwsSite], site: AwsSite) -> Iterator[Problem]:
    if site.vpc_cidr.prefixlen not in _AWS_PREFIXES:
        yield entry.problem(f"site {site.name}: AWS takes no VPC of {site.vpc_cidr}", "choose /16 to /28", "INC-1005", "vpc_cidr")
    for index, network in enumerate(site.networks):
        yield from _subnet(entry, site, index, network)
    for system, image in site.base_images.items():
        if not _IMAGE.fullmatch(image):
            advice = "write ami- and 8 or 17 hexadecimal digits"
            yield entry.problem(f"base image of {system}: {image!r} is no AMI id", advice, "INC-1005", "base_images", system)


def _subnet(entry: Entry[VsphereSite | AwsSite], site: AwsSite, index: int, network: Network) -> Iterator[Problem]:
    if network.zone not in site.zones:
        what = (
            f"network {network.name}: unknown zone {network.zone!r}" if network.zone else f"network {network.name}: a subnet needs a zone"
        )
        yield entry.problem(what, did_you_mean(network.zone, site.zones), "INC-1011", "networks", index, "zone")
    if not network.cidr.subnet_of(site.vpc_cidr):
        what = f"network {network.name}: {network.cidr} lies outside the site's vpc_cidr {site.vpc_cidr}"
        yield entry.problem(what, f"choose a range within {site.vpc_cidr}", "INC-1021", "networks", index, "cidr")
    elif network.cidr.prefixlen not in _AWS_PREFIXES:
        what = f"network {network.name}: AWS takes no subnet of {network.cidr}"
        yield entry.problem(what, "choose /16 to /28", "INC-1005", "networks", index, "cidr")
    if network.vlan is not None:
        yield entry.problem(f"network {network.name}: a subnet has no VLAN", "remove vlan", "INC-1005", "networks", index, "vlan")


def _gateways(entry: Entry[VsphereSite | AwsSite]) -> Iterator[Problem]:
    for index, network in enumerate(entry.value.networks):
        if network.gateway is not None and network.gateway not in network.cidr:
            what = f"network {network.name}: the gateway {network.gateway} lies outside {network.cidr}"
            advice = f"write {network.cidr.network_address + 1}, or leave gateway out for that"
            yield entry.problem(what, advice, "INC-1021", "networks", index, "gateway")


def _duplicates(entry: Entry[VsphereSite | AwsSite], key: str, items: Sequence[T], name_of: Callable[[T], str]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, item in enumerate(items):
        name = name_of(item)
        if name in first:
            what = f"{key[:-1]} {name} stands twice in site {entry.value.name}, first on line {entry.line(key, first[name])}"
            yield entry.problem(what, "remove one of the two or give it a name of its own", "INC-1010", key, index, "name")
        first.setdefault(name, index)
