"""What holds for every rule in every town: more of anything never turns a pass into a failure, to know less never turns an answer round,
and the order in which things are written says nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from policies.evaluate import evaluate
from policies.evidence import Evidence, HostEvidence, Unknown
from policies.verdict import Outcome
from policies.waivers import LONGEST
from tests.policies.random_town import Town, towns

Answers = dict[tuple[str, str], Outcome]
PASS, FAIL, UNDETERMINED, WAIVED = Outcome.PASS, Outcome.FAIL, Outcome.UNDETERMINED, Outcome.WAIVED
DECIDED = {PASS, FAIL}

often = settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink a whole town takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def answers(evidence: Evidence) -> Answers:
    """What is answered of each object; all rules at once."""
    found = evaluate(evidence).verdicts
    told = {(v.rule, v.target): v.outcome for v in found}
    assert len(told) == len(found), "two verdicts of one rule about one object"
    assert not [v.message for v in found if "broke off with an error" in v.message]
    return told


def _hosts(evidence: Evidence, change: Callable[[tuple[HostEvidence, ...]], tuple[HostEvidence, ...]]) -> Evidence:
    return replace(evidence, clusters=tuple(replace(c, hosts=change(c.hosts)) for c in evidence.clusters))


def larger_hosts(evidence: Evidence, by: int) -> Evidence:
    return _hosts(evidence, lambda of: tuple(replace(h, cores=h.cores * by, memory=h.memory * by) for h in of))


def one_larger_host(evidence: Evidence, by: int) -> Evidence:
    return _hosts(evidence, lambda of: (replace(of[0], cores=of[0].cores * by, memory=of[0].memory * by), *of[1:]))


def another_host(evidence: Evidence, by: int) -> Evidence:
    """One more, as large as the largest: of a smaller one CAP-009 would rightly say that not every machine fits it."""
    return _hosts(evidence, lambda of: (*of, replace(of[0], name="new", cores=max(h.cores for h in of), memory=max(h.memory for h in of))))


def larger_datastores(evidence: Evidence, by: int) -> Evidence:
    """More capacity, all of it free."""
    return replace(evidence, datastores=tuple(replace(d, capacity=d.capacity * by) for d in evidence.datastores))


def higher_quotas(evidence: Evidence, by: int) -> Evidence:
    quotas = tuple(replace(q, limit=q.limit if isinstance(q.limit, Unknown) else q.limit * by) for q in evidence.quotas or ())
    return replace(evidence, quotas=quotas)


def more_addresses(evidence: Evidence, by: int) -> Evidence:
    networks = tuple(replace(n, free=n.free if isinstance(n.free, Unknown) else n.free + by) for n in evidence.networks)
    return replace(evidence, networks=networks)


def more_paths(evidence: Evidence, by: int) -> Evidence:
    return replace(evidence, links=tuple(replace(link, paths=link.paths + by) for link in evidence.links))


def wider_links(evidence: Evidence, by: int) -> Evidence:
    return replace(evidence, links=tuple(replace(link, mbit_s=link.mbit_s * by) for link in evidence.links))


def later_expiry(evidence: Evidence, by: int) -> Evidence:
    def later(day: str) -> str:
        return (date.fromisoformat(day) + timedelta(days=by)).isoformat()

    return replace(evidence, waivers=tuple(w.model_copy(update={"expires": later(w.expires)}) for w in evidence.waivers))


MORE = (
    larger_hosts,
    one_larger_host,
    another_host,
    larger_datastores,
    higher_quotas,
    more_addresses,
    more_paths,
    wider_links,
    later_expiry,
)


@pytest.mark.parametrize("more", MORE, ids=lambda f: f.__name__)
@often
@given(town=towns(), by=st.integers(2, 5))
def test_more_of_it_never_turns_a_pass_into_a_failure(more: Callable[[Evidence, int], Evidence], town: Town, by: int) -> None:
    evidence = town.evidence()
    before, after = answers(evidence), answers(more(evidence, by))

    assert after.keys() == before.keys()
    assert [key for key, outcome in before.items() if outcome is PASS and after[key] is not PASS] == []


@often
@given(town=towns(), by=st.integers(1, 5))
def test_a_waiver_that_ends_later_within_its_longest_life_covers_what_it_covered(town: Town, by: int) -> None:
    evidence = town.evidence()
    shortest = min(LONGEST.values())
    within = [w for w in evidence.waivers if date.fromisoformat(w.expires) + timedelta(days=by) - date.fromisoformat(w.created) <= shortest]
    kept = replace(evidence, waivers=tuple(within))
    before, after = answers(kept), answers(later_expiry(kept, by))

    assert [key for key, outcome in before.items() if outcome is WAIVED and after[key] is not WAIVED] == []


@often
@given(town=towns(reserved=False))
def test_without_the_snapshot_the_same_is_judged_and_no_answer_turns_round(town: Town) -> None:
    town.estate["waivers"] = []
    seen, declared = answers(town.evidence()), answers(town.declared())

    assert declared.keys() == seen.keys()
    assert [key for key, outcome in seen.items() if {outcome, declared[key]} == DECIDED] == []


@often
@given(town=towns(), part=st.sampled_from(["quotas", "reservations", "alarms", "usage", "free", "used", "offers", "numa", "sizes"]))
def test_to_know_one_thing_less_never_turns_an_answer_round(town: Town, part: str) -> None:
    evidence = town.evidence()
    before, after = answers(evidence), answers(blinded(evidence, part))

    assert after.keys() == before.keys()
    assert [key for key, outcome in before.items() if {outcome, after[key]} == DECIDED] == []


def blinded(evidence: Evidence, part: str) -> Evidence:
    """The evidence with one kind of datum unknown everywhere."""
    lack = Unknown(f"{part} of the town", "nobody looked")
    blind: dict[str, dict[str, Any]] = {
        "quotas": {"quotas": None},
        "reservations": {"reservations": None},
        "alarms": {"alarms": None},
        "usage": {"servers": tuple(replace(s, usage=lack) for s in evidence.servers)},
        "sizes": {"servers": tuple(replace(s, cpus=lack, memory=lack) for s in evidence.servers)},
        "free": {"networks": tuple(replace(n, free=lack) for n in evidence.networks)},
        "used": {"datastores": tuple(replace(d, used=lack) for d in evidence.datastores)},
        "offers": {"zones": tuple(replace(z, offers=lack) for z in evidence.zones)},
    }
    if part == "numa":
        return _hosts(evidence, lambda of: tuple(replace(h, numa_nodes=lack) for h in of))
    return replace(evidence, **blind[part])


def shuffled(document: Any, random: Random) -> Any:
    """A document with its maps in another order, and its lists of named things as well."""
    if isinstance(document, dict):
        items = [(name, shuffled(value, random)) for name, value in document.items()]
        random.shuffle(items)
        return dict(items)
    if isinstance(document, list) and document and isinstance(document[0], dict) and "name" in document[0] and "size" not in document[0]:
        listed = [shuffled(each, random) for each in document]
        random.shuffle(listed)
        return listed
    return document


@often
@given(town=towns(), seed=st.integers(0, 1 << 30))
def test_the_order_in_which_things_are_written_says_nothing(town: Town, seed: int) -> None:
    random = Random(seed)
    other = Town(shuffled(town.estate, random), shuffled(town.snapshot, random))

    assert told(other.evidence()) == told(town.evidence())


def told(evidence: Evidence) -> dict[tuple[str, str], tuple[Outcome, str, str, frozenset[str]]]:
    """Answers with their severity and words, and what is missing in any order."""
    return {(v.rule, v.target): (v.outcome, v.severity.value, v.message, frozenset(v.missing)) for v in evaluate(evidence).verdicts}
