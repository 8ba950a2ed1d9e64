"""The NBD client against a server that answers in pieces, out of order, with errors, or not at all."""

import random
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from migration.group_flush import GroupFlush
from migration.nbd.client import NbdClient
from migration.nbd.connect import connect_nbd
from migration.retry import Retry
from migration.targets.vsphere_nbd import NbdDisk, VsphereNbdTarget
from migration.types import BLOCK, Extent, PermanentError, TransientError
from tests.fakes.nbd_server import NbdServer

SIZE = 6 * BLOCK + 512
QUICK = Retry(attempts=4, sleep=lambda _: None)


def disk():
    data = bytearray(SIZE)
    data[BLOCK : 2 * BLOCK] = random.Random(3).randbytes(BLOCK)
    return data


@pytest.fixture(params=[True, False], ids=["structured", "simple"])
def server(request):
    with NbdServer(disk(), structured=request.param) as opened:
        yield opened


@pytest.fixture
def client(server):
    opened = NbdClient.connect("127.0.0.1", server.port, "disk")
    yield opened
    opened.close()


def test_reads_what_is_there(server, client):
    assert client.size_bytes == SIZE
    assert client.read(0, SIZE) == bytes(server.disk)
    assert client.read(BLOCK + 7, 100) == bytes(server.disk[BLOCK + 7 : BLOCK + 107])


def test_writes_are_seen_and_flushed(server, client):
    client.write(SIZE - 512, b"z" * 512)
    client.flush()

    assert server.disk[-512:] == b"z" * 512
    assert not server.unflushed


def test_many_callers_share_one_connection(server, client):
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda at: client.read(at, 4096), range(0, SIZE - 4096, 4096)))

    assert b"".join(parts) == bytes(server.disk[: len(parts) * 4096])
    assert server.connections == 1


def test_tells_where_data_may_be(server, client):
    found = list(NbdDisk(lambda: client).allocated())

    assert found == ([Extent(BLOCK, BLOCK)] if server.structured else [Extent(0, SIZE)])


def test_an_unknown_disk_is_refused_with_what_to_do(server):
    with pytest.raises(PermanentError, match="export unknown") as caught:
        NbdClient.connect("127.0.0.1", server.port, "other")
    assert "power the machine off" in caught.value.next_step


def test_nobody_there_is_worth_another_attempt():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TransientError, match="nbd://"):
        NbdClient.connect("127.0.0.1", port, "disk")


def test_a_server_of_another_kind_is_told_apart():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet():
            conn, _ = listener.accept()
            conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            conn.close()

        threading.Thread(target=greet, daemon=True).start()
        with pytest.raises(PermanentError, match="no NBD server"):
            NbdClient.connect("127.0.0.1", listener.getsockname()[1], "disk")


def test_an_error_of_the_disk_is_final_and_named(server, client):
    server.errors = [28]
    with pytest.raises(PermanentError, match="WRITE at 512: no space left"):
        client.write(512, b"x" * 512)


def test_a_read_only_disk_takes_no_write():
    with NbdServer(disk(), read_only=True) as server:
        client = NbdClient.connect("127.0.0.1", server.port, "disk")
        with pytest.raises(PermanentError, match="read-only"):
            client.write(0, b"x")
        client.close()


def test_a_lost_connection_fails_what_was_on_its_way_and_a_new_one_goes_on(server):
    reader = NbdDisk(lambda: NbdClient.connect("127.0.0.1", server.port, "disk"), retry=QUICK)
    assert reader.size_bytes == SIZE
    server.cut_after = 1

    assert reader.read(0, SIZE) == bytes(server.disk)
    assert server.connections == 2
    reader.close()


def test_a_write_whose_connection_is_lost_before_the_flush_is_written_again(server):
    target = VsphereNbdTarget(lambda: NbdClient.connect("127.0.0.1", server.port, "disk"), round_key="k", retry=QUICK)
    server.cut_after = 2  # the write is answered, the flush is not
    written = b"w" * BLOCK
    target.write(2, written, b"")

    assert server.disk[2 * BLOCK : 3 * BLOCK] == written
    assert server.connections == 2
    assert not server.unflushed
    target.close()


def test_waiters_share_a_flush_that_began_after_they_came():
    begun, go, flushes = threading.Event(), threading.Event(), []

    def flush():
        flushes.append(1)
        begun.set()
        go.wait(5)

    group = GroupFlush(flush)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(group.wait)
        begun.wait(5)
        rest = [pool.submit(group.wait) for _ in range(8)]
        while group._asked < 9:
            threading.Event().wait(0.001)
        go.set()
        for future in [first, *rest]:
            future.result(5)

    assert len(flushes) == 2


@pytest.fixture
def authority(tmp_path):
    """A certificate for 127.0.0.1, signed by itself, and its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nbd")])
    made = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(made - timedelta(hours=1))
        .not_valid_after(made + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (tmp_path / "ca.pem").write_bytes(certificate.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "both.pem").write_bytes(secret + certificate.public_bytes(pem))
    return tmp_path


def test_tls_is_started_within_the_handshake(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "both.pem")
    with NbdServer(disk(), tls=context) as server:
        client = connect_nbd(f"nbds://127.0.0.1:{server.port}", "disk", ca_file=str(authority / "ca.pem"))
        assert client.read(BLOCK, 64) == bytes(server.disk[BLOCK : BLOCK + 64])
        client.close()
        with pytest.raises(PermanentError, match="not trusted"):
            connect_nbd(f"nbds://127.0.0.1:{server.port}", "disk")


def test_a_server_without_tls_gets_no_data_when_tls_is_wanted(server):
    with pytest.raises(PermanentError, match="offers no TLS"):
        connect_nbd(f"nbds://127.0.0.1:{server.port}", "disk")


@pytest.mark.parametrize("address", ["", "host", "host:", ":7", "host:port"])
def test_an_address_that_is_none_names_the_variable(address):
    with pytest.raises(PermanentError, match="no address") as caught:
        connect_nbd(address, "disk")
    assert "_NBD" in caught.value.next_step
