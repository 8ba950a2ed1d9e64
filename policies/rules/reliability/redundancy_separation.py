"""REL-001: members of a redundancy group cannot all fail with one host or one zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.evidence import ClusterEvidence, Evidence, ServerEvidence, Unknown
from policies.parts import serves
from policies.restarts import clusters_by_place
from policies.rule import Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict


@dataclass(frozen=True, slots=True)
class _Room:
    """What keeps members apart: the hosts of each cluster and the DRS rule that spreads them, the zones of each site."""

    clusters: Mapping[tuple[str, str], ClusterEvidence]
    zones: Mapping[str, int]

    def hosts(self, place: tuple[str, str]) -> int:
        """The hosts of a cluster that can run machines; none where it is not known."""
        cluster = self.clusters.get(place)
        return len(cluster.hosts) if cluster else 0


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every group. A held source is not a member: it does not serve."""
    zones: dict[str, int] = defaultdict(int)
    for zone in evidence.zones:
        zones[zone.site] += 1
    room = _Room(clusters_by_place(evidence), zones)
    for name, members in sorted(evidence.by_group.items()):
        yield _judge(rule, name, members, room)
    if not evidence.by_group:
        yield rule.not_applicable("no server belongs to a redundancy group")


def _judge(rule: Rule, name: str, members: tuple[ServerEvidence, ...], room: _Room) -> Verdict:
    target, source = f"group/{name}", members[0].source
    facts = tuple(Fact(name=m.name, value=_place(m), source=m.source, as_of=m.as_of) for m in members)
    if len(members) < 2:
        message = f"redundancy group {name} has one member, {members[0].name}: nothing takes over when it fails"
        return rule.verdict(Outcome.FAIL, target, message, facts=facts, source=source)
    off = [m.name for m in members if not serves(m)]
    if len(members) - len(off) < 2:
        message = f"redundancy group {name}: {', '.join(off)} {'is' if len(off) == 1 else 'are'} switched off, so that nothing takes over"
        return rule.verdict(Outcome.FAIL, target, message, facts=facts, source=source, remedy=f"start {off[0]} again")
    aws = [m for m in members if m.kind == "aws"]
    problems = _crowded_zones(aws) + _few_zones(aws, room) + _shared_hosts(members) + _small_clusters(members, room)
    formula = f"{len(members)} members, {len({_place(m) for m in members})} places: {', '.join(sorted({_place(m) for m in members}))}"
    if problems:
        message = f"redundancy group {name}: {'; '.join(problems)}"
        return rule.verdict(Outcome.FAIL, target, message, facts=facts, formula=formula, source=source)
    if lacks := _undecided_zones(aws) + _undecided_hosts(members, room):
        message = f"redundancy group {name}: of {len(lacks)} of {len(members)} members it is not known whether they stand apart"
        return rule.verdict(Outcome.UNDETERMINED, target, message, facts=facts, formula=formula, source=source, missing=lacks)
    message = f"the {len(members)} members of redundancy group {name} stand in separate failure domains"
    return rule.verdict(Outcome.PASS, target, message, facts=facts, formula=formula, source=source)


def _place(member: ServerEvidence) -> str:
    if member.kind == "aws":
        return f"{member.site}/{member.zone or '?'}"
    host = "" if isinstance(member.host, Unknown) or not member.host else f"/{member.host}"
    return f"{member.site}/{member.cluster or '?'}{host}"


def _crowded_zones(aws: list[ServerEvidence]) -> list[str]:
    zones: dict[tuple[str, str], list[str]] = defaultdict(list)
    for member in aws:
        if member.zone:
            zones[member.site, member.zone].append(member.name)
    return [f"{' and '.join(sorted(names))} share zone {zone}" for (_, zone), names in sorted(zones.items()) if len(names) > 1]


def _few_zones(aws: list[ServerEvidence], room: _Room) -> list[str]:
    """More members than zones cannot stand apart, whatever their zones turn out to be."""
    if all(m.zone for m in aws):
        return []
    counted: dict[str, int] = defaultdict(int)
    for member in aws:
        counted[member.site] += 1
    return [
        f"{count} members cannot stand apart in the {room.zones[site]} zones of {site}"
        for site, count in sorted(counted.items())
        if room.zones.get(site) and count > room.zones[site]
    ]


def _undecided_zones(aws: list[ServerEvidence]) -> tuple[str, ...]:
    """The zones that decide: one member alone on its site stands apart wherever it is."""
    sites: dict[str, list[ServerEvidence]] = defaultdict(list)
    for member in aws:
        sites[member.site].append(member)
    crowds = (m for members in sites.values() if len(members) > 1 for m in members)
    return tuple(f"zone of {m.name} (its subnet is not known yet)" for m in crowds if not m.zone)


def _undecided_hosts(members: tuple[ServerEvidence, ...], room: _Room) -> tuple[str, ...]:
    """Where DRS is off, no rule moves members apart: only where they run tells."""
    clusters: dict[tuple[str, str], list[ServerEvidence]] = defaultdict(list)
    for member in members:
        if member.kind == "vsphere":
            clusters[member.site, member.cluster].append(member)
    return tuple(
        f"host of {m.name} (DRS of cluster {m.cluster} is {'off' if drs is False else 'not known'}, so no rule keeps its group apart)"
        for place, crowd in sorted(clusters.items())
        if len(crowd) > 1 and place in room.clusters and (drs := room.clusters[place].drs) is not True
        for m in crowd
        if isinstance(m.host, Unknown) or not m.host
    )


def _shared_hosts(members: tuple[ServerEvidence, ...]) -> list[str]:
    """Where the hosts were looked at: an anti-affinity rule may be off, or have been broken by a failure."""
    hosts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for member in members:
        if member.kind == "vsphere" and member.host and not isinstance(member.host, Unknown):
            hosts[member.site, member.host].append(member.name)
    return [f"{' and '.join(sorted(names))} run on host {host}" for (_, host), names in sorted(hosts.items()) if len(names) > 1]


def _small_clusters(members: tuple[ServerEvidence, ...], room: _Room) -> list[str]:
    """On vSphere the group's anti-affinity rule keeps members on separate hosts, if there are enough of them."""
    counted: dict[tuple[str, str], int] = defaultdict(int)
    for member in members:
        if member.kind == "vsphere":
            counted[member.site, member.cluster] += 1
    return [
        f"{count} members need {count} hosts and cluster {cluster} of {site} has {room.hosts((site, cluster))}"
        for (site, cluster), count in sorted(counted.items())
        if count > room.hosts((site, cluster))
    ]


REDUNDANCY_SEPARATION = Rule(
    id="REL-001",
    name="redundancy-separation",
    title="Members of a redundancy group stand in separate failure domains",
    severity=Severity.CRITICAL,
    controls=("NIST 800-53 CP-2(5)", "AWS REL10-BP01"),
    formula="members on AWS: one a zone; members in a cluster: one a host, no more than it has hosts, kept apart by an anti-affinity rule",
    source="AWS Well-Architected REL10-BP01; vSphere DRS VM-VM anti-affinity",
    remedy="give the member a subnet in another zone, or put it into a cluster with enough hosts; on one host: migrate one of them away",
    needs=("redundancy groups", "zones of subnets", "hosts of each cluster", "the host each member runs on, where a live look tells"),
    check=check,
)
