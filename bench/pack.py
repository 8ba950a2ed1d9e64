"""A policy pack's process, spoken to as the engine does: start, read the port, configure, send a stack, measure."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

LARGEST = 400 << 20
SERVER = "incline:hybrid:Server"
VIRTUAL_MACHINE = "vsphere:index/virtualMachine:VirtualMachine"
INSTANCE = "aws:ec2/instance:Instance"


@dataclass(frozen=True, slots=True)
class Judged:
    """What one AnalyzeStack took: seconds, answers, and the most memory the process ever held."""

    seconds: float
    diagnostics: int
    peak_mib: float


@contextmanager
def pack(python: str, folder: Path, environ: Mapping[str, str]) -> Iterator[tuple[analyzer_pb2_grpc.AnalyzerStub, int]]:
    """A pack of any kind, booted the way the language host boots it; with the process's number."""
    process = subprocess.Popen(
        [python, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(folder)],
        cwd=folder,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        port = int((process.stdout or iter(())).readline())  # type: ignore[union-attr]
        limits = [("grpc.max_send_message_length", LARGEST), ("grpc.max_receive_message_length", LARGEST)]
        with grpc.insecure_channel(f"127.0.0.1:{port}", options=limits) as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel), process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def judge(python: str, folder: Path, environ: Mapping[str, str], resources: Sequence[analyzer_pb2.AnalyzerResource]) -> Judged:
    """One whole stack, judged once. Components' inputs are sent first, untimed, as the engine sends them while it registers resources."""
    with pack(python, folder, environ) as (stub, pid):
        stub.ConfigureStack(
            analyzer_pb2.AnalyzerStackConfigureRequest(stack="downtown.servers", project="incline", config={"incline:site": "downtown"})
        )
        for resource in resources:
            if resource.type == SERVER:
                stub.Analyze(
                    analyzer_pb2.AnalyzeRequest(type=resource.type, urn=resource.urn, name=resource.name, properties=resource.properties)
                )
        started = time.perf_counter()
        answer = stub.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources))
        return Judged(time.perf_counter() - started, len(answer.diagnostics), _peak_mib(pid))


def virtual_machines(count: int) -> list[analyzer_pb2.AnalyzerResource]:
    """Components and their machines, of about 1.5 kB each as real ones are."""
    tags = Struct()
    tags.update({"tags": {"owner": "Innovation", "service": "permits", "tier": "silver", "rto": "240m", "rpo": "240m"}})
    listed = []
    for index in range(count):
        name, parent = f"s-{index}", f"urn:pulumi:downtown.servers::incline::{SERVER}::s-{index}"
        listed.append(analyzer_pb2.AnalyzerResource(type=SERVER, name=name, urn=parent, properties=tags))
        properties = Struct()
        disks = [{"label": f"Hard disk {d}", "size": 40.0, "unitNumber": d, "thinProvisioned": True} for d in range(2)]
        properties.update(
            {
                "name": name,
                "numCpus": 4,
                "memory": 8192,
                "disks": disks,
                "guestId": "debian12_64Guest",
                "firmware": "efi",
                "efiSecureBootEnabled": True,
                "hardwareVersion": 19,
                "annotation": "x" * 600,
            }
        )
        urn = f"urn:pulumi:downtown.servers::incline::{SERVER}${VIRTUAL_MACHINE}::{name}-vm"
        listed.append(analyzer_pb2.AnalyzerResource(type=VIRTUAL_MACHINE, name=f"{name}-vm", urn=urn, parent=parent, properties=properties))
    return listed


def _peak_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
