"""A lab vCenter process of its own for a test module, with one machine that tests may do anything to."""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyVmomi import vim

from infra.endpoints import Endpoint
from infra.observed.vsphere import find_vm_at, snapshot_disks, vm_view
from infra.observed.vsphere_session import VsphereSession
from lab.control import LabControl
from migration.sources.vsphere_datastore import SnapshotDisk
from tests.lab.vcenter.stage import MIB, PASSWORD, USER, Stage, inventory, machine

DATACENTER = "Hill"
RUNNING, STOPPED = "move-01", "held-01"
ODD_SIZE = 16 * MIB + 1024  # no whole number of blocks


@dataclass
class LabVcenter:
    """The process, its control, and a session like the program's own."""

    endpoint: Endpoint
    control: LabControl
    session: VsphereSession

    def moref(self, name: str) -> str:
        return find_vm_at(self.session, f"/{DATACENTER}/vm/City/{name}")

    def snapshot(self, name: str) -> str:
        """A snapshot of all disks of the machine."""
        take = lambda vm: vm.CreateSnapshot_Task(name="round", description="", memory=False, quiesce=False)  # noqa: E731
        task = self.session.call_on(vim.VirtualMachine, self.moref(name), take)
        return str(self.session.wait_task(task, what=f"snapshot of {name}")._moId)

    def disk(self, name: str, snapshot: str) -> SnapshotDisk:
        """The first disk of the machine as the snapshot froze it."""
        found = snapshot_disks(self.session, snapshot)[0]
        return SnapshotDisk(self.moref(name), snapshot, found.key, found.file, DATACENTER, found.capacity, found.change_id)

    def reconfigure(self, name: str, **fields: Any) -> None:
        spec = vim.vm.ConfigSpec(**fields)
        task = self.session.call_on(vim.VirtualMachine, self.moref(name), lambda vm: vm.ReconfigVM_Task(spec))
        self.session.wait_task(task, what=f"reconfigure {name}")

    def view(self, name: str) -> Any:
        return vm_view(self.session, self.moref(name))


@contextmanager
def lab_vcenter(program, folder):
    """Started with two machines more: one runs, one is off. Stopped at the end."""
    stage = Stage(program, folder, inventory())
    machines = stage.inventory["datacenters"][0]["vms"]
    machines += [machine(RUNNING, [ODD_SIZE]), machine(STOPPED, [ODD_SIZE], powered_on=False)]
    stage.start()
    try:
        endpoint = Endpoint(
            site="hill", address=stage.ready["host"], ca_file=stage.ready["ca_file"], nbd=stage.ready["nbd"], user=USER, password=PASSWORD
        )
        session = VsphereSession(endpoint)
        yield LabVcenter(endpoint, stage.control, session)
        session.close()
    finally:
        stage.stop()
