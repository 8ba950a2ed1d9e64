"""CAP-013: subnets have free addresses for what is planned, and for what restarts in them when another zone is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from policies.evidence import Evidence, NetworkEvidence, ServerEvidence, Unknown, missing
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.aws_machines import aws_machines, is_planned, promised
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number


@dataclass(slots=True)
class _Subnet:
    """A subnet and who wants its addresses: `planned` do not hold one yet, `serving` must find one elsewhere when the zone is lost."""

    network: NetworkEvidence
    planned: int = 0
    holding: int = 0
    serving: int = 0
    perhaps: int = 0
    siblings: list[_Subnet] = field(default_factory=list)

    @property
    def free(self) -> int:
        """Addresses that stay free, or can at best: nobody but us holds any."""
        free = self.network.free
        return (self.network.size - self.holding if isinstance(free, Unknown) else free) - self.planned


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every subnet on AWS that a machine stands in or is planned for."""
    subnets = _subnets(evidence)
    judged = [s for s in subnets.values() if s.planned or s.holding]
    if not judged:
        yield rule.not_applicable("no machine stands in a subnet on AWS or is planned for one")
    for subnet in judged:
        yield _judge(rule, subnet, int(parameters.number("spare")))


def _subnets(evidence: Evidence) -> dict[tuple[str, str], _Subnet]:
    found = {(n.site, n.name): _Subnet(n) for n in evidence.networks if evidence.kinds.get(n.site) == "aws"}
    alike: dict[tuple[str, str], list[_Subnet]] = {}
    for subnet in found.values():
        alike.setdefault((subnet.network.site, _purpose(subnet.network)), []).append(subnet)
    for group in alike.values():
        for subnet in group:
            subnet.siblings = [s for s in group if s.network.zone != subnet.network.zone]
    _count(evidence, found)
    return found


def _count(evidence: Evidence, found: dict[tuple[str, str], _Subnet]) -> None:
    machines = aws_machines(evidence)
    for machine in machines:
        for name in machine.networks:
            subnet = found.get((machine.site, name))
            if subnet is not None:
                comes = is_planned(machine) or _elsewhere(machine, name)
                subnet.planned += comes
                subnet.holding += not comes
                subnet.serving += not machine.held
    homeless = [(m.site, m.zone) for m in machines if is_planned(m) and not m.networks]
    for site, zone in [*homeless, *((p.site, p.zone) for p in promised(evidence, machines))]:
        for subnet in found.values():
            subnet.perhaps += subnet.network.site == site and zone in {"", subnet.network.zone}


def _elsewhere(machine: ServerEvidence, network: str) -> bool:
    """Whether a machine that is to have one card here was seen with it in another subnet: it holds no address here yet."""
    return machine.seen is not None and len(machine.networks) == 1 and machine.seen.network not in {"", network}


def _purpose(network: NetworkEvidence) -> str:
    """What a subnet is for: its name without the zone's letter, so that app-a, app-b and app-c are alike."""
    letter = network.zone[-1:]
    return network.name.removesuffix(f"-{letter}") if letter else network.name


def _judge(rule: Rule, subnet: _Subnet, spare: int) -> Verdict:
    network, elsewhere = subnet.network, sum(max(0, s.free) for s in subnet.siblings)
    sure = sum(max(0, s.free) for s in subnet.siblings if not isinstance(s.network.free, Unknown))
    lacks = missing((network.free, *(s.network.free for s in subnet.siblings if subnet.serving > sure)))
    stays = f"{_free(network)} free - {subnet.planned} planned = {subnet.free} {'>=' if subnet.free >= spare else '<'} {spare}"
    machines = "1 machine restarts" if subnet.serving == 1 else f"{subnet.serving} machines restart"
    restart = f"without {network.zone} {machines} in {elsewhere} addresses of {_names(subnet)}"
    short = []
    if subnet.free < spare:
        short.append(f"{subnet.free} addresses stay free and {spare} must")
    if subnet.siblings and subnet.serving > elsewhere:
        short.append(restart)
    # A machine whose subnet nobody knows may come here.
    worst_own, worst_other = subnet.free - subnet.perhaps, elsewhere - sum(s.perhaps for s in subnet.siblings)
    tight = worst_own < spare or (bool(subnet.siblings) and subnet.serving + subnet.perhaps > worst_other)
    if tight and (subnet.perhaps or any(s.perhaps for s in subnet.siblings)):
        lacks += (f"subnet of {subnet.perhaps} planned machines on {network.site} (the reader does not tell)",)
    outcome = Outcome.FAIL if short else Outcome.UNDETERMINED if lacks else Outcome.PASS
    formula = f"{stays}; {restart}" if subnet.siblings else f"{stays}; no other zone has a subnet like it"
    what = "; ".join(short) or formula
    return rule.verdict(
        outcome,
        network.target,
        f"subnet {network.name} of {network.site}: {what}",
        facts=_facts(subnet, elsewhere, spare),
        formula=formula,
        missing=lacks if outcome is Outcome.UNDETERMINED else (),
        source=network.source,
    )


def _free(network: NetworkEvidence) -> str:
    return f"at most {network.size}" if isinstance(network.free, Unknown) else format_number(network.free)


def _names(subnet: _Subnet) -> str:
    return " and ".join(sorted(s.network.name for s in subnet.siblings))


def _facts(subnet: _Subnet, elsewhere: int, spare: int) -> tuple[Fact, ...]:
    network = subnet.network
    free = network.free
    told = () if isinstance(free, Unknown) else (Fact(name="free addresses", value=free, source=network.source, as_of=network.as_of),)
    return (
        *told,
        Fact(name="addresses that machines may hold", value=network.size, source=network.source),
        Fact(name="planned machines", value=subnet.planned),
        Fact(name="machines that restart elsewhere without the zone", value=subnet.serving),
        Fact(name="free addresses in the other zones", value=elsewhere),
        Fact(name="addresses that must stay free", value=spare),
    )


SUBNET_ADDRESSES = Rule(
    id="CAP-013",
    name="subnet-addresses",
    title="Subnets have free addresses for the plan and for the loss of a zone",
    severity=Severity.HIGH,
    controls=("NIST 800-53 SC-5(2)", "AWS REL02-BP03"),
    side="aws",
    formula=(
        "free - planned >= spare; machines of a subnet <= free - planned of the subnets for the same purpose in other zones "
        "(app-a, app-b and app-c serve one purpose)"
    ),
    source="Amazon VPC user guide, subnet sizing: AWS keeps five addresses of each; AWS Well-Architected REL02-BP03 on room for failover",
    remedy="plan the machine for a subnet with more room, or add a larger subnet to the site and its networks in the estate",
    check=check,
    needs=("subnets of the plan", "free addresses of every subnet"),
    parameters={"spare": Parameter(default=8, reason="a load balancer needs 8 free addresses in each of its subnets to scale")},
)
