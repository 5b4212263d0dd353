"""Rows of plain text, which of them are held out, and which belong to which step.

Which rows make up a step is a pure function of the seed and the step. Nothing
about the order has to be saved, and a resumed run reads what the undisturbed
one would have read, with any number of processes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from trainer import rows
from trainer.config import Dataset
from trainer.failure import Failure

MIN_TRAINING_ROWS = 2


@dataclass(frozen=True)
class Texts:
    training: tuple[str, ...]
    held_out: tuple[str, ...]


def load(datasets: tuple[Dataset, ...], text_field: str, eval_every: int, eval_file: str | None) -> Texts:
    found = [text for dataset in datasets for text in read_texts(dataset, text_field)]
    if eval_file is not None:
        held_out = read_texts(Dataset(eval_file), text_field)
        training = found
    elif eval_every:
        held_out = found[eval_every - 1 :: eval_every]
        training = [text for index, text in enumerate(found, start=1) if index % eval_every]
    else:
        held_out, training = [], found
    if len(training) < MIN_TRAINING_ROWS:
        raise Failure(
            "data",
            f"{', '.join(each.source for each in datasets)}: {len(found)} usable rows are too few; at least 10 are"
            f" needed to train and hold out every 10th, and {MIN_TRAINING_ROWS} with extra.eval_every 0",
        )
    return Texts(tuple(training), tuple(held_out))


def read_texts(dataset: Dataset, text_field: str) -> list[str]:
    return [_text(row, text_field) for row in rows.read(dataset)]


def _text(row: rows.Row, text_field: str) -> str:
    text = row.values.get(text_field) if isinstance(row.values, dict) else None
    if not isinstance(text, str) or not text:
        raise Failure("data", f"{row.where}: no text in field {text_field!r}")
    return text


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
