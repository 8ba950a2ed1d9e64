"""The six operations, on the block store. Each method answers plain data; `wire` turns it into HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC
from itertools import islice
from threading import Lock
from typing import Any

from lab.aws.blocks.pack import BLOCK
from lab.aws.blocks.store import BlockStore, Content
from lab.aws.ebs.encryption import ACCOUNT_KEY, Asked, outcome
from lab.aws.ebs.errors import EbsError, conflict, invalid, key_not_found, not_found, too_many_pending
from lab.aws.ebs.region import NewSnapshot, Region, SnapshotRecord
from lab.aws.ebs.tokens import Tokens
from lab.aws.settings import Settings

BLOCKS_PER_GIB = (1 << 30) // BLOCK
MAX_GIB = 65_536
SNAPSHOT_ID = re.compile(r"snap-[0-9a-f]{1,59}")
KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:.*:[0-9]{12}:key/.+")


class EbsDirect:
    """EBS direct over one block store. Data is read and written without a lock; `_starting` makes client tokens exact."""

    def __init__(self, store: BlockStore, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._tokens = Tokens()
        self._starting = Lock()
        self._started: dict[tuple[str, str, str], tuple[str, str]] = {}

    def forget(self) -> None:
        """No client token was ever used: for a region that starts over."""
        with self._starting:
            self._started.clear()

    def start(self, region: Region, asked: dict[str, Any]) -> dict[str, Any]:
        """StartSnapshot. The same client token with the same request answers the first snapshot again."""
        token = asked.get("ClientToken") or ""
        request = json.dumps({k: v for k, v in asked.items() if k != "ClientToken"}, sort_keys=True)
        with self._starting:
            known = self._started.get((region.account_id, region.name, token)) if token else None
            if known is not None:
                if known[0] != request:
                    raise conflict()
                return self._describe(self._record(region, known[1]))
            record = self._start(region, asked)
            if token:
                self._started[region.account_id, region.name, token] = (request, record.id)
            return self._describe(record)

    def _start(self, region: Region, asked: dict[str, Any]) -> SnapshotRecord:
        size, timeout = asked.get("VolumeSize"), asked.get("Timeout", 60)
        if not isinstance(size, int) or not 1 <= size <= MAX_GIB:
            raise invalid("volume size", f"VolumeSize must be 1 to {MAX_GIB} GiB.")
        if not isinstance(timeout, int) or not 10 <= timeout <= 4320:
            raise invalid("parameter", "Timeout must be 10 to 4320 minutes.")
        parent = self._parent(region, asked.get("ParentSnapshotId") or "", size)
        key = self._key(region, asked, parent)
        if region.pending() >= self._settings.pending_snapshots:
            raise too_many_pending(self._settings.pending_snapshots)
        new = NewSnapshot(
            size=size,
            description=asked.get("Description") or "",
            tags=_tags(asked.get("Tags") or []),
            kms_key=key,
            parent_id=parent.id if parent else "",
            timeout_s=timeout * 60.0,
            deadline=self._settings.now() + timeout * 60.0,
        )
        record = region.start_snapshot(new)
        self._store.create(record.id, new.parent_id)
        return record

    def _parent(self, region: Region, parent_id: str, size: int) -> SnapshotRecord | None:
        if not parent_id:
            return None
        parent = self._record(region, parent_id)
        if parent.status != "completed":
            raise invalid("parent", f"The parent snapshot '{parent_id}' is not completed.")
        if parent.volume_size > size:
            raise invalid("volume size", f"VolumeSize {size} is smaller than that of the parent, {parent.volume_size}.")
        return parent

    def _key(self, region: Region, asked: dict[str, Any], parent: SnapshotRecord | None) -> str:
        arn = asked.get("KmsKeyArn") or ""
        if arn and not KEY_ARN.fullmatch(arn):
            raise invalid("key", "KmsKeyArn is not the ARN of a key.")
        key = outcome(
            Asked(
                encrypted=asked.get("Encrypted"),
                key=arn,
                parent=parent is not None,
                parent_key=(parent.kms_key_id or "") if parent else "",
                by_default=region.encryption_by_default(),
            )
        )
        if key == ACCOUNT_KEY:
            return region.default_key()
        state = region.key_state(key) if key else "Enabled"
        if not state:
            raise key_not_found(key)
        if state != "Enabled":
            raise invalid("dependency", f"The key '{key}' is {state}.")
        return key

    def _describe(self, record: SnapshotRecord) -> dict[str, Any]:
        tags: list[dict[str, str]] = getattr(record, "tag_set", [])
        answer: dict[str, Any] = {
            "SnapshotId": record.id,
            "OwnerId": record.owner_id,
            "Status": record.status,
            "StartTime": record.start_time.replace(tzinfo=UTC).timestamp(),
            "VolumeSize": record.volume_size,
            "BlockSize": BLOCK,
            "Description": record.description,
            "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in tags],
            "SseType": "sse-kms" if record.encrypted else "none",
        }
        if record.parent_id:
            answer["ParentSnapshotId"] = record.parent_id
        if record.kms_key_id:
            answer["KmsKeyArn"] = record.kms_key_id
        return answer

    def put(self, region: Region, snapshot_id: str, index: int, data: bytes, headers: dict[str, str]) -> str:
        """PutSnapshotBlock; answers the checksum. When it returns, the block is in the file."""
        record = self._writable(region, snapshot_id)
        if not 0 <= index < record.volume_size * BLOCKS_PER_GIB:
            raise invalid("block index", f"Block {index} lies outside of a volume of {record.volume_size} GiB.")
        if len(data) != BLOCK or headers.get("x-amz-data-length") != str(BLOCK):
            raise invalid("block size", f"A block has {BLOCK} bytes.")
        if headers.get("x-amz-checksum-algorithm") != "SHA256":
            raise invalid("parameter", "Only SHA256 checksums are supported.")
        digest = hashlib.sha256(data).digest()
        checksum = base64.b64encode(digest).decode()
        if headers.get("x-amz-checksum") != checksum:
            raise invalid("checksum", "The checksum does not match the data.")
        self._store.put_block(self._content(snapshot_id), index, data, digest, lambda: _must_be_pending(record))
        record.deadline = self._settings.now() + record.timeout_s
        return checksum

    def complete(self, region: Region, snapshot_id: str, headers: dict[str, str]) -> str:
        """CompleteSnapshot; answers the status. Count and aggregate checksum must be those of the blocks written to this snapshot."""
        record = self._writable(region, snapshot_id)
        content = self._content(snapshot_id)
        with self._store.lock:
            own = content.blocks.own
            count = headers.get("x-amz-changedblockscount", "")
            if not count.isdigit():
                raise invalid("parameter", "ChangedBlocksCount is required.")
            if int(count) != len(own):
                raise invalid("aggregate", f"ChangedBlocksCount is {count}, but {len(own)} blocks were written.")
            checksum = headers.get("x-amz-checksum")
            if checksum is not None:
                if headers.get("x-amz-checksum-aggregation-method", "LINEAR") != "LINEAR":
                    raise invalid("parameter", "Only LINEAR aggregation is supported.")
                digests = b"".join(self._store.pack.digest(own[index]) for index in sorted(own))
                if checksum != base64.b64encode(hashlib.sha256(digests).digest()).decode():
                    raise invalid("aggregate", "The aggregate checksum does not match the blocks written.")
            return region.seal(record)

    def get(self, region: Region, snapshot_id: str, index: int, token: str) -> tuple[bytes, str]:
        """GetSnapshotBlock; answers the data and the checksum it was written with."""
        self._readable(region, snapshot_id)
        content = self._content(snapshot_id)
        slot = content.blocks.get(index)
        if not token or not slot or not self._tokens.block_fits(token, snapshot_id, index, slot, self._settings.now()):
            raise invalid("block token", "The block token is not valid for this block, or has expired.")
        data = self._store.pack.read(slot)
        checksum = base64.b64encode(self._store.pack.digest(slot)).decode()
        if self._store.get(snapshot_id) is not content:
            raise not_found(snapshot_id)
        return data, checksum

    def list_blocks(self, region: Region, snapshot_id: str, query: dict[str, str]) -> dict[str, Any]:
        """ListSnapshotBlocks."""
        record = self._readable(region, snapshot_id)
        content = self._content(snapshot_id)
        start, limit = self._page(f"blocks {snapshot_id}", query)
        expires = self._settings.now() + self._settings.block_token_ttl_s
        page = list(islice(content.blocks.written(start), limit + 1))
        blocks = [
            {"BlockIndex": index, "BlockToken": self._tokens.block(snapshot_id, index, slot, expires)} for index, slot in page[:limit]
        ]
        following = (index for index, _ in page[limit:])
        return {"Blocks": blocks, **self._frame(record, expires, f"blocks {snapshot_id}", following)}

    def list_changed(self, region: Region, second_id: str, query: dict[str, str]) -> dict[str, Any]:
        """ListChangedBlocks. Without a first snapshot it fails, as the API's documentation says."""
        first_id = query.get("firstSnapshotId", "")
        if not first_id:
            raise invalid("parameter", "FirstSnapshotId must be specified with SecondSnapshotId.")
        self._readable(region, first_id)
        record = self._readable(region, second_id)
        first, second = self._content(first_id), self._content(second_id)
        if not first.related(second):
            raise invalid("unrelated", f"The snapshots '{first_id}' and '{second_id}' are not of one volume and lineage.")
        listing = f"changed {first_id} {second_id}"
        start, limit = self._page(listing, query)
        expires = self._settings.now() + self._settings.block_token_ttl_s
        page = list(islice(first.blocks.changed(second.blocks, start), limit + 1))
        changed = []
        for index, before, after in page[:limit]:
            entry: dict[str, Any] = {"BlockIndex": index}
            if before:
                entry["FirstBlockToken"] = self._tokens.block(first_id, index, before, expires)
            if after:
                entry["SecondBlockToken"] = self._tokens.block(second_id, index, after, expires)
            changed.append(entry)
        following = (index for index, _, _ in page[limit:])
        return {"ChangedBlocks": changed, **self._frame(record, expires, listing, following)}

    def _page(self, listing: str, query: dict[str, str]) -> tuple[int, int]:
        try:
            limit, start = int(query.get("maxResults", 10_000)), int(query.get("startingBlockIndex", 0))
        except ValueError:
            raise invalid("parameter", "maxResults and startingBlockIndex are numbers.") from None
        if not 100 <= limit <= 10_000:
            raise invalid("parameter", "MaxResults must be 100 to 10000.")
        token = query.get("pageToken")
        if token:
            found = self._tokens.page_start(token, listing, self._settings.now())
            if found is None:
                raise invalid("page token", "The page token is not valid for this request, or has expired.")
            return found, min(limit, self._settings.max_page)
        return start, 0 if self._settings.empty_pages else min(limit, self._settings.max_page)

    def _frame(self, record: SnapshotRecord, expires: float, listing: str, following: Iterator[int]) -> dict[str, Any]:
        frame: dict[str, Any] = {"VolumeSize": record.volume_size, "BlockSize": BLOCK, "ExpiryTime": expires}
        start = next(following, None)
        if start is not None:
            frame["NextToken"] = self._tokens.page(listing, start, self._settings.now() + self._settings.page_token_ttl_s)
        return frame

    def _record(self, region: Region, snapshot_id: str) -> SnapshotRecord:
        if not SNAPSHOT_ID.fullmatch(snapshot_id):
            raise invalid("snapshot id", f"'{snapshot_id}' is not a snapshot id.")
        record = region.snapshot(snapshot_id)
        if record is None:
            raise not_found(snapshot_id)
        return record

    def _content(self, snapshot_id: str) -> Content:
        content = self._store.get(snapshot_id)
        if content is None:
            raise not_found(snapshot_id)
        return content

    def _readable(self, region: Region, snapshot_id: str) -> SnapshotRecord:
        record = self._record(region, snapshot_id)
        if record.status != "completed":
            raise invalid("not pending", f"The snapshot '{snapshot_id}' is {record.status}, not completed.")
        return record

    def _writable(self, region: Region, snapshot_id: str) -> SnapshotRecord:
        record = self._record(region, snapshot_id)
        _must_be_pending(record)
        return record


def _must_be_pending(record: SnapshotRecord) -> None:
    if record.timeout_s and record.status == "error":
        raise invalid("timed out", f"The snapshot '{record.id}' was cancelled: no block came within its timeout.")
    if record.status != "pending" or not record.timeout_s:
        raise invalid("not pending", f"The snapshot '{record.id}' is {record.status}; blocks can be written to a pending one only.")


def _tags(tags: list[dict[str, str]]) -> dict[str, str]:
    if len(tags) > 50 or any(not tag.get("Key") for tag in tags):
        raise invalid("tag", "Up to 50 tags, each with a key.")
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


__all__ = ["EbsDirect", "EbsError"]
