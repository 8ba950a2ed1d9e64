"""A vCenter that answers what a test wrote, byte for byte, over TLS; and the session that a reader believes it has with it."""

import gzip
import http.server
import re
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from types import SimpleNamespace

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

VIEW = '<CreateContainerViewResponse><returnval type="ContainerView">view-1</returnval></CreateContainerViewResponse>'
DONE = "<DestroyViewResponse/>"


@dataclass
class Reply:
    """One answer to RetrievePropertiesEx or its continuation. `cut`: so many bytes are sent, then the connection ends."""

    body: bytes = b""
    status: int = 200
    cut: int | None = None
    packed: bool = False


@dataclass
class Script:
    replies: list[Reply]
    asked: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    packings: list[str] = field(default_factory=list)


class FakeSession:
    """What a reader uses of a VsphereSession."""

    site = "hill"

    def __init__(self, port, context):
        self.host, self.port, self.tls, self.logins = "127.0.0.1", port, context, 1

    def cookie(self):
        return f'vmware_soap_session="{self.logins}"'

    def soap_action(self):
        return '"urn:vim25/8.0.3.0"'

    def renew(self, stale):
        if stale == self.cookie():
            self.logins += 1

    def call(self, action):
        made = {"propertyCollector": "PropertyCollector", "viewManager": "ViewManager", "rootFolder": "Folder"}
        content = SimpleNamespace(**{name: type(kind, (), {"_moId": name})() for name, kind in made.items()})
        return action(SimpleNamespace(RetrieveContent=lambda: content))


@contextmanager
def scripted(folder, envelope, *replies):
    """The session and what was asked of it."""
    script = Script(list(replies))

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            method = re.search(rb"Body><(\w+)", body)[1].decode()
            script.asked.append(method)
            script.cookies.append(self.headers["Cookie"])
            script.requests.append(body)
            script.packings.append(self.headers["Accept-Encoding"])
            if method == "CreateContainerView":
                return self.reply(Reply(envelope(VIEW)))
            if method == "DestroyView":
                return self.reply(Reply(envelope(DONE)))
            return self.reply(script.replies.pop(0))

        def reply(self, reply):
            content = gzip.compress(reply.body) if reply.packed else reply.body
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(content)))
            if reply.packed:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(content[: reply.cut])
            self.close_connection = reply.cut is not None

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    key, authority = folder / "key.pem", folder / "authority.pem"
    _certificate(key, authority)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(authority, key)
    server.socket = serving.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield FakeSession(server.server_port, ssl.create_default_context(cafile=str(authority))), script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _certificate(key_file, file):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vcenter")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
