"""The reliability rules: their examples, each threshold from both sides, bounds with unknowns, and what must hold for any numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.estate.load import load_estate
from infra.estate.model import GIB, Backup, HighAvailability, Standards, Tier, TierStandard
from policies.evidence import (
    AlarmEvidence,
    BackupEvidence,
    ClusterEvidence,
    DatabaseEvidence,
    Evidence,
    InstanceSettings,
    LinkEvidence,
    MoveEvidence,
    RecoveryTestEvidence,
    ServerEvidence,
    ServiceEvidence,
    Unknown,
    VsphereSettings,
    ZoneEvidence,
)
from policies.examples.case import TODAY, Case
from policies.examples.reliability import CASES
from policies.rule import Parameters, Rule
from policies.rules.reliability import RELIABILITY
from policies.verdict import Outcome, Severity, Verdict
from tests.fakes.example_files import write_example
from tests.policies.builders import host, server

RULES = {rule.id: rule for rule in RELIABILITY}
PASS, FAIL, OPEN, NONE = Outcome.PASS, Outcome.FAIL, Outcome.UNDETERMINED, Outcome.NOT_APPLICABLE
LACK = Unknown("a datum", "the reader lacks it")
HA = HighAvailability(
    host_monitoring=True,
    isolation_response="powerOff",
    pdl_response="restartAggressive",
    apd_response="restartConservative",
    restart_priority="medium",
)


def judge(rule: str | Rule, evidence: Evidence, **parameters: float | str | bool) -> list[Verdict]:
    chosen = RULES[rule] if isinstance(rule, str) else rule
    return list(chosen.check(chosen, evidence, Parameters(chosen, parameters)))


def only(rule: str, evidence: Evidence, **parameters: float | str | bool) -> Verdict:
    (verdict,) = judge(rule, evidence, **parameters)
    return verdict


def tier(**changes: object) -> Standards:
    plain = {"rto_minutes": 240, "rpo_minutes": 240, "backup": Backup(interval_minutes=60, retention_days=30)}
    return Standards(required_tags=(), tiers=dict.fromkeys(Tier, TierStandard.model_validate({**plain, **changes})))


def service(name: str = "app", **changes: object) -> ServiceEvidence:
    return replace(ServiceEvidence(name=name, owner="o", tier=Tier.SILVER, rto_minutes=240, rpo_minutes=240), **changes)


def machine(name: str, **changes: object) -> ServerEvidence:
    plain = {"site": "hill", "cluster": "main", "service": "app", "disks": (20 * GIB,), "places": ("hill", "dale")}
    return server(name, **{**plain, **changes})


def instance(name: str, zone: str = "a", **changes: object) -> ServerEvidence:
    return machine(name, **{"site": "cloud", "kind": "aws", "cluster": "", "zone": zone, "instance": InstanceSettings(), **changes})


def link(one: str, other: str, paths: int = 2) -> LinkEvidence:
    return LinkEvidence(name=f"{one}-{other}", sites=(one, other), mbit_s=1000, latency_ms=10, paths=paths)


def cluster(hosts: int = 3, ha: HighAvailability = HA, **changes: object) -> ClusterEvidence:
    return replace(ClusterEvidence(site="hill", name="main", hosts=tuple(host(f"h{n}") for n in range(hosts)), ha=ha), **changes)


def town(*servers: ServerEvidence, **changes: object) -> Evidence:
    plain = Evidence(
        reader="estate",
        today=TODAY,
        standards=tier(),
        services={"app": service()},
        kinds={"hill": "vsphere", "dale": "vsphere", "cloud": "aws"},
        clusters=(cluster(),),
        zones=tuple(ZoneEvidence(site="cloud", name=z, offers=LACK) for z in "abc"),
        links=(link("hill", "dale"), link("hill", "cloud"), link("dale", "cloud")),
        servers=servers,
        backups=tuple(
            BackupEvidence(server=s.name, interval_minutes=60, retention_days=30, copies=("dale",), declared_in="t") for s in servers
        ),
    )
    return replace(plain, **changes)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.rule}-{c.outcome}")
def test_an_example_says_what_the_rule_answers(case: Case) -> None:
    evidence = case.evidence()
    (verdict,) = [v for v in judge(case.rule, evidence, **evidence.standards.rules.get(case.rule, {})) if v.target == case.target]

    assert verdict.outcome is case.outcome
    assert "\n" not in verdict.message
    assert bool(verdict.missing) == (case.outcome is OPEN)
    assert bool(verdict.remedy) == (case.outcome in {FAIL, OPEN})


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.rule}-{c.outcome}")
def test_an_example_is_an_estate_that_people_could_write(case: Case, tmp_path: Path) -> None:
    assert load_estate(write_example(case.documents()[0], tmp_path)).name == "town"


def test_every_rule_has_an_example_of_each_outcome() -> None:
    assert {(c.rule, c.outcome) for c in CASES} == {(r.id, o) for r in RELIABILITY for o in (PASS, FAIL, OPEN, NONE)}


def test_rules_are_in_order_and_nothing_at_all_is_not_applicable() -> None:
    assert [r.id for r in RELIABILITY] == [f"REL-{n:03}" for n in range(1, 14)]
    for rule in RELIABILITY:
        assert [v.outcome for v in judge(rule, town(services={}, clusters=(), zones=(), links=()))] == [NONE]


class TestSeparation:
    """REL-001."""

    def test_as_many_members_as_hosts_stand_apart_and_one_more_does_not(self) -> None:
        members = [machine(f"a-{n}", group="g") for n in range(4)]

        assert only("REL-001", town(*members[:3])).outcome is PASS
        assert "4 members need 4 hosts and cluster main of hill has 3" in only("REL-001", town(*members)).message

    def test_a_member_that_is_switched_off_takes_nothing_over(self) -> None:
        one, two, off = machine("a-1", group="g"), machine("a-2", group="g"), machine("a-3", group="g", running=False)

        assert only("REL-001", town(one, two, off)).outcome is PASS
        failed = only("REL-001", town(one, off))
        assert failed.outcome is FAIL
        assert "a-3 is switched off, so that nothing takes over" in failed.message

    def test_two_on_one_host_fail_where_somebody_looked(self) -> None:
        together = town(machine("a-1", group="g", host="h1"), machine("a-2", group="g", host="h1"))
        apart = town(machine("a-1", group="g", host="h1"), machine("a-2", group="g", host="h2"))

        assert "a-1 and a-2 run on host h1" in only("REL-001", together).message
        assert only("REL-001", apart).outcome is PASS

    def test_hosts_of_the_same_name_on_two_sites_are_two_hosts(self) -> None:
        far = machine("a-2", group="g", host="h1", site="dale")
        evidence = town(machine("a-1", group="g", host="h1"), far, clusters=(cluster(), replace(cluster(), site="dale")))

        assert only("REL-001", evidence).outcome is PASS

    def test_an_unknown_zone_decides_only_where_another_member_may_share_it(self) -> None:
        assert only("REL-001", town(machine("a-1", group="g"), instance("a-2", "", group="g"))).outcome is PASS
        assert only("REL-001", town(instance("a-1", "a", group="g"), instance("a-2", "", group="g"))).outcome is OPEN

    def test_more_members_than_zones_fail_whatever_their_zones_are(self) -> None:
        members = [instance(f"a-{n}", "", group="g") for n in range(4)]

        assert only("REL-001", town(*members[:3])).outcome is OPEN
        assert "4 members cannot stand apart in the 3 zones of cloud" in only("REL-001", town(*members)).message

    @pytest.mark.parametrize(("drs", "outcome"), [(True, PASS), (False, OPEN), (LACK, OPEN)])
    def test_without_drs_only_a_look_tells(self, drs: object, outcome: Outcome) -> None:
        evidence = town(machine("a-1", group="g"), machine("a-2", group="g"), clusters=(cluster(drs=drs),))

        assert only("REL-001", evidence).outcome is outcome

    def test_a_held_source_is_no_member(self) -> None:
        assert "has one member" in only("REL-001", town(machine("a-1", group="g"), machine("a-2", group="g", held=True))).message


class TestSpan:
    """REL-002."""

    def span(self, span: str, *servers: ServerEvidence, **parameters: bool) -> Outcome:
        return only("REL-002", town(*servers, standards=tier(span=span)), **parameters).outcome

    def test_two_zones_are_enough_for_zones_and_not_for_sites(self) -> None:
        members = (instance("a-1", "a", group="g"), instance("a-2", "b", group="g"))

        assert self.span("zones", *members) is PASS
        assert self.span("sites", *members) is FAIL
        assert self.span("sites", members[0], machine("a-2", group="g")) is PASS

    def test_every_part_counts_for_itself(self) -> None:
        spread = (instance("a-1", "a", group="g"), machine("a-2", group="g"))

        assert self.span("sites", *spread, machine("db-1")) is FAIL

    def test_a_stand_by_of_the_same_role_outside_the_group_is_a_member(self) -> None:
        members = (machine("a-1", group="g", role="dispatch"), machine("a-2", site="dale", role="dispatch, stand-by"))

        assert self.span("sites", *members) is PASS
        assert self.span("sites", members[0], replace(members[1], role="dispatcher")) is FAIL
        assert self.span("sites", members[0], replace(members[1], running=False)) is FAIL

    def test_a_prepared_place_counts_only_where_the_city_says_so(self) -> None:
        assert self.span("sites", machine("db-1")) is FAIL
        assert self.span("sites", machine("db-1"), prepared_counts=True) is PASS
        assert self.span("sites", machine("db-1", places=("hill",)), prepared_counts=True) is FAIL

    def test_a_place_without_a_copy_elsewhere_is_not_prepared(self) -> None:
        for copies, outcome in ((("hill",), FAIL), (("cloud",), PASS)):
            jobs = (BackupEvidence(server="db-1", interval_minutes=60, retention_days=30, copies=copies, declared_in="t"),)
            evidence = town(machine("db-1"), standards=tier(span="sites"), backups=jobs)
            assert only("REL-002", evidence, prepared_counts=True).outcome is outcome

    def test_an_unknown_zone_on_another_site_is_another_place_all_the_same(self) -> None:
        assert self.span("zones", machine("a-1", group="g"), instance("a-2", "", group="g")) is PASS
        assert self.span("zones", instance("a-2", "", group="g")) is FAIL


class TestRecovery:
    """REL-003. One disk of 20 GiB is read in 1.79 minutes: a site's loss takes 30 + 1.79 + 10 = 41.8 minutes."""

    @pytest.mark.parametrize(("rto", "outcome"), [(41, FAIL), (42, PASS)])
    def test_rto_from_both_sides(self, rto: int, outcome: Outcome) -> None:
        verdict = only("REL-003", town(machine("db-1"), services={"app": service(rto_minutes=rto)}))

        assert verdict.outcome is outcome
        assert f"site: 41.8 min <= {rto} min" in verdict.formula

    @pytest.mark.parametrize(("rpo", "outcome"), [(59, FAIL), (60, PASS)])
    def test_rpo_from_both_sides(self, rpo: int, outcome: Outcome) -> None:
        assert only("REL-003", town(machine("db-1"), services={"app": service(rpo_minutes=rpo)})).outcome is outcome

    def test_what_a_service_needs_must_be_back_too(self) -> None:
        services = {"app": service(rto_minutes=50, depends_on=("maps",)), "maps": service("maps")}
        evidence = town(machine("db-1"), machine("maps-1", service="maps", disks=(200 * GIB,)), services=services)
        app, maps = judge("REL-003", evidence)

        assert (app.outcome, maps.outcome) == (FAIL, PASS)
        assert "waits for maps: maps-1 restored" in app.message

    def test_after_a_disaster_the_tiers_promise_may_count(self) -> None:
        evidence = town(machine("db-1"), services={"app": service(rto_minutes=20)})

        assert only("REL-003", evidence).outcome is FAIL
        assert only("REL-003", evidence, disaster_promise="tier").outcome is PASS

    def test_lesser_failures_are_never_excused_by_the_tier(self) -> None:
        evidence = town(machine("db-1"), services={"app": service(rto_minutes=9)})

        assert "hardware failure: back after 10 min (RTO 9 min)" in only("REL-003", evidence, disaster_promise="tier").message

    def test_no_backup_is_no_way_back(self) -> None:
        assert "back after never" in only("REL-003", town(machine("db-1"), backups=())).message

    @pytest.mark.parametrize(("rto", "outcome"), [(59, OPEN), (60, PASS)])
    def test_an_unknown_restart_matters_only_where_the_slow_way_is_too_slow(self, rto: int, outcome: Outcome) -> None:
        clusters = (cluster(ha=HA.model_copy(update={"restart_priority": None})),)

        assert only("REL-003", town(machine("db-1"), services={"app": service(rto_minutes=rto)}, clusters=clusters)).outcome is outcome

    @given(st.integers(1, 2000), st.integers(0, 2000))
    def test_a_longer_promise_never_turns_pass_into_fail(self, rto: int, more: int) -> None:
        outcomes = [only("REL-003", town(machine("db-1"), services={"app": service(rto_minutes=r)})).outcome for r in (rto, rto + more)]

        assert outcomes != [PASS, FAIL]


class TestBackup:
    """REL-004."""

    def backup(self, **changes: object) -> Verdict:
        job = BackupEvidence(server="db-1", interval_minutes=240, retention_days=30, copies=("dale",), declared_in="t")
        return only("REL-004", town(machine("db-1"), backups=(replace(job, **changes),)))

    @pytest.mark.parametrize(
        ("changes", "outcome"),
        [
            ({}, PASS),
            ({"interval_minutes": 241}, FAIL),
            ({"retention_days": 29}, FAIL),
            ({"retention_days": 0}, OPEN),
            ({"retention_days": 0, "interval_minutes": 241}, FAIL),
            ({"copies": ("hill",)}, FAIL),
            ({"copies": ()}, FAIL),
        ],
    )
    def test_each_limit_from_both_sides(self, changes: dict[str, object], outcome: Outcome) -> None:
        assert self.backup(**changes).outcome is outcome

    def test_two_jobs_do_not_make_one_good_one(self) -> None:
        """An hourly copy on the site and a daily one outside lose a day when the site is lost."""
        near = BackupEvidence(server="db-1", interval_minutes=60, retention_days=30, copies=("hill",), declared_in="t")
        far = replace(near, interval_minutes=1440, copies=("dale",))

        assert only("REL-004", town(machine("db-1"), backups=(near, far))).outcome is FAIL
        assert only("REL-004", town(machine("db-1"), backups=(near, far, replace(near, copies=("dale",))))).outcome is PASS


class TestAvailability:
    """REL-005. One machine on one site holds 0.9995 x 0.99982 = 99.93201 %."""

    def chain(self, *servers: ServerEvidence, promised: float, **changes: object) -> Verdict:
        evidence = town(*servers, services={"app": service(availability_percent=promised)})
        return only("REL-005", replace(evidence, **changes))

    @pytest.mark.parametrize(("promised", "outcome"), [(99.932, PASS), (99.9321, FAIL)])
    def test_from_both_sides(self, promised: float, outcome: Outcome) -> None:
        verdict = self.chain(machine("db-1"), promised=promised)

        assert verdict.outcome is outcome
        assert "failures taken as independent" in verdict.message
        assert "0.999820 (hill up) x 0.999500 = 0.999320" in verdict.formula

    def test_a_shared_dependency_is_counted_once(self) -> None:
        services = {
            "app": service(availability_percent=99, depends_on=("maps", "names")),
            "maps": service("maps", depends_on=("names",)),
            "names": service("names"),
        }
        evidence = town(machine("a-1"), machine("m-1", service="maps"), machine("n-1", service="names"), services=services)

        assert f"x {0.9995**3:.6f} = {0.99982 * 0.9995**3:.6f}" in only("REL-005", evidence).formula

    def test_a_circle_of_dependencies_ends(self) -> None:
        services = {"app": service(availability_percent=99, depends_on=("maps",)), "maps": service("maps", depends_on=("app",))}

        assert only("REL-005", town(machine("a-1"), machine("m-1", service="maps"), services=services)).outcome is PASS

    def test_a_dependency_of_which_no_machine_is_known_leaves_it_open_or_fails_it_all_the_same(self) -> None:
        def with_unknown(promised: float) -> Outcome:
            services = {"app": service(availability_percent=promised, depends_on=("maps",)), "maps": service("maps")}
            return only("REL-005", town(machine("a-1"), services=services)).outcome

        assert with_unknown(99) is OPEN
        assert with_unknown(99.95) is FAIL

    def test_an_unknown_restart_leaves_bounds(self) -> None:
        clusters = (cluster(ha=HA.model_copy(update={"restart_priority": None})),)

        assert self.chain(machine("db-1"), promised=99.3, clusters=clusters).outcome is PASS
        assert self.chain(machine("db-1"), promised=99.4, clusters=clusters).outcome is OPEN
        assert self.chain(machine("db-1"), promised=99.95, clusters=clusters).outcome is FAIL

    def test_a_managed_database_is_a_part(self) -> None:
        databases = (
            DatabaseEvidence(
                site="cloud",
                name="rds",
                service="app",
                multi_az=True,
                deletion_protection=True,
                retention_days=30,
                public=False,
                encrypted=True,
            ),
        )
        assert self.chain(promised=99.9, databases=databases).outcome is PASS
        assert self.chain(promised=99.9, databases=(replace(databases[0], multi_az=LACK),)).outcome is OPEN
        assert self.chain(promised=99.9, databases=(replace(databases[0], multi_az=False),)).outcome is FAIL

    def test_when_two_of_a_group_are_needed_one_of_them_is_no_spare(self) -> None:
        evidence = town(machine("a-1", group="g"), machine("a-2", group="g"), services={"app": service(availability_percent=99.95)})

        assert only("REL-005", evidence).outcome is PASS
        assert only("REL-005", evidence, members_needed=2).outcome is FAIL

    @given(st.sampled_from(["hill", "cloud"]), st.integers(1, 3), st.floats(90, 99.99))
    def test_one_member_more_never_turns_pass_into_fail(self, site: str, members: int, promised: float) -> None:
        group = [machine(f"a-{n}", group="g") for n in range(members)]
        extra = instance("a-9", group="g") if site == "cloud" else machine("a-9", group="g")
        outcomes = [self.chain(*servers, promised=promised).outcome for servers in (group, [*group, extra])]

        assert outcomes != [PASS, FAIL]


class TestRestart:
    """REL-006."""

    @pytest.mark.parametrize(
        ("own", "ha", "hosts", "outcome"),
        [
            ("high", HA, 2, PASS),
            ("disabled", HA, 2, FAIL),
            ("high", HA, 1, FAIL),
            ("high", HA.model_copy(update={"enabled": False}), 2, FAIL),
            (LACK, HA, 2, PASS),
            ("clusterRestartPriority", HA.model_copy(update={"restart_priority": "disabled"}), 2, FAIL),
            (LACK, HA.model_copy(update={"restart_priority": None}), 2, OPEN),
            (LACK, HA.model_copy(update={"restart_priority": None}), 1, FAIL),
        ],
    )
    def test_on_premises(self, own: str | Unknown, ha: HighAvailability, hosts: int, outcome: Outcome) -> None:
        db = machine("db-1", vsphere=VsphereSettings(restart_priority=own))

        assert only("REL-006", town(db, clusters=(cluster(hosts, ha),))).outcome is outcome

    @pytest.mark.parametrize(("recovers", "outcome"), [(True, PASS), (False, FAIL), (LACK, OPEN)])
    def test_on_aws(self, recovers: bool | Unknown, outcome: Outcome) -> None:
        assert only("REL-006", town(instance("db-1", instance=InstanceSettings(auto_recovery=recovers)))).outcome is outcome

    def test_an_unknown_cluster_leaves_it_open(self) -> None:
        assert only("REL-006", town(machine("db-1", cluster="elsewhere"))).outcome is OPEN

    def test_a_switched_off_member_stands_in_for_nobody(self) -> None:
        members = (machine("a-1", group="g"), machine("a-2", group="g", running=False))

        assert only("REL-006", town(*members)).target == "server/a-1"


class TestHighAvailability:
    """REL-007."""

    @pytest.mark.parametrize(
        ("changes", "outcome", "says"),
        [
            ({}, PASS, "HA answers"),
            ({"enabled": False}, FAIL, "vSphere HA is off"),
            ({"host_monitoring": False}, FAIL, "host monitoring is off"),
            ({"isolation_response": "none"}, FAIL, "response to host isolation is none"),
            ({"isolation_response": "shutdown"}, PASS, "HA answers"),
            ({"pdl_response": "disabled"}, FAIL, "permanent device loss is disabled"),
            ({"apd_response": "warning"}, FAIL, "all paths down is warning"),
            ({"apd_response": "restartAggressive"}, PASS, "HA answers"),
            ({"host_monitoring": None}, OPEN, "1 of 4"),
            ({"host_monitoring": None, "pdl_response": "disabled"}, FAIL, "permanent device loss"),
        ],
    )
    def test_each_setting(self, changes: dict[str, object], outcome: Outcome, says: str) -> None:
        verdict = only("REL-007", town(clusters=(cluster(ha=HA.model_copy(update=changes)),)))

        assert verdict.outcome is outcome
        assert says in verdict.message

    def test_a_city_may_take_a_warning_for_enough(self) -> None:
        evidence = town(clusters=(cluster(ha=HA.model_copy(update={"pdl_response": "warning"})),))

        assert only("REL-007", evidence, warning_is_enough=True).outcome is PASS


class TestDatabases:
    """REL-008."""

    @pytest.mark.parametrize(
        ("changes", "outcome"),
        [
            ({}, PASS),
            ({"multi_az": False}, FAIL),
            ({"deletion_protection": False}, FAIL),
            ({"retention_days": 29}, FAIL),
            ({"multi_az": LACK}, OPEN),
            ({"multi_az": LACK, "retention_days": 29}, FAIL),
            ({"service": "nobody's"}, PASS),
            ({"service": "nobody's", "multi_az": False}, OPEN),
            ({"service": "nobody's", "deletion_protection": False}, FAIL),
        ],
    )
    def test_each_setting(self, changes: dict[str, object], outcome: Outcome) -> None:
        plain = DatabaseEvidence(
            site="cloud",
            name="rds",
            service="app",
            multi_az=True,
            deletion_protection=True,
            retention_days=30,
            public=False,
            encrypted=True,
        )

        assert only("REL-008", town(databases=(replace(plain, **changes),))).outcome is outcome

    def test_bronze_may_stand_in_one_zone(self) -> None:
        database = DatabaseEvidence(
            site="cloud",
            name="rds",
            service="app",
            multi_az=False,
            deletion_protection=True,
            retention_days=30,
            public=False,
            encrypted=True,
        )

        assert only("REL-008", town(databases=(database,), services={"app": service(tier=Tier.BRONZE)})).outcome is PASS


class TestPaths:
    """REL-009."""

    def across(self, *links: LinkEvidence, **parameters: float) -> Verdict:
        services = {"app": service(depends_on=("names",)), "names": service("names")}
        evidence = town(machine("a-1"), instance("n-1", service="names"), services=services, links=links)
        return only("REL-009", evidence, **parameters)

    @pytest.mark.parametrize(("paths", "outcome"), [(1, FAIL), (2, PASS)])
    def test_from_both_sides(self, paths: int, outcome: Outcome) -> None:
        assert self.across(link("hill", "cloud", paths)).outcome is outcome

    def test_two_links_of_one_path_are_two_paths(self) -> None:
        assert self.across(link("hill", "cloud", 1), replace(link("cloud", "hill", 1), name="second")).outcome is PASS

    def test_a_city_may_ask_for_three(self) -> None:
        assert self.across(link("hill", "cloud", 2), paths=3).outcome is FAIL

    def test_no_link_at_all_fails_and_a_way_round_is_open(self) -> None:
        assert self.across().outcome is FAIL
        assert self.across(link("hill", "dale"), link("dale", "cloud")).outcome is OPEN

    def test_a_member_at_hand_needs_no_link(self) -> None:
        services = {"app": service(depends_on=("names",)), "names": service("names")}
        evidence = town(machine("a-1"), machine("n-1", service="names"), services=services, links=())

        assert only("REL-009", evidence).outcome is NONE


class TestProtection:
    """REL-010."""

    @pytest.mark.parametrize(("protected", "outcome"), [(True, PASS), (False, FAIL), (LACK, OPEN)])
    def test_on_premises(self, protected: bool | Unknown, outcome: Outcome) -> None:
        assert only("REL-010", town(machine("db-1", disks=(GIB, GIB), protected=protected))).outcome is outcome

    @pytest.mark.parametrize(
        ("protected", "locked", "either", "own"),
        [
            (True, False, PASS, FAIL),
            (False, True, PASS, PASS),
            (False, False, FAIL, FAIL),
            (LACK, False, OPEN, FAIL),
            (True, LACK, PASS, OPEN),
        ],
    )
    def test_on_aws_one_of_two_locks_is_enough_unless_the_city_asks_for_ec2s(
        self, protected: bool | Unknown, locked: bool | Unknown, either: Outcome, own: Outcome
    ) -> None:
        db = instance("db-1", disks=(GIB, GIB), protected=protected, instance=InstanceSettings(termination_protection=locked))

        assert only("REL-010", town(db)).outcome is either
        assert only("REL-010", town(db), termination_protection_too=True).outcome is own

    @pytest.mark.parametrize(
        ("changes", "judged"),
        [({"disks": (GIB,)}, False), ({"disks": (GIB, GIB)}, True), ({"role": "database"}, True), ({"held": True}, True)],
    )
    def test_what_holds_data(self, changes: dict[str, object], judged: bool) -> None:
        assert (only("REL-010", town(machine("a-1", **changes))).outcome is not NONE) == judged

    @pytest.mark.parametrize(("protected", "outcome"), [(True, PASS), (False, OPEN), (LACK, OPEN)])
    def test_disks_that_nobody_knows_may_hold_data(self, protected: Any, outcome: Outcome) -> None:
        assert only("REL-010", town(machine("a-1", disks=(LACK,), protected=protected))).outcome is outcome


class TestMoves:
    """REL-011."""

    def move(self, *servers: ServerEvidence, paths: int = 2, depends_on: tuple[str, ...] = ("names",)) -> Verdict:
        moves = (MoveEvidence(server="a-1", source_site="hill", target_site="cloud", state="pending", on=LACK, window_minutes=LACK),)
        services = {"app": service(depends_on=depends_on), "names": service("names"), "maps": service("maps", depends_on=("names",))}
        return only("REL-011", town(machine("a-1"), *servers, services=services, moves=moves, links=(link("hill", "cloud", paths),)))

    def names(self, name: str, site: str, **changes: object) -> ServerEvidence:
        return machine(name, service="names", role="name server", site=site, **changes)

    def test_a_member_on_both_sides_passes_over_any_link(self) -> None:
        assert self.move(self.names("n-1", "hill"), self.names("n-2", "cloud"), paths=1).outcome is PASS

    @pytest.mark.parametrize(("paths", "severity"), [(1, Severity.HIGH), (2, Severity.MEDIUM)])
    def test_names_on_one_side_only(self, paths: int, severity: Severity) -> None:
        verdict = self.move(self.names("n-1", "hill"), paths=paths)

        assert (verdict.outcome, verdict.severity) == (FAIL, severity)

    def test_a_member_that_is_off_or_held_serves_nobody(self) -> None:
        for changes in ({"running": False}, {"held": True}):
            assert self.move(self.names("n-1", "hill"), self.names("n-2", "cloud", **changes), paths=1).outcome is FAIL

    def test_names_that_are_gone_from_the_source_are_told(self) -> None:
        verdict = self.move(self.names("n-2", "cloud"))

        assert (verdict.outcome, verdict.severity) == (FAIL, Severity.MEDIUM)
        assert "no name server runs at hill" in verdict.message

    def test_a_need_behind_a_need_counts(self) -> None:
        maps = machine("m-1", service="maps", site="cloud")

        assert self.move(maps, self.names("n-1", "hill"), paths=1, depends_on=("maps",)).outcome is FAIL

    def test_the_other_half_of_the_service_is_left_behind_too(self) -> None:
        both = (self.names("n-1", "hill"), self.names("n-2", "cloud"), machine("a-2"))

        assert "app can be reached only over link hill-cloud (1 path, 10 ms)" in self.move(*both, paths=1).message
        assert self.move(*both, paths=2).outcome is PASS

    def test_a_need_without_a_machine_leaves_it_open(self) -> None:
        assert self.move().outcome is OPEN


class TestRecoveryTests:
    """REL-012."""

    def tried(self, *days_ago: int) -> Verdict:
        tests = tuple(RecoveryTestEvidence(service="app", kind="restore", on=TODAY - timedelta(days=n)) for n in days_ago)
        return only("REL-012", town(recovery_tests=tests, standards=tier(recovery_test_days=180)))

    @pytest.mark.parametrize(
        ("days_ago", "outcome"),
        [((180,), PASS), ((181,), FAIL), ((), FAIL), ((0,), PASS), ((-1,), OPEN), ((400, -1), OPEN), ((-1, 180), PASS)],
    )
    def test_from_both_sides(self, days_ago: tuple[int, ...], outcome: Outcome) -> None:
        assert self.tried(*days_ago).outcome is outcome

    @given(st.lists(st.integers(-400, 800), max_size=3), st.integers(-400, 800))
    def test_one_test_more_never_turns_pass_into_fail(self, tests: list[int], more: int) -> None:
        assert [self.tried(*tests).outcome, self.tried(*tests, more).outcome] != [PASS, FAIL]

    @given(st.integers(0, 800), st.integers(0, 800))
    def test_a_newer_test_never_turns_pass_into_fail(self, older: int, newer: int) -> None:
        older, newer = max(older, newer), min(older, newer)

        assert [self.tried(older).outcome, self.tried(newer).outcome] != [PASS, FAIL]


class TestAlarms:
    """REL-013."""

    def watched(self, *watches: str, **parameters: str) -> Verdict:
        alarms = tuple(AlarmEvidence(server="db-1", watches=each) for each in watches)
        return only("REL-013", town(machine("db-1"), alarms=alarms), **parameters)

    def test_each_wanted_alarm_counts(self) -> None:
        assert self.watched("disk", "reachability").outcome is PASS
        assert "no alarm watches its reachability" in self.watched("disk", "cpu").message
        assert self.watched("cpu", watches="cpu").outcome is PASS
        assert self.watched().outcome is FAIL

    def test_where_nobody_was_asked_it_is_open(self) -> None:
        assert only("REL-013", town(machine("db-1"))).outcome is OPEN

    def test_held_sources_and_other_tiers_are_not_judged(self) -> None:
        assert only("REL-013", town(machine("db-1", held=True), alarms=())).outcome is NONE
        assert only("REL-013", town(machine("db-1"), alarms=()), tiers="gold").outcome is NONE
