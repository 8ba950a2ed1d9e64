"""A small NBD server on loopback for tests: one disk in memory, fixed newstyle, optionally structured replies, and faults on demand."""

import contextlib
import socket
import struct
import threading
from functools import partial

GRAIN = 64 << 10


def receive(conn, length):
    data = b""
    while len(data) < length:
        piece = conn.recv(length - len(data))
        if not piece:
            raise ConnectionError
        data += piece
    return data


class NbdServer:
    """Serves `disk` as `export`. `cut_after` closes the connection before the n-th reply; `errors` are error numbers for coming writes."""

    def __init__(self, disk: bytearray, export: str = "disk", *, structured: bool = True, read_only: bool = False, tls=None) -> None:
        self.disk, self.export = disk, export
        self.structured, self.read_only, self.tls = structured, read_only, tls
        self.cut_after = 0
        self.errors: list[int] = []
        self.flushes = 0
        self.connections = 0
        self.unflushed: set[int] = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open: list[socket.socket] = []
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for conn in self.open:
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
            conn.close()
        self.thread.join(5)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self.listener.accept()
                self.open.append(conn)
                self.connections += 1
                threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        with contextlib.suppress(OSError):
            conn, *state = self._negotiate(conn)
            while True:
                self._request(conn, *state)
        conn.close()

    def _negotiate(self, conn):
        conn.sendall(struct.pack(">QQH", 0x4E42444D41474943, 0x49484156454F5054, 3))
        receive(conn, 4)
        structured = allocation = False
        while True:
            _, option, length = struct.unpack(">QII", receive(conn, 16))
            data = receive(conn, length)
            answer = partial(self._answer, conn, option)
            if option == 5 and self.tls:
                answer(1)
                conn = self.tls.wrap_socket(conn, server_side=True)
            elif option == 8 and self.structured:
                structured = True
                answer(1)
            elif option == 10 and structured:
                allocation = True
                answer(4, struct.pack(">I", 7) + b"base:allocation")
                answer(1)
            elif option == 7:
                name = data[4 : 4 + struct.unpack(">I", data[:4])[0]].decode()
                if name != self.export:
                    answer((1 << 31) + 6, b"export unknown")
                    continue
                answer(3, struct.pack(">HQH", 0, len(self.disk), 1 | (2 if self.read_only else 0) | 4))
                answer(1)
                return conn, structured, allocation
            else:
                answer((1 << 31) + 1)

    def _maybe_cut(self):
        if self.cut_after:
            self.cut_after -= 1
            if not self.cut_after:
                raise ConnectionError

    @staticmethod
    def _answer(conn, option, kind, payload=b""):
        conn.sendall(struct.pack(">QIII", 0x0003E889045565A9, option, kind, len(payload)) + payload)

    def _request(self, conn, structured, allocation):
        _, _, command, cookie, offset, length = struct.unpack(">IHHQQI", receive(conn, 28))
        if command == 2:
            raise ConnectionError
        data = receive(conn, length) if command == 1 else b""
        self._maybe_cut()
        if command == 1:
            error = self.errors.pop(0) if self.errors else 0
            if not error:
                self.disk[offset : offset + length] = data
                self.unflushed.add(offset)
            conn.sendall(struct.pack(">IIQ", 0x67446698, error, cookie))
        elif command == 3:
            self.flushes += 1
            self.unflushed.clear()
            conn.sendall(struct.pack(">IIQ", 0x67446698, 0, cookie))
        elif command == 7 and allocation:
            runs = b"".join(
                struct.pack(">II", min(GRAIN, offset + length - at), 0 if bytes(self.disk[at : at + GRAIN]).strip(b"\0") else 3)
                for at in range(offset, offset + length, GRAIN)
            )
            self._chunk(conn, cookie, 5, struct.pack(">I", 7) + runs, done=True)
        elif command == 0 and structured:
            self._read_in_pieces(conn, cookie, offset, length)
        else:
            conn.sendall(struct.pack(">IIQ", 0x67446698, 0, cookie) + bytes(self.disk[offset : offset + length]))

    def _read_in_pieces(self, conn, cookie, offset, length):
        """The second half first; a first half of zeros as a hole."""
        half = length // 2
        first, second = bytes(self.disk[offset : offset + half]), bytes(self.disk[offset + half : offset + length])
        self._chunk(conn, cookie, 1, struct.pack(">Q", offset + half) + second, done=False)
        if first.strip(b"\0"):
            self._chunk(conn, cookie, 1, struct.pack(">Q", offset) + first, done=False)
        elif half:
            self._chunk(conn, cookie, 2, struct.pack(">QI", offset, half), done=False)
        self._chunk(conn, cookie, 0, b"", done=True)

    @staticmethod
    def _chunk(conn, cookie, kind, payload, *, done):
        conn.sendall(struct.pack(">IHHQI", 0x668E33EF, int(done), kind, cookie, len(payload)) + payload)
