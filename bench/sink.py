"""A trivial EBS sink in a process of its own: takes blocks and forgets them, so that only the client is measured. Prints its port."""

import selectors
import socket


class Peer:
    """A connection: the head of the request being read, and how many bytes of its body are still to come."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.head, self.left = sock, b"", 0

    def take(self, scratch: bytearray) -> bool:
        """Read what is there and answer finished requests; False when the peer has hung up."""
        if self.left:
            got = self.sock.recv_into(scratch, min(self.left, len(scratch)))
            self.left -= got
            if got and not self.left:
                self._answer()
            return got > 0
        piece = self.sock.recv(65536)
        self.head += piece
        end = self.head.find(b"\r\n\r\n")
        if end >= 0:
            fields = dict(line.split(b": ", 1) for line in self.head[:end].split(b"\r\n")[1:])
            length = int(next((v for k, v in fields.items() if k.lower() == b"content-length"), 0))
            self.left = length - (len(self.head) - end - 4)
            self.head = b""
            if not self.left:
                self._answer()
        return bool(piece)

    def _answer(self) -> None:
        self.sock.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}")


def main() -> None:
    """Serve until the process is ended."""
    scratch = bytearray(1 << 20)
    with socket.create_server(("127.0.0.1", 0)) as listener, selectors.DefaultSelector() as ready:
        ready.register(listener, selectors.EVENT_READ)
        print(listener.getsockname()[1], flush=True)
        while True:
            for key, _ in ready.select():
                if key.fileobj is listener:
                    sock, _ = listener.accept()
                    ready.register(sock, selectors.EVENT_READ, Peer(sock))
                elif not key.data.take(scratch):
                    ready.unregister(key.fileobj)
                    key.data.sock.close()


if __name__ == "__main__":
    main()
