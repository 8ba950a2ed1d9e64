"""One YAML file as plain values with lines."""

from __future__ import annotations

import pytest

from infra.estate.document import parse_document


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("'null'", "null"),
        ("12", 12),
        ("-3", -3),
        ("0123", 123),
        ("0x1f", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1_000", "1_000"),
        ("22:00", "22:00"),
        ("2026-11-25", "2026-11-25"),
        ("10.20.4.0/24", "10.20.4.0/24"),
        ('"12"', "12"),
        ("!!str 12", "12"),
    ],
)
def test_a_word_means_what_yaml_1_2_says_and_a_date_stays_text(word: str, value: object) -> None:
    read = parse_document(f"key: {word}\n", "x").value

    assert read == {"key": value}
    assert isinstance(read, dict)
    assert type(read["key"]) is type(value)


def test_every_part_has_its_line_and_what_is_missing_that_of_its_parent() -> None:
    document = parse_document("# one\na:\n  - b: 1\n    c: 2\n  - {d: 3}\n", "x")

    assert [document.line(path) for path in (("a",), ("a", 0, "c"), ("a", 1, "d"), ("a", 1, "e", "f"))] == [2, 4, 5, 5]


def test_an_alias_repeats_its_anchor() -> None:
    assert parse_document("a: &x [1, 2]\nb: *x\n", "x").value == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_has_no_value_and_no_problem(text: str) -> None:
    document = parse_document(text, "x")

    assert document.value is None
    assert document.readable
