"""NetFlow 5 and 9, IPFIX: packets built by hand, good and bad."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from migration.discover.flows import FlowFileError, exporter_of, read_flows
from migration.discover.flows_collect import Collector
from migration.discover.flows_model import Conversation, Flow, Flows
from tests.migration.discover.flows.packets import (
    APP,
    DB,
    FIELDS_9,
    FIELDS_10,
    NOW,
    T0,
    WEB,
    captured,
    packed,
    packet_5,
    packet_9,
    packet_10,
    raw,
    record_5,
    record_9,
    record_10,
    set_of,
    template,
)


def read(tmp_path: Path, *contents: bytes) -> Flows:
    files = []
    for number, content in enumerate(contents):
        file = tmp_path / f"flows-{number}.bin"
        file.write_bytes(content)
        files.append(file)
    return read_flows(files, now=NOW)


def only(found: Flows) -> Conversation:
    assert len(found.conversations) == 1, found
    return found.conversations[0]


def codes(found: Flows) -> list[str]:
    return sorted({finding.code for finding in found.findings})


def test_both_directions_of_a_conversation_are_one(tmp_path: Path) -> None:
    there, back = record_5(APP, DB, (40_000, 5432), octets=4000), record_5(DB, APP, (5432, 40_000), octets=90_000)

    one = only(read(tmp_path, packet_5(there, back)))

    assert (one.client, one.server, one.port, one.protocol, one.octets) == (APP, DB, 5432, "tcp", 94_000)
    assert (one.connections, len(one.on), one.answered, one.both) == (1, 1, True, False)
    assert one.first is not None
    assert int(one.first.timestamp()) == T0 - 10


def test_an_exporter_that_ran_for_longer_than_its_counter_holds(tmp_path: Path) -> None:
    wrapped = packet_5(record_5(APP, DB, (40_000, 5432), first=2**32 - 5_000, last=2**32 - 1_000), uptime=5_000)

    one = only(read(tmp_path, wrapped))

    assert one.first is not None
    assert int(one.first.timestamp()) == T0 - 10


def test_sampled_packets_stand_for_all(tmp_path: Path) -> None:
    assert only(read(tmp_path, packet_5(record_5(APP, DB, (40_000, 5432)), sampling=100))).octets == 400_000


@pytest.mark.parametrize("seconds", [0, 4_000_000_000])
def test_a_clock_that_was_never_set_gives_no_days_and_is_said(tmp_path: Path, seconds: int) -> None:
    found = read(tmp_path, packet_5(record_5(APP, DB, (40_000, 5432)), seconds=seconds))

    assert (only(found).on, only(found).first) == (frozenset(), None)
    assert codes(found) == ["DSC-064"]


def test_a_packet_that_ends_too_early_gives_what_it_has(tmp_path: Path) -> None:
    whole = packet_5(record_5(APP, DB, (40_000, 5432)), record_5(WEB, APP, (40_000, 8443)))

    found = read(tmp_path, whole[:-20])

    assert only(found).server == DB
    assert codes(found) == ["DSC-061"]


def test_bytes_between_packets_are_passed_over(tmp_path: Path) -> None:
    first, second = packet_5(record_5(APP, DB, (40_000, 5432))), packet_5(record_5(WEB, APP, (40_000, 8443)))

    found = read(tmp_path, first + b"\xff\x00garbage" + second)

    assert [each.port for each in found.conversations] == [8443, 5432]
    assert codes(found) == ["DSC-062"]


def test_counters_that_wrapped_do_not_count(tmp_path: Path) -> None:
    found = read(tmp_path, packet_5(record_5(APP, DB, (40_000, 5432), packets=1000, octets=5)))

    assert only(found).octets == 0
    assert codes(found) == ["DSC-065"]


def test_version_9_learns_templates_and_passes_over_options(tmp_path: Path) -> None:
    options = set_of(1, struct.pack("!HHH", 257, 4, 4) + struct.pack("!HHHH", 1, 4, 34, 4))
    about = set_of(257, b"\0" * 8)
    packets = packet_9(set_of(0, template(256, FIELDS_9)), options) + packet_9(about, set_of(256, record_9(APP, DB, (40_000, 5432))))

    found = read(tmp_path, packets)

    assert (only(found).client, only(found).port, only(found).octets) == (APP, 5432, 4000)
    assert codes(found) == []


def test_templates_are_an_exporters_own(tmp_path: Path) -> None:
    packets = packet_9(set_of(0, template(256, FIELDS_9)), domain=1) + packet_9(set_of(256, record_9(APP, DB, (40_000, 5432))), domain=2)

    found = read(tmp_path, packets)

    assert found.conversations == ()
    assert codes(found) == ["DSC-060", "DSC-063"]


@pytest.mark.parametrize("version", [9, 10])
def test_data_before_its_template_waits_for_it(tmp_path: Path, version: int) -> None:
    if version == 9:
        data, learned = packet_9(set_of(256, record_9(APP, DB, (40_000, 5432)))), packet_9(set_of(0, template(256, FIELDS_9)))
    else:
        data, learned = packet_10(set_of(256, record_10(APP, DB, (40_000, 5432)))), packet_10(set_of(2, template(256, FIELDS_10)))

    found = read(tmp_path, data + learned)

    assert only(found).port == 5432
    assert [(finding.code, finding.gravity.value) for finding in found.findings] == [("DSC-063", "note")]


def test_ipfix_with_fields_of_varying_length_and_of_a_vendor(tmp_path: Path) -> None:
    fields = struct.pack("!HH", 300, 7) + struct.pack("!HHHHHHHH", 8, 4, 12, 4, 7, 2, 11, 2)
    fields += struct.pack("!HHHH", 4, 1, 95, 0xFFFF) + struct.pack("!HHI", 0x8000 | 12, 4, 9)
    record = raw(APP) + raw(DB) + struct.pack("!HHB", 40_000, 1433, 6) + b"\x05hello" + b"\0" * 4

    found = read(tmp_path, packet_10(set_of(2, fields)) + packet_10(set_of(300, record + record)))

    assert (only(found).server, only(found).port, only(found).protocol) == (DB, 1433, "tcp")


def test_ipfix_tells_the_way_back_in_one_record(tmp_path: Path) -> None:
    fields = struct.pack("!HH", 300, 7) + b"".join(struct.pack("!HH", *each) for each in ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1)))
    fields += struct.pack("!HHI", 0x8000 | 1, 4, 29305) + struct.pack("!HHI", 0x8000 | 2, 4, 29305)
    record = raw(APP) + raw(DB) + struct.pack("!HHBII", 40_000, 1433, 6, 7000, 9)

    one = only(read(tmp_path, packet_10(set_of(2, fields), set_of(300, record))))

    assert (one.octets, one.answered) == (7000, True)


def test_ipfix_that_counts_from_its_start_and_tells_it_in_a_record_about_itself(tmp_path: Path) -> None:
    about = struct.pack("!HHH", 300, 2, 1) + struct.pack("!HHHH", 143, 4, 160, 8)
    started = T0 * 1000 - 60 * 86_400_000  # so long ago that the counter of milliseconds has wrapped
    fields = template(256, ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (22, 4), (21, 4)))
    first = (60 * 86_400_000 - 10_000) % 2**32
    record = raw(APP) + raw(DB) + struct.pack("!HHBII", 40_000, 5432, 6, first, first + 4_000)
    packets = packet_10(set_of(2, fields), set_of(3, about), set_of(300, struct.pack("!IQ", 1, started)), set_of(256, record))

    one = only(read(tmp_path, packets))

    assert one.first is not None
    assert int(one.first.timestamp()) == T0 - 10


def test_a_template_that_was_withdrawn_is_not_used(tmp_path: Path) -> None:
    packets = packet_10(set_of(2, template(256, FIELDS_10))) + packet_10(set_of(2, struct.pack("!HH", 256, 0)))

    found = read(tmp_path, packets + packet_10(set_of(256, record_10(APP, DB, (40_000, 5432)))))

    assert found.conversations == ()
    assert "DSC-063" in codes(found)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_capture_of_exports(tmp_path: Path, order: str) -> None:
    payloads = [packet_5(record_5(APP, DB, (40_000, 5432))), packet_9(set_of(0, template(256, FIELDS_9)))]
    payloads.append(packet_9(set_of(256, record_9(WEB, APP, (40_000, 8443)))))
    content = captured(payloads, order=order, vlan=True)

    found = read(tmp_path, packed(content), content)

    assert [(each.client, each.port, each.sightings) for each in found.conversations] == [(WEB, 8443, 1), (APP, 5432, 1)]
    assert codes(found) == ["DSC-066"], "the second file tells all of it again"


def test_what_two_exporters_tell_counts_once_and_is_surer(tmp_path: Path) -> None:
    payload = packet_5(record_5(APP, DB, (40_000, 5432), octets=4000))

    one = only(read(tmp_path, captured([payload], sender="192.168.1.1"), captured([payload], sender="192.168.1.2")))

    assert (one.octets, one.connections, one.both) == (4000, 1, True)


@pytest.mark.parametrize(
    ("names", "same"),
    [
        (("flows-20261120.bin", "flows-20261121.bin.gz"), True),
        (("flows.bin", "flows.bin.1"), True),
        (("router1.bin", "router2.bin"), False),
        (("10.0.0.1.bin", "10.0.0.2.bin"), False),
    ],
)
def test_files_of_one_exporter_differ_in_their_numbers(names: tuple[str, str], same: bool) -> None:
    assert (exporter_of(names[0]) == exporter_of(names[1])) is same


def test_bytes_of_one_exporters_files_add_up(tmp_path: Path) -> None:
    for number in range(2):
        record = record_5(APP, DB, (40_000 + number, 5432), first=50_000 + number)
        (tmp_path / f"flows-2026112{number}.bin").write_bytes(packet_5(record))

    one = only(read_flows([tmp_path], now=NOW))

    assert (one.octets, one.connections, one.both) == (8000, 2, False)


def test_seconds_where_milliseconds_are_due_and_the_other_way(tmp_path: Path) -> None:
    seconds = packet_10(set_of(2, template(256, FIELDS_10)), set_of(256, record_10(APP, DB, (40_000, 5432), start=T0)))
    fine = packet_10(set_of(2, template(257, ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (150, 8)))))
    fine += packet_10(set_of(257, raw(WEB) + raw(APP) + struct.pack("!HHBQ", 41_000, 8443, 6, T0 * 1000)))

    found = read(tmp_path, seconds + fine)

    assert [int(each.first.timestamp()) for each in found.conversations if each.first] == [T0, T0]
    assert [finding.code for finding in found.findings] == ["DSC-064", "DSC-064"]


def test_without_known_ports_the_one_that_many_use_is_the_servers(tmp_path: Path) -> None:
    records = [record_5(client, DB, (port, 50_777)) for client, port in ((APP, 49_000), (WEB, 51_000), ("10.0.9.9", 52_000))]

    found = read(tmp_path, packet_5(*records))

    assert {(each.server, each.port) for each in found.conversations} == {(DB, 50_777)}
    assert all(each.certain for each in found.conversations)


@pytest.mark.parametrize("most_open", [8, 50_000])
def test_who_serves_does_not_hang_on_how_many_wait(most_open: int) -> None:
    collector = Collector(NOW, most_open=most_open)
    for number in range(100):
        ends = {"source": f"10.0.9.{number + 1}", "source_port": 50_000 + number, "target": DB, "target_port": 50_777}
        collector.add(Flow(exporter="router", **ends, protocol=6, packets=5, octets=500, start=float(T0 + number), end=float(T0 + number)))

    found = collector.done(1)

    assert {(each.server, each.port) for each in found.conversations} == {(DB, 50_777)}
    assert len(found.conversations) == 100


def test_pings_and_multicast_are_no_dependency(tmp_path: Path) -> None:
    found = read(tmp_path, packet_5(record_5(APP, DB, (0, 2048), protocol=1), record_5(APP, "224.0.0.251", (5353, 5353), protocol=17)))

    assert found.conversations == ()
    assert codes(found) == ["DSC-069"]


def test_an_empty_file_is_a_finding(tmp_path: Path) -> None:
    assert codes(read(tmp_path, b"", b"\n")) == ["DSC-060"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x0a\x0d\x0d\x0a\0\0\0\0", "INC-7051"),
        (b"PAR1abc", "INC-7051"),
        (b"\x00\x07\x00\x01\0\0", "INC-7051"),
        (b"hello world\n", "INC-7051"),
    ],
)
def test_a_file_of_another_kind_is_an_error_that_says_what_to_do(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(FlowFileError) as caught:
        read(tmp_path, content)

    assert caught.value.code == code
    assert caught.value.next_step


def test_files_that_are_not_there_and_empty_folders(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FlowFileError, match="No such file") as missing:
        read_flows([tmp_path / "nothing"])
    with pytest.raises(FlowFileError) as empty:
        read_flows([tmp_path / "empty"])

    assert (missing.value.code, empty.value.code) == ("INC-7050", "INC-7053")


def test_a_packed_file_that_breaks_off_gives_what_it_has(tmp_path: Path) -> None:
    whole = packed(b"".join(packet_5(*(record_5(APP, DB, (40_000 + n, 5432 + m)) for m in range(20))) for n in range(300)))

    found = read(tmp_path, whole[: len(whole) // 2])

    assert found.conversations
    assert "DSC-061" in codes(found)
