"""Serves the language host: prints its port as the first line, as the engine expects, and goes when the engine asks or is gone.

Started by the launcher `pulumi-language-python` that the lab writes into its plugin folder.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc
from pulumi.runtime.proto import language_pb2_grpc

from lab.language_host.children import Children
from lab.language_host.host import LanguageHost

_MAX_MESSAGE = 400 << 20  # the engine's own limit
_ORPHAN_CHECK_S = 1.0


def _arguments() -> tuple[str, Path]:
    """The engine's address (the last argument) and the executor. The engine may add logging flags, which are not for us."""
    parser = argparse.ArgumentParser(prog="pulumi-language-python", allow_abbrev=False)
    parser.add_argument("--executor", type=Path, required=True, help="the SDK's pulumi-language-python-exec")
    known, rest = parser.parse_known_args()
    addresses = [word for word in rest if not word.startswith("-")]
    return (addresses[-1] if addresses else ""), known.executor


def main() -> int:
    """Serve until SIGINT, SIGTERM or the end of the engine."""
    engine, executor = _arguments()
    going = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: going.set())
    children = Children()
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16),
        options=[("grpc.max_receive_message_length", _MAX_MESSAGE), ("grpc.max_send_message_length", _MAX_MESSAGE)],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(engine=engine, executor=executor, children=children), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    parent = os.getppid()
    while not going.wait(_ORPHAN_CHECK_S) and os.getppid() == parent:
        pass
    children.stop()
    children.join()
    server.stop(grace=0.2).wait()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # gRPC's worker threads may sit in a call that nobody will answer; the interpreter would wait for them
