"""A provider of one type, `note:index:Note`: a text in a file of the folder NOTES. Enough to try the engine without a cloud.

A note named `slow...` takes two seconds to make. The file can be edited behind the engine's back, or removed.
"""

# ruff: noqa: N802 - gRPC names methods as the protocol does

import os
import signal
import sys
import threading
import time
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.proto import provider_pb2_grpc as service


class Notes(service.ResourceProviderServicer):
    def __init__(self) -> None:
        self.folder = Path(os.environ["NOTES"])

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request, context):
        return proto.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        return proto.DiffResponse(changes=proto.DiffResponse.DIFF_NONE)

    def Configure(self, request, context):
        return proto.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request, context):
        return proto.CheckResponse(inputs=request.news)

    def Diff(self, request, context):
        old, new = request.olds, request.news
        changed = [key for key in new if key not in old or old[key] != new[key]]
        changed = [key for key in changed if key not in request.ignoreChanges and "*" not in request.ignoreChanges]
        kind = proto.DiffResponse.DIFF_SOME if changed else proto.DiffResponse.DIFF_NONE
        return proto.DiffResponse(changes=kind, diffs=changed)

    def Create(self, request, context):
        name = request.urn.rsplit("::", 1)[1]
        if not request.preview:
            if name.startswith("slow"):
                time.sleep(2)
            (self.folder / name).write_text(request.properties["text"])
        return proto.CreateResponse(id=name, properties=request.properties)

    def Read(self, request, context):
        path = self.folder / request.id
        if not path.exists():
            return proto.ReadResponse()
        found = {"text": path.read_text()}
        return proto.ReadResponse(
            id=request.id,
            properties=json_format.ParseDict(found, proto.ReadResponse().properties),
            inputs=json_format.ParseDict(found, proto.ReadResponse().inputs),
        )

    def Update(self, request, context):
        if not request.preview:
            (self.folder / request.id).write_text(request.news["text"])
        return proto.UpdateResponse(properties=request.news)

    def Delete(self, request, context):
        (self.folder / request.id).unlink(missing_ok=True)
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        return empty_pb2.Empty()


def main() -> None:
    going = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: going.set())
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    service.add_ResourceProviderServicer_to_server(Notes(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    going.wait()
    server.stop(0)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
