"""REL-001: members of a redundancy group cannot all fail with one host or one zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from policies.evidence import Evidence, ServerEvidence
from policies.rule import Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every group. A held source is not a member: it does not serve."""
    groups: dict[str, list[ServerEvidence]] = defaultdict(list)
    for server in evidence.servers:
        if server.group and not server.held:
            groups[server.group].append(server)
    hosts = {(c.site, c.name): len(c.hosts) for c in evidence.clusters}
    for name, members in sorted(groups.items()):
        yield _judge(rule, name, members, hosts)


def _judge(rule: Rule, name: str, members: list[ServerEvidence], hosts: dict[tuple[str, str], int]) -> Verdict:
    target, source = f"group/{name}", members[0].source
    where = {m.name: f"{m.site}/{m.cluster or m.zone or '?'}" for m in members}
    facts = tuple(Fact(name=server, value=place) for server, place in sorted(where.items()))
    if len(members) < 2:
        message = f"redundancy group {name} has one member, {members[0].name}: nothing takes over when it fails"
        return rule.verdict(Outcome.FAIL, target, message, facts=facts, source=source)
    if lacks := tuple(f"zone of {m.name} (its subnet is not known yet)" for m in members if m.kind == "aws" and not m.zone):
        return rule.verdict(Outcome.UNDETERMINED, target, f"redundancy group {name}", facts=facts, source=source, missing=lacks)
    problems = _crowded_zones(members) + _small_clusters(members, hosts)
    if problems:
        return rule.verdict(Outcome.FAIL, target, f"redundancy group {name}: {'; '.join(problems)}", facts=facts, source=source)
    message = f"the {len(members)} members of redundancy group {name} stand in separate failure domains"
    return rule.verdict(Outcome.PASS, target, message, facts=facts, source=source)


def _crowded_zones(members: list[ServerEvidence]) -> list[str]:
    zones: dict[str, list[str]] = defaultdict(list)
    for member in members:
        if member.kind == "aws":
            zones[member.zone].append(member.name)
    return [f"{' and '.join(sorted(names))} share zone {zone}" for zone, names in sorted(zones.items()) if len(names) > 1]


def _small_clusters(members: list[ServerEvidence], hosts: dict[tuple[str, str], int]) -> list[str]:
    """On vSphere the group's anti-affinity rule keeps members on separate hosts, if there are enough of them."""
    counted: dict[tuple[str, str], int] = defaultdict(int)
    for member in members:
        if member.kind == "vsphere":
            counted[member.site, member.cluster] += 1
    return [
        f"{count} members need {count} hosts and cluster {cluster} of {site} has {hosts.get((site, cluster), 0)}"
        for (site, cluster), count in sorted(counted.items())
        if count > hosts.get((site, cluster), 0)
    ]


REDUNDANCY_SEPARATION = Rule(
    id="REL-001",
    name="redundancy-separation",
    title="Members of a redundancy group stand in separate failure domains",
    severity=Severity.CRITICAL,
    controls=("NIST 800-53 CP-2(5)", "AWS REL10-BP01"),
    formula="members on AWS: one a zone; members in a cluster: no more than it has hosts, kept apart by an anti-affinity rule",
    source="AWS Well-Architected REL10-BP01; vSphere DRS VM-VM anti-affinity",
    remedy="give the member a subnet in another zone, or put it into a cluster with enough hosts",
    check=check,
)
