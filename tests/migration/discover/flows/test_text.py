"""VPC flow logs and what guests say with ss."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration.discover.flows import read_flows
from migration.discover.flows_model import Flows
from migration.discover.ss import guest_of
from tests.migration.discover.flows.packets import APP, DB, NOW, T0, WEB, packed, vpc, vpc_row


def read(tmp_path: Path, text: str, name: str = "flows.log") -> Flows:
    file = tmp_path / name
    file.write_bytes(packed(text.encode()) if name.endswith(".gz") else text.encode())
    return read_flows([file], now=NOW)


def codes(found: Flows) -> list[str]:
    return sorted({finding.code for finding in found.findings})


@pytest.mark.parametrize("name", ["flows.log", "flows.log.gz"])
def test_the_default_format_with_and_without_its_header(tmp_path: Path, name: str) -> None:
    header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
    rows = [vpc_row(APP, DB, (40_000, 5432)), vpc_row(DB, APP, (5432, 40_000))]

    plain, named = read(tmp_path, vpc(*rows), name), read(tmp_path, vpc(*rows, header=header), name)

    assert plain == named
    assert [(c.client, c.server, c.port, c.octets, c.answered) for c in plain.conversations] == [(APP, DB, 5432, 8000, True)]


def test_a_line_of_ones_own_fields_with_real_addresses_and_flags(tmp_path: Path) -> None:
    header = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr srcport dstport protocol packets bytes start end tcp-flags log-status"
    row = f"eni-9 10.0.9.1 10.0.9.2 {APP} {DB} 40111 50222 6 5 900 {T0} {T0 + 9} 2 OK"
    answer = f"eni-9 10.0.9.2 10.0.9.1 {DB} {APP} 50222 40111 6 5 900 {T0} {T0 + 9} 18 OK"

    found = read(tmp_path, vpc(row, answer, header=header))

    assert [(c.client, c.server, c.port, c.certain) for c in found.conversations] == [(APP, DB, 50_222, True)]


def test_lines_of_cloudwatch_carry_a_time_of_their_own(tmp_path: Path) -> None:
    found = read(tmp_path, vpc("2026-11-20T10:00:00.000Z " + vpc_row(APP, DB, (40_000, 5432))))

    assert found.conversations[0].port == 5432


def test_refused_skipped_and_empty_spans_are_no_dependency(tmp_path: Path) -> None:
    nothing = f"2 123456789012 eni-1 - - - - - - - {T0} {T0 + 60} - NODATA"
    rows = (vpc_row(APP, DB, (40_000, 22), status="REJECT OK"), nothing, nothing.replace("NODATA", "SKIPDATA"))

    found = read(tmp_path, vpc(*rows))

    assert found.conversations == ()
    assert codes(found) == ["DSC-060", "DSC-068"]


def test_times_in_milliseconds_are_read_as_such(tmp_path: Path) -> None:
    found = read(tmp_path, vpc(vpc_row(APP, DB, (40_000, 5432), start=T0 * 1000)))

    assert found.first is not None
    assert int(found.first.timestamp()) == T0
    assert codes(found) == ["DSC-064"]


def test_negative_counters_and_broken_lines_are_said_and_the_rest_counts(tmp_path: Path) -> None:
    rows = [
        vpc_row(APP, DB, (40_000, 5432), octets=-5),
        "2 123 eni-1 broken",
        vpc_row(APP, "10.0.2.999", (40_000, 5432)),
        vpc_row(APP, DB, (40_000, 99_999)),
    ]

    found = read(tmp_path, vpc(*rows, vpc_row(WEB, APP, (41_000, 8443))))

    assert [(c.port, c.octets) for c in found.conversations] == [(8443, 4000), (5432, 0)]
    assert codes(found) == ["DSC-065", "DSC-067"]


def test_both_cards_of_a_conversation_count_once(tmp_path: Path) -> None:
    rows = [vpc_row(APP, DB, (40_000, 5432), eni=eni) for eni in ("eni-1", "eni-2")]

    found = read(tmp_path, vpc(*rows, rows[0]))

    assert [(c.octets, c.connections, c.both) for c in found.conversations] == [(4000, 1, True)]
    assert codes(found) == ["DSC-066"]


def test_a_guest_tells_who_listens_and_who_talks(tmp_path: Path) -> None:
    text = f"""Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
udp   UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:*
tcp   LISTEN 0 128 *:50123 *:* users:(("orders",pid=77,fd=3))
tcp   LISTEN 0 128 [::]:22 [::]:* users:(("sshd",pid=7,fd=3))
tcp   ESTAB  0 0 [::ffff:{APP}]:50123 [::ffff:{WEB}]:51000 users:(("orders",pid=77,fd=9))
tcp   ESTAB  0 0 {APP}:40000 {DB}:5432 users:(("orders",pid=77,fd=8))
tcp   ESTAB  0 0 127.0.0.1:40001 127.0.0.1:6379
u_str ESTAB  0 0 * 12345 * 12346
tcp   ESTAB  broken
"""
    found = read(tmp_path, text, "permits-app-01_2026-11-19.txt")

    told = {(c.client, c.server, c.port, c.process, c.basis) for c in found.conversations}
    assert told == {(WEB, APP, 50_123, "orders", ("ss",)), (APP, DB, 5432, "", ("ss",))}
    assert found.guests == {APP: "permits-app-01"}
    assert (found.first.isoformat() if found.first else "") == "2026-11-19T12:00:00+00:00"
    assert "DSC-067" in codes(found)


def test_ss_without_the_column_of_protocols(tmp_path: Path) -> None:
    found = read(tmp_path, f"State Recv-Q Send-Q Local Address:Port Peer Address:Port\nESTAB 0 0 {APP}:40000 {DB}:5432\n", "app.txt")

    assert [(c.client, c.port) for c in found.conversations] == [(APP, 5432)]


def test_numbers_that_no_port_has(tmp_path: Path) -> None:
    found = read(tmp_path, f"tcp ESTAB 0 0 {APP}:{'9' * 5000} {DB}:5432\ntcp ESTAB 0 0 {APP}:70000 {DB}:5432\n", "app.txt")

    assert found.conversations == ()
    assert codes(found) == ["DSC-060", "DSC-067"]


def test_a_guest_that_only_listens_is_no_empty_file(tmp_path: Path) -> None:
    assert codes(read(tmp_path, "tcp LISTEN 0 5 10.0.1.5:22 *:*\n", "app.txt")) == []


def test_command_lines_of_processes_are_never_kept(tmp_path: Path) -> None:
    text = f'tcp ESTAB 0 0 {APP}:40000 {DB}:5432 users:(("java",pid=1,fd=2)) java -Dpassword=hunter2\n'

    assert "hunter2" not in repr(read(tmp_path, text, "app.txt"))


@pytest.mark.parametrize(
    ("file", "guest", "day"),
    [
        ("app-01.txt", "app-01", NOW.date().isoformat()),
        ("app-01_2026-11-19.ss.gz", "app-01", "2026-11-19"),
        ("app-01-2026-11-19T0830.txt", "app-01", "2026-11-19"),
        ("app-01_2026-99-99.txt", "app-01_2026-99-99", NOW.date().isoformat()),
    ],
)
def test_a_file_is_named_after_its_guest(file: str, guest: str, day: str) -> None:
    name, taken = guest_of(file, NOW)

    assert (name, taken.date().isoformat()) == (guest, day)
