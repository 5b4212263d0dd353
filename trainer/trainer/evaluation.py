"""Loss per token over lines of text. The recipe and the demo's report both use this, so that they agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as functional

IGNORED = -100  # the label that cross_entropy passes over


def encode(tokenizer: Any, text: str, max_length: int) -> list[int]:
    """The tokens of one row, closed by the end-of-sequence token, cut at max_length."""
    tokens: list[int] = tokenizer(text)["input_ids"]
    end = tokenizer.eos_token_id
    if end is not None and (not tokens or tokens[-1] != end):
        tokens = [*tokens, end]
    return tokens[:max_length] or [0]  # a row of nothing still has a place in its batch


def pad(rows: Sequence[Sequence[int]], device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(rows, longest row) tensors: tokens, attention mask, and each token's successor as its label."""
    longest = max(len(row) for row in rows)
    tokens = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros_like(tokens)
    labels = torch.full_like(tokens, IGNORED)
    for index, row in enumerate(rows):
        tokens[index, : len(row)] = torch.tensor(row)
        mask[index, : len(row)] = 1
        labels[index, : len(row) - 1] = torch.tensor(row[1:])
    return tokens.to(device), mask.to(device), labels.to(device)


def summed_loss(model: Any, rows: Sequence[Sequence[int]], device: torch.device) -> torch.Tensor:
    """Cross-entropy summed over every predicted token of the rows."""
    tokens, mask, labels = pad(rows, device)
    logits = model(input_ids=tokens, attention_mask=mask, use_cache=False).logits
    return functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]).float(), labels.reshape(-1), ignore_index=IGNORED, reduction="sum"
    )


def predicted(rows: Sequence[Sequence[int]]) -> int:
    """How many tokens of the rows are predicted: all but each row's first."""
    return sum(max(0, len(row) - 1) for row in rows)


@torch.no_grad()
def loss_and_tokens(
    model: Any, rows: Sequence[Sequence[int]], batch_size: int, device: torch.device
) -> tuple[float, int]:
    was_training = model.training
    model.eval()
    total = sum(float(summed_loss(model, batch, device)) for batch in _batches(rows, batch_size))
    model.train(was_training)
    return total, predicted(rows)


def _batches(rows: Sequence[Sequence[int]], size: int) -> Iterator[Sequence[Sequence[int]]]:
    # Rows of like length together: less padding, the same sum.
    by_length = sorted((row for row in rows if row), key=len)
    for start in range(0, len(by_length), size):
        yield by_length[start : start + size]
