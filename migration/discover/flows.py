"""Files of flows, told apart by their content, read into conversations.

    NetFlow 5 and 9, IPFIX    export packets one after the other, or a classic pcap file of them
    VPC flow logs             text, default or custom fields
    ss                        the output of each guest, in a file named after it

Each may be packed with gzip. What is odd becomes a finding and the rest is read; a file that cannot be read at all is an error.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.errors import InclineError, why_unreadable
from migration.discover import ipfix, netflow
from migration.discover.flows_capture import MAGIC, payloads
from migration.discover.flows_collect import Collector
from migration.discover.flows_model import Flows
from migration.discover.flows_oddities import CUT_SHORT, EMPTY, STRANGE
from migration.discover.netflow_templates import Templates
from migration.discover.ss import guest_of, is_ss, read_ss
from migration.discover.vpc_flow_logs import is_vpc, read_vpc

MOST = 1 << 30
"""Bytes of a file, unpacked: larger ones are to be split."""

_FIRST_LINES = 20
_BEGINNING = re.compile(rb"\x00[\x05\x09\x0a]")
_ADDRESS = re.compile(r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)")
_TURN = re.compile(r"\d{3,}|\.\d+(?=\.|$)|\.gz$")
_YEAR_2000, _YEAR_2100 = 946_684_800, 4_102_444_800
_NAMED = {
    b"\x0a\x0d\x0d\x0a": ("a pcapng capture", "editcap -F pcap CAPTURE NEW"),
    b"PAR1": ("a Parquet file", "let VPC flow logs be written as text"),
    b"\x0c\xa5": ("a file of nfcapd", "nfdump -r FILE does not keep packets: capture the exports, or let VPC flow logs or ss tell"),
}


class FlowFileError(InclineError):
    """A file of flows cannot be read at all."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file, unpacked, and when it was written."""

    path: Path
    content: bytes
    written: datetime


def read_flows(paths: Sequence[Path], *, now: datetime | None = None, watch: Callable[[int], None] = lambda _: None) -> Flows:
    """What these files tell together.

    Args:
        paths: files, or folders that are read whole.
        now: later times cannot be.
        watch: told after each file how many were read.

    Raises:
        FlowFileError: INC-7050 to INC-7053.
    """
    now = now or datetime.now(UTC)
    collector, templates = Collector(now), Templates()
    files = [file for path in paths for file in _files(path)]
    for count, file in enumerate(files, start=1):
        collector.file = file.name
        before = collector.records, collector.heard
        try:
            content, written = _content(file, collector), datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except OSError as error:
            raise _unreadable(file, error) from error
        _read(_File(file, content, written), collector, templates)
        if (collector.records, collector.heard) == before:
            collector.oddities.count(file.name, EMPTY)
        watch(count)
    return collector.done(len(files))


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith("."))
    if not found:
        raise FlowFileError(f"{path}: there is no file in this folder", code="INC-7053", next_step="name the folder that ss wrote to")
    yield from found


def _content(file: Path, collector: Collector) -> bytes:
    with file.open("rb") as opened:
        packed = opened.read(2) == b"\x1f\x8b"
    if not packed:
        if file.stat().st_size > MOST:
            raise _too_large(file)
        return file.read_bytes()
    found = io.BytesIO()
    try:
        with gzip.open(file) as unpacked:
            while piece := unpacked.read1(1 << 20):
                found.write(piece)
                if found.tell() > MOST:
                    raise _too_large(file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        collector.oddities.count(collector.file, CUT_SHORT, f"it cannot be unpacked to its end: {error}")
    return found.getvalue()


def _read(file: _File, collector: Collector, templates: Templates) -> None:
    content = file.content
    if not content.strip():
        return
    for magic, (kind, way) in _NAMED.items():
        if content.startswith(magic):
            raise _unknown(file.path, f"it is {kind}", way)
    if content[:4] in MAGIC:
        for sender, payload in payloads(content, collector):
            _packet(payload, sender, collector, templates)
        templates.left_over(collector)
        return
    if _starts(content, 0):
        _packets(content, exporter_of(file.path.name), collector, templates)
        templates.left_over(collector)
        return
    _text(file, collector)


def _text(file: _File, collector: Collector) -> None:
    content = file.content
    if b"\x00" in content[:4096]:
        raise _unknown(
            file.path, "it is neither text nor packets of NetFlow 5, 9 or IPFIX", "export it as one of docs/how-to/dependencies.md"
        )
    first = [line for line in content[:16_384].decode("utf-8-sig", errors="replace").splitlines() if line.strip()][:_FIRST_LINES]
    if is_vpc(first):
        read_vpc(_lines(content), collector)
    elif is_ss(first):
        guest, taken = guest_of(file.path.name, file.written)
        read_ss(_lines(content), guest, taken, collector)
    else:
        raise _unknown(file.path, "its lines are neither of a VPC flow log nor of ss", "export it as one of docs/how-to/dependencies.md")


def _lines(content: bytes) -> Iterable[str]:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", errors="replace")


def exporter_of(file: str) -> str:
    """Who exported a file of packets that does not say: its name, less what differs in files of one exporter, such as dates and numbers."""
    address = _ADDRESS.search(file)
    return address[0] if address else _TURN.sub("", file)


def _packet(payload: bytes, sender: str, collector: Collector, templates: Templates) -> None:
    """One packet of a capture. Packets of other protocols are not counted as strange: a capture holds what went by."""
    version = int.from_bytes(payload[:2])
    if version == 5 and _plausible(payload, 0):
        netflow.read_5(payload, sender, collector)
    elif version == 9 and _plausible(payload, 0):
        netflow.read_9(payload, sender, templates, collector)
    elif version == 10 and _plausible(payload, 0):
        ipfix.read(payload, sender, templates, collector)


def _packets(content: bytes, sender: str, collector: Collector, templates: Templates) -> None:
    """Packets one after the other. Where none begins, the next that does is looked for."""
    at = 0
    while at < len(content):
        if not _starts(content, at):
            collector.oddities.count(collector.file, STRANGE, f"at byte {at}")
            found = next((match.start() for match in _BEGINNING.finditer(content, at + 1) if _plausible(content, match.start())), -1)
            if found < 0:
                return
            at = found
        length = _length(content, at)
        packet = content[at : at + length]
        if len(packet) < length:
            collector.oddities.count(collector.file, CUT_SHORT, f"{len(packet)} of {length} bytes at byte {at}")
        version = packet[1]
        if version == 5:
            netflow.read_5(packet, sender, collector)
        elif version == 9:
            netflow.read_9(packet, sender, templates, collector)
        else:
            ipfix.read(packet, sender, templates, collector)
        at += max(length, 1)


def _length(content: bytes, at: int) -> int:
    version = content[at + 1]
    if version == 5:
        return netflow.length_5(content, at)
    return netflow.length_9(content, at) if version == 9 else ipfix.length(content, at)


def _starts(content: bytes, at: int) -> bool:
    """Whether a packet's head can be here. Its clock is not asked: a wrong one is a finding, not a reason to pass over the packet."""
    if at + 20 > len(content) or content[at] != 0 or content[at + 1] not in {5, 9, 10}:
        return at + 16 <= len(content) and content[at : at + 2] == b"\x00\x0a"
    count = int.from_bytes(content[at + 2 : at + 4])
    if content[at + 1] == 5:
        return 1 <= count <= netflow.MOST_5
    return count >= (16 if content[at + 1] == 10 else 1)


def _plausible(content: bytes, at: int) -> bool:
    if not _starts(content, at):
        return False
    place = 4 if content[at + 1] == 10 else 8
    seconds: int = struct.unpack_from("!I", content, at + place)[0]
    return _YEAR_2000 <= seconds <= _YEAR_2100


def _unreadable(file: Path, error: OSError) -> FlowFileError:
    return FlowFileError(f"{file}: {why_unreadable(error)}", code="INC-7050", next_step="see to the path and its permissions")


def _unknown(file: Path, why: str, way: str) -> FlowFileError:
    return FlowFileError(f"{file}: no flows can be read from it: {why}", code="INC-7051", next_step=way)


def _too_large(file: Path) -> FlowFileError:
    return FlowFileError(f"{file}: it is larger than 1 GiB, unpacked", code="INC-7052", next_step="split it, and name all of its parts")
