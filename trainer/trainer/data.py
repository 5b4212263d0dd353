"""Rows of text, which of them are held out, and which belong to which step.

Which rows make up a step is a pure function of the seed and the step. Nothing
about the order has to be saved, and a resumed run reads what the undisturbed
one would have read, with any number of processes.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trainer.config import Dataset
from trainer.failure import Failure
from trainer.storage import local_copy

SUFFIXES = {"jsonl": (".jsonl", ".json"), "csv": (".csv",)}
MIN_TRAINING_ROWS = 2


@dataclass(frozen=True)
class Texts:
    training: tuple[str, ...]
    held_out: tuple[str, ...]


def load(datasets: tuple[Dataset, ...], text_field: str, eval_every: int, eval_file: str | None) -> Texts:
    rows = [text for dataset in datasets for text in read_texts(dataset, text_field)]
    if eval_file is not None:
        held_out = read_texts(Dataset(eval_file), text_field)
        training = rows
    elif eval_every:
        held_out = rows[eval_every - 1 :: eval_every]
        training = [text for index, text in enumerate(rows, start=1) if index % eval_every]
    else:
        held_out, training = [], rows
    if len(training) < MIN_TRAINING_ROWS:
        raise Failure(
            "data",
            f"{', '.join(each.source for each in datasets)}: {len(rows)} usable rows are too few; at least 10 are"
            f" needed to train and hold out every 10th, and {MIN_TRAINING_ROWS} with extra.eval_every 0",
        )
    return Texts(tuple(training), tuple(held_out))


def read_texts(dataset: Dataset, text_field: str) -> list[str]:
    if dataset.format not in SUFFIXES:
        raise Failure(
            "unsupported",
            f"dataset {dataset.source} has format {dataset.format}; this trainer reads {', '.join(SUFFIXES)}",
        )
    if "://" not in dataset.source and not local_copy(dataset.source).exists():
        raise Failure(
            "data",
            f"dataset {dataset.source} does not exist here; give a file or directory, file://, s3:// or gs://"
            " (names of datasets on a hub are not downloaded)",
        )
    path = local_copy(dataset.source)
    files = [path]
    if path.is_dir():
        suffixes = SUFFIXES[dataset.format]
        files = sorted(each for each in path.rglob("*") if each.suffix in suffixes)
    if not files or not files[0].exists():
        raise Failure("data", f"dataset {dataset.source} holds no {dataset.format} file")
    return [text for file in files for text in _read_file(file, dataset.format, text_field)]


def _read_file(path: Path, kind: str, text_field: str) -> Iterator[str]:
    rows = _json_rows(path) if kind == "jsonl" else _csv_rows(path)
    for number, row in rows:
        text = row.get(text_field) if isinstance(row, dict) else None
        if not isinstance(text, str) or not text:
            raise Failure("data", f"{path} line {number}: no text in field {text_field!r}")
        yield text


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    # Decoded line by line, so that the error can name the line.
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise Failure("data", f"{path} line {number}: not UTF-8 ({error.reason})") from error


def _json_rows(path: Path) -> Iterator[tuple[int, object]]:
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError as error:
            raise Failure("data", f"{path} line {number}: not JSON ({error.msg})") from error


def _csv_rows(path: Path) -> Iterator[tuple[int, object]]:
    reader = csv.DictReader(line for _, line in _lines(path))
    for row in reader:
        yield reader.line_num, row


class Order:
    """Which rows belong to a step: each epoch is a shuffle of its own, without repeats."""

    def __init__(self, rows: int, batch_size: int, seed: int) -> None:
        self._rows = rows
        self._batch_size = batch_size
        self._seed = seed
        self._shuffled: tuple[int, list[int]] = (-1, [])

    def batch(self, step: int) -> list[int]:
        """The rows of step 1, 2, …"""
        first = (step - 1) * self._batch_size
        return [self._row(position) for position in range(first, first + self._batch_size)]

    def _row(self, position: int) -> int:
        epoch, place = divmod(position, self._rows)
        if self._shuffled[0] != epoch:
            order = list(range(self._rows))
            random.Random(self._seed * 1_000_003 + epoch).shuffle(order)
            self._shuffled = (epoch, order)
        return self._shuffled[1][place]


def total_steps(rows: int, batch_size: int, epochs: int, max_steps: int | None) -> int:
    return max_steps or -(-rows * epochs // batch_size)
