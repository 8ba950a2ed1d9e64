"""Stack names and configuration: one parser, one reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import set_all_config

from infra.errors import InclineError
from infra.stack_config import Layer, StackName, parse_stack_name, read_settings
from tests.fakes.pulumi_mocks import run_program


def read(stack: str, config: dict[str, str], environ: dict[str, str]) -> Any:
    found: list[Any] = []

    def program() -> None:
        set_all_config({f"incline:{key}": value for key, value in config.items()})
        pulumi.runtime.settings.SETTINGS.root_directory = "/city"
        found.append(read_settings(environ))

    run_program(program, stack=stack)
    return found[0]


def test_a_name_with_dots_has_its_layer_last() -> None:
    assert parse_stack_name("aws-east.servers") == StackName(site="aws-east", layer=Layer.SERVERS)


@pytest.mark.parametrize("name", ["dev", "downtown.", ".servers", "downtown.network"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(InclineError, match=r"is not named <site>\.<layer>"):
        parse_stack_name(name)


def test_the_estate_is_found_from_the_projects_root() -> None:
    assert read("downtown.servers", {"estate": "our-city"}, {}).estate == Path("/city/our-city")


def test_the_environment_wins_over_the_configured_estate() -> None:
    assert read("downtown.servers", {"estate": "our-city"}, {"INCLINE_ESTATE": "/elsewhere"}).estate == Path("/elsewhere")


def test_a_configuration_of_another_stack_is_refused() -> None:
    with pytest.raises(InclineError, match=r"stack downtown\.servers is configured as northside\.servers"):
        read("downtown.servers", {"site": "northside", "layer": "servers"}, {})
