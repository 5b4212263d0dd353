"""Real jobs on a tiny model. Nothing here is mocked: a job is the process that a control plane would start.

Most are forked from a warm parent, as production does where it is told to. Those that start cold are the ones that
others are compared with (so that each comparison says that both are the same), and gangs.
"""

from __future__ import annotations

import contextlib
import copy
import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from warm_parent import SURROUNDINGS, Forked, WarmParent

ROOT = Path(__file__).resolve().parent.parent
SECONDS_PER_JOB = 180.0
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]


# A job that is to be killed at a step must not run far ahead of the test that
# reads of it: its events go through a pipe that soon is full.
NARROW_PIPE_BYTES = 4096
NARROW_BYTES = 512
# Long cases that are alike: a run takes some of them, and says which draw it was.
DRAWN_SHARE = 3
_draw = pytest.StashKey[int]()
_left_out = pytest.StashKey[int]()
_parents: list[WarmParent] = []  # of this session: one, or none


# A shell's background programs ignore it, and whatever they start would: jobs of these tests are to end by it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--environment", default="hf", help="whose tests are run: hf, nemo or ultralytics")
    parser.addoption("--cold", action="store_true", help="forks no job from a warm parent")
    parser.addoption("--draw", type=int, help="repeats the draw that an earlier run has told")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "drawn: a third of these is run each time, all with TRAINER_TESTS=all")
    chosen = config.getoption("--draw")
    config.stash[_draw] = random.randrange(1_000_000) if chosen is None else chosen
    config.stash[_left_out] = 0
    if not config.getoption("--cold"):
        _parents.append(WarmParent(config.getoption("--environment")))


def pytest_unconfigure() -> None:
    for parent in _parents:
        parent.close()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """tests/nemo and tests/vision import what only their environments have; the rest belongs to hf."""
    below = collection_path.relative_to(ROOT / "tests").parts if collection_path.is_relative_to(ROOT / "tests") else ()
    if not below or below[0] in ("conftest.py", "__pycache__"):
        return None
    owner = {"nemo": "nemo", "vision": "ultralytics"}.get(below[0], "hf")
    return owner != config.getoption("--environment") or None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("TRAINER_TESTS") == "all":
        return
    cases = [item for item in items if item.get_closest_marker("drawn")]
    count = -(-len(cases) // DRAWN_SHARE)
    kept = set(random.Random(config.stash[_draw]).sample(range(len(cases)), count))
    left_out = [case for index, case in enumerate(cases) if index not in kept]
    config.stash[_left_out] = len(left_out)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    count = config.stash[_left_out]
    left = f"{count} cases left out, all run with TRAINER_TESTS=all" if count else "no case left out"
    terminalreporter.write_line(f"{sum(each.forked for each in _parents)} jobs were forked from a warm parent")
    terminalreporter.write_line(f"draw: --draw {config.stash[_draw]} ({left})")


@pytest.fixture
def draw(request: pytest.FixtureRequest) -> random.Random:
    """Chance that a failed run can repeat: seeded by the draw and the test's name."""
    return random.Random(f"{request.config.stash[_draw]} {request.node.nodeid}")


@pytest.fixture
def parent() -> WarmParent:
    if not _parents:
        pytest.skip("--cold: no job is forked")
    return _parents[0]


class Started:
    """A job under way, with the events that it has told so far."""

    process: subprocess.Popen[bytes] | Forked

    def __init__(
        self,
        arguments: list[str],
        environment: dict[str, str],
        directory: Path,
        *,
        narrow: bool = False,
        cold: bool = False,
    ) -> None:
        self.termination_log = directory / f"termination-{time.monotonic_ns()}.json"
        stderr = directory / "stderr.txt"
        self._stderr = stderr.open("a+b")
        own = {"OMP_NUM_THREADS": "1", "TRAINER_TERMINATION_LOG": str(self.termination_log)}
        variables = {**SURROUNDINGS, **own, **environment}
        if cold or arguments[0] != "train.py" or not _parents:
            self.process = self._started(arguments, variables, narrow)
        else:
            command = [sys.executable, str(ROOT / arguments[0]), *arguments[1:]]
            bytes_of_pipe = NARROW_PIPE_BYTES if narrow else None
            self.process = Forked(_parents[0], command, variables, stderr, bytes_of_pipe)
        self.events: list[dict[str, Any]] = []
        self._overdue = threading.Timer(SECONDS_PER_JOB, os.killpg, (self.process.pid, signal.SIGKILL))
        self._overdue.start()

    def _started(self, arguments: list[str], variables: dict[str, str], narrow: bool) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            bufsize=NARROW_BYTES if narrow else -1,
            stderr=self._stderr,
            cwd=ROOT,
            start_new_session=True,  # so that an overdue torchrun goes with its workers
            env=variables,
        )
        if narrow:
            assert process.stdout is not None
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, NARROW_PIPE_BYTES)
        return process

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for event in self._read():
            if wanted(event):
                return event
        raise AssertionError(f"the job ended before that: {self.explained()}")

    def after(self) -> Iterator[dict[str, Any]]:
        """The events that are still to come, one by one."""
        return self._read()

    def kill(self) -> None:
        # The supervisor of a forked job stays, to say how it ended.
        own = [] if isinstance(self.process, Forked) else [self.process.pid]
        for process in [*own, *_descendants(self.process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.finish()

    def finish(self) -> int:
        for _ in self._read():
            pass
        self._overdue.cancel()
        return self.process.wait()

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    def explained(self) -> str:
        self._stderr.seek(0)
        return f"exit {self.process.poll()}, {self.events[-3:]}, {self._stderr.read().decode()[-2000:]}"

    def _read(self) -> Iterator[dict[str, Any]]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event = json.loads(line)  # every line of standard output is an event
            self.events.append(event)
            yield event


def _descendants(process: int) -> list[int]:
    """torchrun gives each of its processes a session of its own, so that no group holds them all."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
    found = [process]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


class Jobs:
    """Writes run.json files for the tiny model and starts jobs with them."""

    def __init__(self, directory: Path, model: Path) -> None:
        self.directory = directory
        self.model = model
        self.data = directory / "data.jsonl"
        words = ["yard", "train", "track", "crew", "engine", "switch", "north", "east", "arrives", "waits", "cars"]
        order = [[(row * 5 + place * (row % 3 + 1)) % len(words) for place in range(9)] for row in range(40)]
        rows = [" ".join(words[index] for index in indexes) for indexes in order]
        self.data.write_text("".join(json.dumps({"text": row}) + "\n" for row in rows), encoding="utf-8")

    def document(self, method: str, place: str, **changes: Any) -> dict[str, Any]:
        document: dict[str, Any] = {
            "run_id": place,
            "framework": "hf",
            "model": {"provider": "custom", "name": str(self.model)},
            "datasets": [{"source": str(self.data)}],
            "method": {
                "kind": method,
                "precision": "fp32",
                "gradient_checkpointing": False,
                "lora": {"rank": 8, "alpha": 16, "dropout": 0.1},
            },
            "hyperparameters": {"learning_rate": 0.01, "batch_size": 4, "max_steps": 60, "seed": 3},
            "checkpoints": {"uri": str(self.directory / place / "checkpoints"), "every_steps": 10},
            "outputs": {"uri": str(self.directory / place / "out")},
            "extra": {"lr_scheduler_type": "cosine", "threads": 1},
        }
        for path, value in changes.items():
            *parents, last = path.split("__")
            inner = document
            for parent in parents:
                inner = inner[parent]
            inner[last] = value
        return copy.deepcopy(document)

    def start(
        self,
        document: dict[str, Any],
        *,
        environment: dict[str, str] | None = None,
        processes: int = 1,
        narrow: bool = False,
        cold: bool = False,
    ) -> Started:
        directory = self.directory / document["run_id"]
        directory.mkdir(exist_ok=True)
        file = directory / "run.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        launcher = TORCHRUN if processes == 2 else []
        arguments = [*launcher, "train.py", "--config", str(file)]
        return Started(arguments, environment or {}, directory, narrow=narrow, cold=cold)

    def run(self, document: dict[str, Any], **options: Any) -> Started:
        job = self.start(document, **options)
        job.finish()
        return job


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("model")
    subprocess.run(
        [sys.executable, "-m", "trainer.demo", "make-base", str(directory), "--hidden-size", "32"],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return directory


@pytest.fixture(scope="session")
def jobs(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Jobs:
    return Jobs(tmp_path_factory.mktemp("jobs"), tiny_model)


@pytest.fixture(scope="session")
def undisturbed(jobs: Jobs) -> dict[str, Started]:
    """One whole run of each method, both at once; the other runs, which are warm, are compared with these."""
    documents = {method: jobs.document(method, f"undisturbed-{method}") for method in ("lora", "full")}
    started = {method: jobs.start(document, cold=True) for method, document in documents.items()}
    for job in started.values():
        assert job.finish() == 0, job.explained()
    return started
