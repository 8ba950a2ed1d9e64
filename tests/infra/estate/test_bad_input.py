"""Each thing that can be wrong with an estate: the file, the line, what is wrong, what to write instead."""

# ruff: noqa: E501 - one mistake per line reads as a table

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.village import Village

SERVERS, SERVICES, HALL, CLOUD = "servers/servers.yaml", "services/services.yaml", "sites/hall.yaml", "sites/cloud.yaml"
DB, DNS = "placements/desk-db-01.yaml", "placements/base-dns-01.yaml"


@dataclass(frozen=True)
class Bad:
    """One edit and the one problem that it makes, on the line that holds `at`."""

    file: str
    old: str
    new: str
    at: str
    code: str
    what: str
    instead: str = ""


MISTAKES = {
    "unknown site": Bad(SERVERS, "site: hall ", "site: hal ", "site: hal ", "INC-1011", "server desk-db-01: unknown site 'hal'", "did you mean hall?"),
    "unknown service": Bad(SERVERS, "service: desk", "service: dask", "service: dask", "INC-1011", "unknown service 'dask'", "did you mean desk?"),
    "unknown key": Bad(SERVERS, "memory: 16GiB", "memroy: 16GiB", "memroy", "INC-1003", "unknown key size.memroy", "did you mean memory?"),
    "unknown network": Bad(SERVERS, "network: net-a,", "network: nat-a,", "nat-a", "INC-1011", "unknown network 'nat-a' at cloud", "did you mean net-a?"),
    "unknown cluster": Bad(SERVERS, "cluster: main", "cluster: mein", "mein", "INC-1011", "unknown cluster 'mein' at hall", "did you mean main?"),
    "unknown datastore": Bad(SERVERS, "datastore: vmfs-1", "datastore: vnfs-1", "vnfs-1", "INC-1011", "unknown datastore 'vnfs-1'", "did you mean vmfs-1?"),
    "datastore of no host": Bad(
        SERVERS, "datastore: vmfs-1", "datastore: vmfs-2", "vmfs-2", "INC-1011", "vmfs-2 is not mounted by cluster main", "vmfs-1"
    ),
    "decimal size": Bad(SERVERS, "size: 40.5GiB", "size: 40.5GB", "40.5GB", "INC-1005", "disks[1].size '40.5GB'", "write"),
    "half a byte": Bad(SERVERS, "size: 40.5GiB", "size: 0.3B", "0.3B", "INC-1005", "not a whole number of bytes"),
    "no such tier": Bad(SERVICES, "tier: silver", "tier: sliver", "sliver", "INC-1005", "tier 'sliver' is not one of", "did you mean silver?"),
    "tier without standard": Bad(SERVICES, "tier: silver", "tier: bronze", "tier: bronze", "INC-1011", "the standards have no tier bronze"),
    "promise above the tier": Bad(
        SERVICES, "    rto_minutes: 240", "    rto_minutes: 481", "481", "INC-1041", "rto_minutes 481 is more than tier silver allows (480, standards.yaml:4)",
        "write 480 or less",
    ),
    "dependency unknown": Bad(SERVICES, "depends_on: [base]", "depends_on: [bse]", "bse", "INC-1011", "depends on an unknown service 'bse'", "did you mean base?"),
    "dependency on itself": Bad(SERVICES, "depends_on: [base]", "depends_on: [base, desk]", "desk]", "INC-1040", "in a circle: desk -> desk"),
    "dependency circle": Bad(
        SERVICES, "cost_centre: A-1", "cost_centre: A-1\n    depends_on: [desk]", "depends_on: [desk]", "INC-1040", "base -> desk -> base", "remove one",
    ),
    "networks overlap within a site": Bad(
        HALL, "10.1.1.0/24", "10.1.0.128/25", "hall-two", "INC-1020",
        "network hall-two of hall (10.1.0.128/25) overlaps network hall-net of hall (10.1.0.0/24, sites/hall.yaml:22)", "choose a range",
    ),
    "networks overlap between sites": Bad(
        HALL, "10.1.1.0/24", "10.2.0.0/25", "hall-two", "INC-1020", "overlaps network depot-net of depot (10.2.0.0/24, sites/depot.yaml:16)",
    ),
    "network overlaps a cloud's range": Bad(HALL, "10.1.1.0/24", "10.9.77.0/24", "hall-two", "INC-1020", "overlaps the VPC of cloud"),
    "network with host bits": Bad(HALL, "10.1.1.0/24", "10.1.1.7/24", "hall-two", "INC-1005", "10.1.1.7/24", "10.20.4.0/24"),
    "subnet outside the VPC": Bad(CLOUD, "10.9.1.0/24", "10.77.1.0/24", "net-b", "INC-1021", "lies outside the site's vpc_cidr 10.9.0.0/16"),
    "subnet too small": Bad(CLOUD, "10.9.0.0/24", "10.9.0.0/29", "net-a", "INC-1005", "AWS takes no subnet of 10.9.0.0/29", "/16 to /28"),
    "unknown zone": Bad(CLOUD, "zone: us-east-1b", "zone: us-east-1d", "net-b", "INC-1011", "unknown zone 'us-east-1d'", "did you mean us-east-1"),
    "no image id": Bad(CLOUD, "ami-0123456789abcdef0", "ami-debian", "ami-debian", "INC-1005", "'ami-debian' is no AMI id"),
    "no account": Bad(CLOUD, '"123456789012"', "12345", "account", "INC-1005", "account is the number 12345", 'write it as text: "12345"'),
    "datastore that nobody mounts": Bad(HALL, "datastores: [vmfs-2]", "datastores: [vmfs-1]", "name: vmfs-2", "INC-1011", "datastore vmfs-2 is mounted by no cluster", "under a cluster's datastores"),
    "host twice": Bad(HALL, "esx-2", "esx-1", "esx-1", "INC-1010", "host esx-1 stands twice"),
    "no host may fail": Bad(HALL, "    datastores: [vmfs-1]", "    datastores: [vmfs-1]\n    ha: {host_failures: 2}", "ha:", "INC-1005", "loss of 2 of its 2 hosts"),
    "gateway outside": Bad(HALL, "vlan: 10}", "vlan: 10, gateway: 10.1.7.1}", "gateway", "INC-1021", "the gateway 10.1.7.1 lies outside", "write 10.1.0.1"),
    "address elsewhere": Bad(
        SERVERS, "address: 10.1.0.15", "address: 10.1.1.15", "10.1.1.15", "INC-1021", "10.1.1.15 is not in network hall-net (10.1.0.0/24)", "write network: hall-two",
    ),
    "address nowhere": Bad(SERVERS, "address: 10.1.0.15", "address: 10.7.0.15", "10.7.0.15", "INC-1021", "not in network hall-net", "such as 10.1.0.2"),
    "the gateway's address": Bad(SERVERS, "address: 10.1.0.15", "address: 10.1.0.1", "10.1.0.1}", "INC-1021", "cannot be given out: it is the gateway"),
    "AWS's router": Bad(SERVERS, "address: 10.9.0.15", "address: 10.9.0.1", "10.9.0.1}", "INC-1021", "it is AWS's router", "such as 10.9.0.4"),
    "AWS's name server": Bad(SERVERS, "address: 10.9.1.20", "address: 10.9.1.2", "10.9.1.2", "INC-1021", "AWS's name server"),
    "AWS's fourth": Bad(SERVERS, "address: 10.9.1.20", "address: 10.9.1.3", "10.9.1.3", "INC-1021", "kept by AWS for future use"),
    "AWS's last": Bad(SERVERS, "address: 10.9.1.20", "address: 10.9.1.255", "10.9.1.255", "INC-1021", "broadcast"),
    "no address": Bad(SERVERS, "address: 10.9.1.20", "address: 10.9.1.300", "10.9.1.300", "INC-1005", "10.9.1.300", "such as 10.20.4.15"),
    "address used twice": Bad(
        SERVERS, "- network: net-b\n            address: 10.9.1.20", "- network: net-a\n            address: 10.9.0.15", "    address: 10.9.0.15", "INC-1022",
        "10.9.0.15 belongs to desk-db-01 (servers/servers.yaml:13) already",
    ),
    "disk names twice": Bad(SERVERS, "name: data, size", "name: system, size", "40.5GiB", "INC-1010", "two disks named system"),
    "server twice": Bad(SERVERS, "name: base-dns-01", "name: desk-db-01", "name: desk-db-01", "INC-1010", "desk-db-01 is declared twice, first at servers/servers.yaml:3"),
    "not a name": Bad(SERVERS, "name: base-dns-01", "name: Base_DNS", "Base_DNS", "INC-1005", "name 'Base_DNS' is not a name", "lower-case"),
    "key twice": Bad(SERVERS, "    service: base", "    service: base\n    service: desk", "    service: desk\n", "INC-1006", "'service' is written twice, first on line"),
    "nowhere to stand": Bad(SERVERS, "site: cloud", "site: hall", "site: hall\n", "INC-1012", "base-dns-01 is to stand on hall, but at: says nothing about hall", "add hall:"),
    "type unknown": Bad(SERVERS, "cloud: {nics", "cloud: {instance_type: m9.large, nics", "m9.large", "INC-1011", "no EC2 instance type m9.large", "did you mean m"),
    "type too small": Bad(SERVERS, "cloud: {nics", "cloud: {instance_type: t3.nano, nics", "t3.nano", "INC-1043", "is smaller than the server", "4 CPUs and 16 GiB"),
    "cluster on AWS": Bad(SERVERS, "cloud: {nics", "cloud: {cluster: main, nics", "cloud: {cluster", "INC-1005", "cloud is an AWS site and has no cluster", "remove cluster"),
    "type on vSphere": Bad(SERVERS, "hall: {cluster", "hall: {instance_type: m5.large, cluster", "m5.large", "INC-1005", "knows no instance_type"),
    "larger than any host": Bad(SERVERS, "memory: 16GiB", "memory: 65GiB", "65GiB", "INC-1043", "more memory than any host of hall/main (64 GiB)"),
    "backup nowhere": Bad(SERVERS, "copies: [cloud]", "copies: [cluod]", "cluod", "INC-1011", "backup copies go to an unknown site", "did you mean cloud?"),
    "link to nowhere": Bad("links/links.yaml", "[hall, cloud]", "[hall, clod]", "clod", "INC-1011", "unknown site 'clod'", "did you mean cloud?"),
    "link to itself": Bad("links/links.yaml", "[hall, cloud]", "[hall, hall]", "hall, hall", "INC-1005", "joins hall to itself"),
    "no window": Bad("links/links.yaml", "22:00-05:00", "22-5", "22-5", "INC-1005", "is no span of time", "22:00-05:00"),
    "unknown tag": Bad("standards.yaml", "[owner, service]", "[ownr]", "ownr", "INC-1011", "'ownr' is none that Incline sets", "did you mean owner?"),
    "vSphere to vSphere": Bad(
        SERVERS, "site: hall  #", "site: depot  #", "site: depot", "INC-1030", "both are vSphere sites", "vMotion",
    ),
    "disk gone": Bad(SERVERS, "      - {name: data, size: 40.5GiB}\n", "", "disks:\n", "INC-1035", "no longer has its disk data (placements/desk-db-01.yaml:10)", "put the disk data back"),
    "disk shrinks": Bad(SERVERS, "size: 40.5GiB", "size: 39GiB", "39GiB", "INC-1035", "disk data would shrink", "only grow"),
    "disks out of order": Bad(
        SERVERS, "- {name: system, size: 8GiB}\n      - {name: data, size: 40.5GiB}", "- {name: data, size: 40.5GiB}\n      - {name: system, size: 8GiB}",
        "name: data", "INC-1035", "disk data is the machine's disk 2", "keep the order",
    ),
    "placement of nobody": Bad(DNS, "server: base-dns-01", "server: base-dns-02", "server:", "INC-1002", "placement of base-dns-02 in a file named after base-dns-01", "rename"),
    "placement from the future": Bad(DNS, "generation: 1", "generation: 9", "generation", "INC-1034", "of generation 9, the estate of 3", "generation: 9  into generation.yaml"),
    "placement on no site": Bad(DNS, "site: cloud", "site: clowd", "site:", "INC-1011", "unknown site 'clowd' of its machine", "did you mean cloud?"),
}  # fmt: skip

SEVERAL = {
    "subnet outside the VPC",
    "subnet too small",
    "vSphere to vSphere",
    "nowhere to stand",
    "server twice",
    "placement of nobody",
    "disks out of order",
    "not a name",
}


@pytest.mark.parametrize("name", MISTAKES)
def test_names_file_line_what_and_instead(name: str, tmp_path: Path) -> None:
    bad, village = MISTAKES[name], Village(tmp_path)
    village.edit(bad.file, bad.old, bad.new)

    problems = village.problems()

    found = [each for each in problems if each.code == bad.code and bad.what in each.what]
    assert len(found) == 1, [str(each) for each in problems]
    assert found[0].file == bad.file
    assert found[0].line in _lines(village, bad), str(found[0])
    assert bad.instead in found[0].instead
    assert len(problems) == 1 or name in SEVERAL, [str(each) for each in problems]


def _lines(village: Village, bad: Bad) -> list[int]:
    """The lines that hold the marker; every line of the second half for those that stand twice by nature."""
    marker = bad.at.rstrip("\n")
    lines = village.text(bad.file).splitlines()
    if bad.at.endswith("\n"):
        return [number for number, line in enumerate(lines, 1) if line.endswith(marker)]
    return [number for number, line in enumerate(lines, 1) if marker in line]


def test_the_village_is_valid(tmp_path: Path) -> None:
    assert Village(tmp_path).problems() == []


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    village = Village(tmp_path)
    village.edit(SERVERS, "site: hall ", "site: hal ")
    village.edit(SERVICES, "tier: silver", "tier: sliver")
    village.edit(HALL, "10.1.1.0/24", "10.1.0.0/25")
    village.edit("links/links.yaml", "22:00-05:00", "22-5")

    files = {each.file for each in village.problems()}

    assert files == {SERVERS, SERVICES, HALL, "links/links.yaml"}


@pytest.mark.parametrize(
    ("broken", "line", "words"),
    [
        ("servers:\n  - name: a\n   service: desk\n", 3, "indentation"),
        ("servers:\n\t- name: a\n", 2, "tabs"),
        ("servers:\n  - {name: a, service: desk\n  - name: b\n", 3, "brackets"),
        ("servers:\n  - name: 'a\n", 2, "quotes"),
    ],
)
def test_broken_yaml_is_one_problem_with_its_line(broken: str, line: int, words: str, tmp_path: Path) -> None:
    village = Village(tmp_path)
    village.write("servers/more.yaml", broken)

    problems = village.problems()

    assert [(each.file, each.code) for each in problems] == [("servers/more.yaml", "INC-1001")]
    assert abs(problems[0].line - line) <= 1
    assert "broken YAML" in problems[0].what
    assert words in problems[0].instead


@pytest.mark.parametrize("file", [SERVERS, SERVICES, HALL])
def test_an_unreadable_file_makes_no_second_problem_in_those_that_name_its_objects(file: str, tmp_path: Path) -> None:
    village = Village(tmp_path)
    village.write(file, village.text(file) + "\n  - {broken: [\n")

    assert [(each.file, each.code) for each in village.problems()] == [(file, "INC-1001")]


def test_overlapping_networks_are_one_problem_not_one_for_every_address(tmp_path: Path) -> None:
    village = Village(tmp_path)
    village.edit(HALL, "10.1.1.0/24", "10.1.0.0/25")

    [problem] = village.problems()

    assert problem.code == "INC-1020"
    assert "overlaps" in problem.what


def test_a_broken_object_makes_no_second_problem_for_those_who_name_it(tmp_path: Path) -> None:
    village = Village(tmp_path)
    village.edit(HALL, "title: Hall", "titel: Hall")

    codes = sorted(each.code for each in village.problems())

    assert codes == ["INC-1003"]


def test_a_file_that_nothing_reads_is_told(tmp_path: Path) -> None:
    village = Village(tmp_path)
    village.write("servers/more.yml", "servers: []\n")
    village.write("waiver.yaml", "waivers: []\n")
    (village.root / "server").mkdir()
    village.write("server/x.yaml", "servers: []\n")

    problems = {each.file: each.instead for each in village.problems()}

    assert problems == {
        "servers/more.yml": "rename it to more.yaml",
        "waiver.yaml": "did you mean waivers.yaml?",
        "server/x.yaml": "did you mean servers?",
    }


def test_a_server_without_placement_names_the_command(tmp_path: Path) -> None:
    village = Village(tmp_path)
    (village.root / DNS).unlink()

    [problem] = village.problems()

    assert (problem.file, problem.line, problem.code) == (SERVERS, village.line(SERVERS, "- name: base-dns-01"), "INC-1032")
    assert "incline estate settle" in problem.instead
    assert village.load(settled=False).placements.keys() == {"desk-db-01"}


def test_a_placement_of_a_server_that_is_gone_asks_for_a_decision(tmp_path: Path) -> None:
    village = Village(tmp_path)
    text = village.text(SERVERS)
    village.write(SERVERS, text[: text.index("  - name: base-dns-01")])

    problems = {each.code: each for each in village.problems()}

    assert problems["INC-1033"].file == DNS
    assert "retire" in problems["INC-1033"].instead


def test_no_folder_is_told_in_words(tmp_path: Path) -> None:
    village = Village(tmp_path / "a")
    village.root = tmp_path / "elsewhere"

    [problem] = village.problems()

    assert "does not exist" in problem.what
    assert "--estate" in problem.instead
