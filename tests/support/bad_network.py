# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network that is as bad as one likes: a relay to a server that cuts connections in the midst of what they carry,
refuses some, answers others in the server's place, and lets some wait."""
from __future__ import annotations

import asyncio
import contextlib
import random
import threading

SLOW_DOWN = (b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nRetry-After: 1\r\nContent-Length: 47\r\n"
             b"Connection: close\r\n\r\n<Error><Code>SlowDown</Code><Message/></Error>\n")


class BadNetwork:
    """Answers at `port` while it lives. `faults` is the share of connections that something happens to."""

    def __init__(self, server_port: int, faults: float, seed: int) -> None:
        self.server_port, self.faults, self.chance = server_port, faults, random.Random(seed)
        self.happened: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()

    def _count(self, what: str) -> None:
        self.happened[what] = self.happened.get(what, 0) + 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self.chance.choice(("refused", "slow down", "cut", "cut", "waits")) if self.chance.random() < self.faults else None
        if fault:
            self._count(fault)
        with contextlib.suppress(OSError):
            if fault == "slow down":
                await reader.read(1 << 16)
                writer.write(SLOW_DOWN)
                await writer.drain()
            elif fault != "refused":
                await self._pass_on(reader, writer, fault)
        writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: str | None) -> None:
        away_reader, away_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        if fault == "waits":
            await asyncio.sleep(self.chance.uniform(0.1, 3))
        # Bytes of both directions, after which the connection is cut.
        left = [self.chance.choice((200, 3_000, 100_000, 5_000_000)) if fault == "cut" else 1 << 60]
        both = [asyncio.ensure_future(self._copy(reader, away_writer, left)),
                asyncio.ensure_future(self._copy(away_reader, writer, left))]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED if fault == "cut" else asyncio.ALL_COMPLETED)
        for each in both:
            each.cancel()
        away_writer.close()

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: list[int]) -> None:
        with contextlib.suppress(OSError):
            while left[0] > 0:
                some = await reader.read(min(1 << 16, left[0]))
                if not some:
                    break
                left[0] -= len(some)
                writer.write(some)
                await writer.drain()
            with contextlib.suppress(OSError, RuntimeError):
                if writer.can_write_eof():
                    writer.write_eof()
