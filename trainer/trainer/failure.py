"""A failure that names its cause, so that the control plane need not read a stack trace."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Literal

Kind = Literal["config", "oom", "data", "storage", "unsupported", "diverged", "internal"]

EXIT_FINISHED = 0
EXIT_OTHER = 1
EXIT_CONFIG = 2
EXIT_UNSUPPORTED = 3
EXIT_INTERRUPTED = 143

_FULL = (errno.ENOSPC, errno.EDQUOT)
LITTLE_BYTES = 64 * 1024  # with less than this free, a failed write failed for lack of space

_RIGHT = "give the user of this job the right to it, or name another place"
_FOLDER = "a folder is wanted there; name another place"
_REMEDIES = {
    errno.EACCES: _RIGHT,
    errno.EPERM: _RIGHT,
    errno.EROFS: "name another place",
    errno.EEXIST: _FOLDER,
    errno.ENOTDIR: _FOLDER,
}

# Trying again helps when the world was at fault, not when the request was.
_RETRYABLE: dict[Kind, bool] = {
    "config": False,
    "oom": False,
    "data": False,
    "storage": True,
    "unsupported": False,
    "diverged": False,
    "internal": True,
}


class Failure(Exception):
    def __init__(self, kind: Kind, message: str, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.retryable = _RETRYABLE[kind] if retryable is None else retryable

    @property
    def exit_code(self) -> int:
        return {"config": EXIT_CONFIG, "unsupported": EXIT_UNSUPPORTED}.get(self.kind, EXIT_OTHER)


def no_space(directory: Path, error: BaseException) -> Failure | None:
    """That the disk is full, where this is why writing into the directory failed: libraries say it in many ways."""
    said = isinstance(error, OSError) and error.errno in _FULL
    if not isinstance(error, Exception) or isinstance(error, Failure):
        return None
    try:
        full = shutil.disk_usage(directory).free < LITTLE_BYTES
    except OSError:
        full = False
    return _full(str(directory.parent)) if said or full or "No space left" in str(error) else None


def _full(place: str) -> Failure:
    return Failure(
        "storage",
        f"no space left on the disk of {place}; free some, give the run a larger one, or set TMPDIR to another",
        retryable=False,
    )


def as_failure(error: BaseException) -> Failure:
    """Names the cause of an error that nobody named on the way up."""
    if isinstance(error, Failure):
        return error
    text = f"{type(error).__name__}: {error}"
    # torch raises its own OutOfMemoryError on a GPU and a RuntimeError on a CPU.
    if isinstance(error, MemoryError) or "out of memory" in text.lower() or "can't allocate memory" in text.lower():
        return Failure("oom", text)
    if (isinstance(error, OSError) and error.errno in _FULL) or "No space left" in text:
        return _full(str(getattr(error, "filename", None) or f"this machine ({text[:200]})"))
    if isinstance(error, OSError) and error.errno in _REMEDIES:
        said = f"{error.filename or 'a file'}: {error.strerror}; {_REMEDIES[error.errno]}"
        return Failure("storage", said, retryable=False)
    if isinstance(error, OSError) and error.errno is not None:
        return Failure("storage", text)
    return Failure("internal", text)
