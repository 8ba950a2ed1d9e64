"""An EBS snapshot as a source: ListSnapshotBlocks, ListChangedBlocks, GetSnapshotBlock.

A block is read with a token of a listing, which AWS honours for a week. Tokens are held by pages, a few at a time, so that memory does
not grow with the disk; a page that is too old, or whose token is refused, is listed again.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from migration.blocks.digests import ZERO_BLOCK
from migration.ebs.api import EbsApi, Page
from migration.ebs.errors import EbsError
from migration.types import BLOCK, Extent, LineageBroken, PermanentError

PAGES = 64  # of 1,000 tokens: some 12 MB, and workers that spread over a disk do not push each other's page out
MARGIN_S = 600.0  # a page this close to its expiry is listed again before it is used
LIST_TOKEN_S = 50 * 60  # AWS ends a listing's NextToken after 60 minutes
UNRELATED = {"UNRELATED_SNAPSHOTS", "INVALID_SNAPSHOT_ID", "SNAPSHOT_NOT_FOUND"}


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Tokens of the snapshot's blocks from `first` to `end` (None: to the disk's end); a block without one is zeros."""

    first: int
    end: int | None
    indexes: tuple[int, ...]
    tokens: tuple[str, ...]
    use_until: float

    def covers(self, index: int) -> bool:
        return self.first <= index and (self.end is None or index < self.end)

    def token(self, index: int) -> str:
        at = bisect_left(self.indexes, index)
        return self.tokens[at] if at < len(self.indexes) and self.indexes[at] == index else ""


class EbsSource:
    """The completed snapshot `snapshot_id`. Its size is that of the volume it was made from."""

    def __init__(self, api: EbsApi, snapshot_id: str, *, clock: Callable[[], float] = time.time) -> None:
        self._api, self._snapshot, self._clock = api, snapshot_id, clock
        self._pages: OrderedDict[int, _Tokens] = OrderedDict()
        self._lock = threading.Lock()
        self._size = 0

    @property
    def size_bytes(self) -> int:
        """The volume's size, whole GiB. Asks AWS the first time."""
        if not self._size:
            self._size = self._api.list_blocks(self._snapshot, limit=100).size_bytes
        return self._size

    @property
    def change_base(self) -> str:
        """The snapshot's id."""
        return self._snapshot

    @property
    def identity(self) -> str:
        """The snapshot's id."""
        return self._snapshot

    def allocated(self) -> Iterator[Extent]:
        """The blocks that the snapshot or one of its parents has."""
        list_page = self._api.list_blocks
        yield from self._extents(lambda start, token: list_page(self._snapshot, start=start, page_token=token, limit=10_000))

    def changed_since(self, base: str) -> Iterator[Extent]:
        """The blocks that differ from snapshot `base`, those that are gone included: they read as zeros."""
        if base == self._snapshot:
            return
        try:
            yield from self._extents(lambda start, token: self._api.list_changed(base, self._snapshot, start=start, page_token=token))
        except EbsError as exc:
            if exc.reason in UNRELATED or exc.aws_code == "ResourceNotFoundException":
                raise LineageBroken(f"{self._snapshot} cannot be compared with {base}: {exc.reason or exc.aws_code}") from exc
            raise

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the snapshot; blocks that it does not have are zeros."""
        if offset < 0 or offset + length > self.size_bytes:
            raise ValueError(f"read of {length} bytes at {offset} beyond the end of {self._snapshot} at {self.size_bytes}")
        if length == 0:
            return b""
        first, last = offset // BLOCK, (offset + length - 1) // BLOCK
        data = b"".join(self._block(index) for index in range(first, last + 1))
        skip = offset - first * BLOCK
        return data[skip : skip + length] if len(data) != length else data

    def close(self) -> None:
        """Forget the tokens. The connections are the API client's."""
        with self._lock:
            self._pages.clear()

    def _extents(self, page_of: Callable[[int, str], Page]) -> Iterator[Extent]:
        """All pages' blocks. A short or empty page is not the end; a listing that has grown old goes on from where it was."""
        begun, start, token = self._clock(), 0, ""
        while True:
            page = page_of(start, token)
            for index, _ in page.blocks:
                start = index + 1
                yield Extent(index * BLOCK, BLOCK)
            token = page.next_token
            if not token:
                return
            if self._clock() - begun > LIST_TOKEN_S:
                begun, token = self._clock(), ""

    def _block(self, index: int) -> bytes:
        token = self._tokens(index).token(index)
        if not token:
            return ZERO_BLOCK
        try:
            return self._api.get_block(self._snapshot, index, token)
        except EbsError as exc:
            if exc.reason != "INVALID_BLOCK_TOKEN" and "token" not in exc.what.lower():
                raise
        token = self._tokens(index, renew=True).token(index)
        if not token:
            raise PermanentError(f"{self._snapshot}: block {index} has vanished from the snapshot", code="INC-2935")
        return self._api.get_block(self._snapshot, index, token)

    def _tokens(self, index: int, *, renew: bool = False) -> _Tokens:
        with self._lock:
            for key, page in reversed(self._pages.items()):
                if page.covers(index):
                    if renew or self._clock() > page.use_until:
                        del self._pages[key]
                        break
                    self._pages.move_to_end(key)
                    return page
            found = self._list_from(index)
            self._pages[index] = found
            self._pages.move_to_end(index)
            while len(self._pages) > PAGES:
                self._pages.popitem(last=False)
            return found

    def _list_from(self, index: int) -> _Tokens:
        page = self._api.list_blocks(self._snapshot, start=index)
        while not page.blocks and page.next_token:
            page = self._api.list_blocks(self._snapshot, page_token=page.next_token)
        indexes = tuple(i for i, _ in page.blocks)
        now = self._clock()
        # A server that dates its tokens "now" would have every page listed for every block: there only a refusal renews.
        use_until = page.expires - MARGIN_S if page.expires > now + 2 * MARGIN_S else now + 6 * 86_400
        end = indexes[-1] + 1 if page.next_token and indexes else None
        return _Tokens(index, end, indexes, tuple(t for _, t in page.blocks), use_until)
