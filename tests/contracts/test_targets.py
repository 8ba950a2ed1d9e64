"""What every target must do, whatever it writes to. A new target is a new kit in `KITS`."""

import random
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from infra.observed.aws import SnapshotKeeper
from migration.blocks.digests import ZERO_BLOCK, ZERO_DIGEST, block_digest
from migration.blocks.manifest import Manifest
from migration.copy import copy_disk
from migration.ebs.api import NewSnapshot
from migration.ebs.connect import ebs_api
from migration.nbd.client import NbdClient
from migration.proof import verify_disk
from migration.selection import select_blocks
from migration.sources.ebs import EbsSource
from migration.sources.memory import MemorySource
from migration.targets.ebs import EbsTarget
from migration.targets.memory import MemoryTarget
from migration.targets.vsphere_nbd import NbdDisk, VsphereNbdTarget
from migration.types import BLOCK, BlockReader, BlockTarget, PermanentError, RoundSummary
from tests.fakes.lab_vcenter import ODD_SIZE, RUNNING, STOPPED
from tests.fakes.nbd_server import NbdServer

GIB = 1 << 30


@dataclass
class Kit:
    """A target under test: how to open it, to open it again, to begin its next round, and to read what it holds."""

    size: int
    open: Any
    next_round: Any
    reader: Any
    things: dict[str, Any] = field(default_factory=dict)


@contextmanager
def memory_kit(_):
    size = 9 * BLOCK + 512
    target = MemoryTarget(size)
    yield Kit(
        size,
        lambda: target,
        lambda _: MemoryTarget(size, round_key="m2", data=bytes(target.disk)),
        lambda t, _: MemorySource(bytes(t.disk)),
    )


@contextmanager
def nbd_kit(_):
    size = 9 * BLOCK + 512
    with NbdServer(bytearray(size), "[ds] vm/vm.vmdk") as server:

        def connect():
            return NbdClient.connect("127.0.0.1", server.port, "[ds] vm/vm.vmdk")

        yield Kit(
            size,
            lambda: VsphereNbdTarget(connect, round_key="uuid-1"),
            lambda _: VsphereNbdTarget(connect, round_key="uuid-1"),
            lambda *_: NbdDisk(connect),
        )


@contextmanager
def ebs_kit(aws):
    api, keeper = ebs_api(aws.session), SnapshotKeeper(aws.session)
    token = f"t{random.getrandbits(60)}"

    def start(token, parent=""):
        return EbsTarget.start(api, keeper, NewSnapshot(size_gib=1, token=token, parent=parent))

    yield Kit(
        GIB,
        lambda: start(token),
        lambda receipt: start(token + "-2", receipt),
        lambda _, receipt: EbsSource(api, receipt),
        {"aws": aws, "keeper": keeper},
    )
    api.close()


@contextmanager
def vsphere_kit(vcenter):
    """The lab vCenter's NBD server, which serves the disk of a machine that is off."""
    host, _, port = vcenter.endpoint.nbd.partition(":")
    disk = vcenter.view(STOPPED).disks[0]

    def connect():
        return NbdClient.connect(host, int(port), disk.file)

    client = connect()
    client.write(0, bytes(ODD_SIZE))
    client.flush()
    client.close()
    opened = []

    def target(*_):
        opened.append(VsphereNbdTarget(connect, round_key=disk.uuid))
        return opened[-1]

    def reader(*_):
        opened.append(NbdDisk(connect))
        return opened[-1]

    yield Kit(ODD_SIZE, target, target, reader, {"vcenter": vcenter, "connect": connect})
    for each in opened:
        each.close()


KITS = {"memory": (memory_kit, ""), "nbd": (nbd_kit, ""), "vsphere-nbd": (vsphere_kit, "vcenter"), "ebs": (ebs_kit, "aws")}


@pytest.fixture(params=KITS)
def kit(request):
    make, needs = KITS[request.param]
    with make(request.getfixturevalue(needs) if needs else None) as made:
        yield made


def test_every_target_has_a_kit():
    pattern = re.compile(r"^class (\w+).*?(?=^class |\Z)", re.MULTILINE | re.DOTALL)
    written = {
        found[1]
        for path in Path("migration/targets").glob("*.py")
        for found in pattern.finditer(path.read_text("utf-8"))
        if "def finish" in found[0]
    }

    assert written == {"MemoryTarget", "EbsTarget", "VsphereNbdTarget"}, "a new target is a new kit in KITS, and a name here"


def some(seed):
    data = random.Random(seed).randbytes(BLOCK)
    return data, block_digest(data)


def summary_of(*digests):
    import hashlib

    return RoundSummary(len(digests), hashlib.sha256(b"".join(digests)).digest())


def test_is_a_target(kit):
    target = kit.open()

    assert isinstance(target, BlockTarget)
    assert target.size_bytes >= kit.size
    assert target.round_key
    target.close()
    target.close()


def test_holds_what_was_written_and_zeros_elsewhere(kit):
    target = kit.open()
    data, digest = some(1)
    target.write(3, data, digest)
    receipt = target.finish(summary_of(digest))

    assert target.read(3) == data
    assert target.read(2) == ZERO_BLOCK
    reader = kit.reader(target, receipt)
    assert reader.read(3 * BLOCK + 5, BLOCK) == data[5:] + bytes(5)
    assert any(e.start <= 3 * BLOCK < e.end for e in reader.allocated())
    reader.close()
    target.close()


def test_a_block_may_be_written_again_and_the_round_opened_again(kit):
    target = kit.open()
    (one, d1), (two, d2) = some(1), some(2)
    target.write(1, one, d1)
    target.write(1, one, d1)
    target.close()
    again = kit.open()
    again.write(2, two, d2)
    again.finish(summary_of(d1, d2))
    again.finish(summary_of(d1, d2))

    assert (again.read(1), again.read(2)) == (one, two)
    again.close()


def test_zeros_replace_what_an_earlier_round_wrote(kit):
    target = kit.open()
    data, digest = some(1)
    target.write(0, data, digest)
    target.write(4, data, digest)
    receipt = target.finish(summary_of(digest, digest))
    later = kit.next_round(receipt)
    later.write(4, ZERO_BLOCK, ZERO_DIGEST)
    later.finish(summary_of(ZERO_DIGEST))

    assert later.read(0) == data
    assert later.read(4) == ZERO_BLOCK
    target.close()
    later.close()


def test_a_block_beyond_the_end_is_refused(kit):
    target = kit.open()
    data, digest = some(1)
    with pytest.raises(PermanentError):
        target.write(-(-target.size_bytes // BLOCK), data, digest)
    if target.size_bytes % BLOCK:
        with pytest.raises(PermanentError, match="does not fit"):
            target.write(target.size_bytes // BLOCK, data, digest)
    target.abort()
    target.close()


def test_carries_a_disk_and_its_delta_with_proof(kit, tmp_path):
    size = min(kit.size, 9 * BLOCK + 512)
    first = random.Random(5).randbytes(size)
    second = bytearray(first)
    second[2 * BLOCK : 3 * BLOCK] = bytes(BLOCK)
    second[7 * BLOCK + 9] ^= 0xFF
    target = kit.open()
    with Manifest.open_or_create(tmp_path / "m", size_bytes=target.size_bytes, disk_id="d", blank=True) as manifest:
        receipt = ""
        for content, identity in ((first, "s1"), (bytes(second), "s2")):
            source = MemorySource(content, identity=identity)
            target = target if identity == "s1" else kit.next_round(receipt)
            result = copy_disk(source, target, manifest, select_blocks(source, manifest, "").blocks)
            receipt = target.finish(manifest.summary())
            manifest.commit()
            reader: BlockReader = kit.reader(target, receipt)
            proof = verify_disk(reader, manifest)
            assert proof.ok
            assert proof.root == manifest.root()
            reader.close()
            target.close()
    assert result.blocks_sent == 2


class TestEbsOnly:
    """What only EBS answers."""

    @pytest.fixture
    def kit(self, aws):
        with ebs_kit(aws) as made:
            yield made

    def test_a_wrong_count_is_refused_and_the_snapshot_can_still_be_finished(self, kit):
        target = kit.open()
        data, digest = some(1)
        target.write(3, data, digest)
        with pytest.raises(PermanentError, match="ValidationException"):
            target.finish(summary_of(digest, digest))
        assert target.finish(summary_of(digest)) == target.snapshot_id

    def test_throttling_is_waited_off(self, kit):
        target = kit.open()
        kit.things["aws"].control.throttle("PutSnapshotBlock", count=3)
        data, digest = some(1)
        target.write(3, data, digest)
        target.finish(summary_of(digest))

        assert target.read(3) == data

    @pytest.mark.parametrize("fault", ["error", "drop", "expired-credentials"])
    def test_what_passes_by_itself_is_tried_again(self, kit, fault):
        target = kit.open()
        kit.things["aws"].control.faults({"action": "PutSnapshotBlock", "service": "ebs", "fault": fault, "count": 2})
        data, digest = some(1)
        target.write(3, data, digest)
        kit.things["aws"].control.calm()
        target.finish(summary_of(digest))

        assert target.read(3) == data

    def test_an_aborted_snapshot_is_gone(self, kit):
        target = kit.open()
        target.abort()
        target.abort()

        assert kit.things["keeper"].snapshot_state(target.snapshot_id) == ""

    def test_a_block_that_is_not_its_digest_is_refused_by_aws(self, kit):
        target = kit.open()
        with pytest.raises(PermanentError, match="ValidationException"):
            target.write(3, some(1)[0], some(2)[1])


class TestVsphereOnly:
    """Which disks may be written, and when."""

    def test_the_disk_of_a_running_machine_is_refused_with_what_to_do(self, vcenter):
        host, _, port = vcenter.endpoint.nbd.partition(":")
        with pytest.raises(PermanentError) as caught:
            NbdClient.connect(host, int(port), vcenter.view(RUNNING).disks[0].file)
        assert "power the machine off" in caught.value.next_step

    def test_a_disk_that_has_a_snapshot_is_never_written(self, vcenter):
        host, _, port = vcenter.endpoint.nbd.partition(":")
        vcenter.snapshot(STOPPED)
        disk = VsphereNbdTarget(lambda: NbdClient.connect(host, int(port), vcenter.view(STOPPED).disks[0].file), round_key="k")
        try:
            with pytest.raises(PermanentError, match="read-only"):
                disk.write(3, *some(1))
        finally:
            disk.close()
            task = vcenter.session.call_on(vim.VirtualMachine, vcenter.moref(STOPPED), lambda vm: vm.RemoveAllSnapshots_Task())
            vcenter.session.wait_task(task, what="remove snapshots")
