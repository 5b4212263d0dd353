"""./dev bench: measures the built server, says which targets are met, and ends with 1 when one is missed."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

import backlog
import early
import kubernetes
import launch
import life
import start
import stream
import throughput
import trainer
import webhooks
from report import Line, table
from servers import ROOT

USAGE = """\
./dev bench [quick] [jobs=N] [speed] [launch] [stream] [start] [backlog] [life] [webhooks] [kubernetes] [trainer]
             [early]
Without names all are measured, in about fifteen minutes; `quick` does little of each, as a smoke test: its figures
say nothing. `jobs=N` is how many `kubernetes` hands in at once. What they mean stands in bench/README.md."""


def main(words: list[str]) -> int:
    quick = "quick" in words
    counts = [int(word.removeprefix("jobs=")) for word in words if re.fullmatch(r"jobs=[1-9]\d{0,5}", word)]
    names = [word for word in words if word != "quick" and not word.startswith("jobs=")]
    peer = "" if names and not {"speed", "start"} & set(names) else peer_python()
    parts: dict[str, Callable[[], list[Line]]] = {
        "speed": lambda: throughput.run(peer, *((1, 1, 6) if quick else (3, 5, 150))),
        "launch": lambda: launch.run(*((1, 20, 5) if quick else (3, 200, 60))),
        "stream": lambda: stream.run(*((1, 60, 10) if quick else (3, 600, 60))),
        "start": lambda: start.run(peer, 1 if quick else 5),
        "backlog": lambda: backlog.run(*((1, 800, 10) if quick else (3, 10_000, 200))),
        "life": lambda: life.run(*((1, 160) if quick else (3, 3_200))),
        "kubernetes": lambda: kubernetes.run(counts[0] if counts else 100 if quick else 5_000, 20 if quick else 300),
        "early": lambda: early.run(2 if quick else 11),
        "trainer": lambda: trainer.run(*((1, 1, 2) if quick else (7, 3, 4))),
        "webhooks": lambda: webhooks.run(*((100, 5, 10) if quick else (1_000, 20, 60))),
    }
    unknown = [name for name in names if name not in parts]
    if unknown or len(counts) != sum(word.startswith("jobs=") for word in words):
        print(USAGE, file=sys.stderr)
        return 2
    lines = []
    for name in names or parts:
        print(f"\n{name}", flush=True)
        lines += parts[name]()
    where = f"{os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}"
    print(f"\n{time.strftime('%Y-%m-%d')}, {where}{', quick: these figures say nothing' if quick else ''}")
    print(table(lines))
    return 0 if quick or all(line.met is not False for line in lines) else 1


def peer_python() -> str:
    if shutil.which("wrk") is None:
        raise SystemExit(
            "bench: wrk makes the load and is missing. Install it:  apt-get install wrk   |   brew install wrk"
        )
    made = subprocess.run(
        [ROOT / "bench" / "peer" / "environment"], check=True, capture_output=False, stdout=subprocess.PIPE
    )
    return made.stdout.decode().strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
