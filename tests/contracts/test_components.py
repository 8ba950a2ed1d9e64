"""Every component keeps the same contract: a fixed type, frozen keyword-only arguments, derived names, parent, provider, outputs.

A component that is missing from the table fails the first test.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

import components
from components.aws.landing_zone import AwsLandingZone, AwsLandingZoneArgs
from components.base import Component, State
from components.hybrid.redundancy_group import Member, RedundancyGroup, RedundancyGroupArgs
from components.hybrid.server import Server, ServerArgs
from components.vsphere.tag_vocabulary import vocabulary
from components.vsphere.vsphere_site import VsphereSite, VsphereSiteArgs
from infra.providers import make_provider
from infra.stack_state import StackState
from tests.fakes import estates
from tests.fakes.foundations import aws_foundation, vsphere_foundation
from tests.fakes.pulumi_mocks import Recording, run_program

ESTATE = estates.estate()
Make = Callable[[pulumi.ProviderResource, pulumi.ResourceOptions], Component]


def _server(site: str) -> Make:
    foundation = vsphere_foundation(ESTATE) if site == "downtown" else aws_foundation(ESTATE)
    args = ServerArgs(
        server=ESTATE.servers["permits-db-01"],
        service=ESTATE.services["permits"],
        machine=estates.on_vsphere() if site == "downtown" else estates.on_aws(),
        state=State.ACTIVE,
        site=ESTATE.sites[site],
        foundation=foundation,
        stack=StackState(),
    )
    return lambda _provider, opts: Server("permits-db-01", args=args, opts=opts)


def _group(_provider: pulumi.ProviderResource, opts: pulumi.ResourceOptions) -> Component:
    members = tuple(
        Member(server=name, failure_domain="data", machine_id=pulumi.Output.from_input(name)) for name in ("permits-db-01", "permits-db-02")
    )
    args = RedundancyGroupArgs(members=members, site=ESTATE.sites["downtown"], foundation=vsphere_foundation(ESTATE))
    return RedundancyGroup("permits-db", args=args, opts=opts)


def _vsphere_site(provider: pulumi.ProviderResource, opts: pulumi.ResourceOptions) -> Component:
    words = vocabulary(ESTATE.services.values(), ESTATE.servers.values())
    args = VsphereSiteArgs(site=estates.vsphere_site(), provider=provider, stack=StackState(), vocabulary=words, foreign_tags={})
    return VsphereSite("downtown", args=args, opts=opts)


def _landing_zone(_provider: pulumi.ProviderResource, opts: pulumi.ResourceOptions) -> Component:
    args = AwsLandingZoneArgs(site=estates.aws_site(), tags={"incline:estate": "small-city"})
    return AwsLandingZone("aws-east", args=args, opts=opts)


# class, the URN's type, the site whose provider it is given, how to make one.
TABLE: list[tuple[type[Component], str, str, Make]] = [
    (Server, "incline:hybrid:Server", "downtown", _server("downtown")),
    (Server, "incline:hybrid:Server", "aws-east", _server("aws-east")),
    (RedundancyGroup, "incline:hybrid:RedundancyGroup", "downtown", _group),
    (VsphereSite, "incline:vsphere:VsphereSite", "downtown", _vsphere_site),
    (AwsLandingZone, "incline:aws:AwsLandingZone", "aws-east", _landing_zone),
]
EACH = pytest.mark.parametrize(("kind", "urn_type", "site", "make"), TABLE, ids=[f"{row[0].__name__}-{row[2]}" for row in TABLE])


def record(site: str, make: Make) -> Recording:
    def program() -> None:
        provider = make_provider(ESTATE.sites[site], estates.ENVIRON)
        make(provider, pulumi.ResourceOptions(providers=[provider]))

    return run_program(program)


def test_every_component_of_the_package_is_in_the_table() -> None:
    for module in pkgutil.walk_packages(components.__path__, "components."):
        importlib.import_module(module.name)

    assert {each.__name__ for each in Component.__subclasses__()} == {row[0].__name__ for row in TABLE}


@EACH
def test_its_type_is_fixed_and_its_intent_is_recorded(kind: type[Component], urn_type: str, site: str, make: Make) -> None:
    component = next(each for each in record(site, make).resources if each.type == urn_type)

    assert kind.urn_type == urn_type
    assert component.inputs["site"] == site
    assert not component.protect


@EACH
def test_every_child_has_its_parent_its_provider_and_a_derived_name(kind: type[Component], urn_type: str, site: str, make: Make) -> None:
    recording = record(site, make)
    component = next(each for each in recording.resources if each.type == urn_type)
    children = [each for each in recording.resources if each.custom and not each.type.startswith("pulumi:providers:")]

    assert children
    assert {each.parent_name for each in children} == {component.name}
    assert {each.provider_name for each in children} == {site}
    assert all(each.name.startswith(f"{component.name}-") for each in children)


@EACH
def test_it_registers_its_outputs(kind: type[Component], urn_type: str, site: str, make: Make) -> None:
    recording = record(site, make)
    component = next(each for each in recording.resources if each.type == urn_type)

    assert recording.outputs[component.name]


@EACH
def test_its_arguments_are_frozen_and_keyword_only(kind: type[Component], urn_type: str, site: str, make: Make) -> None:
    parameters = inspect.signature(kind).parameters
    args: Any = inspect.get_annotations(kind.__init__, eval_str=True)["args"]

    assert [name for name, each in parameters.items() if each.kind is not each.KEYWORD_ONLY] == ["name"]
    assert args.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(args))


@EACH
def test_every_tagged_child_says_whose_it_is(kind: type[Component], urn_type: str, site: str, make: Make) -> None:
    tagged = [each for each in record(site, make).resources if each.type.startswith("aws:") and isinstance(each.inputs.get("tags"), dict)]

    assert all(any(key.startswith("incline:") for key in each.inputs["tags"]) for each in tagged)


@EACH
def test_no_name_has_changed_since_the_first_release_so_none_carries_an_alias(
    kind: type[Component], urn_type: str, site: str, make: Make
) -> None:
    """The golden files of the stacks hold the names. Who changes one adds an alias for the old one, and its case here."""
    assert [each.name for each in record(site, make).resources if each.aliases] == []
