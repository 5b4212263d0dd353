"""From a change of state, by the event's own clock, to its arrival at a client that follows all jobs."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from client import Client
from events import Events
from report import Line, limited, percentile
from servers import Trainyard, aot_cache

P99_MS = 50
PACE_SECONDS = 0.025
EVENTS_A_JOB = 4
"""At least: submitted, granted, running, ended."""


def run(runs: int, count: int, warm_up: int) -> list[Line]:
    tails = []
    with Trainyard("--job-runner", "mock", "--simulated-run-millis", "60", cache=aot_cache()) as server:
        listener = Listener(server.port)
        client = Client(server.port)
        submit(client, warm_up)
        for number in range(1, runs + 1):
            listener.latencies.clear()
            submit(client, -(-count // EVENTS_A_JOB))
            time.sleep(1.5)
            took = list(listener.latencies)
            tails.append(percentile(took, 99))
            print(
                f"run {number}  {len(took)} events  p50 {percentile(took, 50):.1f}  p99 {tails[-1]:.1f} ms", flush=True
            )
            if len(took) < count:
                raise SystemExit(f"bench: only {len(took)} of {count} events arrived")
        client.close()
    return [limited("change of state to the SSE client, p99", tails, P99_MS, "ms")]


def submit(client: Client, jobs: int) -> None:
    """Every third would run on and is cancelled."""
    for number in range(jobs):
        endless = number % 3 == 0
        script = {"trainyard.simulated/script": "run 600s, succeed"} if endless else {}
        job = client.submit({"name": f"follow-{number}", "model": {"name": "none"}, "annotations": script})
        time.sleep(PACE_SECONDS)
        if endless:
            client.ask("POST", f"/api/v1/jobs/{job}/cancel")


class Listener(Events):
    def __init__(self, port: int) -> None:
        self.latencies: list[float] = []
        super().__init__(port)

    def told(self, event: dict[str, Any], now: float) -> None:
        self.latencies.append((now - datetime.fromisoformat(event["at"]).timestamp()) * 1e3)
