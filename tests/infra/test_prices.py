"""Prices: every one has a source and a day; a city's file lies over them, and its mistakes are told by line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from infra.prices import PricesError, listed_prices, load_prices


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "city.yaml"


def test_every_price_has_a_source_and_a_day_and_assumptions_say_so() -> None:
    for name, price in listed_prices().prices.items():
        assert price.source, name
        assert date(2022, 1, 1) < price.dated <= date(2026, 11, 30), name
        assert price.assumption == (price.source == "assumption"), name


def test_list_prices_of_us_east_1() -> None:
    found = {name: listed_prices()[name].value for name in ("ebs-gp3-gib-month", "ebs-gp3-iops-month", "ebs-gp3-mib-s-month")}

    assert found == {"ebs-gp3-gib-month": 0.08, "ebs-gp3-iops-month": 0.005, "ebs-gp3-mib-s-month": 0.04}
    assert listed_prices()["ebs-snapshot-gib-month"].value == 0.05
    assert listed_prices()["transfer-out-gib"].value == 0.09


def test_an_hour_is_the_catalogues_with_its_day() -> None:
    found = listed_prices().hour("m6a.large")

    assert found is not None
    assert (found.value, found.dated) == (0.0864, date(2026, 7, 20))
    assert listed_prices().hour("m99.mega") is None


def test_a_citys_file_lies_over_the_list(written: Path) -> None:
    written.write_text(
        "prices:\n  vmware-core-year: {value: 350, unit: USD per core-year, source: our contract, dated: 2026-10-01}\n"
        "instances:\n  m6a.large: {value: 0.06, unit: USD per hour, source: savings plan, dated: 2026-10-01}\n"
    )
    found = load_prices(written)

    assert found["vmware-core-year"].value == 350
    assert found["vmware-core-year"].said == "our contract"
    assert found["storage-tib-year"] == listed_prices()["storage-tib-year"]
    assert (hour := found.hour("m6a.large")) is not None
    assert hour.value == 0.06


REST = "unit: u, source: s, dated: 2026-01-01}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "prices:\n  power-kw: {value: 1, unit: u, source: s, dated: 2026-01-01}\n",
            "city.yaml:2: nothing has the price power-kw; did you mean",
        ),
        ("prices:\n  power-kwh: {value: -1, " + REST, "city.yaml:2: price power-kwh: value -1"),
        ("prices:\n  power-kwh: {value: .nan, " + REST, "city.yaml:2: price power-kwh: value"),
        ("prices:\n  power-kwh: {value: 1, unit: u, dated: 2026-01-01}\n", "city.yaml:2: price power-kwh: source is missing"),
        (
            "prices:\n  power-kwh:\n    value: 1\n    unit: u\n    source: s\n    dated: soon\n",
            "city.yaml:6: price power-kwh: dated 'soon'",
        ),
        ("prices:\n  power-kwh: 0.2\n", "city.yaml:2: price power-kwh"),
        ("price:\n  power-kwh: 0.2\n", "city.yaml:1: unknown key price; did you mean prices?"),
        ("prices: cheap\n", "city.yaml:1: prices is not a list of names"),
        ("instances:\n  m6a.lrge: {value: 1, " + REST, "city.yaml:2: nothing has the price m6a.lrge"),
        ("- 1\n", "city.yaml:1: the file holds no prices"),
        ("", "city.yaml:1: the file holds no prices"),
        ("prices: [\n", "broken YAML"),
    ],
)
def test_mistakes_are_told_with_their_line(written: Path, text: str, told: str) -> None:
    written.write_text(text)

    with pytest.raises(PricesError) as caught:
        load_prices(written)
    assert caught.value.code == "INC-7061"
    assert told in str(caught.value)


def test_all_mistakes_are_told_at_once(written: Path) -> None:
    written.write_text("prices:\n  a: {value: 1, unit: u, source: s, dated: 2026-01-01}\n  power-kwh: {}\n")

    with pytest.raises(PricesError, match="5 problems"):
        load_prices(written)


@pytest.mark.parametrize("make", ["missing", "folder", "binary"])
def test_a_file_that_cannot_be_read_is_an_error_that_names_it(written: Path, make: str) -> None:
    if make == "folder":
        written.mkdir()
    elif make == "binary":
        written.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(PricesError, match=r"city\.yaml cannot be read") as caught:
        load_prices(written)
    assert caught.value.code == "INC-7060"
