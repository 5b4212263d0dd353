"""What a whole life costs the server: accepted, given a slot, launched, running, succeeded, its lines gathered."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from client import Client
from report import Line, spread
from servers import Trainyard
from throughput import fill

SENDERS = 16


def run(runs: int, jobs: int) -> list[Line]:
    costs = []
    with Trainyard("--job-runner", "mock", "--simulated-run-millis", "100") as server:
        client = Client(server.port)
        for number in range(runs + 1):
            before = server.cpu_seconds()
            with ThreadPoolExecutor(SENDERS) as senders:
                list(senders.map(lambda each: fill(server, f"life-{number}-{each}-", jobs // SENDERS), range(SENDERS)))
            while any(client.ask("GET", f"/api/v1/jobs?limit=1&state={state}")["jobs"]
                      for state in ("queued", "launching", "running", "stopping")):
                time.sleep(0.1)
            cost = (server.cpu_seconds() - before) * 1e6 / jobs
            print(f"{'warm-up' if number == 0 else f'run {number}'}  {cost:.0f} µs CPU a job", flush=True)
            if number > 0:
                costs.append(cost)
        client.close()
    return [Line("a simulated job's whole life, server CPU", f"{spread(costs, 0)} µs")]
