"""All reading and writing of run files: a folder here, or a bucket (`trainer.bucket`).

A name is a relative path with forward slashes. `write` and `publish` replace
whole files only: a reader sees the old content or the new, never a part.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from trainer.failure import Failure, no_space

BYTES_AT_ONCE = 1024 * 1024
PROOF = ".can-be-written"
PUBLIC = 0o644  # on a shared volume others have to read it, and some libraries write for nobody else
BUCKET_SCHEMES = ("s3", "s3a", "gs", "az", "abfs", "abfss", "memory")


class Shelf(Protocol):
    """What whoever has made files needs, to leave them there."""

    uri: str

    def scratch(self) -> Path:
        """A new local directory that `publish` can take files from cheaply. The caller removes it."""

    def publish(self, directory: Path, prefix: str) -> None:
        """Moves the files of a local directory to prefix/…; durable when it returns."""


class Storage(Shelf, Protocol):
    def names(self, prefix: str = "") -> list[str]:
        """Every file whose name starts with prefix, sorted."""

    def read(self, name: str) -> bytes: ...

    def stream(self, name: str) -> Iterator[bytes]:
        """The content in pieces, as they arrive."""

    def open(self, name: str) -> Any:
        """A file to read from any position, for formats that need it. The caller closes it."""

    def write(self, name: str, content: bytes) -> None:
        """Durable when it returns. May be repeated."""

    def fetch(self, prefix: str) -> Path:
        """A local directory with the files under prefix/…, or with the file `prefix`; do not write to it."""

    def delete(self, prefix: str) -> None:
        """Removes the file `prefix` and every file under prefix/…; absent is fine."""


def open_storage(uri: str) -> Storage:
    scheme = urlsplit(uri).scheme if "://" in uri else ""
    if scheme in ("", "file"):
        return Folder(local_path(uri), uri)
    if scheme in BUCKET_SCHEMES:
        from trainer.bucket import Bucket

        return Bucket(uri)
    raise Failure("config", f"storage {uri} has an unknown scheme; known: file, {', '.join(BUCKET_SCHEMES)}")


class Twice:
    """Two places, of which each gets the files; what cannot be left in the second lies in the first."""

    def __init__(self, first: Shelf, second: Shelf) -> None:
        self.uri = first.uri
        self._first = first
        self._second = second

    def scratch(self) -> Path:
        return self._first.scratch()

    def publish(self, directory: Path, prefix: str) -> None:
        with written(self._second) as copy:
            shutil.copytree(directory, copy, dirs_exist_ok=True)
            self._first.publish(directory, prefix)
            self._second.publish(copy, prefix)


def prove_writable(storage: Storage) -> None:
    """Raises where a run would only find out when it has something to write, hours later."""
    storage.write(PROOF, b"")
    with contextlib.suppress(Failure):  # whoever may write need not be one who may delete
        storage.delete(PROOF)


@contextlib.contextmanager
def written(storage: Shelf) -> Iterator[Path]:
    """A scratch directory, gone in the end. That the disk is full is said in one way, whoever finds out."""
    scratch = storage.scratch()
    try:
        yield scratch
    except Exception as error:
        problem = no_space(scratch, error)
        if problem is None:
            raise
        raise problem from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def local_path(uri: str) -> Path:
    """The path that a bare path or a file: URI names."""
    if uri.startswith("file:"):
        return Path(unquote(urlsplit(uri).path)).absolute()
    return Path(uri).expanduser().absolute()


def local_copy(uri: str) -> Path:
    """A local file or directory with what the URI names, fetched if it lies in a bucket."""
    if "://" in uri and not uri.startswith("file:"):
        parent, _, name = uri.rstrip("/").rpartition("/")
        storage = open_storage(parent)
        found = storage.names(name)
        if not found:
            raise Failure("storage", f"nothing is stored at {uri}", retryable=False)
        return storage.fetch(name) if name not in found else _only_file(storage, name)
    return local_path(uri)


def _only_file(storage: Storage, name: str) -> Path:
    directory = Path(tempfile.mkdtemp(prefix="trainer-"))
    (directory / name).write_bytes(storage.read(name))
    return directory / name


class Folder:
    """A directory of this machine, or of a mounted volume."""

    def __init__(self, root: Path, uri: str) -> None:
        self.root = root
        self.uri = uri.rstrip("/") or uri

    def names(self, prefix: str = "") -> list[str]:
        found = [path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file()]
        return sorted(name for name in found if name.startswith(prefix) and not name.startswith("."))

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def stream(self, name: str) -> Iterator[bytes]:
        with (self.root / name).open("rb") as file:
            while piece := file.read(BYTES_AT_ONCE):
                yield piece

    def open(self, name: str) -> Any:
        return (self.root / name).open("rb")

    def write(self, name: str, content: bytes) -> None:
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, PUBLIC)
        os.replace(temporary, target)
        _sync_directory(target.parent)

    def append(self, name: str, content: bytes) -> None:
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab") as file:
            file.write(content)

    def scratch(self) -> Path:
        self.root.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=self.root, prefix=".saving-"))

    def publish(self, directory: Path, prefix: str) -> None:
        target = self.root / prefix if prefix else self.root
        directories = {target}
        for source in sorted(path for path in directory.rglob("*") if path.is_file()):
            source.chmod(PUBLIC)
            _sync_file(source)
            place = target / source.relative_to(directory)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, place)  # a rename, since scratch() lies beside
            directories.add(place.parent)
        for each in directories:
            _sync_directory(each)
        _sync_directory(self.root)

    def fetch(self, prefix: str) -> Path:
        target = self.root / prefix
        return target.parent if target.is_file() else target

    def delete(self, prefix: str) -> None:
        target = self.root / prefix
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Removes what a killed process left half written."""
        for path in self.root.glob(".saving-*"):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.root.glob(".writing-*"):
            path.unlink(missing_ok=True)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
