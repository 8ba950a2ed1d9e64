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
BY_ATTRIBUTE = 500
PATHS = tuple(path for path, shape in MACHINE.items() if shape is plain and path != "parentVApp")[:30]
SHAPES: dict[str, Shape] = {path: MACHINE[path] for path in PATHS} | HEAVY


@dataclass(frozen=True, slots=True)
class Read:
    """What one way of reading took, in a process of its own."""

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
        with served(size) as (endpoint, pid):
            reads = {name: _apart(way, endpoint, pid) for name, way in WAYS.items()}
        figures |= _rows(size, reads)
    print(json.dumps(figures))


def _apart(way: Callable[[Endpoint], int], endpoint: Endpoint, pid: int) -> Read:
    """In a fresh process, so that no way works in another's memory."""
    context = multiprocessing.get_context("spawn")
    before = _cpu_of(pid)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        machines, seconds, cpu, peak = pool.submit(_measured, way, endpoint).result()
    return Read(machines, seconds, cpu, _cpu_of(pid) - before, peak)


def _measured(way: Callable[[Endpoint], int], endpoint: Endpoint) -> tuple[int, float, float, float]:
    gc.collect()
    started, used = time.perf_counter(), time.process_time()
    machines = way(endpoint)
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    return machines, seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ours(endpoint: Endpoint) -> int:
    """The project's reader, all values kept."""
    session = VsphereSession(endpoint)
    with PropertyReader(session) as reader:
        found = list(reader.of_type("VirtualMachine", SHAPES))
    session.close()
    return len(found)


def whole(endpoint: Endpoint) -> int:
    """The whole first look of `incline discover`: machines, places, custom attributes, tags."""
    from migration.discover.vsphere import read_site

    session = VsphereSession(endpoint)
    found = read_site(session, "DC0", "bench")
    session.close()
    return len(found.machines)


def by_raw_soap(endpoint: Endpoint) -> int:
    """The floor: the same answers, each element made by iterparse and dropped, no value looked at."""
    session = VsphereSession(endpoint)
    content = session.call(lambda instance: instance.RetrieveContent())
    collector, views, root = (
        request.Reference(type(each).__name__.rpartition(".")[2], each._moId)  # noqa: SLF001 - pyVmomi names objects in no other way
        for each in (content.propertyCollector, content.viewManager, content.rootFolder)
    )
    connection = http.client.HTTPSConnection(session.host, session.port, context=session.tls)

    def send(body: bytes) -> http.client.HTTPResponse:
        connection.request("POST", "/sdk", body, {"Cookie": session.cookie(), "SOAPAction": session.soap_action()})
        return connection.getresponse()

    view = next(e.text for _, e in iterparse(send(request.create_view(views, root, "VirtualMachine"))) if e.tag == f"{VIM25}returnval")
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
    session.close()
    return count


def by_retrieve(endpoint: Endpoint) -> int:
    """pyVmomi's RetrievePropertiesEx with the same paths and pages."""
    from pyVmomi import vim

    session = VsphereSession(endpoint)
    found = session.of_type(vim.VirtualMachine, [*PATHS, DEVICES])
    session.close()
    return len(found)


def by_attribute(endpoint: Endpoint) -> int:
    """pyVmomi's attributes, read thriftily: each top one once per machine, then whatever hangs below it."""
    from pyVmomi import vim

    session = VsphereSession(endpoint)

    def read(instance: Any) -> int:
        content = instance.RetrieveContent()
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
        tops = sorted({path.partition(".")[0] for path in (*PATHS, DEVICES)})
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

    count = session.call(read)
    session.close()
    return count


WAYS: dict[str, Callable[[Endpoint], int]] = {
    "incline's reader": ours,
    "raw SOAP, iterparse": by_raw_soap,
    "pyVmomi RetrievePropertiesEx": by_retrieve,
    "pyVmomi attributes": by_attribute,
    "incline discover, first look": whole,
}


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
            f"{size:,} machines, {name}, CPU seconds of the reader": round(cpu[name], 2),
            f"{size:,} machines, {name}, CPU seconds of the simulator": round(read.server_cpu * size / read.machines, 2),
            f"{size:,} machines, {name}, peak MiB": round(read.peak_mib),
        }
    mine = "incline's reader"
    for name in ("pyVmomi attributes", "pyVmomi RetrievePropertiesEx"):
        rows[f"{size:,} machines, times faster than {name}"] = round(seconds[name] / seconds[mine], 2)
        rows[f"{size:,} machines, times less CPU than {name}"] = round(cpu[name] / cpu[mine], 2)
    rows[f"{size:,} machines, times the seconds of raw SOAP"] = round(seconds[mine] / seconds["raw SOAP, iterparse"], 2)
    rows[f"{size:,} machines, times the CPU of raw SOAP"] = round(cpu[mine] / cpu["raw SOAP, iterparse"], 2)
    return rows


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
