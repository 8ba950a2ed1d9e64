"""Whatever a file holds, reading it ends in flows, findings or an error for people."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.errors import InclineError
from migration.discover.flows import read_flows
from tests.migration.discover.flows.packets import (
    APP,
    DB,
    FIELDS_9,
    FIELDS_10,
    NOW,
    captured,
    packed,
    packet_5,
    packet_9,
    packet_10,
    record_5,
    record_9,
    record_10,
    set_of,
    template,
    vpc,
    vpc_row,
)

FIVE = packet_5(record_5(APP, DB, (40_000, 5432)), record_5(DB, APP, (5432, 40_000)))
NINE = packet_9(set_of(0, template(256, FIELDS_9)), set_of(256, record_9(APP, DB, (40_000, 5432))))
TEN = packet_10(set_of(2, template(256, FIELDS_10)), set_of(256, record_10(APP, DB, (40_000, 5432)) * 2))
SS = f'tcp LISTEN 0 5 *:22 *:* users:(("sshd",pid=1,fd=3))\ntcp ESTAB 0 0 {APP}:40000 {DB}:5432\n'.encode()
SEEDS = (
    FIVE + FIVE,
    NINE + NINE,
    TEN + TEN,
    captured([FIVE, NINE, TEN]),
    packed(FIVE + NINE),
    vpc(vpc_row(APP, DB, (40_000, 5432)), vpc_row(DB, APP, (5432, 40_000))).encode(),
    SS,
)
Change = tuple[int, int, int]
changes = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1 << 16), st.integers(0, 255)), max_size=12)


def changed(seed: bytes, edits: list[Change]) -> bytes:
    content = bytearray(seed)
    for kind, place, value in edits:
        at = place % (len(content) + 1)
        if kind == 0:
            content[at : at + 1] = bytes([value])
        elif kind == 1:
            del content[at : at + value]
        else:
            content[at:at] = bytes([value]) * (1 + value % 4)
    return bytes(content)


def survives(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "flows")
        file.write_bytes(content)
        try:
            found = read_flows([file], now=NOW)
        except InclineError:
            return
    assert all(c.octets >= 0 and c.connections > 0 for c in found.conversations)
    assert found.conversations or found.findings or found.guests


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SEEDS), changes)
def test_changed_files(seed: bytes, edits: list[Change]) -> None:
    survives(changed(seed, edits))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([b"\x00\x05", b"\x00\x09", b"\x00\x0a", b"\xd4\xc3\xb2\xa1", b"\x1f\x8b", b"2 ", b"tcp ESTAB ", b""]),
    st.binary(max_size=200),
)
def test_any_bytes(start: bytes, rest: bytes) -> None:
    survives(start + rest)
