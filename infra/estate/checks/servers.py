"""Servers: everything they name exists where they name it, their disks can be told apart, and they can stand on the site they intend."""

from __future__ import annotations

from collections.abc import Iterator

from infra.estate.draft import Draft, Entry
from infra.estate.model import AwsSite, Server, VsphereSite
from infra.estate.problems import Problem, did_you_mean

_MIB = 1 << 20
_MOST_DISKS = {"vsphere": 15, "aws": 12}  # one SCSI controller; AWS's recommended device names /dev/sda1 and /dev/sdf to /dev/sdp


def check(draft: Draft) -> Iterator[Problem]:
    """Every problem of servers but those of their network cards and placements."""
    for name, entry in draft.servers.items():
        if not draft.may_declare("services", entry.value.service):
            what, advice = (
                f"server {name}: unknown service {entry.value.service!r}",
                did_you_mean(entry.value.service, draft.names("services")),
            )
            yield entry.problem(what, advice, "INC-1011", "service")
        yield from _site(draft, name, entry)
        yield from _disks(name, entry)
        for site in entry.value.at:
            yield from _attachment(draft, name, entry, site)
        yield from _backup(draft, name, entry)
        yield from _memory(name, entry)


def _site(draft: Draft, name: str, entry: Entry[Server]) -> Iterator[Problem]:
    site, at = entry.value.site, entry.value.at
    if not draft.may_declare("sites", site):
        yield entry.problem(f"server {name}: unknown site {site!r}", did_you_mean(site, draft.names("sites")), "INC-1011", "site")
    elif site not in at:
        what = f"server {name} is to stand on {site}, but at: says nothing about {site}"
        yield entry.problem(what, f"add {site}: with its networks and addresses under at:", "INC-1012", "site")


def _disks(name: str, entry: Entry[Server]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, disk in enumerate(entry.value.disks):
        if disk.name in seen:
            yield entry.problem(f"server {name} has two disks named {disk.name}", "give each disk its own name", "INC-1010", "disks", index)
        seen.add(disk.name)
        if disk.size % _MIB:
            what = f"server {name}: disk {disk.name} is no whole number of MiB ({disk.size} bytes)"
            yield entry.problem(what, "write a size such as 40.5GiB or 41472MiB", "INC-1005", "disks", index, "size")


def _attachment(draft: Draft, name: str, entry: Entry[Server], site_name: str) -> Iterator[Problem]:
    if site_name not in draft.sites:
        if not draft.may_declare("sites", site_name):
            what = f"server {name}: at: names an unknown site {site_name!r}"
            yield entry.problem(what, did_you_mean(site_name, draft.names("sites")), "INC-1011", "at", site_name)
        return
    site = draft.sites[site_name].value
    if len(entry.value.disks) > _MOST_DISKS[site.kind]:
        what = f"server {name} has {len(entry.value.disks)} disks; {site_name} takes {_MOST_DISKS[site.kind]}"
        yield entry.problem(what, f"join disks, or remove {site_name} from at:", "INC-1043", "disks")
    if isinstance(site, VsphereSite):
        yield from _on_vsphere(name, entry, site)
    else:
        yield from _on_aws(name, entry, site)


def _on_vsphere(name: str, entry: Entry[Server], site: VsphereSite) -> Iterator[Problem]:
    attachment, path = entry.value.at[site.name], ("at", site.name)
    clusters = {each.name: each for each in site.clusters}
    cluster = clusters.get(attachment.cluster)
    if cluster is None:
        what = f"unknown cluster {attachment.cluster!r}" if attachment.cluster else "no cluster"
        yield entry.problem(
            f"server {name}: {what} at {site.name}", did_you_mean(attachment.cluster, clusters), "INC-1011", *path, "cluster"
        )
    else:
        if attachment.datastore not in cluster.datastores:
            exists = any(each.name == attachment.datastore for each in site.datastores)
            unknown = f"unknown datastore {attachment.datastore!r}" if attachment.datastore else "no datastore"
            what = f"datastore {attachment.datastore} is not mounted by cluster {cluster.name}" if exists else unknown
            advice = did_you_mean(attachment.datastore, cluster.datastores)
            yield entry.problem(f"server {name}: {what} at {site.name}", advice, "INC-1011", *path, "datastore")
        largest = max(host.memory for host in cluster.hosts)
        if entry.value.size.memory > largest:
            what = f"server {name} has more memory than any host of {site.name}/{cluster.name} ({largest >> 30} GiB)"
            yield entry.problem(what, "make it smaller or choose another cluster", "INC-1043", "size", "memory")
    if attachment.instance_type:
        what = f"server {name}: {site.name} is a vSphere site and knows no instance_type"
        yield entry.problem(what, "remove instance_type", "INC-1005", *path, "instance_type")


def _on_aws(name: str, entry: Entry[Server], site: AwsSite) -> Iterator[Problem]:
    # The catalogue is read here alone, so that an estate without a cloud never needs it.
    from infra.catalogue import CatalogueError, type_for  # noqa: PLC0415

    attachment, path = entry.value.at[site.name], ("at", site.name)
    for key, value in (("cluster", attachment.cluster), ("datastore", attachment.datastore)):
        if value:
            yield entry.problem(f"server {name}: {site.name} is an AWS site and has no {key}", f"remove {key}", "INC-1005", *path, key)
    try:
        chosen = type_for(entry.value, site.name)
    except CatalogueError as error:
        yield entry.problem(f"server {name}: {error.what}", error.next_step, "INC-1011", *path, "instance_type")
        return
    size = entry.value.size
    if not chosen.holds(size):
        what = f"server {name}: {chosen.name} ({chosen.cpus} CPUs, {chosen.memory >> 30} GiB) is smaller than the server"
        advice = f"choose a type with {size.cpus} CPUs and {size.memory >> 30} GiB, or leave instance_type out"
        yield entry.problem(what, advice, "INC-1043", *path, "instance_type")
    if len(attachment.nics) > 1:
        yield entry.problem(
            f"server {name} has {len(attachment.nics)} network cards at {site.name}; a server on AWS has one here",
            "keep the card that the service answers at",
            "INC-1043",
            *path,
            "nics",
        )


def _backup(draft: Draft, name: str, entry: Entry[Server]) -> Iterator[Problem]:
    for index, site in enumerate(entry.value.backup.copies if entry.value.backup else ()):
        if not draft.may_declare("sites", site):
            what = f"server {name}: backup copies go to an unknown site {site!r}"
            yield entry.problem(what, did_you_mean(site, draft.names("sites")), "INC-1011", "backup", "copies", index)


def _memory(name: str, entry: Entry[Server]) -> Iterator[Problem]:
    if entry.value.size.memory % (4 * _MIB):
        advice = "write a multiple of 4MiB, such as 8GiB"
        yield entry.problem(f"server {name}: memory is no multiple of 4 MiB, which vSphere needs", advice, "INC-1005", "size", "memory")
