"""Rows of a dataset, read one after another: JSONL, CSV or Parquet, from this machine or from a bucket.

Nothing is held but the row at hand, and a file in a bucket is read as it
arrives, never copied here first.
"""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from trainer.config import Dataset
from trainer.failure import Failure
from trainer.storage import BUCKET_SCHEMES, Storage, local_path, open_storage

SUFFIXES = {"jsonl": (".jsonl", ".json"), "csv": (".csv",), "parquet": (".parquet",)}
PARQUET_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Row:
    where: str  # "<file> line 3", for whoever has to mend it
    values: Any


@dataclass(frozen=True)
class _Source:
    storage: Storage
    name: str

    @property
    def shown(self) -> str:
        root = self.storage.uri
        return f"{root.rstrip('/')}/{self.name}" if "://" in root else str(local_path(root) / self.name)


def read(dataset: Dataset) -> Iterator[Row]:
    """Every row of every file, files by their names' order."""
    readers = {"jsonl": _json_rows, "csv": _csv_rows, "parquet": _parquet_rows}
    if dataset.format not in readers:
        raise Failure(
            "unsupported",
            f"dataset {dataset.source} has format {dataset.format}; this trainer reads {', '.join(readers)}",
        )
    if dataset.format == "parquet" and importlib.util.find_spec("pyarrow") is None:
        raise Failure(
            "unsupported",
            f"dataset {dataset.source} is Parquet, for which the package pyarrow is needed; install it,"
            " or give the rows as jsonl",
        )
    for source in _sources(dataset):
        yield from readers[dataset.format](source)


def _sources(dataset: Dataset) -> list[_Source]:
    uri, suffixes = dataset.source, SUFFIXES[dataset.format]
    if "://" in uri and not uri.startswith("file:"):
        if uri.partition("://")[0] not in BUCKET_SCHEMES:
            raise Failure("config", f"dataset {uri} has an unknown scheme; known: file, {', '.join(BUCKET_SCHEMES)}")
        parent, _, name = uri.rstrip("/").rpartition("/")
        if parent.endswith(":/"):  # a whole bucket
            parent, name = uri, ""
        storage = open_storage(parent)
        names = storage.names(name)
        if not any(each == name or each.startswith(f"{name}/" if name else "") for each in names):
            raise Failure("data", f"dataset {uri} does not exist: nothing is stored under that name")
    else:
        path = local_path(uri)
        if not path.exists():
            raise Failure(
                "data",
                f"dataset {uri} does not exist here; give a file or directory, file://, s3:// or gs://"
                " (names of datasets on a hub are not downloaded)",
            )
        storage, name = open_storage(str(path.parent if path.is_file() else path)), path.name if path.is_file() else ""
        names = [name] if name else storage.names()
    if name in names:
        return [_Source(storage, name)]
    prefix = f"{name}/" if name else ""
    found = [each for each in names if each.startswith(prefix) and each.endswith(suffixes)]
    if not found:
        raise Failure("data", f"dataset {uri} holds no {dataset.format} file ({' or '.join(suffixes)})")
    return [_Source(storage, each) for each in found]


def _lines(source: _Source) -> Iterator[tuple[int, str]]:
    # Split and decoded here, line by line, so that an error can name the line.
    number, rest = 0, b""
    for chunk in source.storage.stream(source.name):
        *whole, rest = (rest + chunk).split(b"\n")
        for raw in whole:
            number += 1
            yield number, _decoded(source, number, raw)
    if rest:
        yield number + 1, _decoded(source, number + 1, rest)


def _decoded(source: _Source, number: int, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig" if number == 1 else "utf-8").removesuffix("\r")
    except UnicodeDecodeError as error:
        where = f"{source.shown} line {number}, byte {error.start + 1}"
        raise Failure("data", f"{where}: not UTF-8 ({error.reason}); save the file as UTF-8") from error


def _json_rows(source: _Source) -> Iterator[Row]:
    for number, line in _lines(source):
        if not line.strip():
            continue
        where = f"{source.shown} line {number}"
        try:
            yield Row(where, json.loads(line))
        except json.JSONDecodeError as error:
            raise Failure(
                "data", f"{where}, column {error.colno}: not JSON ({error.msg}); each line must hold one JSON object"
            ) from error


def _csv_rows(source: _Source) -> Iterator[Row]:
    reader = csv.DictReader(line + "\n" for _, line in _lines(source))
    try:
        for row in reader:
            yield Row(f"{source.shown} line {reader.line_num}", row)
    except csv.Error as error:
        raise Failure("data", f"{source.shown} line {reader.line_num}: not CSV ({error})") from error


def _parquet_rows(source: _Source) -> Iterator[Row]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    number = 0
    with _seekable(source) as file:
        try:
            for batch in ParquetFile(file).iter_batches(batch_size=PARQUET_ROWS_AT_ONCE):
                for values in batch.to_pylist():
                    number += 1
                    yield Row(f"{source.shown} row {number}", values)
        except (ArrowException, OSError) as error:
            raise Failure("data", f"{source.shown} row {number + 1}: not Parquet ({error})") from error


def _seekable(source: _Source) -> contextlib.AbstractContextManager[Any]:
    opened: Callable[[], Any] = lambda: source.storage.open(source.name)  # noqa: E731
    return contextlib.closing(opened())
