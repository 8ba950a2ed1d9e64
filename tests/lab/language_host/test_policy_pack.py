"""Policy packs under our language host: a pack that serves the Analyzer protocol itself, as ours does."""

import sys

import pytest

pytestmark = pytest.mark.lab

PACK = '''
"""Refuses every note that says "forbidden"."""
import os, sys, threading
from concurrent import futures
import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto, analyzer_pb2_grpc as service, plugin_pb2

print("a word on stderr", file=sys.stderr)

class Pack(service.AnalyzerServicer):
    stack = ""
    def Handshake(self, request, context):
        return proto.AnalyzerHandshakeResponse()
    def ConfigureStack(self, request, context):
        Pack.stack = request.stack
        return proto.AnalyzerStackConfigureResponse()
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")
    def GetAnalyzerInfo(self, request, context):
        rule = proto.PolicyInfo(name="no-forbidden", enforcementLevel=proto.MANDATORY)
        return proto.AnalyzerInfo(name="notes", version="1.0.0", policies=[rule])
    def Configure(self, request, context):
        return empty_pb2.Empty()
    def Analyze(self, request, context):
        if request.type != "note:index:Note" or request.properties["text"] != "forbidden":
            return proto.AnalyzeResponse()
        return proto.AnalyzeResponse(diagnostics=[proto.AnalyzeDiagnostic(
            policyName="no-forbidden", policyPackName="notes", policyPackVersion="1.0.0", description="d",
            message=f"forbidden on {Pack.stack} in {os.path.basename(sys.prefix)}", enforcementLevel=proto.MANDATORY, urn=request.urn)])
    def AnalyzeStack(self, request, context):
        return proto.AnalyzeResponse()
    def Remediate(self, request, context):
        return proto.RemediateResponse()
    def Cancel(self, request, context):
        return empty_pb2.Empty()

server = grpc.server(futures.ThreadPoolExecutor(4))
service.add_AnalyzerServicer_to_server(Pack(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
'''


@pytest.fixture
def pack(project):
    project.write(f"runtime:\n  name: python\n  options:\n    virtualenv: {sys.prefix}\nversion: 1.0.0\n", name="pack/PulumiPolicy.yaml")
    project.write(PACK, name="pack/__main__.py")
    return project


def test_a_pack_lets_a_good_program_pass(pack):
    assert "notes@v1.0.0" in pack.run("preview", "--policy-pack", "pack").stdout


def test_a_pack_stops_a_bad_program_and_its_words_arrive(pack):
    pack.declare(one="forbidden")
    answer = pack.run("preview", "--policy-pack", "pack", check=False)

    assert answer.returncode != 0
    assert "forbidden on test in" in answer.stdout


def test_a_broken_pack_says_why(pack):
    pack.write("raise ValueError('pack is broken')\n", name="pack/__main__.py")
    answer = pack.run("preview", "--policy-pack", "pack", check=False)

    assert answer.returncode != 0
    assert "pack is broken" in answer.stdout + answer.stderr
