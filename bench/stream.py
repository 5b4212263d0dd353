"""From a change of state, by the event's own clock, to its arrival at a client that follows all jobs."""

from __future__ import annotations

import http.client
import json
import threading
import time
from datetime import datetime

from client import Client
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


class Listener:
    def __init__(self, port: int) -> None:
        self.latencies: list[float] = []
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/api/v1/events", headers={"Accept": "text/event-stream"})
        self._answer = connection.getresponse()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            while line := self._answer.readline():
                now = time.time()
                if line.startswith(b"data: "):
                    at = datetime.fromisoformat(json.loads(line[6:])["at"]).timestamp()
                    self.latencies.append((now - at) * 1e3)
        except (OSError, ValueError, http.client.HTTPException):
            return  # the server went away: the run is over
