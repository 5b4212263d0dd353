"""Run files in an object store: S3, Google Cloud Storage or Azure, through obstore.

Credentials come from each cloud's usual environment variables and never appear
in a message.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from trainer.failure import Failure

SECONDS_TO_CONNECT = 5
SECONDS_OF_RETRIES = 20
# What a run asks before it starts must fail soon; what it uploads is tried
# again at the next checkpoint.
_PATIENCE: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=SECONDS_OF_RETRIES)}
MAX_ERROR_CHARACTERS = 300
_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the role of this machine or pod)",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}

# A number alone may be part of a port.
_REFUSED = re.compile(
    r"status(?: code)?:? 40[13]\b|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidClientTokenId"
)

_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_ENDPOINT", "AZURE_STORAGE_ENDPOINT"),
    "abfs": ("AZURE_ENDPOINT", "AZURE_STORAGE_ENDPOINT"),
}


class Bucket:
    """An object store. Credentials come from the usual environment variables."""

    def __init__(self, uri: str) -> None:
        import obstore.store

        self.uri = uri.rstrip("/")
        try:
            self._store: Any = obstore.store.from_url(
                self.uri, client_options=_client_options(self.uri), retry_config=_PATIENCE
            )
        except Exception as error:
            raise Failure("config", f"storage {uri} cannot be opened: {_first_line(error)}") from error

    def names(self, prefix: str = "") -> list[str]:
        import obstore

        # The store matches prefixes by whole path parts, so the directory is
        # listed and the rest of the name compared here.
        directory = prefix.rpartition("/")[0]
        with _naming(self.uri):
            pages = list(obstore.list(self._store, prefix=directory or None))
        return sorted(each["path"] for page in pages for each in page if each["path"].startswith(prefix))

    def read(self, name: str) -> bytes:
        import obstore

        with _naming(f"{self.uri}/{name}"):
            return bytes(obstore.get(self._store, name).bytes())

    def stream(self, name: str) -> Iterator[bytes]:
        import obstore

        with _naming(f"{self.uri}/{name}"):
            for piece in obstore.get(self._store, name).stream():
                yield bytes(piece)

    def open(self, name: str) -> Any:
        import obstore

        with _naming(f"{self.uri}/{name}"):
            return _Readable(obstore.open_reader(self._store, name))

    def write(self, name: str, content: bytes) -> None:
        import obstore

        with _naming(f"{self.uri}/{name}"):
            obstore.put(self._store, name, content)

    def scratch(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="trainer-saving-"))

    def publish(self, directory: Path, prefix: str) -> None:
        import obstore

        for source in sorted(path for path in directory.rglob("*") if path.is_file()):
            name = "/".join(part for part in (prefix, source.relative_to(directory).as_posix()) if part)
            with _naming(f"{self.uri}/{name}"):
                obstore.put(self._store, name, source)
            source.unlink()

    def fetch(self, prefix: str) -> Path:
        import obstore

        directory = Path(tempfile.mkdtemp(prefix="trainer-fetched-"))
        found = [name for name in self.names(prefix) if name == prefix or name.startswith(f"{prefix}/")]
        for name in found:
            target = directory / (name.removeprefix(f"{prefix}/") if name != prefix else name.rpartition("/")[2])
            target.parent.mkdir(parents=True, exist_ok=True)
            with _naming(f"{self.uri}/{name}"), target.open("wb") as file:
                for chunk in obstore.get(self._store, name).stream():
                    file.write(chunk)
        return directory

    def delete(self, prefix: str) -> None:
        import obstore

        found = [name for name in self.names(prefix) if name == prefix or name.startswith(f"{prefix}/")]
        if found:
            with _naming(f"{self.uri}/{prefix}"):
                obstore.delete(self._store, found)


class _Readable:
    """What pyarrow asks of a file, in terms of obstore's reader."""

    closed = False

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            return bytes(self._reader.read())
        return bytes(self._reader.read(size))

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._reader.seek(offset, whence))

    def tell(self) -> int:
        return int(self._reader.tell())

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True
        self._reader.close()


class _naming:
    """Turns what the object store says into a failure that names the object and what to do."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, Failure):
            raise _failure(self._uri, error) from error


def _failure(uri: str, error: Exception) -> Failure:
    from obstore import exceptions

    said = _first_line(error)
    if isinstance(error, exceptions.UnauthenticatedError | exceptions.PermissionDeniedError) or _refused(said):
        names = next((text for scheme, text in _CREDENTIALS.items() if uri.startswith(scheme)), "the credentials")
        return Failure("storage", f"{uri}: access is refused; check {names}: {said}", retryable=False)
    if "NoSuchBucket" in str(error):
        return Failure("storage", f"{uri}: there is no such bucket; create it, or correct its name", retryable=False)
    if isinstance(error, exceptions.NotFoundError | FileNotFoundError):
        return Failure("storage", f"{uri}: is not there: {said}")
    endpoint = _endpoint(uri)
    at = f" at {endpoint}" if endpoint else ""
    return Failure("storage", f"{uri}: the object store{at} cannot be reached or failed; check the address: {said}")


def _refused(said: str) -> bool:
    return _REFUSED.search(said) is not None


def _first_line(error: Exception) -> str:
    # obstore adds its whole chain of causes, pretty-printed, over many lines.
    return " ".join(str(error).split("Debug source:")[0].split())[:MAX_ERROR_CHARACTERS]


def _endpoint(uri: str) -> str:
    """The address that stands in the place of the cloud's own, where one does."""
    names = next((names for scheme, names in _ENDPOINTS.items() if uri.startswith(scheme)), ())
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _client_options(uri: str) -> Any:
    options: dict[str, Any] = {"connect_timeout": timedelta(seconds=SECONDS_TO_CONNECT)}
    # Stores inside a cluster (MinIO and the like) often speak plain HTTP.
    return {**options, "allow_http": True} if _endpoint(uri).startswith("http://") else options
