"""Values on the wire and differences between them, over anything a program may say."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lab.providers.aws.network import SUBNET, VPC
from lab.providers.check import Check
from lab.providers.diff import Diff, member, segments
from lab.providers.sdk import Sdk
from lab.providers.state import imported_inputs, refreshed_inputs
from lab.providers.values import UNKNOWN, decode, encode, has_unknown, without_marks
from lab.providers.vsphere.machine import VirtualMachine

SDK, VSDK = Sdk("pulumi_aws"), Sdk("pulumi_vsphere")
NAMES = st.text(min_size=1, max_size=12).filter(lambda text: not text.startswith("__"))
SCALARS = st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=20) | st.just(UNKNOWN)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12)
TAGS = st.dictionaries(st.text(min_size=1, max_size=30), st.text(max_size=10), max_size=6)


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_what_goes_over_the_wire_comes_back(values: dict[str, Any]) -> None:
    assert decode(encode(values)) == (values, frozenset())


@given(st.dictionaries(NAMES, st.text(), min_size=1, max_size=6), st.data())
def test_secrets_come_back_marked(values: dict[str, Any], data: st.DataObject) -> None:
    hidden = data.draw(st.sets(st.sampled_from(sorted(values))))
    assert decode(encode(values, hidden)) == (values, frozenset(hidden))


@given(VALUES)
def test_an_unknown_is_found_at_any_depth(value: Any) -> None:
    assert has_unknown([{"a": value}]) == ("<unknown>" in repr(value))


@given(st.text(min_size=1, max_size=30).filter(lambda text: not set(text) & set('"\\[].')))
def test_a_members_path_is_read_back(key: str) -> None:
    assert segments(member("tags", key)) == ["tags", key]


@given(TAGS, TAGS)
def test_tags_differ_exactly_where_they_differ(old: dict[str, str], new: dict[str, str]) -> None:
    found = Diff(SDK, VPC).run({"cidrBlock": "10.0.0.0/16", "tags": old}, {}, {"cidrBlock": "10.0.0.0/16", "tags": new})
    wrong = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    assert {item.path for item in found} == {member("tags", key) for key in wrong}
    assert not any(item.replace for item in found)


@given(st.integers(1, 60), st.integers(1, 4000), st.integers(1, 64))
def test_an_imported_machine_means_itself(count: int, size: int, cpus: int) -> None:
    entry = VirtualMachine()
    disks = [{"label": f"Hard disk {index}", "size": size, "unitNumber": index - 1} for index in range(1, min(count, 15) + 1)]
    wanted = {
        "name": "m",
        "resourcePoolId": "resgroup-1",
        "numCpus": cpus,
        "disks": disks,
        "networkInterfaces": [{"networkId": "network-1"}],
    }
    check = Check(VSDK, entry)
    inputs = check.run(wanted, {}, name="m", seed=b"")
    assert check.problems == []
    state = without_marks(inputs)
    assert Diff(VSDK, entry).run(state, {}, without_marks(imported_inputs(VSDK, entry, state))) == []
    assert refreshed_inputs(VSDK, entry, state, inputs) == inputs
    shuffled = {**state, "disks": list(reversed(state["disks"]))}
    assert Diff(VSDK, entry).run(state, {}, shuffled) == []


@given(st.sampled_from(sorted(SUBNET.fields)))
def test_ignoring_everything_leaves_nothing(name: str) -> None:
    found = Diff(SDK, SUBNET).run({"vpcId": "a"}, {}, {"vpcId": "a", name: UNKNOWN}, ["*"])
    assert found == []
