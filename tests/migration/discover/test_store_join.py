"""Which machine is which server."""

from __future__ import annotations

from infra.estate.model import OperatingSystem
from migration.discover.store_join import with_servers
from tests.fakes.estates import estate, on_vsphere, placement, server, vsphere_site
from tests.migration.discover.machines import inventory, machine

SITE = vsphere_site("downtown")


def _estate(**uuids: str) -> object:
    names = {name.replace("_", "-"): uuid for name, uuid in uuids.items()}
    places = [placement(name, machine=on_vsphere(name, uuid=uuid)) for name, uuid in names.items()]
    system = OperatingSystem(id="rhel-8", family="linux", guest_id="rhel8_64Guest")
    return estate(*places, servers=tuple(server(name, os=system) for name in names), sites={"downtown": SITE})


def joined(*machines, **uuids):
    found = with_servers(inventory(*machines, site="downtown"), _estate(**uuids), "downtown")
    return {each.key.partition("/")[2]: each.server for each in found.machines}, [each.code for each in found.findings], found.machines


def test_the_identity_of_the_placement_counts_more_than_the_name() -> None:
    renamed = machine("renamed-by-hand", site="downtown", key="downtown/1", uuid="u-1")
    impostor = machine("db-01", site="downtown", key="downtown/2", uuid="u-2")

    servers, codes, _ = joined(renamed, impostor, db_01="u-1")

    assert servers == {"1": "db-01", "2": ""}
    assert codes == []


def test_a_name_is_trusted_as_a_last_resort_and_said() -> None:
    servers, codes, _ = joined(machine("db-01", site="downtown", key="downtown/1", uuid="u-1"), db_01="")

    assert servers == {"1": "db-01"}
    assert codes == ["DSC-103"]


def test_a_name_that_two_machines_have_is_nobodys() -> None:
    twins = [machine("db-01", site="downtown", key=f"downtown/{n}", uuid=f"u-{n}") for n in (1, 2)]

    servers, codes, _ = joined(*twins, db_01="")

    assert servers == {"1": "", "2": ""}
    assert codes == ["DSC-104", "DSC-104", "DSC-105"]


def test_a_template_is_no_server_by_its_name_and_a_server_without_a_machine_is_said() -> None:
    servers, codes, _ = joined(machine("db-01", site="downtown", key="downtown/1", template=True), db_01="")

    assert servers == {"1": ""}
    assert codes == ["DSC-105"]


def test_an_operating_system_that_nobody_told_is_the_declared_one() -> None:
    told = {"1": "", "2": "linux", "3": "rhel", "4": "debian-12", "5": "debian"}
    machines = [machine(f"s-{n}", site="downtown", key=f"downtown/{n}", uuid=f"u-{n}", os=os) for n, os in told.items()]

    _, _, found = joined(*machines, **{f"s_{n}": f"u-{n}" for n in told})

    assert [each.os for each in found] == ["rhel-8", "rhel-8", "rhel-8", "debian-12", "debian"]
