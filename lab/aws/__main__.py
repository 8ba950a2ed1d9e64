"""`python -m lab.aws --state DIR --listen 127.0.0.1:PORT [--estate PATH] [--control-token-file F]`: serves until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from infra.errors import InclineError
from lab.aws.process import Options, build


class CannotServeError(InclineError):
    """The address or the state folder cannot be used."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the lab's AWS cannot serve on {what}", code="INC-4305", next_step="stop what holds the port: incline lab down")


def main(argv: list[str] | None = None) -> int:
    """Prints one line of JSON with the URL when it is ready; exit code 2 when it cannot start."""
    options = _options(argv)
    try:
        server = build(options)
    except InclineError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(CannotServeError(f"{options.host}:{options.port}, state in {options.state}: {error}"), file=sys.stderr)
        return 2
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    threading.Thread(target=server.serve_forever, name="serve", daemon=True).start()
    print(json.dumps({"url": server.url}), flush=True)
    stop.wait()
    server.shutdown()
    server.server_close()
    return 0


def _options(argv: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m lab.aws", description="The lab's AWS region on loopback.")
    parser.add_argument("--state", type=Path, required=True, help="folder for the blocks of volumes and snapshots")
    parser.add_argument("--listen", default="127.0.0.1:0", help="address and port; port 0 picks a free one")
    parser.add_argument("--estate", type=Path, help="estate whose AWS sites' base images are to exist")
    parser.add_argument("--control-token-file", type=Path, help="file with the token that /lab/ asks for; without it, /lab/ answers nobody")
    given = parser.parse_args(argv)
    host, _, port = given.listen.rpartition(":")
    if not port.isdigit():
        parser.error(f"--listen {given.listen}: give an address and a port, such as 127.0.0.1:5555")
    token = given.control_token_file.read_text(encoding="utf-8").strip() if given.control_token_file else secrets.token_hex(16)
    return Options(state=given.state, host=host or "127.0.0.1", port=int(port), token=token, estate=given.estate)


if __name__ == "__main__":
    sys.exit(main())
