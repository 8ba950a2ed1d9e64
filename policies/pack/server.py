"""The pack's process: a gRPC server on loopback whose port is the first line of standard output.

Nothing else may be printed there: the engine's language host reads the port from it.
"""

from __future__ import annotations

import os
import signal
from concurrent import futures
from pathlib import Path
from types import FrameType

import grpc
from pulumi.runtime.proto import analyzer_pb2_grpc

from policies.pack.analyzer import Analyzer
from policies.pack.context import PackContext

LARGEST_MESSAGE = 400 << 20
"""The engine sends the whole stack in one message; its own limit is the same."""


def serve() -> None:
    """Serve the pack until the process is told to stop."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=4),
        options=[("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.max_send_message_length", LARGEST_MESSAGE)],
    )
    context = PackContext.from_environment(os.environ, Path(__file__).resolve().parents[2])
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(context), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # the protocol's first line

    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.stop(grace=None)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the engine ends the pack itself once it has stopped its own work
    server.wait_for_termination()
