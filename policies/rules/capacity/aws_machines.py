"""The machines that stand on AWS or will: what all capacity rules of AWS count, so that they count alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infra.catalogue import InstanceType, instance_types
from policies.evidence import Evidence, PromiseEvidence, ServerEvidence, Unknown, UsageEvidence

GROWTH = "(growth)"
"""How the ledger marks the holder of a promise of what a standing machine grows by."""


def aws_machines(evidence: Evidence) -> tuple[ServerEvidence, ...]:
    """Declared and observed machines, held ones included, and those that coming moves will make."""
    standing = [s for s in evidence.servers if s.kind == "aws"]
    names = {(s.name, s.site) for s in standing}
    coming = (m.machine for m in evidence.moves if m.machine is not None and m.machine.kind == "aws")
    return (*standing, *(s for s in coming if (s.name, s.site) not in names))


def promised(evidence: Evidence, machines: Iterable[ServerEvidence]) -> tuple[PromiseEvidence, ...]:
    """The open promises on AWS of which no machine stands in the evidence: one that does is counted as that machine."""
    names = {(s.name, s.site) for s in machines}
    return tuple(p for p in evidence.promises if evidence.kinds.get(p.site) == "aws" and (p.holder, p.site) not in names)


def promised_cpus(promise: PromiseEvidence) -> int:
    """The vCPUs of a promise: those of its instance type, unless it promises only what a machine grows by."""
    kind = instance_types().get(promise.instance_type)
    whole = kind is not None and not promise.holder.endswith(GROWTH)
    return kind.cpus if kind is not None and whole else promise.cpus


def at_most(left: float, right: float) -> str:
    """The sign between two numbers of a formula that demands the first to be no larger: what is, not what should be."""
    return "<=" if left <= right else ">"


def is_planned(server: ServerEvidence) -> bool:
    """Whether nobody saw it yet. What was seen is in the used quota and holds its address already."""
    return server.as_of is None


def is_strange(server: ServerEvidence) -> bool:
    """Whether it runs on AWS without being the estate's: it is load, and nothing that a plan decides."""
    return server.as_of is not None and not server.service


def type_of(server: ServerEvidence) -> InstanceType | Unknown:
    """The catalogue's entry of a machine's instance type."""
    name = server.instance.instance_type if server.instance else Unknown(f"instance type of {server.name}", "the reader does not tell")
    if isinstance(name, Unknown):
        return name
    return instance_types().get(name) or Unknown(f"size of instance type {name}", "the catalogue does not have it")


def measured(evidence: Evidence) -> Mapping[str, UsageEvidence]:
    """The measured use by name of the server: a machine that is not made yet will do what its source does."""
    found: dict[str, UsageEvidence] = {}
    for server in evidence.servers:
        if not isinstance(server.usage, Unknown) and (server.name not in found or not server.held):
            found[server.name] = server.usage
    return found


def not_measured(name: str) -> Unknown:
    """What is missing where a machine has no counters."""
    return Unknown(f"measured use of {name}", "no capacity snapshot holds its performance counters")
