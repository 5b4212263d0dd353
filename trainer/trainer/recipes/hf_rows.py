"""Examples turned into rows of tokens, and rows into batches."""

from __future__ import annotations

import bisect
import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import Dataset, IterableDataset

from trainer import evaluation
from trainer.config import Extra
from trainer.evaluation import IGNORED
from trainer.examples import SHUFFLED_AT_ONCE, Chat, Completion, Example, Streamed, Text
from trainer.failure import Failure

Row = dict[str, list[int]]


class Encoder:
    """Tokens of an example and, of the same length, its labels: what is learnt, and IGNORED where nothing is."""

    def __init__(self, tokenizer: Any, extra: Extra, max_length: int) -> None:
        self._tokenizer = tokenizer
        self._whole = not extra.completion_only_loss
        self._template = extra.chat_template
        self._max_length = max_length

    def row(self, example: Example) -> Row:
        match example:
            case Text(text):
                tokens = evaluation.encode(self._tokenizer, text, self._max_length)
                return {"input_ids": tokens, "labels": list(tokens)}
            case Completion(prompt, completion):
                return self._completion(prompt, completion)
            case Chat(messages):
                return self._chat(list(messages))

    def _completion(self, prompt: str, completion: str) -> Row:
        tokens = evaluation.encode(self._tokenizer, prompt + completion, self._max_length)
        # A tokenizer may join the two at the seam: what is shared with the
        # tokens of the prompt alone is the prompt, the rest is learnt.
        asked = _shared(tokens, self._tokenizer(prompt)["input_ids"])
        return self._labelled(tokens, [(asked, len(tokens))])

    def _chat(self, messages: list[dict[str, Any]]) -> Row:
        whole = self._templated(messages, asking=False)
        learnt = []
        for index, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            start = _shared(whole, self._templated(messages[:index], asking=True)) if index else 0
            end = _shared(whole, self._templated(messages[: index + 1], asking=False))
            learnt.append((start, end))
        return self._labelled(whole[: self._max_length], learnt)

    def _templated(self, messages: list[dict[str, Any]], *, asking: bool) -> list[int]:
        if self._template is None and getattr(self._tokenizer, "chat_template", None) is None:
            raise Failure(
                "config",
                "the rows are conversations, and the model's tokenizer has no chat template; give one as"
                " extra.chat_template, or rows of text or of prompt and completion",
            )
        try:
            found = self._tokenizer.apply_chat_template(
                messages,
                chat_template=self._template,
                tokenize=True,
                add_generation_prompt=asking,
                return_dict=False,
            )
        except Exception as error:  # templates are programs that refuse in any way they like
            raise Failure("data", f"the chat template refuses a conversation: {error}") from error
        return list(found)

    def _labelled(self, tokens: list[int], learnt: list[tuple[int, int]]) -> Row:
        if self._whole:
            return {"input_ids": tokens, "labels": list(tokens)}
        labels = [IGNORED] * len(tokens)
        for start, end in learnt:
            labels[start:end] = tokens[start:end]
        return {"input_ids": tokens, "labels": labels}


class Rows(Dataset[Row]):
    """Encoded when first asked for: a run's first step must not wait for all of them."""

    def __init__(self, encoder: Encoder, examples: Sequence[Example]) -> None:
        self._encoder = encoder
        self._examples = examples
        self._made: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> Row:
        if index not in self._made:
            self._made[index] = self._encoder.row(self._examples[index])
        return self._made[index]


class StreamedRows(IterableDataset[Row]):
    """Rows of an epoch as they are read, each drawn from the next SHUFFLED_AT_ONCE; the order is the seed's and the epoch's."""  # noqa: E501

    def __init__(self, encoder: Encoder, examples: Streamed, seed: int) -> None:
        self._encoder = encoder
        self._examples = examples
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._examples)

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __iter__(self) -> Iterator[Row]:
        draw = random.Random(self._seed * 1_000_003 + self._epoch)
        held: list[Example] = []
        for example in self._examples.read():
            held.append(example)
            if len(held) > SHUFFLED_AT_ONCE:
                yield self._encoder.row(held.pop(draw.randrange(len(held))))
        draw.shuffle(held)
        for example in held:
            yield self._encoder.row(example)


class Packed(Dataset[Row]):
    """Several rows in one of at most max_length tokens, fullest first; positions begin anew with each."""

    def __init__(self, rows: Rows, max_length: int) -> None:
        self._rows = rows
        self._bins = pack([len(rows[index]["input_ids"]) for index in range(len(rows))], max_length)

    def __len__(self) -> int:
        return len(self._bins)

    def __getitem__(self, index: int) -> Row:
        packed: Row = {"input_ids": [], "labels": [], "position_ids": []}
        for place in self._bins[index]:
            row = self._rows[place]
            packed["input_ids"] += row["input_ids"]
            # Nothing before it predicts the first token of a row.
            packed["labels"] += [IGNORED, *row["labels"][1:]]
            packed["position_ids"] += range(len(row["input_ids"]))
        return packed


def pack(lengths: Sequence[int], room: int) -> list[list[int]]:
    """Indexes by bin: the longest first, each into the fullest bin that still takes it."""
    bins: list[list[int]] = []
    free: list[tuple[int, int]] = []  # (room left, bin), sorted
    for index in sorted(range(len(lengths)), key=lambda each: (-lengths[each], each)):
        place = bisect.bisect_left(free, (lengths[index], -1))
        if place == len(free):
            bins.append([index])
            left, into = room - lengths[index], len(bins) - 1
        else:
            left, into = free.pop(place)
            bins[into].append(index)
            left -= lengths[index]
        bisect.insort(free, (left, into))
    return bins


class Collator:
    """(rows, longest row) tensors. Padding is never attended to, and no label."""

    def __init__(self, tokenizer: Any) -> None:
        self._padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0

    def __call__(self, rows: list[Row]) -> dict[str, torch.Tensor]:
        longest = max(len(row["input_ids"]) for row in rows)
        tokens = torch.full((len(rows), longest), self._padding)
        labels = torch.full((len(rows), longest), IGNORED)
        mask = torch.zeros(len(rows), longest, dtype=torch.long)
        positions = torch.arange(longest).repeat(len(rows), 1)
        for index, row in enumerate(rows):
            length = len(row["input_ids"])
            tokens[index, :length] = torch.tensor(row["input_ids"])
            labels[index, :length] = torch.tensor(row["labels"])
            mask[index, :length] = 1
            if "position_ids" in row:
                positions[index, :length] = torch.tensor(row["position_ids"])
                positions[index, length:] = torch.arange(longest - length)
        batch = {"input_ids": tokens, "labels": labels}
        # Without a mask the model keeps packed rows apart by their positions,
        # and takes the padding for one more of them.
        return {**batch, "position_ids": positions} if "position_ids" in rows[0] else {**batch, "attention_mask": mask}


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens the two begin with alike."""
    return next(
        (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
