"""AWS Signature Version 4 for one service and region, with the signing key kept for the day.

Block data is not part of the signature (the API's model says `v4-unsigned-body`; its own SHA-256 header, which is signed, covers it).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

UNSIGNED = "UNSIGNED-PAYLOAD"


class AwsCredentials(NamedTuple):
    """What signs. Never written to a file, never part of a message."""

    access_key: str
    secret_key: str
    session_token: str = ""

    def __repr__(self) -> str:
        return f"AwsCredentials({self.access_key}, ...)"


CredentialProvider = Callable[[], AwsCredentials]


def query_string(query: Mapping[str, str]) -> str:
    """The canonical query: sorted, percent-encoded as RFC 3986 has it."""
    return "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))


class Signer:
    """Signs requests to `host`. Asks `credentials` each time, so that rotated ones are used from the next request on."""

    def __init__(self, *, service: str, region: str, host: str, credentials: CredentialProvider) -> None:
        self._service, self._region, self._host = service, region, host
        self._credentials = credentials
        self._cached: tuple[str, str, bytes] = ("", "", b"")

    def headers(
        self, method: str, path: str, query: Mapping[str, str], extra: Mapping[str, str], payload: str, now: datetime
    ) -> dict[str, str]:
        """All headers of the request, `extra` included. `payload` is the body's SHA-256 in hex, or UNSIGNED."""
        who = self._credentials()
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        headers = {**extra, "Host": self._host, "X-Amz-Date": stamp, "X-Amz-Content-Sha256": payload}
        if who.session_token:
            headers["X-Amz-Security-Token"] = who.session_token
        lowered = sorted((k.lower(), v) for k, v in headers.items())
        names = ";".join(k for k, _ in lowered)
        lines = "".join(f"{k}:{v}\n" for k, v in lowered)
        request = f"{method}\n{quote(path, safe='/-_.~')}\n{query_string(query)}\n{lines}\n{names}\n{payload}"
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key(stamp[:8], who.secret_key), text.encode(), "sha256").hex()
        headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={who.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        return headers

    def _key(self, day: str, secret: str) -> bytes:
        cached = self._cached
        if cached[0] == day and cached[1] == secret:
            return cached[2]
        key = b"AWS4" + secret.encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._cached = (day, secret, key)
        return key
