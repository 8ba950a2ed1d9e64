"""A disk of 40.5 GiB goes up to EBS with a delta, lives there, and comes back into its own disk, on both labs."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyVmomi import vim

from infra.observed.aws import SnapshotKeeper
from infra.observed.vsphere import snapshot_disks
from migration.blocks.manifest import Manifest
from migration.copy import copy_disk
from migration.ebs.api import NewSnapshot
from migration.ebs.connect import ebs_api
from migration.nbd.client import NbdClient
from migration.selection import select_blocks
from migration.sources.ebs import EbsSource
from migration.sources.vsphere_access import SessionAccess
from migration.sources.vsphere_datastore import SnapshotDisk, VsphereSource
from migration.targets.ebs import EbsTarget, whole_gib
from migration.targets.vsphere_nbd import VsphereNbdTarget
from migration.types import BLOCK
from tests.fakes.lab_aws import lab_aws
from tests.fakes.lab_vcenter import DATACENTER, lab_vcenter

ROOT = Path(__file__).resolve().parents[2]
GIB, MIB = 1 << 30, 1 << 20
SIZE = 40 * GIB + GIB // 2


@pytest.fixture
def vcenter(toolchain, tmp_path):
    with lab_vcenter(toolchain.vcenter, tmp_path / "vcenter") as started:
        yield started


@pytest.fixture
def aws():
    with lab_aws() as started:
        yield started


class Road:
    """The two ends, and the steps of a move that concern one disk."""

    def __init__(self, vcenter, aws, folder):
        self.vcenter, self.aws, self.folder = vcenter, aws, folder
        self.api, self.keeper = ebs_api(aws.session), SnapshotKeeper(aws.session)

    def manifest(self, size):
        return Manifest.open_or_create(self.folder / "data.manifest", size_bytes=size, disk_id="db-01/data", blank=True)

    def up(self, base, parent):
        """A round up; answers what was copied, the next base and the snapshot."""
        snapshot = self.vcenter.snapshot("db-01")
        disk = snapshot_disks(self.vcenter.session, snapshot)[1]
        frozen = SnapshotDisk(self.vcenter.moref("db-01"), snapshot, disk.key, disk.file, DATACENTER, disk.capacity, disk.change_id)
        source = VsphereSource(SessionAccess(self.vcenter.session), frozen)
        target = EbsTarget.start(self.api, self.keeper, NewSnapshot(size_gib=whole_gib(SIZE), token=f"up-{snapshot}", parent=parent))
        result, receipt = self.round(source, target, base)
        self.do("db-01", lambda vm: vm.RemoveAllSnapshots_Task())
        return result, source.change_base, receipt

    def round(self, source, target, base):
        with self.manifest(target.size_bytes) as manifest:
            result = copy_disk(source, target, manifest, select_blocks(source, manifest, base).blocks)
            receipt = target.finish(manifest.summary())
            manifest.commit()
        source.close()
        target.close()
        return result, receipt

    def do(self, name, action):
        task = self.vcenter.session.call_on(vim.VirtualMachine, self.vcenter.moref(name), action)
        self.vcenter.session.wait_task(task, what=name)

    def prove(self, reader):
        """The verifier's answer, from a process of its own."""
        spec = {
            "schema": "incline.verify/1",
            "disks": [{"disk": "db-01/data", "manifest": str(self.folder / "data.manifest"), "reader": reader}],
        }
        (self.folder / "spec.json").write_text(json.dumps(spec))
        command = [sys.executable, "-m", "migration.verify", "--spec", str(self.folder / "spec.json"), "--json"]
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": "lab", "AWS_SECRET_ACCESS_KEY": "lab-secret"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)["disks"][0]

    def on_aws(self, snapshot):
        return {"kind": "ebs", "snapshot": snapshot, "region": "us-east-1", "url": self.aws.url}


@pytest.mark.lab
def test_up_with_a_delta_and_back_with_only_what_changed(vcenter, aws, tmp_path):
    road = Road(vcenter, aws, tmp_path)
    write = vcenter.control.guest_write_seeded
    write("db-01", 1, 20 * MIB, seed=1, length=5 * MIB)
    write("db-01", 1, SIZE - 3 * MIB, seed=2, length=3 * MIB)
    seed, base, first = road.up("", "")
    write("db-01", 1, 21 * MIB, seed=3, length=MIB)
    delta, base, second = road.up(base, first)
    assert 2 <= delta.blocks_sent <= 4
    assert delta.blocks_sent < seed.blocks_sent < 64
    there = road.prove(road.on_aws(second))
    assert there["ok"]
    assert there["blocks"] == 41 * GIB // BLOCK

    aws.control.corrupt(second, 21 * MIB + 5)
    wrong = road.prove(road.on_aws(second))
    assert [m["offset"] for m in wrong["mismatches"]] == [21 * MIB]
    aws.control.corrupt(second, 21 * MIB + 5)

    # Life on AWS: data changes, and the rounded tail beyond 40.5 GiB is used.
    after = EbsTarget.start(road.api, road.keeper, NewSnapshot(size_gib=41, token="life", parent=second))
    tail = -(-SIZE // BLOCK) + 3
    with Manifest.open_or_create(tmp_path / "life", size_bytes=41 * GIB, disk_id="life", blank=True) as life:
        life.begin_round(after.round_key, "guest", in_place=False)
        for index in (50, tail):
            data = os.urandom(BLOCK)
            digest = hashlib.sha256(data).digest()
            after.write(index, data, digest)
            life.acknowledge(index, digest)
        returned = after.finish(life.summary())

    road.do("db-01", lambda vm: vm.PowerOffVM_Task())
    grow(road, 41 * GIB)
    disk = vcenter.view("db-01").disks[1]
    host, _, port = vcenter.endpoint.nbd.partition(":")
    held = VsphereNbdTarget(lambda: NbdClient.connect(host, int(port), disk.file), round_key=disk.uuid)
    back, _ = road.round(EbsSource(road.api, returned), held, second)

    assert (back.blocks_total, back.blocks_sent) == (2, 2)
    here = road.prove({"kind": "vsphere-nbd", "address": vcenter.endpoint.nbd, "export": disk.file})
    assert here["ok"]
    assert here["root"] == road.prove(road.on_aws(returned))["root"]


def grow(road, size):
    """Make the second disk of the machine larger, as a return does first."""
    moref = road.vcenter.moref("db-01")
    path = "config.hardware.device"
    devices = road.vcenter.session.properties(vim.VirtualMachine, [moref], [path])[moref][path]
    disk = [d for d in devices if isinstance(d, vim.vm.device.VirtualDisk)][1]
    disk.capacityInBytes, disk.capacityInKB = size, size // 1024
    spec = vim.vm.ConfigSpec(deviceChange=[vim.vm.device.VirtualDeviceSpec(operation="edit", device=disk)])
    road.do("db-01", lambda vm: vm.ReconfigVM_Task(spec))
