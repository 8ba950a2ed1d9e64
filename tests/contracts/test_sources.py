"""What every source must do, whatever it reads. A new source is a new kit in `KITS`.

A kit makes a disk, freezes it, changes it, and freezes it again; the changes touch data, a hole, and turn data into a hole.
"""

import hashlib
import itertools
import random
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from infra.errors import InclineError
from infra.observed.aws import SnapshotKeeper
from infra.observed.errors import SignOnError
from infra.observed.vsphere_session import VsphereSession
from migration.blocks.extents import BlockSet
from migration.blocks.manifest import Manifest
from migration.copy import copy_disk
from migration.ebs.api import EbsApi, NewSnapshot
from migration.ebs.connect import ebs_api
from migration.ebs.signing import AwsCredentials
from migration.retry import Retry
from migration.selection import select_blocks
from migration.sources.ebs import EbsSource
from migration.sources.memory import MemorySource
from migration.sources.vsphere_access import SessionAccess
from migration.sources.vsphere_datastore import VsphereSource
from migration.targets.ebs import EbsTarget
from migration.targets.memory import MemoryTarget
from migration.types import BLOCK, BlockSource, Extent, LineageBroken, PermanentError, RoundSummary, TransientError
from tests.fakes.lab_vcenter import ODD_SIZE, RUNNING

GIB = 1 << 30
NOISE = random.Random(11).randbytes(BLOCK)


@dataclass
class Kit:
    """Two frozen pictures of one disk, with what they must contain where the test looks."""

    first: Any
    second: Any
    unrelated: str
    old: dict[int, bytes]
    new: dict[int, bytes]
    things: dict[str, Any] = field(default_factory=dict)


OLD = {1: NOISE, 2: NOISE[::-1], 9: NOISE}
NEW = {1: NOISE, 2: bytes(BLOCK), 5: NOISE[::-1], 9: NOISE[:-1] + bytes([NOISE[-1] ^ 1])}


def image(blocks, size):
    data = bytearray(size)
    for index, block in blocks.items():
        data[index * BLOCK : (index + 1) * BLOCK] = block
    return bytes(data[:size])


@contextmanager
def memory_kit(_):
    size = 10 * BLOCK + 512
    history = {"c1": [Extent(2 * BLOCK, BLOCK), Extent(5 * BLOCK, 512), Extent(10 * BLOCK - 1, 1)]}
    first = MemorySource(image(OLD, size), identity="s1", change_base="c1")
    second = MemorySource(image(NEW, size), identity="s2", change_base="c2", history=history)
    yield Kit(lambda: first, lambda: second, "c0", OLD, NEW)


def put(api, keeper, blocks, parent=""):
    wanted = NewSnapshot(size_gib=1, token=f"t{random.getrandbits(60)}", parent=parent)
    target = EbsTarget.start(api, keeper, wanted)
    with_digests = {i: (b, hashlib.sha256(b).digest()) for i, b in sorted(blocks.items())}
    for index, (block, digest) in with_digests.items():
        target.write(index, block, digest)

    linear = hashlib.sha256(b"".join(d for _, d in with_digests.values())).digest()
    return target.finish(RoundSummary(len(blocks), linear))


@contextmanager
def ebs_kit(aws):
    api, keeper = ebs_api(aws.session), SnapshotKeeper(aws.session)
    first = put(api, keeper, OLD)
    second = put(api, keeper, {i: b for i, b in NEW.items() if OLD.get(i) != b}, parent=first)
    unrelated = put(api, keeper, OLD)
    yield Kit(lambda: EbsSource(api, first), lambda: EbsSource(api, second), unrelated, OLD, NEW, {"aws": aws, "id": second})
    aws.control.calm()
    api.close()


@contextmanager
def vsphere_kit(vcenter):
    for blocks in (dict.fromkeys(range(10), bytes(BLOCK)), OLD):
        for index, block in blocks.items():
            vcenter.control.guest_write(RUNNING, 0, index * BLOCK, block)
    first = vcenter.disk(RUNNING, vcenter.snapshot(RUNNING))
    for index, block in NEW.items():
        if OLD.get(index) != block:
            vcenter.control.guest_write(RUNNING, 0, index * BLOCK, block)
    second = vcenter.disk(RUNNING, vcenter.snapshot(RUNNING))
    access = SessionAccess(vcenter.session)
    sources = []

    def source(disk):
        sources.append(VsphereSource(access, disk))
        return sources[-1]

    unrelated = "52 de 00 00 00 00 00 00-00 00 00 00 00 00 00 00/1"
    yield Kit(lambda: source(first), lambda: source(second), unrelated, OLD, NEW, {"vcenter": vcenter, "disks": (first, second)})
    vcenter.control.calm()
    for opened in sources:
        opened.close()
    task = vcenter.session.call_on(vim.VirtualMachine, vcenter.moref(RUNNING), lambda vm: vm.RemoveAllSnapshots_Task())
    vcenter.session.wait_task(task, what="remove snapshots")


KITS = {"memory": (memory_kit, ""), "ebs": (ebs_kit, "aws"), "vsphere": (vsphere_kit, "vcenter")}


@pytest.fixture(params=KITS)
def kit(request):
    make, needs = KITS[request.param]
    with make(request.getfixturevalue(needs) if needs else None) as made:
        yield made


def test_every_source_has_a_kit():
    pattern = re.compile(r"^class (\w+).*?(?=^class |\Z)", re.MULTILINE | re.DOTALL)
    written = [
        found[1]
        for path in Path("migration/sources").glob("*.py")
        for found in pattern.finditer(path.read_text("utf-8"))
        if "def changed_since" in found[0]
    ]

    assert len(written) == len(KITS), f"sources: {written}; kits: {list(KITS)}"


def test_is_a_source_that_knows_itself(kit):
    first, second = kit.first(), kit.second()

    assert isinstance(first, BlockSource)
    assert first.size_bytes == second.size_bytes
    assert len({first.identity, second.identity}) == 2
    assert kit.first().identity == first.identity
    assert first.change_base != second.change_base
    first.close()
    first.close()


def test_reads_data_holes_and_across_blocks(kit):
    source = kit.second()
    window = source.read(0, 10 * BLOCK)

    assert window == image(kit.new, 10 * BLOCK)
    assert source.read(BLOCK + 100, BLOCK) == window[BLOCK + 100 : 2 * BLOCK + 100]
    assert source.read(source.size_bytes - 1, 1) == b"\0"
    assert source.read(5, 0) == b""


def test_a_frozen_picture_stays(kit):
    assert kit.first().read(0, 10 * BLOCK) == image(kit.old, 10 * BLOCK)


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (None, 2)])
def test_a_read_outside_the_disk_is_a_mistake(kit, offset, length):
    source = kit.first()
    with pytest.raises(ValueError, match="read of"):
        source.read(source.size_bytes - 1 if offset is None else offset, length)


def test_whatever_is_not_allocated_is_zeros(kit):
    source = kit.second()
    extents = list(source.allocated())
    held = BlockSet.of(extents, source.size_bytes)

    assert all(a.end <= b.start for a, b in itertools.pairwise(extents))
    assert {i for i, b in kit.new.items() if b.strip(b"\0")} <= set(held)


def test_a_delta_names_every_block_that_differs(kit):
    second = kit.second()
    found = BlockSet.of(second.changed_since(kit.first().change_base), second.size_bytes)

    assert {2, 5, 9} <= set(found)
    assert 1 not in found


def test_an_unknown_base_is_a_broken_lineage(kit):
    with pytest.raises(LineageBroken):
        list(kit.second().changed_since(kit.unrelated))


def test_a_delta_on_top_of_the_first_copy_is_the_second_picture(kit, tmp_path):
    first, second = kit.first(), kit.second()
    target = MemoryTarget(min(first.size_bytes, 1 << 30))
    with Manifest.open_or_create(tmp_path / "m", size_bytes=target.size_bytes, disk_id="d", blank=True) as manifest:
        copy_disk(first, target, manifest, select_blocks(first, manifest, "").blocks)
        manifest.commit()
        selection = select_blocks(second, manifest, first.change_base)
        result = copy_disk(second, target, manifest, selection.blocks)

    assert selection.method == "delta"
    assert bytes(target.disk[: 10 * BLOCK]) == image(kit.new, 10 * BLOCK)
    assert result.blocks_sent == 3


class TestEbsOnly:
    """Pages, tokens and checksums of the EBS direct APIs."""

    @pytest.fixture
    def kit(self, aws):
        with ebs_kit(aws) as made:
            yield made

    def test_short_and_empty_pages_are_not_the_end(self, kit):
        before = kit.things["aws"].control.settings()
        kit.things["aws"].control.settings(max_page=1, empty_pages=True)
        source = kit.second()
        try:
            assert {1, 5, 9} <= set(BlockSet.of(source.allocated(), GIB))
            assert {2, 5, 9} == set(BlockSet.of(source.changed_since(kit.first().identity), GIB))
            assert source.read(0, 10 * BLOCK) == image(kit.new, 10 * BLOCK)
        finally:
            kit.things["aws"].control.settings(max_page=before["max_page"], empty_pages=before["empty_pages"])

    def test_expired_block_tokens_are_renewed(self, kit):
        control = kit.things["aws"].control
        before = control.settings()
        source = kit.second()
        assert source.read(BLOCK, BLOCK) == kit.new[1]
        control.settings(clock_offset_s=8 * 86_400)
        try:
            assert source.read(BLOCK, 8 * BLOCK) == image(kit.new, 10 * BLOCK)[BLOCK : 9 * BLOCK]
        finally:
            control.settings(clock_offset_s=before["clock_offset_s"])

    def test_a_block_that_is_not_its_checksum_is_not_delivered(self, kit):
        kit.things["aws"].control.corrupt(kit.things["id"], 5 * BLOCK + 3, silent=False)
        session = kit.things["aws"].session
        api = ebs_api(session, retry=Retry(attempts=2, sleep=lambda _: None))

        with pytest.raises(InclineError, match=r"checksum|block 5"):
            EbsSource(api, kit.things["id"]).read(5 * BLOCK, BLOCK)

    def test_wrong_credentials_are_told_at_once(self, kit):
        waits = []
        api = EbsApi(
            region="us-east-1",
            url=kit.things["aws"].url,
            credentials=lambda: AwsCredentials("wrong", "wrong"),
            retry=Retry(sleep=waits.append),
        )
        with pytest.raises(PermanentError, match=r"UnrecognizedClient|Auth|InvalidSignature|AccessDenied"):
            EbsSource(api, kit.things["id"]).read(0, 1)
        assert waits == []

    def test_throttling_is_waited_off(self, kit):
        for action in ("ListSnapshotBlocks", "GetSnapshotBlock"):
            kit.things["aws"].control.throttle(action, count=2)

        assert kit.second().read(9 * BLOCK, BLOCK) == kit.new[9]


class TestVsphereOnly:
    """Sessions, pages of changed areas and what breaks a lineage."""

    @pytest.fixture
    def kit(self, vcenter):
        with vsphere_kit(vcenter) as made:
            yield made

    def test_a_session_that_expires_in_the_middle_of_a_copy_is_renewed(self, kit, tmp_path):
        vcenter, source = kit.things["vcenter"], kit.second()
        target = ExpiringTarget(source.size_bytes, vcenter.control)
        with Manifest.open_or_create(tmp_path / "m", size_bytes=target.size_bytes, disk_id="d", blank=True) as manifest:
            copy_disk(source, target, manifest, select_blocks(source, manifest, "").blocks, workers=2)

        assert target.expired
        assert bytes(target.disk[: 10 * BLOCK]) == image(kit.new, 10 * BLOCK)

    def test_pages_of_changed_areas_are_followed_to_the_end(self, kit):
        vcenter = kit.things["vcenter"]
        vcenter.control.settings(area_limit=1)
        try:
            second = kit.second()
            assert {2, 5, 9} <= set(BlockSet.of(second.changed_since(kit.first().change_base), second.size_bytes))
        finally:
            vcenter.control.settings(area_limit=2000)

    def test_a_disk_of_odd_size_is_read_to_its_last_byte(self, kit):
        source = kit.second()

        assert source.size_bytes == ODD_SIZE
        assert source.read(ODD_SIZE - 1024, 1024) == bytes(1024)

    def test_tracking_that_was_reset_breaks_the_lineage(self, kit):
        vcenter, base = kit.things["vcenter"], kit.second().change_base
        vcenter.control.faults({"method": "QueryChangedDiskAreas", "fault": "FileFault", "probability": 1.0, "count": 1})
        with pytest.raises(LineageBroken, match="FileFault"):
            list(kit.second().changed_since(base))

    def test_without_tracking_the_whole_disk_may_hold_data(self, kit):
        vcenter = kit.things["vcenter"]
        vcenter.control.faults({"method": "QueryChangedDiskAreas", "fault": "FileFault", "probability": 1.0, "count": 1})

        assert list(kit.second().allocated()) == [Extent(0, ODD_SIZE)]

    def test_a_wrong_password_names_the_site_and_the_remedy(self, vcenter):
        session = VsphereSession(replace(vcenter.endpoint, password="wrong"))
        with pytest.raises(SignOnError, match=r"site hill: .* refuses user") as caught:
            session.cookie()
        assert "credentials" in caught.value.next_step
        assert "wrong" not in str(caught.value)

    def test_an_authority_that_is_not_known_is_named(self, vcenter):
        with pytest.raises(SignOnError, match="not trusted") as caught:
            VsphereSession(replace(vcenter.endpoint, ca_file="")).cookie()
        assert "INCLINE_SITE_HILL_CA_FILE" in caught.value.next_step

    def test_a_vcenter_that_is_away_is_worth_another_attempt(self, vcenter):
        session = VsphereSession(replace(vcenter.endpoint, address="127.0.0.1:9"))
        with pytest.raises(TransientError, match="does not answer"):
            SessionAccess(session).cookie()


class ExpiringTarget(MemoryTarget):
    """Ends every session of the vCenter after the first block."""

    def __init__(self, size_bytes, control):
        super().__init__(size_bytes)
        self.control, self.expired, self.lock = control, 0, threading.Lock()

    def write(self, index, data, digest):
        super().write(index, data, digest)
        with self.lock:  # both workers write at once: the second must not put its 0 over what the first has ended
            if not self.expired:
                self.expired = self.control.expire_sessions()
