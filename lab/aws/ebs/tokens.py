"""Block tokens and page tokens: short, unforgeable, with an end. The lab keeps no list of them."""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct

_BLOCK = struct.Struct(">IIQ")
_PAGE = struct.Struct(">IQ")
_MAC = 12


class Tokens:
    """Makes and reads tokens. The key is new in every process, so a restart ends all tokens, as a change of AWS's keys would."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def _mac(self, context: str, payload: bytes) -> bytes:
        return hashlib.blake2b(context.encode() + b"\0" + payload, key=self._key, digest_size=_MAC).digest()

    def _seal(self, context: str, payload: bytes) -> str:
        return base64.b64encode(payload + self._mac(context, payload)).decode()

    def _open(self, context: str, token: str, size: int) -> bytes | None:
        try:
            raw = base64.b64decode(token, validate=True)
        except ValueError:
            return None
        payload, mac = raw[:size], raw[size:]
        return payload if len(raw) == size + _MAC and secrets.compare_digest(mac, self._mac(context, payload)) else None

    def block(self, snapshot: str, index: int, slot: int, expires: float) -> str:
        """The token for one version of one block of one snapshot."""
        return self._seal(f"block {snapshot}", _BLOCK.pack(index, slot, int(expires)))

    def block_fits(self, token: str, snapshot: str, index: int, slot: int, now: float) -> bool:
        """Whether a token is for this block as it is now, and not over."""
        payload = self._open(f"block {snapshot}", token, _BLOCK.size)
        if payload is None:
            return False
        token_index, token_slot, expires = _BLOCK.unpack(payload)
        return (token_index, token_slot) == (index, slot) and now < expires

    def page(self, listing: str, start: int, expires: float) -> str:
        """The token for the page of a listing that starts at a block index."""
        return self._seal(f"page {listing}", _PAGE.pack(start, int(expires)))

    def page_start(self, token: str, listing: str, now: float) -> int | None:
        """Where the token's page starts; None for a token of another listing, a made-up one, or one that is over."""
        payload = self._open(f"page {listing}", token, _PAGE.size)
        if payload is None:
            return None
        start, expires = _PAGE.unpack(payload)
        return int(start) if now < expires else None
