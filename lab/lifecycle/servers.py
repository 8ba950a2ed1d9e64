"""The command lines of the lab's two servers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lab.lifecycle.home import USER, LabHome
from lab.lifecycle.process import Command
from lab.lifecycle.record import Record, Server
from lab.toolchain import Toolchain

NAMES = ("vcenter", "aws")


def server_command(name: str, *, home: LabHome, record: Record, toolchain: Toolchain, estate: Path) -> Command:
    """How a server is started: at the ports it had before, or at free ones."""
    before = record.servers.get(name, Server())
    words = _vcenter(home, before, toolchain) if name == "vcenter" else _aws(home, before, estate)
    return Command(
        name="the lab vCenter" if name == "vcenter" else "the lab AWS",
        words=words,
        cwd=home.root,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ready=home.ready(name),
        log=home.log(name),
    )


def addresses_of(name: str, printed: dict[str, str]) -> dict[str, str]:
    """What a server printed, with the host:port form that clients of a vCenter want."""
    if name == "vcenter":
        return {**printed, "host": printed["url"].removeprefix("https://").partition("/")[0]}
    return printed


def _vcenter(home: LabHome, before: Server, toolchain: Toolchain) -> list[str]:
    nbd = before.addresses.get("nbd", "127.0.0.1:0")
    return [
        str(toolchain.vcenter),
        *("--inventory", str(home.inventory)),
        *("--state", str(home.state("vcenter"))),
        *("--listen", f"127.0.0.1:{before.port}"),
        *("--nbd", nbd),
        *("--user", USER),
        *("--password-file", str(home.password)),
        *("--control-token-file", str(home.control_token)),
    ]


def _aws(home: LabHome, before: Server, estate: Path) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "lab.aws"),
        *("--state", str(home.state("aws"))),
        *("--listen", f"127.0.0.1:{before.port}"),
        *("--estate", str(estate)),
        *("--control-token-file", str(home.control_token)),
    ]
