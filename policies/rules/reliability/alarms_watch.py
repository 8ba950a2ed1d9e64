"""REL-013: every server of the tiers that matter is watched by alarms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from policies.evidence import AlarmEvidence, Evidence, ServerEvidence
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every server of those tiers; a held source is off and needs no watching."""
    tiers, wanted = _words(parameters.text("tiers")), _words(parameters.text("watches"))
    names = {name for name, service in evidence.services.items() if service.tier in tiers}
    alarms: dict[str, list[AlarmEvidence]] = defaultdict(list)
    for alarm in evidence.alarms or ():
        alarms[alarm.server].append(alarm)
    judged = False
    for server in evidence.servers:
        if server.service in names and not server.held:
            judged = True
            yield _judge(rule, server, None if evidence.alarms is None else alarms.get(server.name, []), wanted)
    if not judged:
        yield rule.not_applicable(f"no server belongs to a service of tier {' or '.join(tiers)}")


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip().lower() for word in text.split(",") if word.strip()))


def _judge(rule: Rule, server: ServerEvidence, alarms: list[AlarmEvidence] | None, wanted: tuple[str, ...]) -> Verdict:
    if alarms is None:
        message = f"{server.name}: what watches it is not known"
        lacks = (f"alarms of {server.name} (neither the estate nor a look at the monitoring tells)",)
        return rule.verdict(Outcome.UNDETERMINED, server.target, message, missing=lacks, source=server.source, urn=server.urn)
    watched = tuple(dict.fromkeys(a.watches for a in alarms))
    facts = tuple(Fact(name="alarm on", value=a.watches, source=a.source, as_of=a.as_of) for a in alarms)
    absent = tuple(each for each in wanted if each not in watched)
    formula = f"{len(wanted) - len(absent)} of {len(wanted)} wanted alarms; it has: {', '.join(watched) or 'none'}"
    if absent:
        outcome, message = Outcome.FAIL, f"{server.name}: no alarm watches its {' and '.join(absent)}"
    else:
        outcome, message = Outcome.PASS, f"{server.name}: alarms watch its {', '.join(watched)}"
    return rule.verdict(outcome, server.target, message, facts=facts, formula=formula, source=server.source, urn=server.urn)


ALARMS_WATCH = Rule(
    id="REL-013",
    name="alarms-watch",
    title="Alarms watch every server of the tiers that matter",
    severity=Severity.MEDIUM,
    controls=("AWS REL06-BP01",),
    formula="for every server of tiers: the wanted alarms are among those it has",
    source="AWS Well-Architected REL06-BP01",
    remedy="add the alarm in the monitoring and name it under `alarms:` of the server",
    parameters={
        "watches": Parameter(
            default="disk, reachability",
            reason="a full disk and silence stop a server at once; processor and memory are trends that the capacity rules follow",
        ),
        "tiers": Parameter(default="gold, silver", reason="bronze may be away for a day: users tell sooner than that"),
    },
    needs=("alarms of servers", "tiers of services"),
    check=check,
)
