"""How long the server needs to its first answer, and what it holds while nothing happens."""

from __future__ import annotations

import time
from pathlib import Path

from report import Line, spread
from servers import Peer, Trainyard, aot_cache

IDLE_SECONDS = 2


def run(peer_python: str, starts: int) -> list[Line]:
    cache = aot_cache()
    print(f"the cache has {cache.stat().st_size / 1e6:.0f} MB", flush=True)
    figures: dict[str, list[tuple[float, float]]] = {"plain": [], "AOT cache": [], "FastAPI peer": []}
    for _ in range(starts):
        figures["plain"].append(one_start(None))
        figures["AOT cache"].append(one_start(cache))
        with Peer(peer_python) as peer:
            figures["FastAPI peer"].append((peer.start_seconds, peer.rss_mb()))
    return [
        Line(
            f"start to first 200 and idle memory, {name}",
            f"{spread([start for start, _ in each], 2)} s, {spread([rss for _, rss in each], 0)} MB",
        )
        for name, each in figures.items()
    ]


def one_start(cache: Path | None) -> tuple[float, float]:
    with Trainyard("--job-runner", "mock", cache=cache) as server:
        time.sleep(IDLE_SECONDS)
        figure = server.start_seconds, server.rss_mb()
    print(f"{'AOT cache' if cache else 'plain':9}  {figure[0]:.2f} s  {figure[1]:.0f} MB", flush=True)
    return figure
