"""What of a row is learnt, and that packed rows do not see each other."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch

from trainer.config import Extra
from trainer.evaluation import IGNORED
from trainer.examples import Chat, Completion, Streamed, Text
from trainer.failure import Failure
from trainer.recipes.hf_rows import Collator, Encoder, Packed, Row, Rows, StreamedRows, pack

TEMPLATE = (
    "{% for message in messages %}{{ '<s>' + message['role'] + '|' + message['content'] + '</s>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<s>assistant|' }}{% endif %}"
)


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(tiny_model))


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(str(tiny_model), dtype=torch.float32).eval()


def learnt(tokenizer: Any, row: Row) -> str:
    tokens = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label != IGNORED]
    return str(tokenizer.decode(tokens))


def test_of_a_completion_only_the_completion_and_the_end_are_learnt(tokenizer: Any) -> None:
    example = Completion("The north yard", " waits for the crew.")
    row = Encoder(tokenizer, Extra(), 100).row(example)
    assert learnt(tokenizer, row) == " waits for the crew.</s>"
    assert tokenizer.decode(row["input_ids"]) == "The north yard waits for the crew.</s>"
    whole = Encoder(tokenizer, Extra(completion_only_loss=False), 100).row(example)
    assert learnt(tokenizer, whole) == "The north yard waits for the crew.</s>"


def test_a_completion_that_joins_the_prompt_at_the_seam_is_learnt_from_there_on(tokenizer: Any) -> None:
    row = Encoder(tokenizer, Extra(), 100).row(Completion("train", "s wait"))
    assert learnt(tokenizer, row).endswith("s wait</s>")


def test_of_a_conversation_only_what_the_assistant_says_is_learnt(tokenizer: Any) -> None:
    messages = [("system", "Be short."), ("user", "Which track?"), ("assistant", "Nine."), ("user", "When?")]
    conversation = Chat(tuple({"role": role, "content": text} for role, text in [*messages, ("assistant", "At noon.")]))
    row = Encoder(tokenizer, Extra(chat_template=TEMPLATE), 200).row(conversation)
    assert learnt(tokenizer, row) == "Nine.</s>At noon.</s>"


def test_a_conversation_without_a_template_is_refused_with_what_to_do(tokenizer: Any) -> None:
    with pytest.raises(Failure, match=r"extra\.chat_template") as caught:
        Encoder(tokenizer, Extra(), 200).row(Chat(({"role": "assistant", "content": "Nine."},)))
    assert caught.value.kind == "config"


def test_packing_fills_rows_and_loses_none() -> None:
    draw = random.Random(1)
    lengths = [draw.randint(1, 64) for _ in range(500)]
    bins = pack(lengths, 64)
    assert sorted(index for each in bins for index in each) == list(range(500))
    assert all(sum(lengths[index] for index in each) <= 64 for each in bins)
    assert len(bins) <= 1.05 * sum(lengths) / 64 + 1


def test_packed_rows_have_the_loss_that_they_have_alone(tokenizer: Any, model: Any) -> None:
    texts = ["the train waits", "north track nine is clear for the crew", "cars arrive", "east yard"]
    rows = Rows(Encoder(tokenizer, Extra(), 64), [Text(text) for text in texts])
    packed = Packed(rows, 24)
    assert 1 < len(packed) < len(texts)
    collate = Collator(tokenizer)
    with torch.no_grad():
        alone = [
            model(**collate([rows[index]]), num_items_in_batch=1, use_cache=False).loss for index in range(len(rows))
        ]
        together = model(
            **collate([packed[index] for index in range(len(packed))]), num_items_in_batch=1, use_cache=False
        ).loss
    assert float(together) == pytest.approx(float(sum(alone)), rel=1e-5)


def test_padding_changes_no_loss(tokenizer: Any, model: Any) -> None:
    rows = Rows(Encoder(tokenizer, Extra(), 64), [Text("cars"), Text("the train waits on the north track for a crew")])
    collate = Collator(tokenizer)
    with torch.no_grad():
        alone = sum(
            float(model(**collate([rows[index]]), num_items_in_batch=1, use_cache=False).loss) for index in (0, 1)
        )
        together = float(model(**collate([rows[0], rows[1]]), num_items_in_batch=1, use_cache=False).loss)
    assert together == pytest.approx(alone, rel=1e-5)


def test_streamed_rows_are_all_read_in_an_order_of_the_epoch(tokenizer: Any) -> None:
    texts = [Text(f"car {number}") for number in range(50)]
    rows = StreamedRows(Encoder(tokenizer, Extra(), 64), Streamed(50, lambda: iter(texts)), seed=1)

    def epoch(number: int) -> list[str]:
        rows.set_epoch(number)
        return [str(tokenizer.decode(row["input_ids"])) for row in rows]

    first = epoch(0)
    assert sorted(first) == sorted(f"{text.text}</s>" for text in texts)
    assert first == epoch(0)
    assert first != epoch(1)
