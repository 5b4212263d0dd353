"""What makes a forked job the same as a freshly started one, and when it has to be a freshly started one.

The rule: a variable counts at import unless it is known to be read later. A
job that has another value of such a variable than its parent had, or lacks
one, or trains what its parent has not imported, becomes a new program in its
own place by exec: same process, same supervisor, started cold.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import multiprocessing.process
import os
import re
import runpy
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from trainer import events, launch
from trainer.failure import Failure

# Filler in the parent's own command line and environment. Its children write
# theirs over it, since the kernel shows (in /proc) what lies there, and the
# server knows the processes of a job by what they show.
ROOM = "TRAINYARD_WARM_ROOM"
ROOM_BYTES = 120_000
ROOM_FOR_ARGUMENTS_BYTES = 2000
CANNOT_RUN = 70
THREADS = "OMP_NUM_THREADS"
# Read when they are needed: by the trainer, by storage, by requests.
_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}
_LATE = re.compile(
    r"(TRAINYARD|TRAINER|TRAINING|KUBEFLOW_TRAINER|AWS|AZURE|GOOGLE)_.*"
    r"|RUN_ID|FRAMEWORK|MODEL_ID|CHECKPOINT_(BASE_URI|PREFIX)|DATASET_URI|LOGS_URI|CONFIG_URI|CONFIG_PATH"
    r"|RESUME_FROM_CHECKPOINT|DISABLE_KUBEFLOW_INTEGRATION|INTERNAL_AUTH_TOKEN|BACKEND_API_URL"
    r"|HF_TOKEN|HUGGINGFACE_TOKEN|HUGGING_FACE_HUB_TOKEN|HUGGINGFACEHUB_API_TOKEN"
    r"|(http|https|all|no)_proxy|(HTTP|HTTPS|ALL|NO)_PROXY"
    r"|PWD|OLDPWD|SHLVL|_|PYTEST_CURRENT_TEST|OMP_NUM_THREADS"  # the last is set anew in every child
)
# Where /proc/self/stat, counted from the state, has the ends of the two areas.
_ARGUMENTS, _ARGUMENTS_END, _ENVIRONMENT, _ENVIRONMENT_END = range(45, 49)


@dataclass(frozen=True)
class Given:
    """What the parent had as it imported."""

    frameworks: tuple[str, ...]
    environment: Mapping[str, str]
    ignored: frozenset[int]  # signals, as by nohup, which whoever it starts ignores too

    @staticmethod
    def here(frameworks: Sequence[str]) -> Given:
        inherited = {number for number in signal.valid_signals() if signal.getsignal(number) == signal.SIG_IGN}
        return Given(tuple(frameworks), dict(os.environ), frozenset(inherited - _IGNORED_BY_PYTHON))


def make_room(arguments: list[str]) -> list[str]:
    """Starts this program once more, with filler, unless it has some; gives the arguments without it."""
    if ROOM in os.environ:
        os.environ.pop(ROOM)
        return arguments[:-1]
    # One thread: numpy's library makes its own as it loads, and no child would have them.
    variables = {**os.environ, THREADS: "1", ROOM: "-" * ROOM_BYTES}
    filled = [sys.executable, *sys.argv[:1], *arguments, "-" * ROOM_FOR_ARGUMENTS_BYTES]
    return os.execve(sys.executable, filled, variables)


def is_read_late(name: str) -> bool:
    return _LATE.fullmatch(name) is not None


def assert_fit_to_fork() -> None:
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise RuntimeError(f"a process with {threads} threads cannot be forked safely")
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        raise RuntimeError("CUDA is initialised, and cannot be used in a child")


def hold_signals() -> set[signal.Signals | int]:
    """None may arrive in a child before it has made up its mind; gives what was held before."""
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()))


def take_files(directory: str, stdout: str, stderr: str) -> None:
    """Nothing of the parent's stays open."""
    os.chdir(directory)
    for wanted, path, flags in ((0, os.devnull, os.O_RDONLY), (2, stderr, os.O_WRONLY), (1, stdout, os.O_WRONLY)):
        opened = os.open(path, flags | (os.O_APPEND if wanted else 0))
        os.dup2(opened, wanted)
        os.close(opened)
    for each in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if each > 2:
            with contextlib.suppress(OSError):  # the list's own is gone by now
                os.close(each)


def inherited_signals(given: Given) -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):  # those that the C library keeps for itself
            signal.signal(number, signal.SIG_IGN if number in given.ignored else signal.SIG_DFL)


def show(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Writes over what the kernel shows of this process, which is where a program's variables lie as it starts."""
    os.environ.clear()
    os.environ.update(environment)  # from here on they lie elsewhere
    _, _, start, end = _areas()
    _write(_block(environment), start, end)
    show_command(command)


def show_command(command: Sequence[str]) -> None:
    start, end, _, _ = _areas()
    _write(b"".join(os.fsencode(word) + b"\0" for word in command), start, end)


def _write(text: bytes, start: int, end: int) -> None:
    size = end - start
    ctypes.memmove(start, text[: size - 1].ljust(size, b"\0"), size)


def _block(environment: Mapping[str, str]) -> bytes:
    # The mark of the attempt comes first: it is found even where there is no room for all.
    ordered = sorted(environment, key=lambda name: (not name.startswith("TRAINYARD_"), name))
    return b"".join(os.fsencode(f"{name}={environment[name]}") + b"\0" for name in ordered)


def _areas() -> tuple[int, int, int, int]:
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    areas = [int(fields[each]) for each in (_ARGUMENTS, _ARGUMENTS_END, _ENVIRONMENT, _ENVIRONMENT_END)]
    return areas[0], areas[1], areas[2], areas[3]


def run(command: list[str], given: Given) -> NoReturn:
    """Runs the command in this fork, whose environment is the job's; all signals are held."""
    code = CANNOT_RUN
    try:
        inherited_signals(given)
        why = misfit(command, given)
        if why is not None:
            print(f"started without the warm parent: {why}", file=sys.stderr, flush=True)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.execv(command[0], command)
        show_command(command)
        _as_python_starts(command)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        code = _run(command[1])
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def misfit(command: Sequence[str], given: Given) -> str | None:
    """Why the job cannot go on from what its parent imported; None if it can."""
    there, here = given.environment, os.environ
    names = {name for name in {*there, *here} if there.get(name) != here.get(name) and not is_read_late(name)}
    if names:
        return f"{', '.join(sorted(names))} would have been read while libraries are loaded"
    if not here.get(THREADS, "").isdecimal():
        return f"{THREADS} does not say how many threads it has"
    if len(_block(here)) >= ROOM_BYTES:
        return f"its environment is longer than {ROOM_BYTES} bytes"
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            asked = launch.read(command[2:]).run
    except (Failure, SystemExit):
        return None  # the job says so itself
    if asked.framework not in given.frameworks:
        return f"framework {asked.framework} is not among those of its parent, {', '.join(given.frameworks)}"
    if asked.method.kind == "qlora" or asked.method.precision == "int8":
        return "bitsandbytes is not among what its parent has imported"
    return None


def _as_python_starts(command: list[str]) -> None:
    """What a fresh interpreter and freshly imported libraries would have, and a fork has of its parent."""
    for number in _IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_IGN)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv, sys.orig_argv = command[1:], list(command)
    sys.path[0] = str(Path(command[1]).parent)
    multiprocessing.process.current_process().authkey = os.urandom(32)
    events.process_starts_now()
    # Python's own generator has seeded itself anew.
    if "numpy" in sys.modules:
        import numpy

        numpy.random.seed()
    if "torch" in sys.modules:
        import torch

        torch.default_generator.seed()
        torch.set_num_threads(int(os.environ[THREADS]))
    _threads_of_numpy(int(os.environ[THREADS]))


def _threads_of_numpy(count: int) -> None:
    """Its library of linear algebra looks at the variable only as it is loaded."""
    mapped = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "openblas" in line}
    for path in mapped:
        library = ctypes.CDLL(path)
        for name in ("scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads", "openblas_set_num_threads"):
            if hasattr(library, name):
                getattr(library, name)(count)


def _run(script: str) -> int:
    """Ends as the interpreter ends a program."""
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
