"""The ledger: who promised what to whom, until when, and never a machine twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.estate.model import GIB, Estate
from policies.evaluate import evaluate
from policies.evidence import Evidence, Unknown
from policies.examples.case import TODAY
from policies.examples.ground import ESTATE
from policies.ledger import LIFE, Ledger, LedgerError, read_ledger, with_ledger, write_promises
from policies.readers.estate import read_estate
from policies.verdict import Outcome
from tests.policies.builders import city, server

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
NEW = server("new-01", cpus=8, memory=64 * GIB)


def here(**changes: object) -> Evidence:
    return replace(city(**changes), kinds={"downtown": "vsphere", "northside": "vsphere"}, now=NOW)


def promised(folder: Path, *machines: object, by: str = "stack downtown.servers of branch-a", at: datetime = NOW) -> Ledger:
    path = folder / "ledger.json"
    write_promises(path, by, here(servers=machines), "downtown", at)
    return read_ledger(path)


def test_another_branchs_machine_is_a_promise(tmp_path: Path) -> None:
    seen = with_ledger(here(), promised(tmp_path, NEW), "ledger.json")

    assert [(p.by, p.holder, p.cluster, p.cpus, p.memory, p.disk) for p in seen.promises] == [
        ("stack downtown.servers of branch-a", "new-01", "general", 8, 64 * GIB, 100 * GIB)
    ]


def test_a_machine_that_is_counted_already_is_not_promised_again(tmp_path: Path) -> None:
    assert with_ledger(here(servers=(NEW,)), promised(tmp_path, NEW), "ledger.json").promises == ()


def test_a_machine_that_grows_leaves_a_promise_of_the_growth(tmp_path: Path) -> None:
    ledger = promised(tmp_path, replace(NEW, memory=96 * GIB))
    (rest,) = with_ledger(here(servers=(NEW,)), ledger, "ledger.json").promises

    assert (rest.holder, rest.cpus, rest.memory, rest.disk) == ("new-01 (growth)", 0, 32 * GIB, 0)


def test_a_stacks_own_promises_are_what_it_shows(tmp_path: Path) -> None:
    assert with_ledger(here(), promised(tmp_path, NEW, by="me"), "ledger.json", own="me").promises == ()


def test_a_machine_that_two_branches_promise_counts_once(tmp_path: Path) -> None:
    promised(tmp_path, NEW)

    assert len(with_ledger(here(), promised(tmp_path, NEW, by="another"), "ledger.json").promises) == 1


def test_of_a_machine_that_two_branches_promise_the_larger_size_counts(tmp_path: Path) -> None:
    promised(tmp_path, NEW)
    ledger = promised(tmp_path, replace(NEW, memory=96 * GIB, cpus=4), by="the other")
    (found,) = with_ledger(here(), ledger, "ledger.json").promises

    assert (found.by, found.cpus, found.memory) == ("the other", 8, 96 * GIB)


@pytest.mark.parametrize(("age", "open_still"), [(LIFE - timedelta(seconds=1), True), (LIFE, False)])
def test_a_promise_ends_when_it_expires_and_says_so(tmp_path: Path, age: timedelta, open_still: bool) -> None:
    seen = with_ledger(here(), promised(tmp_path, NEW, at=NOW - age), "ledger.json")

    assert bool(seen.promises) is open_still
    assert any("have expired" in f for f in seen.findings) is not open_still


def test_a_new_preview_replaces_what_the_stack_was_promised_and_sweeps_what_has_expired(tmp_path: Path) -> None:
    promised(tmp_path, NEW)
    promised(tmp_path, NEW, by="old", at=NOW - 2 * LIFE)
    ledger = promised(tmp_path, replace(NEW, name="new-02"))

    assert list(ledger.stacks) == ["stack downtown.servers of branch-a"]
    assert [m.holder for m in ledger.stacks["stack downtown.servers of branch-a"].machines] == ["new-02"]


def test_held_strange_and_unknown_machines_are_not_promised(tmp_path: Path) -> None:
    lack = Unknown("memory", "later")
    ledger = promised(
        tmp_path, replace(NEW, held=True), replace(NEW, service=""), replace(NEW, memory=lack), replace(NEW, site="northside")
    )

    assert ledger.stacks["stack downtown.servers of branch-a"].machines == ()


def test_two_changes_that_fit_alone_do_not_fit_together(tmp_path: Path) -> None:
    big = server("big-01", cpus=8, memory=200 * GIB)
    ours = here(servers=(big, replace(big, name="big-02")))
    ledger = promised(tmp_path, replace(NEW, memory=200 * GIB))

    assert fits(ours)
    assert not fits(with_ledger(ours, ledger, "ledger.json"))


def fits(evidence: Evidence) -> bool:
    return next(v for v in evaluate(evidence).verdicts if v.rule == "CAP-001").outcome is Outcome.PASS


@pytest.mark.parametrize("content", [b"no json", b"[]", b'{"schema": "incline.ledger/9"}', b"\xff"])
def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.json"
    path.write_bytes(content)
    with pytest.raises(LedgerError) as raised:
        read_ledger(path)

    assert raised.value.code == "INC-3023"


def test_no_file_is_an_empty_ledger(tmp_path: Path) -> None:
    assert read_ledger(tmp_path / "none.json").stacks == {}


def test_a_move_that_is_pending_is_a_promise_on_its_target() -> None:
    document = {**ESTATE, "servers": {**ESTATE["servers"], "records-db-01": {**ESTATE["servers"]["records-db-01"], "site": "cloud"}}}
    (found,) = read_estate(Estate.model_validate(document), TODAY).promises

    assert (found.by, found.site, found.instance_type) == ("move records-db-01", "cloud", "m5a.xlarge")
