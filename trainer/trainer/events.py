"""What a job tells the control plane: one JSON object a line on standard output.

Standard output carries events and nothing else: `claim_stdout` keeps the real
one for itself and points file descriptor 1 at standard error, so that a
library that prints cannot break a line in two. The terminal event (interrupted,
failed, finished) is also left in a file, since under torchrun an exit code
says nothing about the cause.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trainer.failure import Failure
from trainer.world import World

VERSION = 1
TERMINAL = ("interrupted", "failed", "finished")
# Kubernetes cuts a termination message at 4096 bytes, which is also the largest
# write to a pipe that another process cannot tear apart.
MAX_TERMINAL_BYTES = 4096
MAX_MESSAGE_CHARACTERS = 1000
TERMINATION_LOG = "/dev/termination-log"

Observer = Callable[[dict[str, Any]], None]


def claim_stdout() -> int:
    """Returns a descriptor of the real standard output that only events use."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


class Events:
    def __init__(self, run_id: str, attempt: int, world: World, descriptor: int) -> None:
        self._identity = {"run_id": run_id, "attempt": attempt}
        self._world = world
        self._descriptor = descriptor
        self._sequence = 0
        self._lock = threading.Lock()
        self._observers: list[Observer] = []

    def leave_to_parent(self) -> None:
        """In a forked process: lets go of standard output, whose reader waits until the last writer is gone."""
        os.close(self._descriptor)

    def observe(self, observer: Observer) -> None:
        self._observers.append(observer)

    def emit(self, event: str, **values: Any) -> None:
        # A failure is told by the rank that has it: the others only see a
        # broken connection. Everything else is rank 0's to tell.
        if self._world.rank != 0:
            if event != "failed":
                return
            values["rank"] = self._world.rank
        with self._lock:
            self._sequence += 1
            document = {
                "v": VERSION,
                "ts": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                **self._identity,
                "seq": self._sequence,
                "event": event,
                **values,
            }
            line = _encode(document)
            if event in TERMINAL:
                _leave_termination_log(line)
            _write_whole(self._descriptor, line)
        for observer in self._observers:
            observer(document)

    def phase(self, name: str) -> None:
        self.emit("phase", phase=name, elapsed_seconds=round(seconds_since_process_start(), 3))

    def warning(self, message: str, **values: Any) -> None:
        self.emit("warning", message=message[:MAX_MESSAGE_CHARACTERS], **values)

    def failed(self, failure: Failure) -> None:
        message = failure.message[:MAX_MESSAGE_CHARACTERS]
        self.emit("failed", kind=failure.kind, message=message, retryable=failure.retryable)


def clear_termination_log() -> None:
    """An earlier attempt's last words must not be taken for ours."""
    path = _termination_log()
    if path is not None:
        try:
            path.unlink(missing_ok=True)
        except OSError:  # mounted by Kubernetes: it can be emptied, not removed
            _try_write(path, b"")


def seconds_since_process_start() -> float:
    return _uptime() - _STARTED_AT


def process_starts_now() -> None:
    """In a fork that is to be a job: the process is as old as the fork."""
    global _STARTED_AT
    _STARTED_AT = _process_start()


def _encode(document: dict[str, Any]) -> bytes:
    # A loss that is not a number must not make the line unreadable to strict
    # JSON readers, so it becomes null.
    clean = {key: None if isinstance(value, float) and value - value != 0 else value for key, value in document.items()}
    return (json.dumps(clean, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")


def _write_whole(descriptor: int, line: bytes) -> None:
    try:
        while line:
            line = line[os.write(descriptor, line) :]
    except OSError:
        # The reader is gone, for example while the control plane restarts.
        # Training goes on; checkpoints and the termination log still tell.
        pass


def _termination_log() -> Path | None:
    named = os.environ.get("TRAINER_TERMINATION_LOG")
    if named:
        return Path(named)
    return Path(TERMINATION_LOG) if os.path.exists(TERMINATION_LOG) else None


def _leave_termination_log(line: bytes) -> None:
    path = _termination_log()
    if path is None:
        return
    # The first word counts: the rank that failed speaks before those that only
    # lost their connection to it. A link, unlike a rename, refuses to replace.
    if len(line) > MAX_TERMINAL_BYTES:
        line = _encode({**json.loads(line), "message": "(too long to repeat here)"})
    try:
        if path.exists() and path.stat().st_size > 0:
            return
        if path.exists():
            _try_write(path, line)
            return
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)  # the control plane may be another user
            os.link(temporary, path)
        except FileExistsError:
            pass  # another rank was first
        except OSError:  # a volume without hard links
            _try_write(path, line)
        finally:
            Path(temporary).unlink()
    except OSError:
        pass  # the same event is on standard output


def _try_write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError:
        pass


def _uptime() -> float:
    try:
        return float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return datetime.now(UTC).timestamp()


def _process_start() -> float:
    """When the kernel started this process, so that the interpreter's own start counts too."""
    try:
        after_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        return int(after_name[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return _uptime()


_STARTED_AT = _process_start()
