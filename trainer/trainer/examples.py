"""What a language model learns from: text, a completion of a prompt, or a conversation.

Which of them a row holds is read off its fields. All rows are checked before
anything slow starts, so that a bad one in the last line costs seconds, not the
hours that it takes to reach it. With `streaming` they are counted then and
read again while training, and never held.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trainer import rows
from trainer.config import Dataset, Extra, Run
from trainer.data import MIN_TRAINING_ROWS
from trainer.failure import Failure
from trainer.rows import Row

HELD_OUT_SPLITS = ("validation", "valid", "dev", "eval", "test")
SHUFFLED_AT_ONCE = 10_000  # rows that a streamed epoch holds, to draw from them at random


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Completion:
    prompt: str
    completion: str


@dataclass(frozen=True)
class Chat:
    messages: tuple[dict[str, Any], ...]


Example = Text | Completion | Chat


@dataclass(frozen=True)
class Streamed:
    """Examples that are read anew for each epoch."""

    count: int
    read: Callable[[], Iterator[Example]]

    def __len__(self) -> int:
        return self.count


@dataclass(frozen=True)
class Examples:
    training: Sequence[Example] | Streamed
    held_out: Sequence[Example]


def load(run: Run) -> Examples:
    """Every row, checked; held out are those of a held-out split or file, else every `eval_every`-th."""
    extra = run.extra
    apart = [dataset for dataset in run.datasets if dataset.split in HELD_OUT_SPLITS]
    kept = [dataset for dataset in run.datasets if dataset not in apart]
    if extra.eval_file is not None:
        apart.append(Dataset(extra.eval_file, _format(extra.eval_file)))
    every = 0 if apart else extra.eval_every
    streaming = any(dataset.streaming for dataset in kept)
    training: list[Example] = []
    held_out = [example for dataset in apart for example in _examples(dataset, extra)]
    count = 0
    for number, example in _numbered(kept, extra):
        if every and number % every == 0:
            held_out.append(example)
            continue
        count += 1
        if not streaming:
            training.append(example)
    if count < MIN_TRAINING_ROWS:
        raise _too_few(run, count + len(held_out))
    if not streaming:
        return Examples(training, held_out)

    def again() -> Iterator[Example]:
        return (example for number, example in _numbered(kept, extra) if not every or number % every)

    return Examples(Streamed(count, again), held_out)


def example_of(row: Row, extra: Extra) -> Example:
    values = row.values
    if not isinstance(values, dict):
        raise Failure("data", f"{row.where}: each row must be an object with named fields, not {_kind(values)}")
    if values.get(extra.prompt_field) is not None and values.get(extra.completion_field) is not None:
        prompt, completion = values[extra.prompt_field], values[extra.completion_field]
        if isinstance(prompt, list) and isinstance(completion, list):
            return Chat(_messages([*prompt, *completion], row, extra.prompt_field))
        return Completion(
            _text(prompt, row, extra.prompt_field, empty=True), _text(completion, row, extra.completion_field)
        )
    if values.get(extra.messages_field) is not None:
        return Chat(_messages(values[extra.messages_field], row, extra.messages_field))
    if values.get(extra.dataset_text_field) is None:
        raise Failure(
            "data",
            f"{row.where}: no text in field {extra.dataset_text_field!r}, and neither {extra.prompt_field!r} with"
            f" {extra.completion_field!r} nor {extra.messages_field!r}",
        )
    return Text(_text(values[extra.dataset_text_field], row, extra.dataset_text_field))


def _numbered(datasets: list[Dataset], extra: Extra) -> Iterator[tuple[int, Example]]:
    return enumerate(itertools.chain.from_iterable(_examples(each, extra) for each in datasets), start=1)


def _examples(dataset: Dataset, extra: Extra) -> Iterator[Example]:
    return (example_of(row, extra) for row in rows.read(dataset))


def _text(value: Any, row: Row, field: str, *, empty: bool = False) -> str:
    if not isinstance(value, str):
        raise Failure("data", f"{row.where}, column {field!r}: must be a string, not {_kind(value)}")
    if not value and not empty:
        raise Failure("data", f"{row.where}, column {field!r}: is empty; take the row out")
    return value


def _messages(value: Any, row: Row, field: str) -> tuple[dict[str, Any], ...]:
    where = f"{row.where}, column {field!r}"
    if not isinstance(value, list) or not value:
        raise Failure("data", f"{where}: must be a list of messages, not {_kind(value)}")
    for number, message in enumerate(value, start=1):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise Failure("data", f"{where}, message {number}: must be an object with a role")
        if not isinstance(message.get("content"), str | list) and "tool_calls" not in message:
            raise Failure("data", f"{where}, message {number}: has no content")
    if not any(message["role"] == "assistant" for message in value):
        raise Failure("data", f"{where}: no message has the role 'assistant', so there is nothing to learn")
    return tuple(value)


def _too_few(run: Run, found: int) -> Failure:
    sources = ", ".join(each.source for each in run.datasets)
    if found == 0:
        return Failure("data", f"{sources}: holds no rows; at least {MIN_TRAINING_ROWS} are needed to train")
    return Failure(
        "data",
        f"{sources}: {found} usable rows are too few; at least 10 are needed to train and hold out every 10th,"
        f" and {MIN_TRAINING_ROWS} with extra.eval_every 0",
    )


def _format(source: str) -> str:
    return next((kind for kind, suffixes in rows.SUFFIXES.items() if source.lower().endswith(suffixes)), "jsonl")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number") if not isinstance(value, list) or value else "an empty list"
