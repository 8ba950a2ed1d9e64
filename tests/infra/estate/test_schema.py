"""The schemas for editors: current, and of one mind with the loader about the example."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from infra.estate.document import read_document
from infra.estate.schema import outdated, schemas, write_schemas
from tests.fakes.village import Village

ESTATE = Path(__file__).parents[3] / "estate"
YAML = sorted(path.relative_to(ESTATE).as_posix() for path in ESTATE.rglob("*.yaml"))


def test_the_committed_schemas_are_current() -> None:
    assert outdated(ESTATE) == [], "run  incline estate schema --yes"


@pytest.mark.parametrize("file", [file for file in YAML if not file.startswith(("placements/", "generation"))])
def test_every_file_of_people_names_a_schema_that_it_satisfies(file: str) -> None:
    path = ESTATE / file
    first = path.read_text().splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")

    schema = json.loads((path.parent / first.partition("=")[2]).resolve().read_text())

    jsonschema.Draft202012Validator(schema).validate(read_document(path, ESTATE).value)


def test_every_placement_satisfies_its_schema() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schemas()["placement.json"]))
    for path in (ESTATE / "placements").glob("*.yaml"):
        validator.validate(read_document(path, ESTATE).value)


def test_a_mistake_is_marked(tmp_path: Path) -> None:
    village = Village(tmp_path)
    village.edit("servers/servers.yaml", "memory: 16GiB", "memory: 16GB")
    value = read_document(village.root / "servers/servers.yaml", village.root).value

    with pytest.raises(jsonschema.ValidationError, match="16GB"):
        jsonschema.validate(value, json.loads(schemas()["servers.json"]))


def test_writing_once_is_enough(tmp_path: Path) -> None:
    assert len(write_schemas(tmp_path)) == 9
    assert write_schemas(tmp_path) == []
