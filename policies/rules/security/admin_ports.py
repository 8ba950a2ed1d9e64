"""SEC-001: no port of administration is open to everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from policies.evidence import Evidence, PortEvidence, Unknown, provenance
from policies.rule import Parameter, Parameters, Rule
from policies.rules.decide import Grounds
from policies.verdict import Fact, Outcome, Severity, Verdict

Network = IPv4Network | IPv6Network

EVERY_PROTOCOL = frozenset({"-1", "all", "any"})
_WITH_PORTS = frozenset({"tcp", "udp", "6", "17"})
_PRIVATE = tuple(
    ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)
NOTHING = "nothing opens a port of administration"


@dataclass(frozen=True, slots=True)
class Limits:
    """The shortest prefix that is still narrow: of private ranges, of public ones, of public IPv6 ones."""

    private: int
    public: int
    public_ipv6: int

    @classmethod
    def of(cls, parameters: Parameters) -> Limits:
        """The rule's parameters."""
        names = ("shortest_prefix", "shortest_public_prefix", "shortest_public_prefix_ipv6")
        return cls(*(int(parameters.number(name)) for name in names))


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every object that opens, or may open, a port of administration."""
    found: dict[str, tuple[PortEvidence, Grounds]] = {}
    limits = Limits.of(parameters)
    for port in evidence.ports:
        touched = _touched(port, evidence.standards.admin_ports)
        if touched is None or touched:
            _, grounds = found.setdefault(port.target, (port, Grounds()))
            _judge(grounds, port, touched, limits)
    declared = {(p.target, p.protocol, p.first, p.last, p.cidr) for p in evidence.ports}
    for port in evidence.seen_ports:
        touched = _touched(port, evidence.standards.admin_ports)
        if touched and (port.target, port.protocol, port.first, port.last, port.cidr) not in declared:
            _, grounds = found.setdefault(port.target, (port, Grounds()))
            _seen(grounds, port, touched, limits)
    for port, grounds in found.values():
        yield _verdict(rule, port, grounds)
    if not found:
        yield rule.not_applicable(NOTHING)


@cache
def network(cidr: str) -> Network | None:
    """A range of addresses; None where the text is none."""
    try:
        return ip_network(cidr.strip(), strict=False)
    except ValueError:
        return None


@cache
def private(cidr: str) -> bool:
    """Whether all of a range belongs to somebody's inside: RFC 1918, carriers' and link-local ranges, and their IPv6 counterparts."""
    found = network(cidr)
    return found is not None and any(found.version == p.version and found.subnet_of(p) for p in _PRIVATE)  # type: ignore[arg-type]


def _touched(port: PortEvidence, admin: tuple[int, ...]) -> tuple[int, ...] | None:
    """The ports of administration in a range; None where it is not known whether there are any."""
    if port.protocol.lower() in EVERY_PROTOCOL:
        return admin
    if port.protocol.lower() not in _WITH_PORTS:
        return ()  # ICMP and its like have types, not ports
    first = 0 if isinstance(port.first, Unknown) else port.first
    last = 65535 if isinstance(port.last, Unknown) else port.last
    touched = tuple(p for p in admin if first <= p <= last)
    if touched and (isinstance(port.first, Unknown) or isinstance(port.last, Unknown)):
        return None
    return touched


def _judge(grounds: Grounds, port: PortEvidence, touched: tuple[int, ...] | None, limits: Limits) -> None:
    ports = f"port {', '.join(map(str, touched))}" if touched else "some port"
    if isinstance(port.cidr, Unknown):
        grounds.missing.append(str(port.cidr))
        if touched is None:
            grounds.lacks(port.first, port.last)
        return
    wide, formula = _wide(port.cidr, limits)
    grounds.formulas.append(formula)
    grounds.facts.append(Fact(name=f"{ports} open to", value=port.cidr, source=port.source, as_of=port.as_of))
    if wide and touched is None:
        grounds.lacks(port.first, port.last)
    elif wide:
        grounds.problems.append(f"{ports} is open to {port.cidr}")


def _seen(grounds: Grounds, port: PortEvidence, touched: tuple[int, ...], limits: Limits) -> None:
    """An opening that was seen and that nothing declares: the next update may close it, or nobody does."""
    if isinstance(port.cidr, Unknown) or not _wide(port.cidr, limits)[0]:
        return
    ports = ", ".join(map(str, touched))
    grounds.missing.append(f"whether port {ports} stays open to {port.cidr} ({provenance(port.as_of)}, nothing declares it)")


@cache
def _wide(cidr: str, limits: Limits) -> tuple[bool, str]:
    """Whether a range is wider than administrators' own networks are, and the comparison with its numbers."""
    found = network(cidr)
    if found is None:
        return True, f"{cidr} is no range of addresses: it counts as everybody"
    if private(cidr) and found.version == 6:
        return False, f"{cidr} is private"
    shortest = limits.private if private(cidr) else limits.public if found.version == 4 else limits.public_ipv6
    return found.prefixlen < shortest, f"{cidr}: /{found.prefixlen} >= /{shortest}"


def _verdict(rule: Rule, port: PortEvidence, grounds: Grounds) -> Verdict:
    outcome, said = Outcome.PASS, ", ".join(dict.fromkeys(f"{f.name} {f.value}" for f in grounds.facts[:3]))
    if grounds.problems:
        outcome, said = Outcome.FAIL, "; ".join(dict.fromkeys(grounds.problems))
    elif grounds.missing:
        outcome, said = Outcome.UNDETERMINED, "a range of ports is not known yet, or to whom it is open"
    return rule.verdict(
        outcome,
        port.target,
        f"{port.target}: {said}",
        facts=tuple(grounds.facts),
        formula="; ".join(dict.fromkeys(grounds.formulas)),
        missing=tuple(dict.fromkeys(grounds.missing)) if outcome is Outcome.UNDETERMINED else (),
        source=port.source,
        urn=port.urn,
    )


ADMIN_PORTS = Rule(
    id="SEC-001",
    name="admin-ports",
    title="No port of administration is open to everybody",
    severity=Severity.CRITICAL,
    controls=("NIST 800-53 SC-7", "CIS AWS 6.2", "CIS AWS 6.3", "CIS AWS 6.4"),
    needs=(
        "declared ports of the servers",
        "security groups of the stack or of a live look",
        "ports of administration (`admin_ports:` of the standards)",
    ),
    formula="every range that covers a port of administration is open to addresses with a prefix of at least the shortest allowed",
    source="CIS AWS Foundations Benchmark 7.0, 6.2 to 6.4: no ingress from 0.0.0.0/0 or ::/0 to remote server administration ports",
    remedy="name the administrators' own network as the source, such as 10.20.0.0/16",
    check=check,
    parameters={
        "shortest_prefix": Parameter(default=8, reason="10.0.0.0/8 is the widest private range; anything wider is the Internet"),
        "shortest_public_prefix": Parameter(
            default=24, reason="the public addresses of an office are a /24 or fewer; two halves of the Internet are not"
        ),
        "shortest_public_prefix_ipv6": Parameter(default=48, reason="a site's own public IPv6 range is a /48 or smaller"),
    },
)
