"""From a site's NBD address to a connection. The one reader of that address."""

from __future__ import annotations

import ssl

from migration.nbd.client import NbdClient
from migration.types import PermanentError


def connect_nbd(address: str, export: str, *, ca_file: str = "") -> NbdClient:
    """The disk `export` at `address`: `host:port`, or `nbds://host:port` for TLS with the authority in `ca_file`.

    Raises:
        PermanentError: the address is none, or the server refuses.
        TransientError: nobody answers.
    """
    secure = address.startswith("nbds://")
    host, _, port = address.removeprefix("nbds://").removeprefix("nbd://").rstrip("/").rpartition(":")
    if not host or not port.isdigit():
        raise PermanentError(
            f"{address or '(nothing)'} is no address of an NBD server",
            code="INC-2952",
            next_step="set INCLINE_SITE_<SITE>_NBD to host:port, or to nbds://host:port for TLS",
        )
    return NbdClient.connect(
        host.strip("[]"), int(port), export, tls=ssl.create_default_context(cafile=ca_file or None) if secure else None
    )
