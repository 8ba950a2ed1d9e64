"""A server of the lab as the lifecycle sees one: prints its address when ready, serves until SIGTERM, says what it is told to on stderr."""

import json
import signal
import socket
import sys
import threading


def main(manner: str, port: int) -> int:
    print("fake server here", file=sys.stderr, flush=True)
    if manner == "dies":
        print("no such datastore", file=sys.stderr)
        return 3
    if manner == "mumbles":
        print("hello", flush=True)
    stop = threading.Event()
    if manner == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
    listener = socket.create_server(("127.0.0.1", port))
    if manner != "silent":
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        print(json.dumps({"url": f"https://{address}", "nbd": "127.0.0.1:1", "ca_file": "/ca.pem"}), flush=True)
    stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
