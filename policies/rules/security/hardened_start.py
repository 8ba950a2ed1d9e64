"""SEC-003: machines start from what they trust, and hand out their credentials to no passer-by."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import Evidence, ServerEvidence, Unknown
from policies.rule import Parameter, Parameters, Rule
from policies.rules.decide import Grounds, decide, ours
from policies.verdict import Fact, Severity, Verdict

_UNKNOWN = Unknown("settings of the machine", "the reader shows none")


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every machine that is not held."""
    found = False
    oldest, uefi = int(parameters.number("hardware_version")), parameters.flag("require_uefi")
    for server in evidence.servers:
        if ours(server) and not server.held:
            found = True
            grounds = _instance(server) if server.kind == "aws" else _machine(server, oldest, uefi=uefi)
            yield decide(rule, server, f"{server.name} on {server.site}", grounds, "starts as a hardened machine does")
    if not found:
        yield rule.not_applicable("no machine")


def _instance(server: ServerEvidence) -> Grounds:
    only = server.instance.imdsv2_only if server.instance else _UNKNOWN
    grounds = Grounds()
    grounds.lacks_of(f"metadata options of {server.name}", only)
    if not isinstance(only, Unknown):
        grounds.formulas.append(f"metadata asks for a token: {'yes' if only else 'no'}")
        if not only:
            grounds.problems.append("answers to IMDSv1: any page it can be made to fetch reads its credentials")
    return grounds


def _machine(server: ServerEvidence, oldest: int, *, uefi: bool) -> Grounds:
    settings, grounds = server.vsphere, Grounds()
    if settings is None:
        grounds.lacks(_UNKNOWN)
        return grounds
    version = settings.hardware_version
    grounds.lacks_of(f"hardware version of {server.name}", version)
    if not isinstance(version, Unknown):
        grounds.formulas.append(f"hardware version {version} >= {oldest}")
        grounds.facts.append(Fact(name="hardware version", value=version, source=server.source, as_of=server.as_of))
        if version < oldest:
            grounds.problems.append(f"has hardware version {version}, {oldest} is the oldest allowed")
    if settings.firmware == "efi":
        grounds.lacks_of(f"Secure Boot of {server.name}", settings.secure_boot)
        grounds.formulas.append(f"Secure Boot: {_said(settings.secure_boot)}")
        if settings.secure_boot is False:
            grounds.problems.append("has UEFI firmware with Secure Boot off")
    elif isinstance(settings.firmware, Unknown):
        grounds.lacks_of(f"firmware of {server.name}", settings.firmware)
    else:
        grounds.formulas.append(f"firmware {settings.firmware}")
        if uefi:
            grounds.problems.append(f"starts by {settings.firmware}, which verifies nothing")
    return grounds


def _said(value: bool | Unknown) -> str:
    return "not known" if isinstance(value, Unknown) else ("on" if value else "off")


HARDENED_START = Rule(
    id="SEC-003",
    name="hardened-start",
    title="IMDSv2 only on AWS; Secure Boot and a current hardware version on vSphere",
    severity=Severity.HIGH,
    controls=("CIS AWS 6.7", "NIST 800-53 CM-6"),
    needs=("metadata options of the instances", "firmware, Secure Boot and hardware version of the virtual machines"),
    formula="on AWS: the metadata service asks for a token; on vSphere: hardware version >= the oldest, and Secure Boot with UEFI",
    source="CIS AWS Foundations Benchmark 7.0, 6.7; VMware vSphere Security: UEFI Secure Boot needs hardware version 13",
    remedy="set http_tokens to required; switch Secure Boot on and upgrade the hardware version at the next planned restart",
    check=check,
    parameters={
        "hardware_version": Parameter(
            default=15, reason="vSphere 6.7 U2: since then Secure Boot, virtual TPM and the CPU mitigations are all there"
        ),
        "require_uefi": Parameter(
            default=False,
            reason="firmware cannot be changed under an installed system: adopted BIOS machines would all fail, and nobody could mend it",
        ),
    },
)
