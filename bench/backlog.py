"""Ten thousand jobs that wait: pages of the list, and what the server holds."""

from __future__ import annotations

import time

from client import Client
from report import Line, limited, percentile
from servers import Trainyard, aot_cache
from throughput import QUEUE_ONLY, SENDERS, fill_together

P99_MS, MEMORY_MB = 30, 512
PAGES = {
    "newest": "/api/v1/jobs?limit=50",
    "by state": "/api/v1/jobs?limit=50&state=queued",
    "by label": "/api/v1/jobs?limit=50&label=team=nlp",
    "by name": "/api/v1/jobs?limit=50&name=backlog-7",
    "by contract and backend": "/api/v1/jobs?limit=50&contract=trainer&backend=simulated",
}


def run(runs: int, jobs: int, asks: int) -> list[Line]:
    tails: dict[str, list[float]] = {name: [] for name in (*PAGES, "page after page")}
    with Trainyard(*QUEUE_ONLY, cache=aot_cache()) as server:
        began = time.perf_counter()
        fill_together(server, "backlog-", jobs)
        print(f"{jobs} jobs handed in over {SENDERS} connections in {time.perf_counter() - began:.1f} s", flush=True)
        client = Client(server.port)
        for path in PAGES.values():
            timed(client, path, asks)
        for number in range(1, runs + 1):
            for name, path in PAGES.items():
                note(number, name, timed(client, path, asks), tails)
            note(number, "page after page", walked(client), tails)
        client.close()
        memory = server.rss_mb()
    lines = [limited(f"{jobs} queued, a page of 50 {name}, p99", each, P99_MS, "ms") for name, each in tails.items()]
    return [*lines, limited(f"{jobs} queued, memory", [memory], MEMORY_MB, "MB", 0)]


def timed(client: Client, path: str, asks: int) -> list[float]:
    took = []
    for _ in range(asks):
        began = time.perf_counter()
        page = client.ask("GET", path)
        took.append((time.perf_counter() - began) * 1e3)
        if len(page["jobs"]) != 50:
            raise SystemExit(f"bench: {path} shows {len(page['jobs'])} jobs")
    return took


def walked(client: Client) -> list[float]:
    """The whole list from its newest to its oldest job: nothing of it is in a cache."""
    took, cursor = [], ""
    while True:
        began = time.perf_counter()
        page = client.ask("GET", f"/api/v1/jobs?limit=50{cursor}")
        took.append((time.perf_counter() - began) * 1e3)
        if not page["next_cursor"]:
            return took
        cursor = "&cursor=" + page["next_cursor"]


def note(number: int, name: str, took: list[float], tails: dict[str, list[float]]) -> None:
    tails[name].append(percentile(took, 99))
    print(f"run {number}  {name:24} p50 {percentile(took, 50):5.1f}  p99 {percentile(took, 99):5.1f} ms", flush=True)
