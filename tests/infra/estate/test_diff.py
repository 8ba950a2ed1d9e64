"""What a change would do, in the estate's words."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from infra.errors import InclineError
from infra.estate.diff import compare
from infra.estate.load import assemble
from infra.estate.revision import draft_at
from infra.estate.write import read_placement, write_placement
from tests.fakes.village import Village

SERVERS = "servers/servers.yaml"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("site: hall ", "site: cloud ", "moves desk-db-01 hall -> cloud (2 disks, 48.5 GiB)"),
        ("{cpus: 4, memory: 16GiB}", "{cpus: 8, memory: 24GiB}", "resizes desk-db-01: 4 -> 8 CPUs, memory 16 GiB -> 24 GiB"),
        ("size: 40.5GiB", "size: 64GiB", "grows desk-db-01 data 40.5 GiB -> 64 GiB"),
        ("size: 40.5GiB", "size: 20GiB", "shrinks desk-db-01 data 40.5 GiB -> 20 GiB"),
        ("      - {name: data, size: 40.5GiB}\n", "", "removes disk data of desk-db-01 (40.5 GiB)"),
        ("size: 40.5GiB}\n", "size: 40.5GiB}\n      - {name: log, size: 4GiB}\n", "adds disk log to desk-db-01 (4 GiB)"),
        ("address: 10.9.0.15", "address: 10.9.0.16", "changes desk-db-01 at cloud: nics"),
        ("      cloud: {nics: [{network: net-a, address: 10.9.0.15}]}\n", "", "desk-db-01 may no longer stand on cloud"),
        ("    site: hall ", "    role: ledger\n    site: hall ", "edits desk-db-01: role (none) -> ledger"),
    ],
)
def test_a_servers_change(old: str, new: str, words: str, tmp_path: Path) -> None:
    village = Village(tmp_path)
    before = village.load()
    village.edit(SERVERS, old, new)

    changes = compare(before, village.load(settled=False))

    assert [change.words for change in changes] == [words]
    assert changes[0].object == "server/desk-db-01"


def test_retired_and_added_servers_come_first_and_last(tmp_path: Path) -> None:
    village = Village(tmp_path)
    before = village.load()
    village.edit(SERVERS, "name: base-dns-01", "name: base-dns-09")
    village.edit(SERVERS, "site: hall ", "site: cloud ")

    words = [change.words for change in compare(before, village.load(settled=False))]

    assert words == [
        "retires base-dns-01 on cloud (2 CPUs, 4 GiB, 1 disk, 8 GiB; service base)",
        "moves desk-db-01 hall -> cloud (2 disks, 48.5 GiB)",
        "adds base-dns-09 on cloud (2 CPUs, 4 GiB, 1 disk, 8 GiB; service base)",
    ]


def test_a_move_that_was_carried_out_is_told_apart_from_one_that_is_wanted(tmp_path: Path) -> None:
    village = Village(tmp_path)
    before = village.load()
    placement = read_placement(village.root, "desk-db-01")
    assert placement is not None
    machine = placement.machine.model_copy(update={"site": "cloud"})
    write_placement(village.root, placement.model_copy(update={"machine": machine, "origin": "moved"}))

    [change] = compare(before, village.load(settled=False))

    assert (change.kind, change.words) == ("moved", "records that desk-db-01 has moved hall -> cloud")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("services/services.yaml", "rto_minutes: 60", "rto_minutes: 30", "changes service base: rto_minutes 60 -> 30"),
        ("sites/hall.yaml", "title: Hall", "title: Town hall", "changes site hall: title Hall -> Town hall"),
        ("links/links.yaml", "mbit_s: 1000", "mbit_s: 2000", "changes link hall-cloud: mbit_s 1000 -> 2000"),
        ("standards.yaml", "[owner, service]", "[owner]", "changes the standards: required_tags"),
    ],
)
def test_every_other_change_names_its_object(file: str, old: str, new: str, words: str, tmp_path: Path) -> None:
    village = Village(tmp_path)
    before = village.load()
    village.edit(file, old, new)

    assert [change.words for change in compare(before, village.load())] == [words]


def _git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


def test_an_old_revision_is_read_from_git_wherever_the_estate_lies_in_it(tmp_path: Path) -> None:
    village = Village(tmp_path / "city" / "estate")
    _git(tmp_path, "init", "-q")
    (tmp_path / "README").write_text("x")
    _git(tmp_path, "add", "README")
    _git(tmp_path, "commit", "-qm", "before there was an estate")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "estate")
    village.edit(SERVERS, "site: hall ", "site: cloud ")

    changes = compare(assemble(draft_at(village.root, "HEAD")), village.load())

    assert [change.kind for change in changes] == ["move"]
    assert draft_at(village.root, "HEAD~1").servers == {}
    with pytest.raises(InclineError, match="git knows no revision 'nope'"):
        draft_at(village.root, "nope")
    with pytest.raises(InclineError, match="git knows no revision '--all'"):
        draft_at(village.root, "--all")


def test_without_a_repository_the_message_says_so(tmp_path: Path) -> None:
    with pytest.raises(InclineError, match="does not lie in a git repository"):
        draft_at(Village(tmp_path).root, "HEAD")
