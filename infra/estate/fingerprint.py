"""A server's fingerprint: the digest of what people wrote about it, without the site.

A move remembers it when it starts; an edit of the server while the move is open would make plan and machine disagree and is refused.
Defaults are left out, so that a new optional key of the model does not change the fingerprint of a server that does not use it.
"""

from __future__ import annotations

import hashlib
import json

from infra.estate.model import Server


def fingerprint(server: Server) -> str:
    """SHA-256, hex, of the server's canonical JSON without `site`."""
    content = server.model_dump(mode="json", exclude={"site"}, exclude_defaults=True)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
