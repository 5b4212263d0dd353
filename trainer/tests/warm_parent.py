"""The parent of production, and jobs forked from it, with the few words of a `Popen` that tests use."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).resolve().parent.parent
FRAMEWORKS = {"hf": ("hf", "meta", "unsloth"), "nemo": ("nemo",), "ultralytics": ("timm", "ultralytics")}
# Taken before any test: libraries that tests load leave variables behind, and no job shall have those. Said to the
# parent too, since readline gives the C library's environment COLUMNS and LINES.
SURROUNDINGS = dict(os.environ)
SECONDS_TO_START = 30.0
KILLED = 128 + signal.SIGKILL


class WarmParent:
    """One for a session of tests. It is started with the first job, and ends with the end of its input."""

    def __init__(self, environment: str, python: str = sys.executable) -> None:
        self._command = [python, str(ROOT / "warm.py"), *FRAMEWORKS[environment]]
        self._process: subprocess.Popen[bytes] | None = None
        self._asking = threading.Lock()
        self.forked = 0

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env=SURROUNDINGS,
            )
            assert self._heard()["said"] == "ready"
        return self._process

    def fork(self, request: dict[str, Any]) -> int:
        said = self.say(json.dumps(request).encode())
        assert said["said"] == "forked", said
        self.forked += 1
        return int(said["pid"])

    def say(self, line: bytes) -> dict[str, Any]:
        with self._asking:
            input = self.process.stdin
            assert input is not None
            input.write(line + b"\n")
            input.flush()
            said = self._heard()
            while said["said"] == "ended":  # of an earlier job
                said = self._heard()
            return said

    def _heard(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        said: dict[str, Any] = json.loads(self._process.stdout.readline() or b'{"said": "nothing more"}')
        return said

    def close(self) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(10)


class Forked:
    """A job that was forked: `pid` is its supervisor, the only child of which it is."""

    def __init__(
        self, parent: WarmParent, command: list[str], environment: dict[str, str], stderr: Path, pipe_bytes: int | None
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="forked-"))
        pipe = self.folder / "stdout"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        if pipe_bytes is not None:
            fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, pipe_bytes)
        self.pid = parent.fork(
            {
                "folder": str(self.folder),
                "where": "here now",
                "directory": str(ROOT),
                "stdout": str(pipe),
                "stderr": str(stderr),
                "command": command,
                "environment": environment,
            }
        )
        # Its end of the pipe is open by then; before, there would seem to be no more to read.
        self._until(lambda: (self.folder / "started").exists())
        os.set_blocking(reader, True)
        self.stdout: BinaryIO = os.fdopen(reader, "rb", buffering=-1 if pipe_bytes is None else pipe_bytes // 8)

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        """As `Popen` has it, for what tests do to a job: one that was killed has a negative number."""
        try:
            status = int((self.folder / "exit").read_text().split()[0])
        except FileNotFoundError:
            return None if self._there() else -signal.SIGKILL
        return -signal.SIGKILL if status == KILLED else status

    def wait(self) -> int:
        while (code := self.poll()) is None:
            time.sleep(0.002)
        return code

    def job(self) -> int:
        """The process that trains."""
        (found,) = (int(each) for each in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split())
        return found

    def terminate(self) -> None:
        os.kill(self.job(), signal.SIGTERM)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.kill(self.job(), signal.SIGKILL)

    def _there(self) -> bool:
        return (self.folder / "exit").exists() or Path(f"/proc/{self.pid}").exists()

    def _until(self, done: Any) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while not done():
            assert self._there(), "the supervisor is gone"
            assert time.monotonic() < deadline
            time.sleep(0.001)
