"""The block store against a model: whatever is written, copied and forgotten, every disk reads as a plain byte array would."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.aws.blocks.map import SPAN, BlockMap
from lab.aws.blocks.pack import BLOCK, Pack
from lab.aws.blocks.store import BlockStore
from lab.aws.health import identity_areas, verdict
from lab.guest import Cover, Identity

WRITES = st.tuples(st.sampled_from(["vol-a", "vol-b"]), st.integers(0, 3 * SPAN), st.integers(1, 255))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[BlockStore]:
    made = BlockStore(tmp_path)
    yield made
    made.close()


def put(store: BlockStore, name: str, index: int, byte: int) -> None:
    content = store.get(name)
    assert content is not None
    data = bytes([byte]) * BLOCK
    store.put_block(content, index, data, hashlib.sha256(data).digest())


@given(steps=st.lists(st.one_of(WRITES, st.integers(0, 2)), max_size=25))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_disks_read_as_plain_arrays_would(tmp_path_factory: pytest.TempPathFactory, steps: list[object]) -> None:
    store = BlockStore(tmp_path_factory.mktemp("store"))
    model: dict[str, dict[int, int]] = {"vol-a": {}, "vol-b": {}}
    for volume in model:
        store.create(volume)
    for number, step in enumerate(steps):
        if isinstance(step, tuple):
            name, index, byte = step
            store.write(name, index * BLOCK + 5, bytes([byte]))
            model[name][index] = byte
        elif step == 2 and len(model) > 2:
            gone = min(name for name in model if name.startswith("snap"))
            store.forget(gone)
            model.pop(gone)
        else:
            source = "vol-b" if step else "vol-a"
            store.snapshot(source, f"snap-{number}")
            model[f"snap-{number}"] = dict(model[source])
    for name, blocks in model.items():
        content = store.get(name)
        assert content is not None
        assert [index for index, _ in content.blocks.written()] == sorted(blocks)
        assert len(content.blocks) == len(blocks)
        assert all(store.read(name, index * BLOCK + 4, 3) == bytes([0, byte, 0]) for index, byte in blocks.items())
    store.close()


def test_forgotten_blocks_are_used_again_and_shared_ones_stay(store: BlockStore, tmp_path: Path) -> None:
    store.create("vol-a")
    for index in range(4):
        put(store, "vol-a", index, 1)
    store.snapshot("vol-a", "snap-1")
    store.forget("vol-a")
    store.create("vol-b")
    for index in range(4):
        put(store, "vol-b", index, 2)
    store.forget("vol-b")
    size = (tmp_path / "blocks.pack").stat().st_size
    store.create("vol-c")
    for index in range(4):
        put(store, "vol-c", index, 3)

    assert (tmp_path / "blocks.pack").stat().st_size == size
    assert store.read("snap-1", 0, 1) == b"\1"


def test_writers_and_forgetters_do_not_mix_up_blocks(store: BlockStore) -> None:
    for name in ("vol-a", "vol-b", "vol-c"):
        store.create(name)

    def writer(name: str, byte: int) -> None:
        for index in range(60):
            put(store, name, index, byte)

    def forgetter() -> None:
        for number in range(40):
            store.snapshot("vol-c", f"snap-{number}")
            put(store, "vol-c", number % 3, 9)
            store.forget(f"snap-{number}")

    threads = [Thread(target=writer, args=("vol-a", 1)), Thread(target=writer, args=("vol-b", 2)), Thread(target=forgetter)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [store.read(name, index * BLOCK, 1)[0] for name in ("vol-a", "vol-b") for index in range(60)] == [1] * 60 + [2] * 60


def test_relations_follow_history_not_content(store: BlockStore) -> None:
    store.create("snap-0")
    store.create("vol-a", "snap-0")
    store.create("vol-b", "snap-0")
    first, second = store.snapshot("vol-a", "snap-1"), store.snapshot("vol-a", "snap-2")
    other = store.snapshot("vol-b", "snap-3")
    child = store.create("snap-4", "snap-1")
    copy = store.create("snap-5", "snap-1", lineage=False)
    root = store.get("snap-0")
    assert root is not None

    assert [first.related(x) for x in (root, second, child)] == [True, True, True]
    assert [first.related(x) for x in (other, copy)] == [False, False]
    assert [root.related(x) for x in (first, other, child)] == [True, True, True]
    assert not second.related(child)


def test_copies_of_a_map_share_until_written() -> None:
    first = BlockMap()
    first.put(3, 10)
    second = first.copy()
    second.put(3, 11)
    first.put(SPAN * 9, 12)

    assert (first.get(3), second.get(3)) == (10, 11)
    assert list(first.changed(second)) == [(3, 10, 11), (SPAN * 9, 12, 0)]
    assert list(first.changed(second, 4)) == [(SPAN * 9, 12, 0)]
    assert list(first.written(4)) == [(SPAN * 9, 12)]


def test_zeros_take_no_room(tmp_path: Path) -> None:
    pack = Pack(tmp_path / "pack")
    zeros = bytes(BLOCK)
    slots = [pack.write(zeros, hashlib.sha256(zeros).digest()) for _ in range(50)]

    assert (tmp_path / "pack").stat().st_size == 0
    assert pack.read(slots[-1]) == zeros
    pack.close()


def test_health_looks_at_covered_areas_too() -> None:
    kernel = b"kernel" * 1000
    cover = Cover(offset=4 << 20, length=len(kernel), sha256=hashlib.sha256(kernel).hexdigest())
    identity = Identity(machine_id="m", hostname="m", os="debian-12", disk=0, disks=1, covers=(cover,))
    disk = bytearray(5 << 20)
    for offset, data in [*identity_areas(identity), (4 << 20, kernel)]:
        disk[offset : offset + len(data)] = data

    def read(offset: int, length: int) -> bytes:
        return bytes(disk[offset : offset + length])

    assert verdict([read]).healthy
    disk[(4 << 20) + 17] ^= 1
    assert verdict([read]).reason == f"disk 0: the area at {4 << 20} does not match its digest"
    assert not verdict([]).healthy
