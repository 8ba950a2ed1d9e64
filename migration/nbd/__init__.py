"""A small NBD client of our own: libnbd is not on PyPI. `protocol.py` has the wire, `client.py` the connection."""
