"""A server on the vSphere side: the virtual machine that is declared for it."""

from __future__ import annotations

from typing import Any

import pytest

from components.base import State
from components.hybrid.server import Server, ServerArgs
from infra.errors import InclineError
from infra.estate.model import GIB, Disk, DiskRecord
from infra.stack_state import StackState
from tests.fakes import estates
from tests.fakes.foundations import vsphere_foundation
from tests.fakes.pulumi_mocks import Recording, run_program

VM = "vsphere:index/virtualMachine:VirtualMachine"


def declare(stack: StackState | None = None, state: State = State.ACTIVE, machine: Any = None, **server: Any) -> Recording:
    estate = estates.estate(servers=(estates.server(**server),))
    args = ServerArgs(
        server=estate.servers["permits-db-01"],
        service=estate.services["permits"],
        machine=machine or estates.on_vsphere(),
        state=state,
        site=estate.sites["downtown"],
        foundation=vsphere_foundation(estate),
        stack=stack or StackState(),
    )
    return run_program(lambda: Server("permits-db-01", args=args))


def test_it_is_one_virtual_machine_with_the_sizes_of_the_estate() -> None:
    recording = declare()

    vm = recording.one(VM, "permits-db-01-vm").inputs
    assert recording.children("permits-db-01") == [(VM, "permits-db-01-vm")]
    assert (vm["name"], vm["numCpus"], vm["memory"]) == ("permits-db-01", 2, 8192)
    assert (vm["resourcePoolId"], vm["datastoreId"], vm["folder"]) == ("pool-data", "datastore-fast", "Three Rivers")
    assert vm["networkInterfaces"] == [{"networkId": "network-data", "adapterType": "vmxnet3"}]


def test_a_disk_of_half_a_gib_is_declared_rounded_up_and_in_unit_order() -> None:
    swapped = tuple(reversed(estates.on_vsphere().disks))

    disks = declare(machine=estates.on_vsphere(disks=swapped)).one(VM, "permits-db-01-vm").inputs["disks"]

    assert [(disk["unitNumber"], disk["label"], disk["size"]) for disk in disks] == [(0, "Hard disk 1", 8), (1, "Hard disk 2", 41)]
    assert all(disk["thinProvisioned"] for disk in disks)


def test_a_disk_that_came_back_larger_keeps_its_rounded_tail() -> None:
    first, data = estates.on_vsphere().disks
    grown = estates.on_vsphere(disks=(first, data.model_copy(update={"size": 43 * GIB})))

    assert declare(machine=grown).one(VM, "permits-db-01-vm").inputs["disks"][1]["size"] == 43


def test_it_is_protected_and_adopted_by_its_inventory_path() -> None:
    vm = declare().one(VM, "permits-db-01-vm")

    assert vm.protect
    assert vm.import_id == "/Downtown/vm/Three Rivers/permits-db-01"


def test_what_the_stack_owns_already_is_not_imported_again() -> None:
    owned = StackState(resources={(VM, "permits-db-01-vm"): {}})

    assert declare(stack=owned).one(VM, "permits-db-01-vm").import_id == ""


def test_every_required_tag_is_attached() -> None:
    assert declare().one(VM, "permits-db-01-vm").inputs["tags"] == [
        "tag-incline-cost-centre-4711",
        "tag-incline-data-class-confidential",
        "tag-incline-owner-Permits and Licences",
        "tag-incline-rpo-60m",
        "tag-incline-rto-240m",
        "tag-incline-service-permits",
        "tag-incline-tier-gold",
    ]


def test_a_held_machine_ignores_every_change_and_keeps_its_name() -> None:
    vm = declare(state=State.HELD, note="edited", size={"cpus": 16, "memory": 64 * GIB}).one(VM, "permits-db-01-vm")

    assert vm.ignore_changes == ("*",)
    assert vm.protect


def test_the_intent_of_a_held_machine_follows_no_edit_but_says_that_it_is_held() -> None:
    component = declare(state=State.HELD).one("incline:hybrid:Server", "permits-db-01")

    assert set(component.ignore_changes) == component.inputs.keys() - {"state"}
    assert component.inputs["state"] == "held"


def test_the_up_that_adopts_changes_nothing_and_the_next_one_ignores_nothing() -> None:
    owned = StackState(resources={(VM, "permits-db-01-vm"): {}})

    assert declare().one(VM, "permits-db-01-vm").ignore_changes == ("*",)
    assert declare(stack=owned).one(VM, "permits-db-01-vm").ignore_changes == ()


def test_a_label_that_is_not_the_machines_own_is_refused() -> None:
    disks = [{"unitNumber": 0, "label": "Hard disk 1"}, {"unitNumber": 1, "label": "Hard disk 7"}]
    owned = StackState(resources={(VM, "permits-db-01-vm"): {"disks": disks}})

    with pytest.raises(InclineError, match="labels of its disks") as refused:
        declare(stack=owned)

    assert refused.value.code == "INC-7013"
    assert refused.value.details[0] == 'unit 1 is "Hard disk 7", declared "Hard disk 2"'


def test_a_held_machine_is_not_refused_for_its_labels() -> None:
    owned = StackState(resources={(VM, "permits-db-01-vm"): {"disks": [{"unitNumber": 1, "label": "another"}]}})

    assert declare(stack=owned, state=State.HELD).one(VM, "permits-db-01-vm").protect


def test_a_disk_renamed_in_the_estate_is_refused_before_it_is_lost() -> None:
    with pytest.raises(InclineError, match="disk data is on the machine") as refused:
        declare(disks=(Disk(name="system", size=8 * GIB), Disk(name="database", size=41 * GIB)))

    assert refused.value.code == "INC-7011"


def test_an_adopted_machine_whose_label_is_unknown_is_refused() -> None:
    unknown = tuple(DiskRecord(name=each.name, size=each.size) for each in estates.on_vsphere().disks)

    with pytest.raises(InclineError, match="does not know the label") as refused:
        declare(machine=estates.on_vsphere(disks=unknown))

    assert refused.value.next_step == "incline estate settle --observe"


def test_a_new_machine_gets_the_labels_that_vcenter_would_give() -> None:
    new = estates.on_vsphere(import_id="", uuid="", disks=())

    vm = declare(machine=new).one(VM, "permits-db-01-vm")

    assert [disk["label"] for disk in vm.inputs["disks"]] == ["Hard disk 1", "Hard disk 2"]
    assert vm.import_id == ""


def test_a_disk_added_to_an_adopted_machine_takes_the_next_place() -> None:
    three = (*estates.server().disks, Disk(name="archive", size=100 * GIB))

    added = declare(disks=three).one(VM, "permits-db-01-vm").inputs["disks"][2]

    assert (added["label"], added["unitNumber"], added["size"]) == ("Hard disk 3", 2, 100)


def test_a_tag_that_the_foundation_lacks_names_what_to_bring_up() -> None:
    estate = estates.estate()
    foundation = vsphere_foundation(estate)
    args = ServerArgs(
        server=estate.servers["permits-db-01"],
        service=estates.service(owner="A new department"),
        machine=estates.on_vsphere(),
        state=State.ACTIVE,
        site=estate.sites["downtown"],
        foundation=foundation,
        stack=StackState(),
    )

    with pytest.raises(InclineError, match="no tag incline-owner:A new department yet"):
        run_program(lambda: Server("permits-db-01", args=args))


def test_only_a_new_machine_whose_disks_are_empty_is_not_waited_for() -> None:
    new = estates.on_vsphere(import_id="", uuid="", disks=())

    assert declare(machine=new).one(VM, "permits-db-01-vm").inputs["waitForGuestNetTimeout"] == 0
    assert "waitForGuestNetTimeout" not in declare().one(VM, "permits-db-01-vm").inputs
