"""The choice of an EC2 instance type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.catalogue import CatalogueError, choose_instance_type, instance_type, instance_types, type_for
from infra.estate.model import GIB, Size
from tests.fakes.village import Village

sizes = st.builds(Size, cpus=st.integers(1, 96), memory=st.integers(1, 384).map(lambda gib: gib * GIB))


@given(size=sizes, firmware=st.sampled_from(["bios", "efi"]))
def test_the_chosen_type_holds_the_size_and_none_suitable_is_cheaper(size: Size, firmware: str) -> None:
    chosen = choose_instance_type(size, firmware=firmware)

    assert chosen.holds(size)
    assert chosen.current
    assert not chosen.bare_metal
    assert not chosen.instance_store
    assert "x86_64" in chosen.architectures
    larger = Size(cpus=size.cpus + 1, memory=size.memory)
    assert choose_instance_type(larger, firmware=firmware).usd_per_hour >= chosen.usd_per_hour or chosen.burstable is False


@pytest.mark.parametrize(
    ("cpus", "gib", "expected"),
    [(2, 4, "t3a.medium"), (2, 8, "t3a.large"), (4, 16, "m5a.xlarge"), (4, 24, "r5a.xlarge"), (8, 64, "r5a.2xlarge")],
)
def test_the_same_size_gets_the_same_type_until_the_data_changes(cpus: int, gib: int, expected: str) -> None:
    assert choose_instance_type(Size(cpus=cpus, memory=gib * GIB)).name == expected


def test_families_narrow_the_choice() -> None:
    assert choose_instance_type(Size(cpus=4, memory=16 * GIB), families=["m7i", "r7i"]).name == "m7i.xlarge"


def test_a_type_must_take_the_cards_and_start_the_firmware() -> None:
    size = Size(cpus=1, memory=GIB)

    assert choose_instance_type(size, nics=4).max_nics >= 4
    assert "uefi" in choose_instance_type(size, firmware="efi").boot_modes
    assert "legacy-bios" in choose_instance_type(size, firmware="bios").boot_modes


def test_what_nothing_holds_is_refused_with_the_size() -> None:
    with pytest.raises(CatalogueError, match="no EC2 instance type holds 8 CPUs and 65536 MiB with bios firmware"):
        choose_instance_type(Size(cpus=8, memory=64 * GIB), families=["t3a"])


def test_an_unknown_type_gets_a_suggestion() -> None:
    with pytest.raises(CatalogueError, match=r"did you mean m5\.large"):
        instance_type("m5.larg")


def test_an_attachment_that_names_a_type_gets_it(tmp_path) -> None:
    village = Village(tmp_path)
    village.edit("servers/servers.yaml", "cloud: {nics", "cloud: {instance_type: m7i.2xlarge, nics")
    estate = village.load()

    assert type_for(estate.servers["desk-db-01"], "cloud").name == "m7i.2xlarge"
    assert type_for(estate.servers["base-dns-01"], "cloud").name == "t3a.medium"


def test_the_data_is_whole() -> None:
    types = instance_types()

    assert len(types) == 1395
    assert sum(each.usd_per_hour is not None for each in types.values()) == 1340
