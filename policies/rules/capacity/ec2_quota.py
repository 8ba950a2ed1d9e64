"""CAP-011: what runs on EC2 and what is planned stay under a share of the vCPU quota."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

from infra.catalogue import instance_types
from infra.ec2_quotas import STANDARD, QuotaGroup, quota_group
from policies.evidence import Evidence, QuotaEvidence, ServerEvidence, Unknown, missing
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.aws_machines import at_most, aws_machines, is_strange, promised, promised_cpus
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number


@dataclass(slots=True)
class _Claim:
    """What we ask of one quota: vCPUs not yet in its use, those of ours that are, and machines whose vCPUs nobody knows."""

    site: str
    group: QuotaGroup
    planned: float = 0
    running: float = 0
    machines: int = 0
    held: int = 0
    unknown: list[Unknown] = field(default_factory=list)

    def add(self, cpus: float | Unknown, *, counted: bool) -> None:
        """One machine; `counted`: it is in the quota's use already."""
        self.machines += not counted
        if counted:
            self.running += 0 if isinstance(cpus, Unknown) else cpus
        elif isinstance(cpus, Unknown):
            self.unknown.append(cpus)
        else:
            self.planned += cpus


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every quota that a machine of ours is counted against."""
    claims = _claims(evidence)
    if not claims:
        yield rule.not_applicable("no machine stands on AWS or is planned there")
    quotas = _by_family(evidence.quotas or ())
    for (site, code), claim in sorted(claims.items()):
        quota = quotas.get((site, code)) or next((quotas[site, f] for f in claim.group.families if (site, f) in quotas), None)
        yield _judge(rule, claim, quota or _not_asked(claim, asked=evidence.quotas is not None), parameters.number("percent"))


def _by_family(quotas: tuple[QuotaEvidence, ...]) -> dict[tuple[str, str], QuotaEvidence]:
    found = {(q.site, family): q for q in quotas for family in q.families}
    return found | {(q.site, q.code): q for q in quotas}


def _not_asked(claim: _Claim, *, asked: bool) -> QuotaEvidence:
    why = "Service Quotas did not list it" if asked else "nobody asked Service Quotas; take a capacity snapshot"
    lack = Unknown(f"vCPU quota {claim.group.code} of {claim.site}", why)
    return QuotaEvidence(
        site=claim.site, code=claim.group.code, name=claim.group.name, families=claim.group.families, limit=lack, used=lack
    )


def _claims(evidence: Evidence) -> dict[tuple[str, str], _Claim]:
    claims: dict[tuple[str, str], _Claim] = {}
    unplaced: list[tuple[str, Unknown]] = []
    machines = aws_machines(evidence)
    for server in machines:
        if is_strange(server) and server.running is False:
            continue  # somebody's stopped instance takes nothing, and no plan starts it
        name = server.instance.instance_type if server.instance else Unknown(f"instance type of {server.name}", "the reader does not tell")
        counted = server.as_of is not None and server.running is True
        if isinstance(name, Unknown):
            if not counted:
                unplaced.append((server.site, name))
        elif (group := quota_group(name)) is not None:
            claim = claims.setdefault((server.site, group.code), _Claim(server.site, group))
            _add(claim, name, server, counted=counted)
            claim.held += server.held
    for promise in promised(evidence, machines):
        group = quota_group(promise.instance_type) or STANDARD
        claims.setdefault((promise.site, group.code), _Claim(promise.site, group)).add(promised_cpus(promise), counted=False)
    for site, lack in unplaced:
        for claim in [c for c in claims.values() if c.site == site] or [claims.setdefault((site, STANDARD.code), _Claim(site, STANDARD))]:
            claim.add(lack, counted=False)
    return claims


def _add(claim: _Claim, name: str, server: ServerEvidence, *, counted: bool) -> None:
    """One machine by its type. What runs as another type is in the use with that one only: the rest is still planned."""
    runs_as = server.seen.instance_type if server.seen else ""
    if not counted or runs_as in {"", name}:
        claim.add(_cpus(name, server), counted=counted)
        return
    now, then = _cpus(runs_as, server), _cpus(name, server)
    same = quota_group(runs_as) == claim.group and not isinstance(now, Unknown)
    if same:
        claim.add(now, counted=True)
    if isinstance(then, Unknown) or not same:
        claim.add(then, counted=False)
    elif not isinstance(now, Unknown) and then > now:
        claim.add(then - now, counted=False)


def _cpus(instance_type: str, server: ServerEvidence) -> float | Unknown:
    found = instance_types().get(instance_type)
    if found is not None:
        return found.cpus
    return Unknown(f"vCPUs of {server.name}", f"the catalogue does not have the instance type {instance_type}")


def _judge(rule: Rule, claim: _Claim, quota: QuotaEvidence, percent: float) -> Verdict:
    limit, used = quota.limit, quota.used
    if isinstance(limit, Unknown):
        message = f"{claim.site}: {_asked(claim)} of quota {quota.code}, and nobody says how large it is"
        return rule.verdict(
            Outcome.UNDETERMINED, quota.target, message, facts=_facts(claim, quota, percent), missing=missing((limit, used, *claim.unknown))
        )
    # Our own machines that run are the least that runs.
    runs = claim.running if isinstance(used, Unknown) else max(used, claim.running)
    total, allowed = runs + claim.planned, limit * percent / 100
    lacks = missing((used, *claim.unknown))
    formula = (
        f"{'at least ' if lacks else ''}{format_number(runs)} running + {format_number(claim.planned)} planned = "
        f"{format_number(total)} vCPUs {at_most(total, allowed)} "
        f"{format_number(limit)} x {format_number(percent)} % = {format_number(allowed)}"
    )
    outcome = Outcome.FAIL if total > allowed else Outcome.UNDETERMINED if lacks else Outcome.PASS
    return rule.verdict(
        outcome,
        quota.target,
        f"{quota.name} of {claim.site}: {formula}",
        facts=_facts(claim, quota, percent),
        formula=formula,
        missing=lacks if outcome is Outcome.UNDETERMINED else (),
        source=quota.source,
        severity=Severity.HIGH if allowed < total <= limit else Severity.CRITICAL,
        remedy=_remedy(quota.code, total, percent) if outcome is Outcome.FAIL else "",
    )


def _asked(claim: _Claim) -> str:
    more = f" and {len(claim.unknown)} of unknown size" if claim.unknown else ""
    return f"{format_number(claim.running + claim.planned)} vCPUs{more} are asked"


def _remedy(code: str, total: float, percent: float) -> str:
    wanted = ceil(total * 100 / percent)
    command = f"aws service-quotas request-service-quota-increase --service-code ec2 --quota-code {code} --desired-value {wanted}"
    return f"raise the quota to {wanted} vCPUs or more ({command}), or plan smaller or fewer machines"


def _facts(claim: _Claim, quota: QuotaEvidence, percent: float) -> tuple[Fact, ...]:
    told = tuple(
        Fact(name=name, value=value, unit="vCPUs", source=quota.source, as_of=quota.as_of)
        for name, value in (("quota", quota.limit), ("running now, ours and others'", quota.used))
        if not isinstance(value, Unknown)
    )
    return (
        *told,
        Fact(name="planned and not running yet", value=claim.planned, unit="vCPUs"),
        Fact(name="machines planned and not running yet", value=claim.machines),
        Fact(name="held machines, which must be able to start", value=claim.held),
        Fact(name="share of the quota that may be used", value=percent, unit="%"),
    )


EC2_QUOTA = Rule(
    id="CAP-011",
    name="ec2-quota",
    title="What runs and what is planned stay under the EC2 vCPU quota",
    severity=Severity.CRITICAL,
    controls=("NIST 800-53 SC-6", "AWS REL01-BP01", "AWS REL01-BP06"),
    side="aws",
    formula="running vCPUs + planned vCPUs <= quota x share; over the share high, over the quota critical",
    source="Amazon EC2 user guide, On-Demand Instance quotas: counted in vCPUs by group of families and region (VcpuLimitExceeded)",
    remedy="request an increase of the quota before the change, or plan smaller or fewer machines",
    check=check,
    needs=("instance types of the plan", "EC2 quotas and their use"),
    parameters={
        "percent": Parameter(default=80.0, reason="the last fifth is for restarts after a zone is lost; an increase can take days")
    },
)
