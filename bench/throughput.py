"""Submitting and reading over HTTP beside the peer: one generator, the same requests, rounds in turn."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from report import Line, percentile, spread
from servers import ROOT, Peer, Server, Trainyard, aot_cache, get

CONNECTIONS = (32, 256)
READ_JOBS = 200
SENDERS = 16
# A slot that its first job never gives back: what is measured is accepting jobs, not running them.
QUEUE_ONLY = ("--job-runner", "mock", "--simulated-slots", "1", "--simulated-run-millis", "86400000")
POST_TARGET, GET_TARGET = 1.5, 2.0
SETTLED = 0.08

Round = dict[str, float]


def run(peer_python: str, runs: int, seconds: int, most_warm_up_seconds: int) -> list[Line]:
    with Trainyard(*QUEUE_ONLY, cache=aot_cache()) as ours, Peer(peer_python) as peer:
        same_answers(ours, peer)
        for server in (ours, peer):
            warm_up(server, most_warm_up_seconds)
        figures: dict[tuple[str, int, str], list[Round]] = defaultdict(list)
        for number in range(1, runs + 1):
            # Who goes first changes: neither always meets the disk or the caches as the other left them.
            order = (ours, peer) if number % 2 else (peer, ours)
            for verb in ("POST", "GET"):
                for connections in CONNECTIONS:
                    for server in order:
                        measured = measure(server, verb, connections, seconds, f"r{number}c{connections}")
                        figures[verb, connections, server.name].append(measured)
                        show(number, verb, connections, server.name, measured)
        memory = f"{ours.rss_mb():.0f} MB beside {peer.rss_mb():.0f} MB"
    lines = [compared(figures, "POST", each, POST_TARGET) for each in CONNECTIONS]
    lines += [compared(figures, "GET", each, GET_TARGET) for each in CONNECTIONS]
    return [*lines, Line("memory after it, beside FastAPI with 10,000 jobs kept", memory)]


def warm_up(server: Server, most_seconds: int) -> None:
    """Until the compiler has come to rest: two bursts in a row that cost the same within 8 %, or the time is up."""
    began = time.monotonic()
    for verb in ("POST", "GET"):
        settled, before = 0, 0.0
        while settled < 2 and time.monotonic() < began + most_seconds * (0.7 if verb == "POST" else 1):
            now = measure(server, verb, CONNECTIONS[0], 4, f"w{time.monotonic_ns()}")["cpu_us"]
            settled = settled + 1 if abs(now - before) <= SETTLED * now else 0
            before = now
    print(f"warm-up of {server.name}: {time.monotonic() - began:.0f} s", flush=True)


def measure(server: Server, verb: str, connections: int, seconds: int, word: str) -> Round:
    script = ROOT / "bench" / "wrk" / f"{verb.lower()}.lua"
    if verb == "POST":
        arguments = [str(ROOT / "bench" / "request.json"), word]
    else:
        prefix = f"read-{server.port}-{word}-"
        fill(server, prefix, READ_JOBS)
        arguments = [f"/hf-unsloth/train/{prefix}", str(READ_JOBS)]
    before = server.cpu_seconds()
    result = wrk(server.port, connections, seconds, str(script), arguments)
    used = server.cpu_seconds() - before
    if result["failed"] > 0:
        print(f"  {server.name}: {result['failed']:.0f} of {result['requests']:.0f} requests failed", flush=True)
    result["cpu_us"] = used * 1e6 / max(1.0, result["requests"])
    result["per_second"] = result["requests"] / result["seconds"]
    return result


def wrk(port: int, connections: int, seconds: int, script: str, arguments: list[str]) -> Round:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", script]
    command += [f"http://127.0.0.1:{port}", "--", *arguments]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    line = next(line for line in printed.splitlines() if line.startswith("RESULT "))
    result: Round = json.loads(line.removeprefix("RESULT "))
    return result


def body(job_id: str) -> bytes:
    return (ROOT / "bench" / "request.json").read_bytes().replace(b"@ID@", job_id.encode())


def fill(server: Server, prefix: str, count: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for number in range(1, count + 1):
        connection.request("POST", "/hf-unsloth/train", body(f"{prefix}{number}"), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise SystemExit(f"bench: {server.name} refuses the request: {answer.status} {said.decode()}")
    connection.close()


def fill_together(server: Server, prefix: str, jobs: int) -> None:
    def sender(number: int) -> None:
        fill(server, f"{prefix}{number}-", jobs // SENDERS)

    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(sender, range(SENDERS)))


def same_answers(ours: Server, peer: Server) -> None:
    """Both render the same: every name and value, down to the JSON inside of variables; only our ids differ."""
    # The first job takes the one slot and would be the only one that is running.
    fill(ours, "first-", 1)
    answers = []
    for server in (ours, peer):
        fill(server, "same-", 1)
        status, text = get(server.port, "/hf-unsloth/train/same-1")
        answer = unfolded(json.loads(text))
        answer.get("metadata", {}).get("trainyard", {}).pop("id", None)
        answer["detail"] = answer["detail"].split(":")[0]
        answers.append((status, answer))
    if answers[0] != answers[1]:
        raise SystemExit(f"bench: the answers differ\n{json.dumps(answers[0])}\n{json.dumps(answers[1])}")
    print(f"both answer alike, {len(text):,} bytes a job", flush=True)


def unfolded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: unfolded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [unfolded(each) for each in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        return unfolded(json.loads(value))
    return value


def show(number: int, verb: str, connections: int, name: str, figure: Round) -> None:
    print(
        f"run {number}  {verb:4} {connections:3} connections  {name:9}  {figure['cpu_us']:6.0f} µs CPU a request"
        f"  {figure['per_second']:7.0f}/s  p50 {figure['p50_ms']:6.1f} ms  p99 {figure['p99_ms']:6.1f} ms",
        flush=True,
    )


def compared(figures: dict[tuple[str, int, str], list[Round]], verb: str, connections: int, wanted: float) -> Line:
    ours, peers = figures[verb, connections, "trainyard"], figures[verb, connections, "fastapi"]
    ratios = [one["cpu_us"] / other["cpu_us"] for one, other in zip(ours, peers, strict=True)]
    middle = percentile(ratios, 50)
    measured = (
        f"{spread(ratios, 2)} of the peer's (median {middle:.2f};"
        f" {spread([each['cpu_us'] for each in ours], 0)} beside {spread([each['cpu_us'] for each in peers], 0)} µs)"
    )
    return Line(
        f"{verb} at {connections}: server CPU a request",
        measured,
        f"≤ 1/{wanted:g} = {1 / wanted:.2f}",
        middle <= 1 / wanted,
    )
