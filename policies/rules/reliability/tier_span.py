"""REL-002: every part of a service stands in as many places as its tier asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.wording import listed
from policies.evidence import Evidence, ServerEvidence, ServiceEvidence, Unknown
from policies.parts import Part, Parts
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict

_WANTED = 2
_ASKS = {"zones": "two zones or sites", "sites": "two sites"}


Halves = Mapping[tuple[str, str], Mapping[str, str]]
"""The fault domain of each host of every stretched cluster: its halves are places of their own."""


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every service that has machines and whose tier asks for a span."""
    parts = Parts(evidence)
    halves = {(c.site, c.name): {h.name: h.fault_domain for h in c.hosts} for c in evidence.clusters if c.stretched}
    prepared = parameters.flag("prepared_counts")
    judged = False
    for service in evidence.services.values():
        standard = evidence.standards.tiers.get(service.tier)
        if standard is None or standard.span == "none" or not parts.of(service.name):
            continue
        judged = True
        places = [_Places(p, evidence, standard.span, halves, prepared=prepared) for p in parts.of(service.name)]
        yield _judge(rule, service, places, standard.span)
    if not judged:
        yield rule.not_applicable("no tier of a service with machines asks for a span")


class _Places:
    """Where one part stands: places that are known, and how many more there may be."""

    def __init__(self, part: Part, evidence: Evidence, span: str, halves: Halves, *, prepared: bool) -> None:
        self.part = part
        known = {_place(m, span, halves) for m in part.members} - {""}
        if prepared:
            known |= _prepared(part, evidence, {m.site for m in part.members})
        self.known = tuple(sorted(known))
        unknown = [m for m in part.members if not _place(m, span, halves)]
        told = {place.partition("/")[0] for place in known}
        self.least = len(known) + len({m.site for m in unknown} - told)
        self.most = len(known) + len(unknown)
        self.lacks = tuple(_lack(m) for m in unknown)


def _place(member: ServerEvidence, span: str, halves: Halves) -> str:
    """The place by name; empty where it is one of several and nobody tells which."""
    if span == "sites":
        return member.site
    if member.kind == "aws":
        return f"{member.site}/{member.zone}" if member.zone else ""
    hosts = halves.get((member.site, member.cluster))
    if hosts is None:
        return member.site
    half = "" if isinstance(member.host, Unknown) else hosts.get(member.host, "")
    return f"{member.site}/{half}" if half else ""


def _lack(member: ServerEvidence) -> str:
    if member.kind == "aws":
        return f"zone of {member.name} (its subnet is not known yet)"
    return f"host of {member.name} (which half of its stretched cluster it runs in, only a live look tells)"


def _prepared(part: Part, evidence: Evidence, standing: set[str]) -> set[str]:
    """Other sites where every member has a place, if a copy of its data survives the site that it stands on."""
    ready = []
    for member in part.members:
        copies = {copy for job in evidence.backups_of.get(member.name, ()) for copy in job.copies}
        ready.append(set(member.places) if copies - {member.site} else set())
    return {f"{site} (prepared)" for site in set.intersection(*ready) - standing}


def _judge(rule: Rule, service: ServiceEvidence, places: list[_Places], span: str) -> Verdict:
    narrow = [p for p in places if p.most < _WANTED]
    lacks = tuple(text for p in places if p.least < _WANTED <= p.most for text in p.lacks)
    shown = sorted(places, key=lambda p: (p.least, p.part.name))
    facts = tuple(Fact(name=p.part.name, value=", ".join(p.known) or "?", source=p.part.members[0].source) for p in shown)
    worst = shown[0]
    formula = f"fewest places of a part: {worst.part.name} in {worst.least} ({', '.join(worst.known) or '?'}) >= {_WANTED}"
    asks = f"tier {service.tier} asks for {_ASKS[span]}"
    if narrow:
        named = listed([f"{p.part.name} stands in {', '.join(p.known) or 'one zone'} only" for p in narrow], between="; ")
        message = f"service {service.name}: {asks}; {named}"
        return rule.verdict(Outcome.FAIL, service.target, message, facts=facts, formula=formula, source=service.source)
    if lacks:
        message = f"service {service.name}: {asks}; where {len(lacks)} of its machines stand is not known yet"
        return rule.verdict(
            Outcome.UNDETERMINED, service.target, message, facts=facts, formula=formula, source=service.source, missing=lacks
        )
    message = f"service {service.name}: {asks}, and each of its {len(places)} parts has them"
    return rule.verdict(Outcome.PASS, service.target, message, facts=facts, formula=formula, source=service.source)


TIER_SPAN = Rule(
    id="REL-002",
    name="tier-span",
    title="Every part of a service stands in as many places as its tier asks for",
    severity=Severity.CRITICAL,
    controls=("NIST 800-53 CP-2(6)", "NIST 800-53 CP-7(1)", "AWS REL10-BP01"),
    formula="for every part (members that stand in for one another): places >= 2; places are sites, with span zones also zones and halves",
    source="AWS Well-Architected REL10-BP01; NIST 800-53 CP-7(1)",
    remedy="add a member at another site or zone to the part's redundancy group, or ask less of the tier: `span` in standards.yaml",
    parameters={
        "prepared_counts": Parameter(
            default=False,
            reason="a site where every member has a place and a copy of its data elsewhere, but nothing runs, is no second place: that "
            "takes a restore. A city whose promise allows that time may count it",
        )
    },
    needs=("the tiers' span", "sites and zones of machines", "places and backup copies, if prepared places count"),
    check=check,
)
