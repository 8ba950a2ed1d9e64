"""Derived names and tags: what both sides must agree on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.estate.load import load_estate
from infra.naming import annotation, safe_name, stack_name
from infra.tags import KEYS, aws_server_tags, required_tags, tag_catalogue, vsphere_tags
from tests.fakes.village import Village

names = st.from_regex(r"[a-z][a-z0-9-]{0,80}", fullmatch=True)


@given(name=names, length=st.integers(20, 80), suffix=st.sampled_from(["", "-sg", "-eni"]))
def test_a_safe_name_fits_and_ends_as_asked(name: str, length: int, suffix: str) -> None:
    safe = safe_name(name, max_length=length, suffix=suffix)

    assert len(safe) <= length
    assert safe.endswith(suffix)
    assert safe == name + suffix or len(name + suffix) > length


@given(one=names, other=names)
def test_two_names_never_become_one(one: str, other: str) -> None:
    short = {safe_name(one, max_length=24), safe_name(other, max_length=24)}

    assert len(short) == (1 if one == other else 2)


def test_a_name_that_cannot_be_cut_is_refused_with_the_numbers() -> None:
    with pytest.raises(ValueError, match="cannot be cut to 10 characters: at least 13 needed"):
        safe_name("permits-db-01", max_length=10, suffix="-eni")


def test_the_note_is_one_line_that_says_whose_it_is(tmp_path) -> None:
    estate = load_estate(Village(tmp_path).root)
    server = estate.servers["desk-db-01"].model_copy(update={"role": "ledger\n and  desk"})

    note = annotation(server, estate.services["desk"])

    assert note == "Desk, ledger and desk. Owner: Desk department. Managed by Incline: change the estate, not the machine."
    assert stack_name("hall", "servers") == "hall.servers"


def test_both_sides_carry_the_same_values(tmp_path) -> None:
    estate = load_estate(Village(tmp_path).root)
    server, service = estate.servers["desk-db-01"].model_copy(update={"tags": {"project": "x"}}), estate.services["desk"]
    tags = required_tags(service)

    assert tuple(tags) == KEYS
    assert tags == {
        "owner": "Desk department",
        "service": "desk",
        "tier": "silver",
        "rto": "240m",
        "rpo": "240m",
        "data-class": "confidential",
        "cost-centre": "A-2",
    }
    assert aws_server_tags(server, service) == {"Name": "desk-db-01", "project": "x"} | {f"incline:{key}": tags[key] for key in KEYS}
    assert vsphere_tags(tags) == {f"incline-{key}": tags[key] for key in KEYS}


def test_the_catalogue_of_tags_holds_every_value_once(tmp_path) -> None:
    catalogue = tag_catalogue(load_estate(Village(tmp_path).root).services.values())

    assert catalogue["incline-tier"] == ("gold", "silver")
    assert catalogue["incline-service"] == ("base", "desk")
    assert set(catalogue) == {f"incline-{key}" for key in KEYS}
