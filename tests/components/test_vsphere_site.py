"""A vSphere site: what is adopted, what is made, what is only looked up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.errors import InclineError
from infra.outputs import VsphereFoundation
from infra.stack_config import Layer, StackName, StackSettings
from stacks import foundation
from tests.fakes import estates
from tests.fakes.pulumi_mocks import EngineError, Recording, resource_urn, run_program, stack_outputs

FOLDER = "vsphere:index/folder:Folder"
POOL = "vsphere:index/resourcePool:ResourcePool"
CATEGORY = "vsphere:index/tagCategory:TagCategory"
TAG = "vsphere:index/tag:Tag"
EXISTENCE = {
    "vsphere:index/getFolder:getFolder",
    "vsphere:index/getResourcePool:getResourcePool",
    "vsphere:index/getTagCategory:getTagCategory",
    "vsphere:index/getTag:getTag",
}


def bring_up(tmp_path: Any, site: str = "downtown", **options: Any) -> tuple[Recording, dict[str, Any]]:
    estate, outputs = estates.estate(), {}
    settings = StackSettings(name=StackName(site=site, layer=Layer.FOUNDATION), estate=tmp_path)

    def program() -> None:
        outputs.update(foundation.declare(estate, settings, estates.ENVIRON))

    return run_program(program, stack=str(settings.name), **options), outputs


def nothing_there(token: str, _args: Mapping[str, Any]) -> bool:
    return token in EXISTENCE


def test_what_the_vcenter_has_is_adopted(tmp_path: Any) -> None:
    recording, _ = bring_up(tmp_path)

    assert recording.one(FOLDER, "downtown-folder").import_id == "/Downtown/vm/Three Rivers"
    assert recording.one(POOL, "downtown-pool-data").import_id == "/Downtown/host/data/Resources/city"
    assert recording.one(CATEGORY, "downtown-incline-tier").import_id == "incline-tier"
    tag = recording.one(TAG, "downtown-incline-tier-gold")
    assert json.loads(tag.import_id) == {"category_name": "incline-tier", "tag_name": "gold"}


def test_what_the_vcenter_lacks_is_made(tmp_path: Any) -> None:
    recording, _ = bring_up(tmp_path, absent=nothing_there)

    assert {each.import_id for each in recording.resources} == {""}
    assert len(recording.of_type(CATEGORY)) == 7


def test_what_the_stack_owns_is_neither_adopted_again_nor_asked_for(tmp_path: Any) -> None:
    first, _ = bring_up(tmp_path)
    state = {resource_urn("downtown.foundation", each.type, each.name): {"outputs": each.inputs} for each in first.resources}

    second, _ = bring_up(tmp_path, states={"downtown.foundation": state})

    assert {each.import_id for each in second.resources} == {""}
    assert not EXISTENCE & {token for token, _ in second.calls}


def test_a_failing_look_up_is_an_error_and_not_an_absent_object(tmp_path: Any) -> None:
    def refused(token: str, _args: Mapping[str, Any]) -> bool:
        if token == "vsphere:index/getFolder:getFolder":
            raise EngineError("ServerFaultCode: Cannot complete login")
        return False

    with pytest.raises(Exception, match="Cannot complete login"):
        bring_up(tmp_path, absent=refused)


def test_its_outputs_are_what_the_servers_read(tmp_path: Any) -> None:
    _, outputs = bring_up(tmp_path)

    read = VsphereFoundation.parse(StackName(site="downtown", layer=Layer.FOUNDATION), outputs)
    assert set(read.pools) == {"data", "general"}
    assert set(read.tags) >= {"incline-tier:gold", "incline-owner:Permits and Licences"}


def test_the_second_site_of_a_vcenter_takes_its_tags_from_the_first(tmp_path: Any) -> None:
    _, first = bring_up(tmp_path)
    plain = first | {"tags": {"incline-tier:gold": "tag-1"}}

    recording, outputs = bring_up(
        tmp_path, "northside", states={"downtown.foundation": stack_outputs("downtown.foundation", plain_ids(plain))}
    )

    assert recording.of_type(TAG) == []
    assert outputs["tags"] == {"incline-tier:gold": "tag-1"}


def test_the_second_site_names_the_stack_that_comes_first(tmp_path: Any) -> None:
    with pytest.raises(InclineError, match=r"stack downtown\.foundation was never brought up") as refused:
        bring_up(tmp_path, "northside")

    assert refused.value.next_step == "pulumi up --stack downtown.foundation"


def plain_ids(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs as a state would hold them: every pulumi value replaced by a text."""
    return {
        key: {name: str(name) if not isinstance(each, str) else each for name, each in value.items()} if isinstance(value, Mapping) else key
        for key, value in outputs.items()
    }
