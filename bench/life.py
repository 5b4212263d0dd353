"""What a whole life costs the server: accepted, given a slot, launched, running, succeeded, its lines gathered."""

from __future__ import annotations

import time

from client import Client
from report import Line, spread
from servers import Trainyard, aot_cache
from throughput import fill_together


def run(runs: int, jobs: int) -> list[Line]:
    costs = []
    with Trainyard("--job-runner", "mock", "--simulated-run-millis", "100", cache=aot_cache()) as server:
        client = Client(server.port)
        for number in range(runs + 1):
            before = server.cpu_seconds()
            fill_together(server, f"life-{number}-", jobs)
            while any(
                client.ask("GET", f"/api/v1/jobs?limit=1&state={state}")["jobs"]
                for state in ("queued", "launching", "running", "stopping")
            ):
                time.sleep(0.1)
            cost = (server.cpu_seconds() - before) * 1e6 / jobs
            print(f"{'warm-up' if number == 0 else f'run {number}'}  {cost:.0f} µs CPU a job", flush=True)
            if number > 0:
                costs.append(cost)
        client.close()
    return [Line("a simulated job's whole life, server CPU", f"{spread(costs, 0)} µs")]
