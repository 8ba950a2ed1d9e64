"""Reading the machines of a vCenter: 30 properties and all devices of each, four ways, in the same run, against a saved simulator model.

Prints one JSON document. `BENCH_DISCOVER_MACHINES=1000` leaves the large model out (its files are 300 MB in the cache, made at first use).
Attribute access is measured on a part of the large model and scaled, as it makes the same calls for every machine.
"""

from __future__ import annotations

import gc
import http.client
import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import iterparse

from bench.saved_model.serve import served
from infra.endpoints import Endpoint
from infra.observed.soap import request
from infra.observed.soap.reader import PAGE, PropertyReader
from infra.observed.soap.shapes import VIM25, Shape, plain
from infra.observed.vsphere_session import VsphereSession
from migration.discover.vsphere_paths import DEVICES, HEAVY, MACHINE

SIZES = (1_000, 10_000)
BY_ATTRIBUTE = 300
PATHS = tuple(path for path, shape in MACHINE.items() if shape is plain)[:30]
SHAPES: dict[str, Shape] = {path: MACHINE[path] for path in PATHS} | HEAVY
OURS, RAW, RETRIEVE, ATTRIBUTES = "our reader", "raw SOAP, iterparse", "pyVmomi RetrievePropertiesEx", "pyVmomi attributes"

Step = tuple[str, Callable[[], int]]
"""What is measured, and the reading itself, which tells how many machines it read. The login is made before."""


@dataclass(frozen=True, slots=True)
class Read:
    """What one way of reading took."""

    machines: int
    seconds: float
    cpu: float
    server_cpu: float
    peak_mib: float


def main() -> None:
    """All ways at every size."""
    figures: dict[str, float | str] = {}
    largest = int(os.environ.get("BENCH_DISCOVER_MACHINES", SIZES[-1]))
    for size in (each for each in SIZES if each <= largest):
        rounds = 3 if size == SIZES[0] else 1  # a short reading is at the mercy of whatever else the machine does
        with served(size) as (endpoint, pid):
            reads: dict[str, Read] = {}
            for way in WAYS * rounds:
                for name, read in _apart(way, endpoint, pid).items():
                    reads[name] = min(reads.get(name, read), read, key=lambda each: each.seconds)
        figures |= _rows(size, reads)
    print(json.dumps(figures))


def _apart(way: Callable[[Endpoint], list[Step]], endpoint: Endpoint, pid: int) -> dict[str, Read]:
    """In a fresh process, so that no way works in another's memory."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, way, endpoint, pid).result()


def _measured(way: Callable[[Endpoint], list[Step]], endpoint: Endpoint, pid: int) -> dict[str, Read]:
    reads = {}
    for name, step in way(endpoint):
        gc.collect()
        server, started, used = _cpu_of(pid), time.perf_counter(), time.process_time()
        machines = step()
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        reads[name] = Read(machines, seconds, cpu, _cpu_of(pid) - server, peak)
    return reads


def _session(endpoint: Endpoint) -> VsphereSession:
    session = VsphereSession(endpoint)
    session.cookie()  # signs on
    return session


def ours(endpoint: Endpoint) -> list[Step]:
    """The project's reader, all values kept."""
    session = _session(endpoint)

    def read() -> int:
        with PropertyReader(session) as reader:
            return len(list(reader.of_type("VirtualMachine", SHAPES)))

    return [(OURS, read)]


def whole(endpoint: Endpoint) -> list[Step]:
    """What `incline discover` does: machines, places, custom attributes, tags; then once more with what was known."""
    from migration.discover.model import FoundMachine
    from migration.discover.vsphere import read_site

    session = _session(endpoint)
    known: dict[str, FoundMachine] = {}

    def look() -> int:
        found = read_site(session, "DC0", "bench", known=known)
        known.update({each.key: each for each in found.machines})
        return len(found.machines)

    return [("a first look", look), ("a second look, nothing changed", look)]


def by_raw_soap(endpoint: Endpoint) -> list[Step]:
    """The floor: the same answers, each element made by iterparse and dropped, no value looked at."""
    session = _session(endpoint)
    content = session.call(lambda instance: instance.RetrieveContent())
    collector, views, root = (
        request.Reference(type(each).__name__.rpartition(".")[2], each._moId)  # noqa: SLF001 - pyVmomi names objects in no other way
        for each in (content.propertyCollector, content.viewManager, content.rootFolder)
    )
    connection = http.client.HTTPSConnection(session.host, session.port, context=session.tls)

    def send(body: bytes) -> http.client.HTTPResponse:
        connection.request("POST", "/sdk", body, {"Cookie": session.cookie(), "SOAPAction": session.soap_action()})
        return connection.getresponse()

    def read() -> int:
        answer = send(request.create_view(views, root, "VirtualMachine"))
        view = next(element.text for _, element in iterparse(answer) if element.tag == f"{VIM25}returnval")
        objects = request.view_objects(request.Reference("ContainerView", view or ""))
        body, count = request.retrieve(collector, "VirtualMachine", SHAPES, objects, PAGE), 0
        while body:
            token = ""
            for _, element in iterparse(send(body)):
                if element.tag == f"{VIM25}objects":
                    count += 1
                    element.clear()
                elif element.tag == f"{VIM25}token":
                    token = element.text or ""
            body = request.proceed(collector, token) if token else b""
        return count

    return [(RAW, read)]


def by_retrieve(endpoint: Endpoint) -> list[Step]:
    """pyVmomi's RetrievePropertiesEx with the same paths and pages."""
    from pyVmomi import vim

    session = _session(endpoint)
    return [(RETRIEVE, lambda: len(session.of_type(vim.VirtualMachine, [*PATHS, DEVICES])))]


def by_attribute(endpoint: Endpoint) -> list[Step]:
    """pyVmomi's attributes, read thriftily: each top one once per machine, then whatever hangs below it."""
    from pyVmomi import vim

    session = _session(endpoint)
    tops = sorted({path.partition(".")[0] for path in (*PATHS, DEVICES)})

    def read(instance: Any) -> int:
        content = instance.RetrieveContent()
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
        count = 0
        for machine in islice(view.view, BY_ATTRIBUTE):
            held = {top: getattr(machine, top) for top in tops}
            for path in (*PATHS, DEVICES):
                top, *rest = path.split(".")
                value = held[top]
                for part in rest:
                    value = getattr(value, part, None)
            count += 1
        return count

    return [(ATTRIBUTES, lambda: session.call(read))]


WAYS = (ours, by_raw_soap, by_retrieve, by_attribute, whole)


def _rows(size: int, reads: dict[str, Read]) -> dict[str, float | str]:
    """Each way's figures, scaled to the whole model, and ours against the others."""
    rows: dict[str, float | str] = {}
    seconds = {name: read.seconds * size / read.machines for name, read in reads.items()}
    cpu = {name: read.cpu * size / read.machines for name, read in reads.items()}
    for name, read in reads.items():
        scaled = f" (from {read.machines:,})" if read.machines < size else ""
        rows |= {
            f"{size:,} machines, {name}, seconds{scaled}": round(seconds[name], 2),
            f"{size:,} machines, {name}, machines per second": round(size / seconds[name]),
            f"{size:,} machines, {name}, processor seconds": round(cpu[name], 2),
            f"{size:,} machines, {name}, processor seconds of the simulator": round(read.server_cpu * size / read.machines, 2),
            f"{size:,} machines, {name}, peak MiB": round(read.peak_mib),
        }
    for name in (ATTRIBUTES, RETRIEVE):
        rows[f"{size:,} machines, times as fast as {name}"] = round(seconds[name] / seconds[OURS], 2)
        rows[f"{size:,} machines, processor time of {name} against ours"] = round(cpu[name] / cpu[OURS], 2)
    rows[f"{size:,} machines, seconds against raw SOAP"] = round(seconds[OURS] / seconds[RAW], 2)
    rows[f"{size:,} machines, processor time against raw SOAP"] = round(cpu[OURS] / cpu[RAW], 2)
    return rows


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
