"""The servers stack: what it declares, what it refuses, what it exports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.errors import InclineError
from infra.estate.model import Estate
from infra.stack_config import Layer, StackName, StackSettings
from stacks import servers
from tests.fakes import estates
from tests.fakes.foundations import foundation_states
from tests.fakes.pulumi_mocks import Recording, run_program, stack_outputs

COMPONENT = "incline:hybrid:Server"


def bring_up(
    estate: Estate, site: str = "downtown", *, generation: int | None = None, root: Path = Path("estate")
) -> tuple[Recording, Any]:
    settings = StackSettings(name=StackName(site=site, layer=Layer.SERVERS), estate=Path("estate"))
    own = stack_outputs(str(settings.name), {"estateGeneration": float(generation)}) if generation is not None else {}
    outputs: dict[str, Any] = {}
    recording = run_program(
        lambda: outputs.update(servers.declare(estate, settings, estates.ENVIRON)),
        stack=str(settings.name),
        states={**foundation_states(estate), str(settings.name): own},
    )
    return recording, outputs


def declared(recording: Recording) -> dict[str, str]:
    return {each.name: each.inputs["state"] for each in recording.of_type(COMPONENT)}


def test_a_pending_move_changes_nothing() -> None:
    stays = estates.estate(servers=(estates.server(site="downtown"),))
    pending = estates.estate(servers=(estates.server(site="aws-east"),))

    before, _ = bring_up(stays)
    after, _ = bring_up(pending)
    assert [(each.name, each.inputs) for each in before.resources] == [(each.name, each.inputs) for each in after.resources]
    assert declared(bring_up(pending, "aws-east")[0]) == {}


def test_on_trial_both_sides_declare_the_server_and_the_source_is_held() -> None:
    estate = estates.estate(estates.moved())

    recording, outputs = bring_up(estate, "downtown")
    assert declared(recording) == {"permits-db-01": "held"}
    assert outputs["held"] == ["permits-db-01"]
    assert declared(bring_up(estate, "aws-east")[0]) == {"permits-db-01": "active"}


def test_a_held_server_keeps_the_urn_it_had_when_it_served() -> None:
    serving, _ = bring_up(estates.estate())
    held, _ = bring_up(estates.estate(estates.moved()))

    assert [each.urn for each in serving.resources] == [each.urn for each in held.resources]


def test_an_older_estate_is_refused() -> None:
    with pytest.raises(InclineError, match="brought to generation 9 of the estate, this one is generation 7") as refused:
        bring_up(estates.estate(generation=7), generation=9)

    assert refused.value.code == "INC-7005"


@pytest.mark.parametrize("generation", [None, 6, 7])
def test_the_same_or_a_newer_estate_is_taken_and_its_generation_exported(generation: int | None) -> None:
    _, outputs = bring_up(estates.estate(generation=7), generation=generation)

    assert outputs["estateGeneration"] == 7


def test_servers_before_their_foundation_name_the_stack_to_bring_up() -> None:
    settings = StackSettings(name=StackName(site="downtown", layer=Layer.SERVERS), estate=Path("estate"))

    with pytest.raises(InclineError, match=r"stack downtown\.foundation was never brought up") as refused:
        run_program(lambda: servers.declare(estates.estate(), settings, estates.ENVIRON), stack="downtown.servers")

    assert refused.value.next_step == "pulumi up --stack downtown.foundation"


def test_a_stack_of_an_unknown_site_is_refused() -> None:
    with pytest.raises(InclineError, match="has no site uptown"):
        bring_up(estates.estate(), "uptown")


def test_members_of_a_group_in_one_cluster_get_a_rule_and_held_ones_count() -> None:
    pair = (estates.server(redundancy_group="permits-db"), estates.server("permits-db-02", redundancy_group="permits-db"))
    estate = estates.estate(estates.moved(), estates.placement("permits-db-02"), servers=pair)

    rule = bring_up(estate)[0].one("vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule", "permits-db-data")

    assert rule.inputs["virtualMachineIds"] == ["VirtualMachine/permits-db-01-vm", "VirtualMachine/permits-db-02-vm"]
