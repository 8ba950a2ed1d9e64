"""What a region must still allow for a machine to run there: a quota in vCPUs, and zones that offer its type."""

from __future__ import annotations

from collections.abc import Iterable

from infra.catalogue import instance_types
from infra.ec2_quotas import quota_group
from policies.evidence import Evidence, PromiseEvidence, QuotaEvidence, ServerEvidence, Unknown
from policies.rules.capacity.aws_machines import GROWTH
from policies.rules.decide import Grounds
from policies.verdict import Fact, format_number


def type_of(server: ServerEvidence | PromiseEvidence) -> str | Unknown:
    """The instance type of a machine in a region, or of one that was promised."""
    if isinstance(server, PromiseEvidence):
        return server.instance_type or Unknown(f"instance type of {server.holder}", f"the promise by {server.by} names none")
    return server.instance.instance_type if server.instance else Unknown(f"instance type of {server.name}", "the estate does not say")


def vcpus(server: ServerEvidence | PromiseEvidence) -> int | Unknown:
    """The vCPUs that its type takes from a quota."""
    name = type_of(server)
    if isinstance(name, Unknown):
        return name
    if isinstance(server, PromiseEvidence) and server.holder.endswith(GROWTH):
        return server.cpus  # the rest of it is in the used quota already
    known = instance_types().get(name)
    return known.cpus if known else Unknown(f"vCPUs of {name}", "the catalogue has no such type")


def quota_for(evidence: Evidence, site: str, instance_type: str) -> QuotaEvidence | Unknown:
    """The quota that a type counts against."""
    if evidence.quotas is None:
        return Unknown(f"EC2 quotas of {site}", "no capacity snapshot of the region")
    group = quota_group(instance_type)
    here = [q for q in evidence.quotas if q.site == site]
    exact = (q for q in here if group and q.code == group.code)
    by_family = (q for q in here if group and set(q.families) & set(group.families))
    return (
        next(exact, None) or next(by_family, None) or Unknown(f"EC2 quota of {site} for {instance_type}", "the capacity snapshot has none")
    )


def promised(evidence: Evidence, site: str, apart: frozenset[tuple[str, str]]) -> tuple[PromiseEvidence, ...]:
    """What others were promised in a region; `apart` are the holders and sites that are counted elsewhere."""
    return tuple(p for p in evidence.promises if p.site == site and p.instance_type and (p.holder, site) not in apart)


def judge_quota(evidence: Evidence, site: str, wanted: Iterable[ServerEvidence | PromiseEvidence], words: str) -> Grounds:
    """Whether the quotas of a site hold what runs there and the wanted machines, none of which runs there yet."""
    grounds = Grounds()
    needs: dict[str, tuple[QuotaEvidence, int]] = {}
    for server in wanted:
        name, more = type_of(server), vcpus(server)
        quota = name if isinstance(name, Unknown) else quota_for(evidence, site, name)
        if isinstance(quota, Unknown) or isinstance(more, Unknown):
            grounds.lacks(quota, more)
        else:
            before = needs[quota.code][1] if quota.code in needs else 0
            needs[quota.code] = (quota, before + more)
    for quota, more in needs.values():
        _against(grounds, quota, more, words)
    return grounds


def _against(grounds: Grounds, quota: QuotaEvidence, more: int, words: str) -> None:
    if isinstance(quota.used, Unknown) or isinstance(quota.limit, Unknown):
        grounds.lacks(quota.used, quota.limit)
        return
    numbers = f"{format_number(quota.used)} used + {more} = {format_number(quota.used + more)} of {format_number(quota.limit)} vCPUs"
    grounds.formulas.append(f"quota {quota.code}: {numbers}")
    grounds.facts.append(Fact(name=f"vCPUs used of quota {quota.code}", value=quota.used, source=quota.source, as_of=quota.as_of))
    if quota.used + more > quota.limit:
        grounds.problems.append(f"{words}: quota {quota.code} of {quota.site} would need {numbers}")


def judge_offers(evidence: Evidence, server: ServerEvidence, *, elsewhere: bool) -> Grounds:
    """Whether its zone offers its type and, if asked, whether another zone could take it when that one fails."""
    grounds, name = Grounds(), type_of(server)
    if isinstance(name, Unknown):
        grounds.lacks(name)
        return grounds
    zones = [z for z in evidence.zones if z.site == server.site]
    own = next((z for z in zones if z.name == server.zone), None)
    if own is None:
        grounds.lacks(Unknown(f"zone of {server.name} on {server.site}", "the estate's network names none"))
    elif isinstance(own.offers, Unknown):
        grounds.lacks(own.offers)
    elif name not in own.offers:
        grounds.problems.append(f"needs {name}, which {own.name} does not offer")
    others = [z.offers for z in zones if z is not own]
    if elsewhere and not any(name in offers for offers in others if not isinstance(offers, Unknown)):
        grounds.lacks(*others)
        if not any(isinstance(offers, Unknown) for offers in others):
            grounds.problems.append(f"has no zone of {server.site} to restart in: none but {server.zone or 'its own'} offers {name}")
    grounds.formulas.append(f"{name} offered in {server.zone or 'its zone'}{' and in another zone' if elsewhere else ''}")
    return grounds
