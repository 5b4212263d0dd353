"""Checkpoints that are either whole or not there.

    <uri>/checkpoint-<step>/…     the files, made durable first
    <uri>/step-<step>.json        the manifest, written last

or, for a framework whose checkpoint is one file, <uri>/step-<step>.pt in place
of the directory.

The manifest lists every file with its size and SHA-256. A checkpoint exists if
its manifest does and the files match it; a process killed at any moment leaves
at most files without a manifest, which nobody reads. Going on takes the
highest step that verifies, else the next lower. Files travel in the background
(`trainer.uploads`).
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from trainer.events import Events
from trainer.failure import Failure, no_space
from trainer.storage import Folder, Storage
from trainer.uploads import Upload, Uploads

# What the published training script of each framework leaves, and so what others look for.
_KEY = {"hf": "hf_checkpoint_dir", "unsloth": "hf_checkpoint_dir", "meta": "checkpoint_file"}
_ONE_FILE = ("meta",)

MIN_KEEP = 2  # one whole checkpoint must remain while the newest turns out damaged
# Into a folder, as small a checkpoint is moved at once: it is there before the
# next step, and a thread would gain nothing.
SMALL_BYTES = 16 * 1024 * 1024
_MANIFEST = re.compile(r"step-(\d+)\.json")


@dataclass(frozen=True)
class Saved:
    step: int
    directory: Path


@dataclass(frozen=True)
class _Written:
    """A checkpoint on this machine, on its way to the storage."""

    step: int
    scratch: Path
    size: int
    started: float
    held: float  # seconds that training waited


@dataclass
class Checkpoints:
    storage: Storage
    events: Events
    framework: str
    keep: int
    _damaged: list[int] = field(default_factory=list)
    _uploads: Uploads = field(init=False)

    def __post_init__(self) -> None:
        self._uploads = Uploads(self._skipped, self._upload_failed)

    def newest(self) -> Saved | None:
        """The highest step whose files all match its manifest."""
        for step in sorted(self._steps(), reverse=True):
            problem, directory = self._verified(step)
            if not problem and directory is not None:
                return Saved(step, directory)
            self.release(Saved(step, directory) if directory else None)
            self._damaged.append(step)
            self.events.warning(f"checkpoint of step {step} is not used: {problem}")
        return None

    def at(self, step: int) -> Saved:
        """A step that another process of this run has verified already."""
        return Saved(step, self.storage.fetch(self._place(step)))

    def release(self, saved: Saved | None) -> None:
        """What was fetched to go on from is not needed any more."""
        if saved is not None and not isinstance(self.storage, Folder):
            shutil.rmtree(saved.directory, ignore_errors=True)

    def begin(self, *, afresh: bool) -> None:
        """Clears away what must not be found later. Only rank 0, before the first save."""
        if isinstance(self.storage, Folder):
            self.storage.remove_leftovers()
        steps = self._steps() if afresh else self._damaged
        if afresh and steps:
            count = len(steps)
            self.events.warning(f"resume is off: {count} earlier checkpoints at {self.storage.uri} are removed")
        for step in steps:
            self._remove(step)

    def save(self, step: int, write_files: Callable[[Path], None]) -> None:
        """Training waits while the files are written on this machine, and not for the storage."""
        started = time.monotonic()
        scratch = self.storage.scratch()
        try:
            write_files(scratch)
        except BaseException as error:
            problem = no_space(scratch, error)
            shutil.rmtree(scratch, ignore_errors=True)
            if problem is not None:
                raise problem from error
            raise
        size = sum(path.stat().st_size for path in scratch.rglob("*") if path.is_file())
        held = time.monotonic() - started

        def carry() -> None:
            self._carry(_Written(step, scratch, size, started, held))

        if isinstance(self.storage, Folder) and size <= SMALL_BYTES:
            self._uploads.drain()  # in order, should a larger one still be under way
            carry()
        else:
            self._uploads.add(Upload(step, carry, lambda: shutil.rmtree(scratch, ignore_errors=True)))

    def drain(self) -> None:
        """Returns when all that was saved is durable; raises where the newest could not be stored."""
        failure = self._uploads.drain()
        if failure is not None:
            raise failure

    def settle(self) -> None:
        """Returns when nothing is on its way, whatever became of it."""
        self._uploads.drain()

    def _carry(self, written: _Written) -> None:
        step, scratch = written.step, written.scratch
        try:
            files = {
                self._inside(step) + path.relative_to(scratch).as_posix(): _fingerprint(path)
                for path in sorted(scratch.rglob("*"))
                if path.is_file()
            }
            self._remove(step)  # an earlier attempt may have left some of it
            self.storage.publish(scratch, self._inside(step).rstrip("/"))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        manifest = {
            "framework": self.framework,
            "step": step,
            "saved_at": time.time(),
            "metadata": {_KEY.get(self.framework, "checkpoint_dir"): self._place(step)},
            "files": files,
        }
        self.storage.write(_manifest(step), json.dumps(manifest, indent=2).encode())
        self.events.emit(
            "checkpoint",
            step=step,
            uri=f"{self.storage.uri}/{self._place(step)}",
            bytes=written.size,
            save_seconds=round(time.monotonic() - written.started, 4),
            stalled_seconds=round(written.held, 4),
        )
        for old in sorted(self._steps())[: -max(MIN_KEEP, self.keep)]:
            self._remove(old)

    def _skipped(self, upload: Upload, newer: int) -> None:
        self.events.warning(
            f"checkpoint of step {upload.step} was not stored: that of step {newer} was ready before the one ahead of"
            " both had arrived; save less often, or use faster storage"
        )

    def _upload_failed(self, upload: Upload, failure: Failure) -> None:
        self.events.warning(
            f"checkpoint of step {upload.step} could not be stored; training goes on: {failure.message}",
            kind=failure.kind,
            step=upload.step,
        )

    def _steps(self) -> list[int]:
        matches = (_MANIFEST.fullmatch(name) for name in self.storage.names("step-"))
        return [int(match.group(1)) for match in matches if match]

    def _verified(self, step: int) -> tuple[str, Path | None]:
        directory = None
        try:
            manifest = json.loads(self.storage.read(_manifest(step)))
            directory = self.storage.fetch(self._place(step))
            for name, expected in manifest["files"].items():
                path = directory / name.removeprefix(self._inside(step))
                if not path.is_file():
                    return f"{name} is missing", directory
                if _fingerprint(path) != expected:
                    return f"{name} does not match its manifest", directory
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            return f"{_manifest(step)} cannot be read ({error})", directory
        return "", directory

    def _remove(self, step: int) -> None:
        # The manifest first: files without one are nothing, one without files
        # would be a damaged checkpoint.
        self.storage.delete(_manifest(step))
        self.storage.delete(self._place(step))

    def _place(self, step: int) -> str:
        return one_file(step) if self.framework in _ONE_FILE else f"checkpoint-{step}"

    def _inside(self, step: int) -> str:
        return "" if self.framework in _ONE_FILE else f"{self._place(step)}/"


def one_file(step: int) -> str:
    """What a recipe whose checkpoints are single files names them."""
    return f"step-{step:06d}.pt"


def _manifest(step: int) -> str:
    return f"step-{step:06d}.json"


def _fingerprint(path: Path) -> dict[str, int | str]:
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
