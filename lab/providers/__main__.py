"""`python -m lab.providers aws|vsphere`: a provider plugin. It prints its port and serves until it is told to end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

from lab.providers.operations import Operations
from lab.providers.server import serve
from lab.providers.table import Table

_LOOK_AFTER_ENGINE = 2.0
"""Seconds between two looks at whether the engine still lives: one that was killed cannot say goodbye."""


def table_of(name: str) -> Table[object]:
    """The table of a provider; only its own client library is loaded."""
    if name == "aws":
        from lab.providers.aws import table as aws  # noqa: PLC0415  # boto3 and pyVmomi each cost a good part of a second

        return aws()
    if name == "vsphere":
        from lab.providers.vsphere import table as vsphere  # noqa: PLC0415

        return vsphere()
    raise SystemExit("usage: python -m lab.providers aws|vsphere [engine address]")


def main(arguments: list[str]) -> int:
    """Serve until SIGINT or SIGTERM. The engine sends both to the whole process group: ending is never an error."""
    operations = Operations(table_of(arguments[0] if arguments else ""))
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        operations.stop.set()
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    server, port = serve(operations)
    print(port, flush=True)  # the plugin protocol
    engine = os.getppid()
    while not ended.wait(_LOOK_AFTER_ENGINE) and os.getppid() == engine:
        pass
    server.stop(grace=1).wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
