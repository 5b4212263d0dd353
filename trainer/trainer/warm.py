"""A parent that has imported what jobs import, and forks them: a job then starts in a tenth of the time.

    server ── a request a line ──▶ parent ── forks ──▶ supervisor, in a session of its own ── forks ──▶ job
           ◀─ ready, forked, ended ───┘                   │ started: which process it is, created exclusively
                                                          │ exit: how the job ended, synced and renamed

The parent lives as long as its standard input is open, so that it ends with
whoever started it, also with one that is killed; jobs and their supervisors
do not. A supervisor is to the server what its shell shim is: the same files,
the same ignored signals, the job below it. A job that does not fit what is
imported here becomes a freshly started one in place (`trainer.forked`).

Only a process with one thread may fork, and only one that has not touched a
GPU: the parent looks before each fork, and refuses. What is left out of here
is whatever starts threads: training, storage, requests.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from trainer import forked

# As long as the longest environment that the kernel takes, written as JSON.
MAX_REQUEST_BYTES = 4 << 20
READ_BYTES = 1 << 16
ALREADY_STARTED = 75
CANNOT_START = 71
# The most common families; others are imported by the job that needs them.
_FAMILIES = ("llama", "qwen2", "qwen3", "mistral", "gemma2", "gemma3", "phi3")
_TEXT = (
    "peft",
    "safetensors.torch",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    *(f"transformers.models.{family}.modeling_{family}" for family in _FAMILIES),
)
_HF = ("trainer.recipes.hf", "trainer.recipes.hf_arguments", "trainer.recipes.hf_trainer", *_TEXT)
IMPORTS = {
    "hf": _HF,
    "unsloth": _HF,  # without a GPU, and a job with one is not forked, it trains as hf
    "meta": ("trainer.recipes.meta", *_TEXT),
    "nemo": ("trainer.recipes.nemo", *_TEXT),
    "timm": ("trainer.recipes.timm", "timm", "timm.data", "safetensors.torch"),
    # Ultralytics itself looks at the environment as it loads, and each job has its own; polars starts threads.
    "ultralytics": ("torch", "torchvision", "cv2", "matplotlib.pyplot", "yaml", "PIL.Image"),
}


@dataclass(frozen=True)
class Request:
    """One job: its folder has the files `started` and `exit`, `where` stands in the first of them."""

    folder: str
    where: str
    directory: str
    stdout: str
    stderr: str
    command: list[str]  # the interpreter, train.py, and its arguments
    environment: dict[str, str]

    @staticmethod
    def read(line: bytes) -> Request:
        found: dict[str, Any] = json.loads(line)
        request = Request(**found)
        if len(request.command) < 2 or request.command[0] != sys.executable:
            raise ValueError(f"command {request.command[:2]} is not a script run by {sys.executable}")
        return request


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    frameworks = forked.make_room(sys.argv[1:] if arguments is None else list(arguments))
    given = forked.Given.here(frameworks)
    # Whatever libraries print as they load must not end up among the answers.
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    began = time.monotonic()
    parent = Parent(given, answers)
    try:
        prepare(frameworks)
        forked.assert_fit_to_fork()
    except Exception as error:
        parent.say("failed", why=f"{type(error).__name__}: {error}")
        os._exit(1)
    parent.say("ready", pid=os.getpid(), seconds=round(time.monotonic() - began, 2), resident_bytes=_resident_bytes())
    parent.serve(requests)
    os._exit(0)  # whoever asked is gone


def prepare(frameworks: Sequence[str]) -> None:
    # As recipes.hub does for every job but those of four or eight bits, which are not forked.
    sys.modules.setdefault("bitsandbytes", None)  # type: ignore[arg-type]
    for name in ("trainer.cli", *(name for framework in frameworks for name in IMPORTS[framework])):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a child that collects does not write to, and so copy, what is here


class Parent:
    def __init__(self, given: forked.Given, answers: int) -> None:
        self._given = given
        self._answers = answers

    def say(self, word: str, **values: Any) -> None:
        line = json.dumps({"said": word, **values}).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._answers, line) :]
        except BrokenPipeError:
            pass  # the end of the requests says the same

    def serve(self, requests: int) -> None:
        """Until there are no more requests, which is when nobody is left to make one."""
        woken, wakes = os.pipe()
        os.set_blocking(wakes, False)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _wake)
        with selectors.DefaultSelector() as selector:
            for each in (requests, woken):
                selector.register(each, selectors.EVENT_READ)
            waiting = b""
            while True:
                ready = [key.fd for key, _ in selector.select()]
                if woken in ready:
                    os.read(woken, READ_BYTES)
                    self._collect()
                if requests not in ready:
                    continue
                read = os.read(requests, READ_BYTES)
                if not read:
                    return
                *lines, waiting = (waiting + read).split(b"\n")
                for line in lines:
                    self._answer(line)
                if len(waiting) > MAX_REQUEST_BYTES:
                    self.say("failed", why=f"a request is longer than {MAX_REQUEST_BYTES} bytes")
                    return

    def _answer(self, line: bytes) -> None:
        try:
            request = Request.read(line)
            forked.assert_fit_to_fork()
        except Exception as error:
            self.say("refused", why=f"{type(error).__name__}: {error}")
            return
        before = forked.hold_signals()
        pid = os.fork()
        if pid == 0:
            _supervise(request, self._given)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.say("forked", pid=pid)

    def _collect(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.say("ended", pid=pid, status=_as_a_shell_says(status))


def _wake(number: int, frame: FrameType | None) -> None:
    """An ignored signal would not write to the pipe that wakes."""


def _supervise(request: Request, given: forked.Given) -> NoReturn:
    """What the server's shell shim does; all signals are held."""
    try:
        signal.set_wakeup_fd(-1)
        os.setsid()
        forked.take_files(request.directory, request.stdout, request.stderr)
        # Found by its mark from here on, and so is the job before it is one.
        shown = [request.command[0], "warm.py", request.folder]
        # The shell of a cold start adds its directory.
        forked.show(shown, {**request.environment, "PWD": request.directory})
        forked.inherited_signals(given)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
        if not _began(request):
            os._exit(ALREADY_STARTED)
        pid = os.fork()
        if pid == 0:
            forked.run(request.command, given)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        _, status = os.waitpid(pid, 0)
        _ended(request, _as_a_shell_says(status))
        os._exit(0)
    except BaseException as error:
        os.write(2, f"the supervisor of a forked job failed: {error}\n".encode())
        os._exit(CANNOT_START)


def _as_a_shell_says(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _began(request: Request) -> bool:
    """Exclusive: of two supervisors, or one and a stop, one wins."""
    text = f"{request.where}\n{Path('/proc/self/stat').read_text()}"
    try:
        file = os.open(f"{request.folder}/started", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    os.write(file, text.encode())
    os.close(file)
    return True


def _ended(request: Request, status: int) -> None:
    uptime = Path("/proc/uptime").read_text().split()[0]
    draft = Path(request.folder, "exit.new")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.write(file, f"{status} {uptime}\n".encode())
    os.fsync(file)
    os.close(file)
    draft.rename(Path(request.folder, "exit"))


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
