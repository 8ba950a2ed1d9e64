"""SEC-001: no port of administration is open to everybody."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import Evidence, PortEvidence, Unknown, missing
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every open range of ports that touches a port of administration."""
    for port in evidence.ports:
        touched = _touched(port, evidence.standards.admin_ports)
        if touched:
            yield _judge(rule, port, touched, parameters)
        elif lacks := missing((port.first, port.last)):
            message = f"{port.target}: a range of ports is not known yet"
            yield rule.verdict(Outcome.UNDETERMINED, port.target, message, source=port.source, urn=port.urn, missing=lacks)


def _touched(port: PortEvidence, admin: tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(port.first, Unknown) or isinstance(port.last, Unknown):
        return ()
    if port.protocol == "-1":
        return admin
    return tuple(p for p in admin if port.first <= p <= port.last)


def _judge(rule: Rule, port: PortEvidence, touched: tuple[int, ...], parameters: Parameters) -> Verdict:
    names = ", ".join(str(p) for p in touched)
    if isinstance(port.cidr, Unknown):
        message = f"{port.target}: port {names} is open to a range that is not known yet"
        return rule.verdict(Outcome.UNDETERMINED, port.target, message, source=port.source, urn=port.urn, missing=missing((port.cidr,)))
    shortest = int(parameters.number("shortest_prefix"))
    network = port.network()
    wide = port.cidr == "::/0" if network is None else network.prefixlen < shortest
    facts = (Fact(name="ports", value=f"{port.first}-{port.last}"), Fact(name="open to", value=port.cidr, source=port.source))
    message = f"{port.target}: port {names} is open to {port.cidr}"
    outcome = Outcome.FAIL if wide else Outcome.PASS
    formula = f"{port.cidr} is narrower than /{shortest}"
    return rule.verdict(outcome, port.target, message, facts=facts, formula=formula, source=port.source, urn=port.urn)


ADMIN_PORTS = Rule(
    id="SEC-001",
    name="admin-ports",
    title="No port of administration is open to everybody",
    severity=Severity.CRITICAL,
    controls=("NIST 800-53 SC-7", "CIS AWS 6.2", "CIS AWS 6.3", "CIS AWS 6.4"),
    formula="a rule that covers a port of administration has a source range with a prefix of at least the shortest allowed",
    source="CIS AWS Foundations Benchmark, networking: no ingress from 0.0.0.0/0 or ::/0 to remote administration ports",
    remedy="name the administrators' own network as the source, such as 10.20.0.0/16",
    check=check,
    parameters={"shortest_prefix": Parameter(default=8, reason="10.0.0.0/8 is the widest private range; anything wider is the Internet")},
)
