"""A thousand running jobs whose receivers are told every two seconds, while one receiver in ten hangs."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from client import Client
from report import Line, limited, percentile
from servers import ROOT, Trainyard, aot_cache

INTERVAL_SECONDS = 2
GAP_P99_SECONDS = 2.5
RECEIVERS = 10
SENDERS = 8
# Told to receivers of the trainer contract; the others are no change of the word.
TOLD = {
    "submitted", "launching", "waiting", "running", "paused", "queued", "retrying", "fallback",
    "succeeded", "failed", "cancelled", "rendered",
}  # fmt: skip
# A receiver that has hung for minutes is asked again after five.
ALL_TOLD_WITHIN_SECONDS = 420


def run(jobs: int, settle_seconds: float, seconds: float) -> list[Line]:
    lines = []
    for apart in (True, False):
        lines += measured(jobs, settle_seconds, seconds, apart)
    return lines


class Sinks:
    """The receivers: each on a port of its own, or all on one, where the path tells them apart."""

    def __init__(self, apart: bool) -> None:
        self.apart = apart
        words = [sys.executable, str(ROOT / "bench" / "sink.py")]
        words += [str(RECEIVERS), "1"] if apart else ["1", "0"]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        *self._ports, self._orders = json.loads(self._process.stdout.readline())

    def hangs(self, number: int) -> bool:
        return number % RECEIVERS == 0

    def path(self, number: int) -> str:
        return f"/{'hang' if self.hangs(number) and not self.apart else 'job'}-{number}"

    def url(self, number: int) -> str:
        port = self._ports[number % RECEIVERS if self.apart else 0]
        return f"http://127.0.0.1:{port}{self.path(number)}"

    def order(self, word: str) -> Any:
        with socket.create_connection(("127.0.0.1", self._orders), timeout=60) as wire:
            wire.sendall(word.encode() + b"\n")
            return json.loads(b"".join(iter(lambda: wire.recv(65536), b"")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def measured(jobs: int, settle_seconds: float, seconds: float, apart: bool) -> list[Line]:
    where = "receivers on hosts of their own" if apart else "all receivers on one host"
    options = ("--job-runner", "mock", "--webhooks-heartbeat-seconds", str(INTERVAL_SECONDS))
    with Sinks(apart) as sinks, Trainyard(*options, cache=aot_cache()) as server:
        began = time.monotonic()
        ids = submit(server.port, sinks, jobs)
        print(f"{where}: {jobs} jobs handed in within {time.monotonic() - began:.1f} s", flush=True)
        time.sleep(settle_seconds)
        sinks.order("forget")
        cpu, start = server.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        busy = (server.cpu_seconds() - cpu) / (time.monotonic() - start)
        gaps = gaps_of(sinks, jobs)
        cancels, looks = latencies(server.port, jobs)
        told = len(gaps) / seconds
        print(
            f"  gap p50 {percentile(gaps, 50):.2f}  p99 {percentile(gaps, 99):.2f}  max {max(gaps):.2f} s", flush=True
        )
        print(f"  {told:.0f} callbacks/s, {busy:.2f} cores, {threads(server)} threads, {server.rss_mb():.0f} MB")
        print(f"  cancel p50 {percentile(cancels, 50):.1f}  max {max(cancels):.1f} ms")
        print(f"  GET p50 {percentile(looks, 50):.1f}  max {max(looks):.1f} ms", flush=True)
        cost = f"{threads(server)}, {server.rss_mb():.0f} MB, {busy:.2f} cores"
        show_failures(server.port, sinks, ids)
        missing = after_a_kill(server, sinks, ids)
        return [
            limited(f"gap between callbacks, p99, {where}", [percentile(gaps, 99)], GAP_P99_SECONDS, "s", 2),
            Line("  threads, memory, server CPU", cost),
            Line("  cancel, p50 and longest", f"{percentile(cancels, 50):.0f} ms, {max(cancels):.0f} ms"),
            Line("  changes of state not told after kill -9", str(missing), "0", missing == 0),
        ]


def request(number: int, url: str) -> bytes:
    script = {"trainyard.simulated/script": "run 3600s, succeed"}
    body = {
        "job_id": f"told-{number}",
        "base_model": {"provider": "huggingface", "model_name": "none"},
        "datasets": [],
        "customization": {"method": "lora"},
        "resources": {},
        "artifacts": {"log_uri": "none", "output_uri": "none"},
        "tuning_parameters": {},
        "callbacks": {"webhook_url": url, "auth_header": "Bearer a-token-of-the-receiver"},
        "extra_parameters": {"job_annotations": script},
    }
    return json.dumps(body).encode()


def submit(port: int, sinks: Sinks, jobs: int) -> dict[int, str]:
    def some(first: int) -> dict[int, str]:
        client = Client(port)
        ids = {}
        for number in range(first, jobs, SENDERS):
            answer = client.ask("POST", "/hf-unsloth/train", request(number, sinks.url(number)))
            ids[number] = str(answer["metadata"]["trainyard"]["id"])
        client.close()
        return ids

    with ThreadPoolExecutor(SENDERS) as threads:
        return {number: job for part in threads.map(some, range(SENDERS)) for number, job in part.items()}


def gaps_of(sinks: Sinks, jobs: int) -> list[float]:
    """Between one callback and the next of the same job, for all receivers that answer."""
    arrivals = sinks.order("report")["arrivals"]
    gaps = []
    for number in range(jobs):
        if sinks.hangs(number):
            continue
        times = arrivals.get(sinks.path(number), [])
        if len(times) < 2:
            raise SystemExit(f"bench: job {number} was told {len(times)} times")
        gaps += [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    return gaps


def latencies(port: int, jobs: int) -> tuple[list[float], list[float]]:
    """Cancels of the last twenty jobs, some of whose receivers hang, and looks at others."""
    client = Client(port)
    cancels, looks = [], []
    for number in range(jobs - 20, jobs):
        for times, verb, path in ((cancels, "POST", f"told-{number}/cancel"), (looks, "GET", f"told-{number - 50}")):
            began = time.perf_counter()
            client.ask(verb, f"/hf-unsloth/train/{path}")
            times.append((time.perf_counter() - began) * 1e3)
    client.close()
    return cancels, looks


def show_failures(port: int, sinks: Sinks, ids: dict[int, str]) -> None:
    """Of receivers that answer: there should be none, unless the machine has no time for them."""
    client = Client(port)
    errors: Counter[str] = Counter()
    for number, job in ids.items():
        if not sinks.hangs(number):
            answer = client.ask("GET", f"/api/v1/jobs/{job}/deliveries")
            errors.update(f"{each['event']}: {each['error']}" for each in answer["deliveries"] if each["error"])
    client.close()
    for error, times in errors.most_common(5):
        print(f"  {times} times {error}", flush=True)


def threads(server: Trainyard) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))


def after_a_kill(server: Trainyard, sinks: Sinks, ids: dict[int, str]) -> int:
    """Kills the server while jobs are cancelled, heals what hangs, cancels the rest; how many nobody was told."""
    stopper = threading.Thread(target=cancel_some, args=(server.port, len(ids)))
    stopper.start()
    time.sleep(0.3)
    server.kill_and_start_again()
    stopper.join()
    sinks.order("heal")
    began = time.monotonic()
    client = Client(server.port)
    for number in ids:
        client.ask("POST", f"/hf-unsloth/train/told-{number}/cancel")
    missing = 1
    while missing and time.monotonic() < began + ALL_TOLD_WITHIN_SECONDS:
        time.sleep(2)
        missing = untold(client, sinks, ids)
    print(f"  after kill -9: {missing} changes untold, {time.monotonic() - began:.0f} s after the start", flush=True)
    client.close()
    return missing


def cancel_some(port: int, jobs: int) -> None:
    try:
        client = Client(port)
        for number in range(min(200, jobs)):
            client.ask("POST", f"/hf-unsloth/train/told-{number}/cancel")
    except OSError:
        return  # killed, as it should be
    except Exception as broken:  # noqa: BLE001 - half an answer is what a killed server leaves
        print(f"  the kill cut off an answer: {type(broken).__name__}", flush=True)


def untold(client: Client, sinks: Sinks, ids: dict[int, str]) -> int:
    told = sinks.order("report")["told"]
    missing = 0
    for number, job in ids.items():
        events = client.ask("GET", f"/api/v1/jobs/{job}/events")["events"]
        wanted = {f"msg_{job.replace('_', '').replace('-', '')}_0_{e['sequence']}" for e in events if e["kind"] in TOLD}
        ended = any(event["kind"] == "cancelled" for event in events)
        missing += len(wanted - set(told.get(sinks.path(number), []))) + (0 if ended else 1)
    return missing
