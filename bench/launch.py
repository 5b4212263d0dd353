"""From the request to the first statement of the job's own process."""

from __future__ import annotations

import json
import subprocess
import time

from client import Client
from report import Line, limited, percentile
from servers import Trainyard, aot_cache
from throughput import body

P50_MS, P99_MS = 10, 50
POLL_SECONDS, REST_SECONDS = 0.02, 0.03
COMMAND = ["/bin/sh", "-c", "date +%s%N"]
ENDED = ("succeeded", "failed", "cancelled")


def run(runs: int, count: int, warm_up: int) -> list[Line]:
    middles, tails = [], []
    with Trainyard("--job-runner", "local", "--local-allow-commands", "true", cache=aot_cache()) as server:
        client = Client(server.port)
        for number in range(warm_up):
            one_launch(client, f"warm-{number}")
        for run_number in range(1, runs + 1):
            took, bare = [], []
            for number in range(count):
                took.append(one_launch(client, f"launch-{run_number}-{number}"))
                bare.append(bare_spawn())
            middles.append(percentile(took, 50))
            tails.append(percentile(took, 99))
            print(
                f"run {run_number}  {count} launches  least {min(took):.1f}  p50 {middles[-1]:.1f}"
                f"  p90 {percentile(took, 90):.1f}  p99 {tails[-1]:.1f} ms"
                f"  (the same command without us: p50 {percentile(bare, 50):.1f}  p99 {percentile(bare, 99):.1f} ms)",
                flush=True,
            )
        client.close()
    return [
        limited("launch to the child's first statement, p50", middles, P50_MS, "ms"),
        limited("launch to the child's first statement, p99", tails, P99_MS, "ms"),
    ]


def bare_spawn() -> float:
    """What of it is the machine's: the same shell, started by this program and by nobody else."""
    began = time.time_ns()
    printed = subprocess.run(COMMAND, check=True, capture_output=True).stdout
    return (int(printed) - began) / 1e6


def one_launch(client: Client, job_id: str) -> float:
    """Milliseconds from before the POST to the stamp that the child's first statement prints."""
    request = json.loads(body(job_id))
    request["extra_parameters"]["trainer_command"] = COMMAND
    request["extra_parameters"].pop("trainer_args")
    sent = json.dumps(request).encode()
    began = time.time_ns()
    job = client.ask("POST", "/hf-unsloth/train", sent)["metadata"]["trainyard"]["id"]
    while (state := client.state(job)) not in ENDED:
        time.sleep(POLL_SECONDS)
    lines = client.ask("GET", f"/api/v1/jobs/{job}/logs")["lines"]
    if state != "succeeded" or not lines:
        raise SystemExit(f"bench: job {job} {state} and printed {lines}")
    time.sleep(REST_SECONDS)
    return (int(lines[0]["text"]) - began) / 1e6
