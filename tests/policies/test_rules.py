"""Every rule: pass, fail, undetermined, not applicable, waived; one field of a healthy city is changed at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.estate.model import GIB, HighAvailability
from policies.evaluate import evaluate
from policies.evidence import Evidence, PortEvidence, Unknown
from policies.rules import RULES
from policies.verdict import Outcome, Verdict
from tests.policies.builders import city, host, server, waiver

LACK = Unknown("memory of permits-app-02", "known only after the update")


def verdict(evidence: Evidence, rule: str, target: str = "") -> Verdict:
    found = [v for v in evaluate(evidence).verdicts if v.rule == rule and target in ("", v.target)]
    return found[0]


def with_ha(**changes: object) -> Evidence:
    return city(clusters=(replace(city().clusters[0], ha=HighAvailability.model_validate(changes)),))


def port(cidr: str | Unknown, first: int | Unknown = 22) -> Evidence:
    return city(ports=(PortEvidence(target="server/permits-app-01", first=first, last=first, protocol="tcp", cidr=cidr),))


def grouped(**changes: object) -> Evidence:
    return city(servers=(server("permits-app-01", group="g"), server("permits-app-02", **{"group": "g", **changes})))


def in_zones(*zones: str) -> Evidence:
    aws = {"kind": "aws", "site": "aws-east", "cluster": "", "group": "g"}
    return city(servers=tuple(server(f"a-0{n}", zone=zone, **aws) for n, zone in enumerate(zones)))


CASES: list[tuple[str, Outcome, Evidence, str]] = [
    ("CAP-001", Outcome.PASS, city(), "fit without h1"),
    ("CAP-001", Outcome.FAIL, city(servers=(server("big-01", memory=600 * GIB),)), "600 GiB of memory are needed and 512 GiB are left"),
    ("CAP-001", Outcome.FAIL, city(servers=(server("wide-01", cpus=200),)), "wide-01 (cpu)"),
    ("CAP-001", Outcome.UNDETERMINED, city(servers=(server("permits-app-02", memory=LACK),)), "as far as they are known"),
    ("CAP-002", Outcome.PASS, city(), "33 % reserved >= 33 % for failures"),
    ("CAP-002", Outcome.FAIL, with_ha(enabled=False), "vSphere HA of cluster general is off"),
    ("CAP-002", Outcome.FAIL, with_ha(admission="disabled"), "admission control of cluster general is off"),
    ("CAP-002", Outcome.FAIL, with_ha(memory_percent=10), "memory reserve 10 % is under the 33 %"),
    ("CAP-002", Outcome.PASS, with_ha(admission="slots"), "by slots"),
    ("CAP-006", Outcome.PASS, city(), "even full disks stay under"),
    ("CAP-006", Outcome.FAIL, city(servers=(server("s-01", disks=(2000 * GIB,)),)), "more than the 200 % that may be promised"),
    ("CAP-006", Outcome.UNDETERMINED, city(servers=(server("s-01", disks=(900 * GIB,)),)), "thin disks may pass the limit"),
    ("CAP-006", Outcome.FAIL, city(datastores=(replace(city().datastores[0], used=950 * GIB),)), "95 % used"),
    ("REL-001", Outcome.PASS, grouped(), "separate failure domains"),
    ("REL-001", Outcome.FAIL, city(servers=(server("permits-app-01", group="g"),)), "has one member"),
    ("REL-001", Outcome.FAIL, replace(grouped(), clusters=(replace(city().clusters[0], hosts=(host("h1"),)),)), "need 2 hosts"),
    ("REL-001", Outcome.UNDETERMINED, in_zones("us-east-1a", ""), "of 1 of 2 members it is not known whether they stand apart"),
    ("REL-001", Outcome.PASS, grouped(kind="aws", site="aws-east", cluster="", zone=""), "separate failure domains"),
    ("REL-004", Outcome.PASS, city(), "60 min <= 60 min"),
    ("REL-004", Outcome.FAIL, city(backups=()), "has no backup"),
    ("REL-004", Outcome.FAIL, city(backups=(replace(city().backups[0], interval_minutes=61),)), "every 61 minutes, the RPO is 60"),
    ("REL-004", Outcome.FAIL, city(backups=(replace(city().backups[0], copies=("downtown",)),)), "no backup copy outside downtown"),
    ("REL-004", Outcome.UNDETERMINED, city(services={}), "belongs to no known service"),
    ("SEC-001", Outcome.PASS, port("10.20.0.0/16"), "10.20.0.0/16"),
    ("SEC-001", Outcome.FAIL, port("0.0.0.0/0"), "port 22 is open to 0.0.0.0/0"),
    ("SEC-001", Outcome.FAIL, port("::/0"), "port 22 is open to ::/0"),
    ("SEC-001", Outcome.UNDETERMINED, port(Unknown("cidr", "computed")), "not known yet"),
    ("SEC-001", Outcome.UNDETERMINED, port("0.0.0.0/0", Unknown("fromPort", "computed")), "a range of ports is not known yet"),
    ("TAG-001", Outcome.PASS, city(), "3 of 3 required tags"),
    ("TAG-001", Outcome.FAIL, city(servers=(server("s-01", tags={"owner": "x", "service": "y"}),)), "lacks the tags tier"),
    ("TAG-001", Outcome.UNDETERMINED, city(servers=(server("s-01", tags=Unknown("tags", "computed")),)), "not known yet"),
]


@pytest.mark.parametrize(("rule", "outcome", "evidence", "message"), CASES, ids=[f"{c[0]}-{c[1]}-{i}" for i, c in enumerate(CASES)])
def test_outcome_and_message(rule: str, outcome: Outcome, evidence: Evidence, message: str) -> None:
    judged = next(v for v in evaluate(evidence).verdicts if v.rule == rule and v.outcome is outcome)

    assert message in judged.message
    assert bool(judged.missing) == (outcome is Outcome.UNDETERMINED)


def test_every_rule_has_a_case_of_each_decided_outcome() -> None:
    """Those that stand here; all others are held to their examples by the contract test."""
    covered = {(rule, outcome) for rule, outcome, _, _ in CASES}

    assert {(rule, o) for rule, *_ in CASES for o in (Outcome.PASS, Outcome.FAIL)} <= covered


def test_rule_ids_names_and_files_agree() -> None:
    for rule in RULES:
        assert rule.check.__module__.rpartition(".")[2] == rule.name.replace("-", "_")
    assert len({r.id for r in RULES}) == len(RULES)


def test_an_empty_city_fails_nothing_and_raises_nothing() -> None:
    verdicts = evaluate(city(clusters=(), datastores=(), servers=(), backups=())).verdicts

    assert {v.outcome for v in verdicts} <= {Outcome.NOT_APPLICABLE, Outcome.PASS}


def test_a_held_source_counts_against_capacity_but_not_against_tags_and_backup() -> None:
    held = server("old-01", held=True, memory=600 * GIB, tags={})
    evidence = city(servers=(held,))

    assert verdict(evidence, "CAP-001").outcome is Outcome.FAIL
    assert not [v for v in evaluate(evidence).verdicts if v.target == "server/old-01" and v.rule in {"TAG-001", "REL-004"}]


def test_one_unknown_does_not_hide_a_certain_failure() -> None:
    servers = (server("unknown-01", memory=LACK), server("big-01", memory=600 * GIB))

    assert verdict(city(servers=servers), "CAP-001").outcome is Outcome.FAIL


def test_two_members_in_one_zone_are_named() -> None:
    aws = {"kind": "aws", "site": "aws-east", "cluster": "", "zone": "us-east-1a", "group": "g"}
    evidence = city(servers=(server("a-01", **aws), server("a-02", **aws)))

    assert "a-01 and a-02 share zone us-east-1a" in verdict(evidence, "REL-001").message


def test_a_parameter_of_the_standards_is_used() -> None:
    standards = city().standards.model_copy(update={"rules": {"CAP-001": {"vcpu_per_core": 0.01}}})

    assert verdict(replace(city(), standards=standards), "CAP-001").outcome is Outcome.FAIL


class TestWaivers:
    """Waivers on a cluster that does not fit."""

    FULL = city(servers=(server("big-01", memory=600 * GIB),))

    def judged(self, **changes: object) -> Verdict:
        return verdict(replace(self.FULL, waivers=(waiver(**changes),)), "CAP-001")

    def test_a_valid_waiver_unblocks_and_stays_visible(self) -> None:
        judged = self.judged()

        assert (judged.outcome, judged.blocks, judged.waiver) == (Outcome.WAIVED, False, "W-1")
        assert "600 GiB" in judged.message

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"expires": "2026-11-24"}, "it expired on 2026-11-24, 1 days ago"),
            ({"expires": "soon"}, "'soon' cannot be read"),
            ({"expires": "2027-01-01"}, "a critical finding may be waived for 14 days, not 42"),
            ({"created": "2026-11-26"}, "it begins only on 2026-11-26"),
            ({"created": ""}, "creation date '' cannot be read"),
        ],
    )
    def test_a_lapsed_waiver_blocks_and_says_why(self, change: dict[str, str], why: str) -> None:
        judged = self.judged(**change)

        assert judged.blocks
        assert why in judged.message

    def test_a_waiver_for_another_object_does_nothing(self) -> None:
        assert self.judged(target="cluster/northside/*").message == verdict(self.FULL, "CAP-001").message

    def test_a_waiver_ends_with_its_last_day(self) -> None:
        assert self.judged(expires="2026-11-25").outcome is Outcome.WAIVED
