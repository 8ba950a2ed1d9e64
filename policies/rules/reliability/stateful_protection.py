"""REL-010: a machine that holds data cannot be deleted by mistake."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import Evidence, ServerEvidence, Unknown, missing
from policies.parts import is_stranger
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every machine that holds data, held sources included: until the hold ends they are the way back."""
    both = parameters.flag("termination_protection_too")
    words = tuple(word.strip() for word in parameters.text("roles").lower().split(",") if word.strip())
    judged = False
    for server in evidence.servers:
        holds = False if is_stranger(server) else _holds_data(server, words)
        if holds is not False:
            judged = True
            yield _judge(rule, server, holds, both=both)
    if not judged:
        yield rule.not_applicable("no machine holds data: none has a data disk or a role that does")


def _holds_data(server: ServerEvidence, words: tuple[str, ...]) -> bool | Unknown:
    role = server.role.lower()
    if len(server.disks) > 1 or server.held or any(word in role for word in words):
        return True
    # One unknown stands for a whole list of disks that is not known yet.
    return next((Unknown(f"disks of {server.name}", size.why) for size in server.disks if isinstance(size, Unknown)), False)


def _judge(rule: Rule, server: ServerEvidence, holds: bool | Unknown, *, both: bool) -> Verdict:
    ec2 = {} if server.instance is None else {"termination protection": server.instance.termination_protection}
    locks: dict[str, bool | Unknown] = ec2 if ec2 and both else {"Pulumi protect": server.protected, **ec2}
    facts = tuple(
        Fact(name=name, value="?" if isinstance(v, Unknown) else ("on" if v else "off"), source=server.source, as_of=server.as_of)
        for name, v in locks.items()
    )
    formula = " or ".join(f"{fact.name} ({fact.value})" for fact in facts)
    lacks: tuple[str, ...] = ()
    if any(value is True for value in locks.values()):
        outcome, message = Outcome.PASS, f"{server.name} holds data and is protected: {formula}"
    elif lacks := missing(Unknown(f"{n} of {server.name}", v.why) for n, v in locks.items() if isinstance(v, Unknown)):
        outcome, message = Outcome.UNDETERMINED, f"{server.name} holds data; whether it is protected from deletion is not known"
    elif isinstance(holds, Unknown):
        outcome, message, lacks = Outcome.UNDETERMINED, f"{server.name} is not protected; whether it holds data is not known", (str(holds),)
    else:
        outcome, message = Outcome.FAIL, f"{server.name} holds data and nothing protects it from deletion: {formula}"
    return rule.verdict(outcome, server.target, message, facts=facts, formula=formula, missing=lacks, source=server.source, urn=server.urn)


STATEFUL_PROTECTION = Rule(
    id="REL-010",
    name="stateful-protection",
    title="Machines that hold data are protected from deletion",
    severity=Severity.HIGH,
    controls=("NIST 800-53 CP-9",),
    formula="more than one disk, a data role, or held as the way back: Pulumi's protect or EC2 termination protection is on",
    source="Pulumi resource option protect; Amazon EC2 User Guide, termination protection",
    remedy="declare it through the server component, which protects it; on EC2 also: "
    "aws ec2 modify-instance-attribute --instance-id ID --disable-api-termination",
    parameters={
        "roles": Parameter(
            default="database, file server, directory, domain controller",
            reason="words of roles that hold data even on a single disk",
        ),
        "termination_protection_too": Parameter(
            default=False,
            reason="Pulumi's protect stops Incline and everybody who uses the stack; EC2's own lock also stops the console, and has to be "
            "lifted by hand before a move back ends",
        ),
    },
    needs=("Pulumi's protect of each machine, from a stack", "termination protection of instances"),
    check=check,
)
