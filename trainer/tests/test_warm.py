"""A forked job is the same as a freshly started one, and where it would not be, it is a freshly started one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Jobs, Started
from test_resume import assert_same_weights
from warm_parent import SURROUNDINGS, Forked, WarmParent

AFRESH = "started without the warm parent: "
TELL = """
import ctypes, json, os, random, sys
imported = "transformers" in sys.modules
import numpy, torch
from trainer import events
maps = open("/proc/self/maps").read().splitlines()
algebra = next(line.split()[-1] for line in maps if "openblas" in line and "numpy" in line)
told = {
    "imported": imported, "threads": torch.get_num_threads(), "torch": torch.initial_seed(), "cuda": torch.cuda.is_initialized(),
    "numpy": numpy.random.random(), "python": random.random(), "algebra": ctypes.CDLL(algebra).scipy_openblas_get_num_threads64_(),
    "parallel": torch.__config__.parallel_info().split("Environment variables")[0],
    "key": __import__("multiprocessing").current_process().authkey.hex(),
    "age": events.seconds_since_process_start(),
}
print(json.dumps(told), flush=True)
"""  # noqa: E501


class Scripts:
    """Runs a small script in a fork, or cold, and gives what it printed."""

    def __init__(self, parent: WarmParent, directory: Path) -> None:
        self._parent = parent
        self._directory = directory
        self.environment = {**SURROUNDINGS, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        self.errors = directory / "stderr"

    def forked(self, script: str, environment: dict[str, str] | None = None) -> Forked:
        self.errors.write_bytes(b"")
        command = self._command(script)
        # The parent of these tests has no PYTHONPATH, and for a fork it makes no difference.
        variables = {**self.environment, **(environment or {})}
        if "PYTHONPATH" not in SURROUNDINGS:
            del variables["PYTHONPATH"]
        return Forked(self._parent, command, variables, self.errors, None)

    def told(self, script: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
        job = self.forked(script, environment)
        printed = job.stdout.read()
        assert job.wait() == 0, self.errors.read_text()
        return dict(json.loads(printed))

    def told_cold(self, script: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
        variables = {**self.environment, **(environment or {})}
        done = subprocess.run(self._command(script), env=variables, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        return dict(json.loads(done.stdout))

    def _command(self, script: str) -> list[str]:
        file = self._directory / f"{time.monotonic_ns()}.py"
        file.write_text(f"import sys\nsys.path.append({str(ROOT)!r})\n{script}")
        return [sys.executable, str(file)]


@pytest.fixture
def scripts(parent: WarmParent, tmp_path: Path) -> Scripts:
    return Scripts(parent, tmp_path)


def test_warm_and_cold_runs_of_the_same_job_have_equal_losses_and_weights(
    jobs: Jobs, parent: WarmParent, undisturbed: dict[str, Started]
) -> None:
    for method, cold in undisturbed.items():
        before = parent.forked
        warm = jobs.run(jobs.document(method, f"warm-{method}"))
        assert (warm.process.returncode, parent.forked) == (0, before + 1), warm.explained()
        assert AFRESH not in warm.explained()
        assert [each["loss"] for each in warm.of("step")] == [each["loss"] for each in cold.of("step")]
        assert_same_weights(cold, warm, method)
        assert warm.of("phase")[0]["elapsed_seconds"] < 3, "it is as old as the fork, not as its parent"


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_fork_has_the_threads_of_a_cold_start_and_random_numbers_of_its_own(scripts: Scripts, threads: str) -> None:
    environment = {"OMP_NUM_THREADS": threads}
    cold = scripts.told_cold(TELL, environment)
    warm, other = (scripts.told(TELL, environment) for _ in range(2))
    assert (cold["imported"], warm["imported"]) == (False, True)
    for name in ("threads", "parallel", "algebra", "cuda"):
        assert warm[name] == cold[name], name
    assert warm["threads"] == warm["algebra"] == int(threads)
    for name in ("torch", "numpy", "python", "key"):
        assert warm[name] != other[name], name
    assert warm["age"] < 3


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"HF_HOME": "/tmp/elsewhere"}, "HF_HOME"),
        ({"CUDA_VISIBLE_DEVICES": "0", "PYTORCH_ALLOC_CONF": "x:1"}, "CUDA_VISIBLE_DEVICES, PYTORCH_ALLOC_CONF"),
        ({"SOMETHING": "unheard of"}, "SOMETHING"),
        ({"OMP_NUM_THREADS": ""}, "OMP_NUM_THREADS"),
    ],
)
def test_a_variable_that_may_count_at_import_starts_a_job_cold_in_its_place(
    scripts: Scripts, environment: dict[str, str], named: str
) -> None:
    job = scripts.forked("import os\nprint('transformers' in sys.modules, os.getpid(), flush=True)", environment)
    imported, process = job.stdout.read().split()
    assert imported == b"False"
    assert int(process) != job.pid
    assert job.wait() == 0
    assert AFRESH + named in scripts.errors.read_text()


def test_variables_that_are_read_late_reach_a_warm_job(scripts: Scripts) -> None:
    given = {"AWS_REGION": "x", "HF_TOKEN": "t", "TRAINING_JOB_ID": "j", "TRAINYARD_ATTEMPT": "2", "https_proxy": "p"}
    script = "import json, os\nprint(json.dumps({**os.environ, 'imported': 'transformers' in sys.modules}), flush=True)"
    told = scripts.told(script, given)
    assert given.items() <= told.items()
    assert told["imported"] is True
    assert "HF_TOKEN" not in scripts.told(script), "of an earlier job nothing is left"


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("sys.exit(5)", 5),
        ("sys.exit('said')", 1),
        ("raise ValueError('told')", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 128 + signal.SIGTERM),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", 128 + signal.SIGSEGV),
        ("import os, signal; os.kill(os.getpid(), signal.SIGINT)", 128 + signal.SIGINT),
    ],
)
def test_how_a_fork_ends_is_what_a_cold_start_would_have_said(scripts: Scripts, script: str, status: int) -> None:
    job = scripts.forked(script)
    job.stdout.read()
    assert job.wait() == status
    said = scripts.errors.read_text()
    for word in ("said", "told"):
        assert (f"'{word}'" in script) == (word in said)


def test_a_request_that_makes_no_sense_is_refused_and_the_parent_goes_on(parent: WarmParent, scripts: Scripts) -> None:
    for line, why in ((b"{", "JSONDecodeError"), (b"{}", "missing"), (b'{"command": ["/bin/sh"]}', "missing")):
        refused = parent.say(line)
        assert refused["said"] == "refused"
        assert why in refused["why"]
    assert scripts.told(TELL)["imported"]


def test_a_parent_takes_no_request_without_end_and_leaves(tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("wb") as errors:
        parent = subprocess.Popen(
            [sys.executable, str(ROOT / "warm.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
        assert parent.stdin is not None
        assert parent.stdout is not None
        assert json.loads(parent.stdout.readline())["said"] == "ready"
        try:
            for _ in range(80):
                parent.stdin.write(b"x" * (1 << 16))
            parent.stdin.close()
        except BrokenPipeError:
            pass  # it is gone by then
        assert "longer than" in json.loads(parent.stdout.readline())["why"]
        assert parent.wait(10) == 0
