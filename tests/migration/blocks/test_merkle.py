"""The root stands for every digest, its place and the disk's size."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.blocks.digests import ZERO_BLOCK, ZERO_DIGEST, block_digest
from migration.blocks.merkle import merkle_root
from migration.types import BLOCK

digests = st.lists(st.binary(min_size=32, max_size=32), max_size=40)


def plain_top(items: list[bytes]) -> bytes:
    """RFC 6962's recursive definition, without the empty case."""
    if len(items) == 1:
        return hashlib.sha256(b"\0" + items[0]).digest()
    split = 1 << ((len(items) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + plain_top(items[:split]) + plain_top(items[split:])).digest()


@given(digests.filter(bool))
def test_is_the_recursive_definition(items):
    size = len(items) * BLOCK
    expected = hashlib.sha256(b"\2" + size.to_bytes(8, "big") + plain_top(items)).hexdigest()

    assert merkle_root(items, size) == expected


@given(digests.filter(bool), st.data())
def test_one_other_digest_or_another_size_is_another_root(items, data):
    at = data.draw(st.integers(0, len(items) - 1))
    other = [*items[:at], hashlib.sha256(items[at]).digest(), *items[at + 1 :]]
    size = len(items) * BLOCK

    assert merkle_root(other, size) != merkle_root(items, size)
    assert merkle_root(items, size - 1) != merkle_root(items, size)


def test_a_wrong_number_of_digests_is_refused():
    with pytest.raises(ValueError, match="has 2 blocks, got 1 digests"):
        merkle_root([ZERO_DIGEST], BLOCK + 1)


def test_the_zero_block_is_known_by_heart():
    assert hashlib.sha256(ZERO_BLOCK).digest() == ZERO_DIGEST == block_digest(b"") == block_digest(bytes(7))


def test_a_short_block_has_the_digest_of_the_padded_one():
    assert block_digest(b"city") == hashlib.sha256(b"city".ljust(BLOCK, b"\0")).digest()
