"""The start of a job from a warm parent: at the parent's door, and from the request over HTTP."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from report import Line, limited, percentile, spread
from servers import ROOT, Trainyard, aot_cache

sys.path.insert(0, str(ROOT / "trainer" / "tests"))
from warm_parent import Forked, WarmParent

MOST_SECONDS = 0.5
READY = b"start warm: their parent is process"
READY_WITHIN_SECONDS = 120.0
ENDED = ("succeeded", "failed", "cancelled")


def run(python: str, file: Path, starts: int, cold: list[float]) -> list[Line]:
    """`cold`: seconds to the first step of the same job, started cold in turns with a plain script's."""
    parent = WarmParent("hf", python)
    _forked(parent, python, file)  # starts the parent
    door = [_forked(parent, python, file) for _ in range(starts)]
    parent.close()
    ratio = f"{percentile(cold, 50) / percentile(door, 50):.0f} times as long"
    return [
        limited("warm start to the first step, from the request at the parent's door", door, MOST_SECONDS, "s", 2),
        Line("the same, cold", f"{spread(cold, 2)} s, {ratio}"),
        *_served(python, file, starts),
    ]


def _forked(parent: WarmParent, python: str, file: Path) -> float:
    variables = {**os.environ, "OMP_NUM_THREADS": "1"}
    log = Path(tempfile.mkdtemp(prefix="trainyard-bench-"), "stderr")
    log.touch()
    command = [python, str(ROOT / "trainer" / "train.py"), "--config", str(file)]
    parent.process  # noqa: B018 - its imports are not what is measured
    began = time.monotonic()
    job = Forked(parent, command, variables, log, None)
    first = 0.0
    for line in job.stdout:
        if not first and b'"event": "step"' in line:
            first = time.monotonic() - began
    assert job.wait() == 0, log.read_text()
    return first


def _served(python: str, file: Path, starts: int) -> list[Line]:
    options = ("--job-runner", "local", "--local-python", python, "--local-trainer", str(ROOT / "trainer"))
    with Trainyard(*options, "--warm-trainers", "hf", cache=aot_cache()) as server:
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        # Read apart from the server's own place in the file, at which it writes.
        while READY not in os.pread(server.log.fileno(), 1 << 20, 0):
            assert time.monotonic() < deadline, os.pread(server.log.fileno(), 1 << 20, 0).decode()
            time.sleep(0.05)
        _submitted(server, file, 0)
        took = [_submitted(server, file, number) for number in range(1, starts + 1)]
        said = os.pread(server.log.fileno(), 1 << 20, 0)
        assert b"started cold" not in said, said.decode()
    return [limited("warm start to the first step, from the request over HTTP", took, MOST_SECONDS, "s", 2)]


def _submitted(server: Trainyard, file: Path, number: int) -> float:
    run = json.loads(file.read_text())
    asked = {name: run[name] for name in ("model", "datasets", "method")}
    asked["model"]["provider"] = "custom"
    wanted = ("learning_rate", "batch_size", "max_steps", "max_sequence_length", "seed")
    asked["hyperparameters"] = {name: run["hyperparameters"][name] for name in wanted}
    asked |= {"name": f"warm-{number}", "resources": {"cpus": 1, "memory_gib": 1}}
    began = time.monotonic()
    job = _call(server, "/api/v1/jobs", asked)["id"]
    output = server.home / "jobs" / job / "1" / "stdout"
    first = 0.0
    while not first:
        if output.exists() and '"event": "step"' in output.read_text():
            first = time.monotonic() - began
        assert time.monotonic() - began < READY_WITHIN_SECONDS, job
        time.sleep(0.001)
    while _call(server, f"/api/v1/jobs/{job}")["state"] not in ENDED:
        time.sleep(0.02)
    return first


def _call(server: Trainyard, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}", data, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
