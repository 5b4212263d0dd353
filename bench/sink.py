"""Receivers of webhooks, in a process of their own: several ports, some of which hang. One port more takes orders."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

HANG_SECONDS = 30.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Sink:
    def __init__(self) -> None:
        self.arrivals: dict[str, list[float]] = {}
        self.told: dict[str, list[str]] = {}
        self.healed = False

    async def receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, whole: bool) -> None:
        """@param whole: this receiver hangs on every path; the others on paths that begin with /hang."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lines = head.split("\r\n")
                fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
                lower = {name.lower(): value for name, value in fields.items()}
                await reader.readexactly(int(lower.get("content-length", 0)))
                path = lines[0].split(" ")[1]
                self.arrivals.setdefault(path, []).append(time.monotonic())
                self.told.setdefault(path, []).append(lower.get("webhook-id", ""))
                if not self.healed and (whole or path.startswith("/hang")):
                    await asyncio.sleep(HANG_SECONDS)
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    async def order(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        word = (await reader.readline()).decode().strip()
        answer: Any = {}
        if word == "report":
            answer = {"arrivals": self.arrivals, "told": self.told}
        elif word == "forget":
            self.arrivals = {}
        elif word == "heal":
            self.healed = True
        writer.write(json.dumps(answer).encode())
        await writer.drain()
        writer.close()


async def main(receivers: int, hanging: int) -> None:
    sink = Sink()
    servers = []
    for number in range(receivers):
        whole = number < hanging

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, whole: bool = whole) -> None:
            await sink.receive(reader, writer, whole)

        servers.append(await asyncio.start_server(handle, "127.0.0.1", 0, backlog=1024))
    servers.append(await asyncio.start_server(sink.order, "127.0.0.1", 0))
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
