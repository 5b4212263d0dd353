"""A training job beside a plain script of Transformers and PEFT: its start, its steps, and what a checkpoint costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import warm
from report import Line, limited, percentile, spread
from servers import ROOT

sys.path.insert(0, str(ROOT / "trainer" / "tests"))
import s3
from throttle import Throttle

PLAIN = ROOT / "trainer" / "tests" / "plain.py"
SAVE = Path(__file__).parent / "save_checkpoint.py"
MOST_OF_A_PLAIN_START = 1.10
MOST_CPU_OF_A_PLAIN_STEP = 1.02
STORAGE_BYTES_PER_SECOND = 50e6
LEAST_STATE_MB = 200
MOST_OF_A_SYNCHRONOUS_SAVE = 10.0  # percent
STEPS_BETWEEN = 20


@dataclass(frozen=True)
class Ran:
    first_step: float  # seconds from the start of the process
    cpu: float  # seconds of the process and its threads
    events: list[dict[str, Any]]


def run(starts: int, rounds: int, checkpoints: int) -> list[Line]:
    python = subprocess.run([ROOT / "trainer" / "environment", "hf"], check=True, stdout=subprocess.PIPE, text=True)
    bench = _Bench(python.stdout.strip(), Path(tempfile.mkdtemp(prefix="trainyard-bench-")))
    lines = bench.start(starts)
    lines += bench.steps(rounds)
    return lines + bench.stall(checkpoints)


class _Bench:
    def __init__(self, python: str, directory: Path) -> None:
        self._python = python
        self._directory = directory
        self._data = directory / "data.jsonl"
        words = ["yard", "train", "track", "crew", "engine", "switch", "north", "east", "arrives", "waits", "cars"]
        texts = [" ".join(words[(row * 5 + place) % 11] for place in range(60)) for row in range(200)]
        self._data.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))

    def start(self, starts: int) -> list[Line]:
        file = self._described("start", self._model("small", 32, 2), "lora", 4, 1)
        ours, plain = [], []
        for number in range(starts):
            # By turns, so that neither always meets what the other has left in the caches.
            for plainly in (True, False) if number % 2 else (False, True):
                (plain if plainly else ours).append(self._ran(file, plainly))
        lines = []
        for what, find in (("wall", lambda ran: ran.first_step), ("CPU", lambda ran: ran.cpu)):
            one, other = ([find(ran) for ran in each] for each in (ours, plain))
            ratio = percentile(one, 50) / percentile(other, 50)
            shown = f"{spread(one, 2)} s beside {spread(other, 2)} s, ratio of the medians {ratio:.2f}"
            target = MOST_OF_A_PLAIN_START if what == "wall" else None
            wanted, met = (f"≤ {target}", ratio <= target) if target else ("", None)
            lines.append(Line(f"cold start to the first step, {what}", shown, wanted, met))
        return lines + warm.run(self._python, file, starts, [ran.first_step for ran in ours])

    def steps(self, rounds: int) -> list[Line]:
        """CPU of the steps alone: of a longer run, less that of a shorter one."""
        model = self._model("middle", 256, 4)
        short = self._described("short", model, "lora", 4, 8)
        long = self._described("long", model, "lora", 4 + STEPS_BETWEEN, 8)
        ratios = []
        for _ in range(rounds):
            ours, plain = (
                (self._ran(long, plainly).cpu - self._ran(short, plainly).cpu) / STEPS_BETWEEN
                for plainly in (False, True)
            )
            print(f"CPU of a step  {ours * 1000:.1f} ms  beside {plain * 1000:.1f} ms", flush=True)
            ratios.append(ours / plain)
        return [limited("CPU of a step, of the plain script's", ratios, MOST_CPU_OF_A_PLAIN_STEP, "", 3)]

    def stall(self, checkpoints: int) -> list[Line]:
        model = self._model("large", 384, 10)
        os.sync()  # else a checkpoint waits for what the starts and steps have left to write
        with s3.served(self._directory / "s3.log") as bucket:
            proxy = Throttle(bucket.port, STORAGE_BYTES_PER_SECOND)
            environment = bucket.environment(proxy.port)
            file = self._described("stall", model, "full", 12 * checkpoints, 2, "s3://runs/stall")
            ran = self._ran(file, False, environment)
            told = [event for event in ran.events if event["event"] == "checkpoint"]
            size = min(event["bytes"] for event in told) / 1e6
            assert size >= LEAST_STATE_MB, size
            done = subprocess.run(
                [self._python, str(SAVE), "s3://runs/alone", str(size)],
                env={**os.environ, **environment},
                check=True,
                stdout=subprocess.PIPE,
            )
            proxy.close()
        alone = float(done.stdout)
        held = [event["stalled_seconds"] for event in told]
        print(f"{size:.0f} MB: held up for {spread(held, 2)} s; saved synchronously {alone:.2f} s", flush=True)
        print(f"stored after {spread([event['save_seconds'] for event in told], 1)} s", flush=True)
        percents = [100 * each / alone for each in held]
        what = f"training held up by a checkpoint of {size:.0f} MB, of a synchronous save"
        return [limited(what, percents, MOST_OF_A_SYNCHRONOUS_SAVE, "%")]

    def _model(self, name: str, hidden: int, layers: int) -> Path:
        directory = self._directory / name
        words = ["make-base", str(directory), "--hidden-size", str(hidden), "--layers", str(layers)]
        subprocess.run(
            [self._python, "-m", "trainer.demo", *words],
            cwd=ROOT / "trainer",
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return directory

    def _described(
        self, name: str, model: Path, method: str, steps: int, batch: int, checkpoints: str | None = None
    ) -> Path:
        folder = self._directory / f"run-{name}"
        folder.mkdir()
        document = {
            "run_id": name,
            "model": {"name": str(model)},
            "datasets": [{"source": str(self._data)}],
            "method": {
                "kind": method,
                "precision": "fp32",
                "gradient_checkpointing": False,
                "lora": {"rank": 8, "alpha": 16, "dropout": 0.1},
            },
            "hyperparameters": {
                "learning_rate": 1e-4,
                "batch_size": batch,
                "max_steps": steps,
                "warmup_ratio": 0.1,
                "max_sequence_length": 256,
                "weight_decay": 0.01,
                "seed": 1,
            },
            "checkpoints": {
                "uri": checkpoints or str(folder / "checkpoints"),
                "every_steps": 12 if checkpoints else 10_000,
                "resume": False,
            },
            "outputs": {"uri": str(folder / "out")},
            "extra": {"threads": 1, "eval_every": 0},
        }
        (folder / "run.json").write_text(json.dumps(document))
        return folder / "run.json"

    def _ran(self, file: Path, plainly: bool, environment: dict[str, str] | None = None) -> Ran:
        script = [str(PLAIN), str(file)] if plainly else [str(ROOT / "trainer" / "train.py"), "--config", str(file)]
        began = time.monotonic()
        process = subprocess.Popen(
            [self._python, *script],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
        assert process.stdout is not None
        first, events = 0.0, []
        for line in process.stdout:
            stepped = line.startswith(b'{"step": ') if plainly else b'"event": "step"' in line
            first = first or (time.monotonic() - began if stepped else 0.0)
            if not plainly:
                events.append(json.loads(line))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, (script, events[-1:])
        return Ran(first, usage.ru_utime + usage.ru_stime, events)
