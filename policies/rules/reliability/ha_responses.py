"""REL-007: vSphere HA notices failed hosts, isolated hosts and lost storage, and does something about each."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import ClusterEvidence, Evidence, provenance
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict

_IDLE = {"isolation_response": ("none",), "pdl_response": ("disabled", "warning"), "apd_response": ("disabled", "warning")}
"""The values of each setting with which machines stay down, or hang, where they are."""
_NAMES = {
    "host_monitoring": "host monitoring",
    "isolation_response": "response to host isolation",
    "pdl_response": "response to permanent device loss",
    "apd_response": "response to all paths down",
}


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every cluster."""
    for cluster in evidence.clusters:
        yield _judge(rule, cluster, parameters)
    if not evidence.clusters:
        yield rule.not_applicable("there is no vSphere cluster")


def _judge(rule: Rule, cluster: ClusterEvidence, parameters: Parameters) -> Verdict:
    settings = {name: getattr(cluster.ha, name) for name in _NAMES}
    facts = tuple(
        Fact(name=_NAMES[n], value="?" if v is None else _word(v), source=cluster.source, as_of=cluster.as_of) for n, v in settings.items()
    )
    formula = "; ".join(f"{f.name}: {f.value}" for f in facts)
    warn_is_enough = parameters.flag("warning_is_enough")
    problems = [f"{_NAMES[n]} is {_word(v)}" for n, v in settings.items() if _is_idle(n, v, warn_is_enough=warn_is_enough)]
    if not cluster.ha.enabled:
        problems = ["vSphere HA is off", *problems]
    where = f"cluster {cluster.name} of {cluster.site}"
    if problems:
        return rule.verdict(
            Outcome.FAIL, cluster.target, f"{where}: {', '.join(problems)}", facts=facts, formula=formula, source=cluster.source
        )
    lacks = tuple(f"{_NAMES[n]} of {where} (`ha.{n}` is not set)" for n, v in settings.items() if v is None)
    if lacks:
        message = f"{where}: {len(lacks)} of {len(settings)} HA settings are not known"
        return rule.verdict(
            Outcome.UNDETERMINED, cluster.target, message, facts=facts, formula=formula, source=cluster.source, missing=lacks
        )
    message = f"{where}: HA answers failed and isolated hosts and lost storage ({provenance(cluster.as_of)})"
    return rule.verdict(Outcome.PASS, cluster.target, message, facts=facts, formula=formula, source=cluster.source)


def _word(value: str | bool) -> str:
    return value if isinstance(value, str) else ("on" if value else "off")


def _is_idle(name: str, value: str | bool | None, *, warn_is_enough: bool) -> bool:
    if name == "host_monitoring":
        return value is False
    return value in _IDLE[name] and not (warn_is_enough and value == "warning")


HA_RESPONSES = Rule(
    id="REL-007",
    name="ha-responses",
    title="vSphere HA answers failed hosts, isolated hosts and lost storage",
    severity=Severity.HIGH,
    controls=("NIST 800-53 SI-13(5)",),
    formula="HA on, host monitoring on, isolation response power off or shut down, PDL and APD responses restart machines",
    source="vSphere Availability: host isolation response; VM Component Protection (PDL, APD)",
    remedy="set them in vSphere HA, Failures and responses; then in the estate under `ha:` of the cluster",
    parameters={
        "warning_is_enough": Parameter(
            default=False,
            reason="with `warning` vSphere only raises an event when storage is lost: machines hang until somebody reads it",
        )
    },
    side="vsphere",
    needs=("HA settings of clusters",),
    check=check,
)
