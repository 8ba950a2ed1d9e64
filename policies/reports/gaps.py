"""What could not be decided, grouped by the datum that is missing, with the command or the edit that would give it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from policies.evidence import Evidence
from policies.reports.model import MissingGroup
from policies.verdict import Outcome, Verdict

LISTED = 12
"""Objects named in one group; the rest are counted."""
_JOINTS = frozenset({"of", "for", "to", "at", "on", "from", "between", "in"})

_KINDS = frozenset({"cluster", "datastore", "host", "link", "machine", "network", "server", "service", "site", "zone"})


@dataclass
class _Group:
    datum: str
    why: str
    verdicts: int = 0
    rules: dict[str, None] = field(default_factory=dict)
    objects: dict[str, None] = field(default_factory=dict)
    place: str = ""


def missing_groups(verdicts: Iterable[Verdict], evidence: Evidence) -> tuple[MissingGroup, ...]:
    """The groups, the datum that most verdicts wait for first. Only undetermined verdicts are looked at."""
    nameless = _without_names(evidence)
    groups: dict[tuple[str, str], _Group] = {}
    for verdict in verdicts:
        if verdict.outcome is Outcome.UNDETERMINED:
            _sort_in(groups, verdict, nameless)
    ordered = sorted(groups.values(), key=lambda g: (-g.verdicts, g.datum, g.why))
    return tuple(_made(group, evidence) for group in ordered)


def _sort_in(groups: dict[tuple[str, str], _Group], verdict: Verdict, nameless: Callable[[str], str]) -> None:
    keys: dict[tuple[str, str], None] = {}
    for text in verdict.missing or ("evidence that the rule does not name",):
        datum, _, why = text.partition(" (")
        keys[nameless(datum), nameless(why.removesuffix(")"))] = None
    for datum, why in keys:
        group = groups.setdefault((datum, why), _Group(datum, why))
        group.verdicts += 1
        group.rules[verdict.rule] = None
        group.objects[verdict.target] = None
        group.place = group.place or verdict.source


def _made(group: _Group, evidence: Evidence) -> MissingGroup:
    objects = tuple(group.objects)
    return MissingGroup(
        datum=group.datum,
        why=group.why,
        count=group.verdicts,
        rules=tuple(sorted(group.rules)),
        objects=objects[:LISTED],
        left_out=max(0, len(objects) - LISTED),
        command=_command(group, evidence),
    )


def _command(group: _Group, evidence: Evidence) -> str:
    """What a person does about it: write it down, look at both sites, or preview with values."""
    why = group.why
    if any(phrase in why for phrase in ("estate does not say", "nobody said", "is not set")):
        return f"write it in the estate, at {group.place}" if group.place else "write it in the estate"
    if "known only after" in why or "computed" in why or "unknown in the preview" in why:
        return "pulumi up makes it known; until then judge by the plan: incline check --plan SERVER --to SITE"
    if "protect" in group.datum:
        return "pulumi stack export --file state.json, then incline check --state state.json"
    if "14 days" in why:
        return "incline capacity snapshot, once the counters hold 14 days"
    if "performance counters" in why and evidence.snapshot is not None:
        return "incline capacity snapshot, once the machine has run for some days; memory of an instance needs the CloudWatch agent"
    if evidence.reader == "live":
        return "the account that was used may not read it: give it the right, then incline check --live"
    if evidence.snapshot is not None:
        return "the capacity snapshot does not hold it: take a new one with an account that may read it, or incline check --state FILE"
    return "incline capacity snapshot, then incline check; or incline check --live"


def _without_names(evidence: Evidence) -> Callable[[str], str]:
    """Takes names of objects out of a text, so that one lack of 5,000 servers is one line."""
    names = {s.name for s in evidence.servers} | {c.name for c in evidence.clusters} | {d.name for d in evidence.datastores}
    names |= {n.name for n in evidence.networks} | {link.name for link in evidence.links}
    names |= {host.name for cluster in evidence.clusters for host in cluster.hosts}
    names |= {*evidence.services, *evidence.kinds, *(zone.name for zone in evidence.zones), *evidence.by_group}

    def nameless(text: str) -> str:
        kept: list[str] = []
        for word in text.split():
            bare = word.strip(",;:.").rpartition("/")[2]
            joined = bool(kept) and kept[-1] in _JOINTS
            told = joined or (bool(kept) and kept[-1] in _KINDS)
            # A name may be a plain word: the disk `data` is not the cluster `data`.
            if bare not in names or not (told or "-" in bare or any(c.isdigit() for c in bare)):
                kept.append(word)
            elif joined:
                kept.pop()
            elif not told:
                kept.append("…")
        return " ".join(kept)

    return nameless
