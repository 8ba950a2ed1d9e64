"""SEC-002: data is encrypted where it lies and where it travels."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import DatabaseEvidence, Evidence, LinkEvidence, ServerEvidence, Unknown
from policies.rule import Parameter, Parameters, Rule
from policies.rules.decide import Grounds, decide, ours
from policies.verdict import Fact, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every machine whose disks concern it, every managed database and every link."""
    classes = frozenset(parameters.text("data_classes").split())
    arrays = frozenset(parameters.text("encrypted_datastores").split())
    found = False
    for server in evidence.servers:
        if server.held or not ours(server):
            continue  # nothing of a held machine may be changed
        if server.kind == "aws":
            found = True
            yield decide(rule, server, f"{server.name} on {server.site}", _volumes(server), "has all its volumes encrypted")
        elif _concerns(evidence, server, classes):
            found = True
            yield decide(rule, server, f"{server.name} on {server.site}", _disks(server, arrays), "has its disks encrypted")
    for database in evidence.databases:
        found = True
        yield decide(rule, database, f"database {database.name}", _database(database), "is encrypted")
    for link in evidence.links:
        found = True
        yield decide(rule, link, f"link {link.name}", _link(link), "is encrypted")
    if not found:
        yield rule.not_applicable("no instance, database or link, and no machine with data that must be encrypted")


def _concerns(evidence: Evidence, server: ServerEvidence, classes: frozenset[str]) -> bool:
    service = evidence.services.get(server.service)
    return service is None or service.data_class in classes


def _volumes(server: ServerEvidence) -> Grounds:
    volumes = server.instance.volumes if server.instance else Unknown(f"volumes of {server.name}", "the reader shows none")
    if isinstance(volumes, Unknown):
        grounds = Grounds()
        grounds.lacks_of(f"volumes of {server.name}", volumes)
        return grounds
    grounds = Grounds()
    plain = [v.name for v in volumes if v.encrypted is False]
    for volume in volumes:
        grounds.lacks_of(f"encryption of volume {volume.name} of {server.name}", volume.encrypted)
    grounds.formulas.append(f"{sum(v.encrypted is True for v in volumes)} of {len(volumes)} volumes encrypted")
    grounds.facts.append(Fact(name="volumes not encrypted", value=len(plain), source=server.source, as_of=server.as_of))
    if plain:
        grounds.problems.append(f"has {len(plain)} of {len(volumes)} volumes without encryption: {', '.join(plain[:3])}")
    return grounds


def _disks(server: ServerEvidence, arrays: frozenset[str]) -> Grounds:
    if server.datastore in arrays:
        return Grounds(formulas=[f"datastore {server.datastore} is encrypted by its array"])
    encrypted = server.vsphere.encrypted if server.vsphere else Unknown(f"encryption of {server.name}", "the reader shows none")
    grounds = Grounds()
    grounds.lacks_of(f"VM encryption of {server.name}", encrypted)
    if not isinstance(encrypted, Unknown):
        grounds.formulas.append(f"VM encryption {'on' if encrypted else 'off'}")
        grounds.facts.append(Fact(name="VM encryption", value="on" if encrypted else "off", source=server.source, as_of=server.as_of))
    if encrypted is False:
        grounds.problems.append("has disks without encryption")
    return grounds


def _database(database: DatabaseEvidence) -> Grounds:
    grounds = Grounds()
    grounds.lacks(database.encrypted)
    if database.encrypted is False:
        grounds.problems.append("is not encrypted at rest")
    return grounds


def _link(link: LinkEvidence) -> Grounds:
    grounds = Grounds(formulas=[f"encrypted: {link.encrypted if not isinstance(link.encrypted, Unknown) else 'not known'}"])
    grounds.lacks(link.encrypted)
    if link.encrypted is False:
        grounds.problems.append(f"carries copies between {link.sites[0]} and {link.sites[1]} in clear text")
    return grounds


ENCRYPTION = Rule(
    id="SEC-002",
    name="encryption",
    title="Disks are encrypted at rest, and what is copied is encrypted on its way",
    severity=Severity.HIGH,
    controls=("NIST 800-53 SC-28(1)", "NIST 800-53 SC-8", "CIS AWS 6.1.1", "CIS AWS 3.2.1"),
    needs=("encryption of volumes, virtual machines and databases, from the stack or a snapshot", "`encrypted:` of the links"),
    formula="every volume and database is encrypted; every virtual machine with data of the named classes is; every link is",
    source="CIS AWS Foundations Benchmark 7.0, 6.1.1 and 3.2.1; NIST 800-53 SC-28(1) and SC-8",
    remedy="encrypt by a key of the site: a KMS key on AWS, a VM encryption policy on vSphere; write `encrypted: true` at a link that is",
    check=check,
    parameters={
        "data_classes": Parameter(
            default="confidential restricted",
            reason="on premises the halls are the city's own: encryption is asked for data that must not leave them even on a stolen disk",
        ),
        "encrypted_datastores": Parameter(
            default="", reason="names of datastores whose array encrypts by itself, which vCenter does not tell"
        ),
    },
)
