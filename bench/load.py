"""A fast client: raw HTTP/1.1 over persistent connections.

    load.py PORT SECONDS CONNECTIONS METHOD PATH…

Each connection sends a request, reads the whole answer, and sends the next; several paths are taken
in turn. Prints how many answers came within the time. Anything but 200 or 201 ends it.
"""

import asyncio
import itertools
import re
import sys
from typing import Any

try:
    from uvloop import run
except ImportError:
    from asyncio import run

BODY = b'{"title": "Water the trellis", "description": "What has to be done"}'


class Connection(asyncio.Protocol):
    """One connection to the server."""

    answered = 0
    failure = ""

    def __init__(self, requests: list[bytes], offset: int, done: asyncio.Event) -> None:
        self.requests = itertools.cycle(requests[offset:] + requests[:offset])
        self.done = done
        self.buffer = b""
        self.missing = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.missing -= len(data)
        else:
            self.buffer += data
            head, blank, rest = self.buffer.partition(b"\r\n\r\n")
            if not blank:
                return
            if head[9:12] not in (b"200", b"201"):
                self.fail(self.buffer)
                return
            length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
            assert length
            self.missing = int(length[1]) - len(rest)
            self.buffer = b""
        if self.missing == 0:
            Connection.answered += 1
            self.transport.write(next(self.requests))

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.is_set():
            self.fail(b"the connection was closed")

    def fail(self, answer: bytes) -> None:
        Connection.failure = Connection.failure or answer.decode(errors="replace")
        self.done.set()


def request(method: str, path: str) -> bytes:
    """The bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\n"
    if method != "POST":
        return f"{head}\r\n".encode()
    head += f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    return head.encode() + BODY


async def main(port: int, seconds: float, connections: int, requests: list[bytes]) -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for number in range(connections):
        offset = number * len(requests) // connections
        await loop.create_connection(
            lambda offset=offset: Connection(requests, offset, done), "127.0.0.1", port
        )
    start, before = loop.time(), Connection.answered
    loop.call_later(seconds, done.set)
    await done.wait()
    took, answered = loop.time() - start, Connection.answered - before
    if Connection.failure:
        sys.exit(Connection.failure)
    print(answered / took, Connection.answered)


if __name__ == "__main__":
    port, seconds, connections, method, *paths = sys.argv[1:]
    requests = [request(method, path) for path in paths]
    run(main(int(port), float(seconds), int(connections), requests))
