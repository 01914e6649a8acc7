# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that adds a round trip: ``python delay_proxy.py LISTEN_PORT TARGET_PORT ONE_WAY_MS``.

Every chunk is passed on after the one-way delay, however many follow it (a delay, no bandwidth
limit), and a new connection waits for the round trip its handshake would take.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_START_TIMEOUT_S = 10.0


@contextmanager
def serving(target_port: int, *, one_way_ms: float) -> Iterator[int]:
    """Run the proxy in a process of its own for the length of a block; the value is its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, __file__, str(port), str(target_port), str(one_way_ms)]
    )
    try:
        _await(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.02)
    raise RuntimeError("the delay proxy does not listen")


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float
) -> None:
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due_s, chunk = await queue.get()
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            if not chunk:
                writer.close()
                return
            writer.write(chunk)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            queue.put_nowait((loop.time() + delay_s, chunk))
    queue.put_nowait((loop.time() + delay_s, b""))
    with contextlib.suppress(OSError):
        await delivery


async def _serve(listen_port: int, target_port: int, delay_s: float) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * delay_s)
        there, back = await asyncio.open_connection("127.0.0.1", target_port)
        await asyncio.gather(_pass_on(reader, back, delay_s), _pass_on(there, writer, delay_s))

    server = await asyncio.start_server(handle, "127.0.0.1", listen_port, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000))
