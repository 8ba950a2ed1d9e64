"""SEC-005: only servers that are meant to face the public have a public address."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import DatabaseEvidence, Evidence, ServerEvidence, Unknown
from policies.rule import Parameters, Rule
from policies.rules.decide import Grounds, decide, ours
from policies.verdict import Fact, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every instance and every managed database."""
    found = False
    for server in evidence.servers:
        if server.kind == "aws" and ours(server):
            found = True
            yield decide(rule, server, f"{server.name} on {server.site}", _instance(server), _passed(server))
    for database in evidence.databases:
        found = True
        yield decide(rule, database, f"database {database.name}", _database(database), "has no public address")
    if not found:
        yield rule.not_applicable("no instance and no managed database")


def _instance(server: ServerEvidence) -> Grounds:
    if server.edge:
        return Grounds(formulas=["edge: true, so that a public address is meant"])
    public = server.instance.public_address if server.instance else Unknown(f"public address of {server.name}", "the reader shows none")
    grounds = Grounds()
    grounds.lacks_of(f"public address of {server.name}", public)
    if not isinstance(public, Unknown):
        grounds.formulas.append(f"public address {'yes' if public else 'no'} = no")
        grounds.facts.append(Fact(name="public address", value="yes" if public else "no", source=server.source, as_of=server.as_of))
    if public is True:
        grounds.problems.append("has a public address and is not declared as edge")
    return grounds


def _passed(server: ServerEvidence) -> str:
    return "may have a public address: it is declared as edge" if server.edge else "has no public address"


def _database(database: DatabaseEvidence) -> Grounds:
    grounds = Grounds()
    grounds.lacks(database.public)
    if database.public is True:
        grounds.problems.append("is reachable from the Internet")
    return grounds


PUBLIC_ADDRESSES = Rule(
    id="SEC-005",
    name="public-addresses",
    title="No public address but on edge servers; databases are not public",
    severity=Severity.HIGH,
    side="aws",
    controls=("CIS AWS 3.2.3", "NIST 800-53 SC-7"),
    needs=("public addresses of instances and databases, from the stack or a snapshot", "`edge:` of the servers"),
    formula="an instance has no public address unless its server says `edge: true`; a database has none",
    source="CIS AWS Foundations Benchmark 7.0, 3.2.3; NIST 800-53 SC-7",
    remedy="take the address away and put a load balancer in front, or write `edge: true` at a server that must face the public itself",
    check=check,
)
