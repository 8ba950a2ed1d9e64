"""Block sets hold exactly the blocks that the extents touch."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from migration.blocks.extents import BlockSet, clip, merge
from migration.types import BLOCK, Extent

SIZE = 40 * BLOCK + 123
extents = st.lists(st.builds(Extent, st.integers(0, SIZE + BLOCK), st.integers(0, 5 * BLOCK)), max_size=12)


def touched(items: list[Extent]) -> set[int]:
    return {i for e in items for i in range(41) if max(e.start, i * BLOCK) < min(e.end, (i + 1) * BLOCK, SIZE)}


@given(extents)
def test_holds_the_blocks_that_the_extents_touch_and_no_other(items):
    found = BlockSet.of(items, SIZE)

    assert list(found) == sorted(touched(items))
    assert len(found) == len(touched(items))
    assert all((i in found) == (i in touched(items)) for i in range(-1, 45))


@given(extents, st.integers(1, 9))
def test_runs_cover_the_set_in_order_and_keep_the_limit(items, longest):
    found = BlockSet.of(items, SIZE)
    runs = list(found.runs(longest))

    assert [i for first, count in runs for i in range(first, first + count)] == list(found)
    assert all(1 <= count <= longest for _, count in runs)


@given(extents)
def test_merged_extents_hold_the_same_bytes_and_do_not_touch(items):
    merged = list(merge(items))

    assert touched(merged) == touched(items)
    assert all(a.end < b.start for a, b in itertools.pairwise(merged))
    assert list(merge(merged)) == merged


@given(extents, st.integers(0, SIZE))
def test_clipped_extents_end_within_the_disk(items, size):
    assert all(e.length > 0 and e.end <= size for e in clip(items, size))


def test_the_largest_volume_costs_sixteen_mebibytes():
    whole = BlockSet.whole(65_536 << 30)

    assert len(whole._bits) == 16 << 20
    assert len(whole) == (65_536 << 30) // BLOCK
