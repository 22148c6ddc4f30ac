"""A proxy in front of a server, which cuts every connection somewhere."""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# With this option, a socket is closed by a reset.
_RESET = struct.pack("ii", 1, 0)


@contextmanager
def cutting(target: int, seed: int) -> Iterator[tuple[int, list[int]]]:
    """The port of the proxy, and the numbers of bytes after which it has cut connections."""
    source = random.Random(seed)  # noqa: S311
    cuts: list[int] = []

    async def serve(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        allowed = source.randint(0, source.choice([900, 6_000, 60_000]))
        reset = source.random() < 0.5
        server, to_server = await asyncio.open_connection("127.0.0.1", target)
        passed = 0

        async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal passed
            with suppress(OSError):
                while data := await reader.read(65_536):
                    writer.write(data[: max(0, allowed - passed)])
                    await writer.drain()
                    passed += len(data)
                    if passed >= allowed:
                        cuts.append(allowed)
                        return

        pipes = [pipe(client, to_server), pipe(server, to_client)]
        tasks = [asyncio.create_task(one) for one in pipes]
        _, unfinished = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for writer in (to_client, to_server):
            if reset:
                raw = writer.get_extra_info("socket")
                with suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.close()
        for task in unfinished:
            task.cancel()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    starting = asyncio.start_server(serve, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result(30)
    try:
        yield server.sockets[0].getsockname()[1], cuts
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()
