"""Rows as people have them, and what is said of the bad ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trainer import config, examples, rows
from trainer.config import Dataset, Run
from trainer.examples import Chat, Completion, Streamed, Text
from trainer.failure import Failure


def run(datasets: list[dict[str, Any]], **extra: Any) -> Run:
    return config.parse(
        {
            "run_id": "r1",
            "model": {"name": "m"},
            "datasets": datasets,
            "checkpoints": {"uri": "c"},
            "outputs": {"uri": "o"},
            "extra": extra,
        }
    )


def jsonl(path: Path, rows: list[Any]) -> dict[str, Any]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {"source": str(path)}


def test_text_completions_and_conversations_are_told_apart_by_their_fields(tmp_path: Path) -> None:
    said = [{"role": "user", "content": "Which track?"}, {"role": "assistant", "content": "Nine."}]
    written = [
        {"text": "plain"},
        {"prompt": "Which track?", "completion": " Nine."},
        {"messages": said},
        {"prompt": said[:1], "completion": said[1:]},
    ]
    found = examples.load(run([jsonl(tmp_path / "a.jsonl", written)], eval_every=0))
    assert found.training == [
        Text("plain"),
        Completion("Which track?", " Nine."),
        Chat(tuple(said)),
        Chat(tuple(said)),
    ]


def test_a_dataset_of_a_held_out_split_is_held_out_and_nothing_else(tmp_path: Path) -> None:
    training = jsonl(tmp_path / "a.jsonl", [{"text": str(number)} for number in range(20)])
    held_out = {**jsonl(tmp_path / "b.jsonl", [{"text": "b"}]), "split": "validation"}
    found = examples.load(run([training, held_out]))
    assert len(found.training) == 20
    assert found.held_out == [Text("b")]


def test_a_streamed_dataset_holds_out_the_same_rows_and_is_read_anew(tmp_path: Path) -> None:
    source = jsonl(tmp_path / "a.jsonl", [{"text": str(number)} for number in range(30)])
    whole = examples.load(run([source]))
    streamed = examples.load(run([{**source, "streaming": True}]))
    assert isinstance(streamed.training, Streamed)
    assert list(streamed.training.read()) == list(streamed.training.read()) == whole.training
    assert len(streamed.training) == len(whole.training) == 27
    assert streamed.held_out == whole.held_out


def test_parquet_and_csv_hold_the_same_rows_as_jsonl(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed, so Parquet is not tested")
    parquet = pytest.importorskip("pyarrow.parquet")
    texts = [f'row {number}, "quoted"' for number in range(3000)]
    parquet.write_table(arrow.table({"text": texts, "other": list(range(3000))}), tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("text\n" + "".join('"' + text.replace('"', '""') + '"\n' for text in texts))
    for kind in ("parquet", "csv"):
        found = examples.load(run([{"source": str(tmp_path), "format": kind}], eval_every=0))
        assert found.training == [Text(text) for text in texts]


GOOD = [{"text": "good"}] * 12


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"text": "open', "line 13, column 10: not JSON"),
        ('["text"]', "line 13: each row must be an object with named fields, not a list"),
        ('{"words": "x"}', "line 13: no text in field 'text', and neither 'prompt' with 'completion' nor 'messages'"),
        ('{"text": 5}', "line 13, column 'text': must be a string, not a number"),
        ('{"text": ""}', "line 13, column 'text': is empty"),
        ('{"prompt": "x", "completion": ""}', "line 13, column 'completion': is empty"),
        ('{"messages": []}', "line 13, column 'messages': must be a list of messages, not an empty list"),
        ('{"messages": [{"content": "x"}]}', "line 13, column 'messages', message 1: must be an object with a role"),
        ('{"messages": [{"role": "user"}]}', "line 13, column 'messages', message 1: has no content"),
        ('{"messages": [{"role": "user", "content": "x"}]}', "so there is nothing to learn"),
    ],
)
def test_a_bad_row_is_named_by_file_line_and_column(tmp_path: Path, row: str, said: str) -> None:
    source = jsonl(tmp_path / "a.jsonl", GOOD)
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write(row + "\n")
    with pytest.raises(Failure) as caught:
        examples.load(run([source]))
    assert caught.value.kind == "data"
    assert str(tmp_path / "a.jsonl") in caught.value.message
    assert said in caught.value.message


def test_empty_and_missing_datasets_are_named(tmp_path: Path) -> None:
    for source, said in (
        (jsonl(tmp_path / "empty.jsonl", []), "holds no rows"),
        ({"source": str(tmp_path / "none.jsonl")}, "does not exist"),
        ({"source": str(tmp_path), "format": "csv"}, "holds no csv file"),
    ):
        with pytest.raises(Failure, match=said) as caught:
            examples.load(run([source]))
        assert caught.value.kind == "data"
        assert str(tmp_path) in caught.value.message


def test_formats_that_are_not_read_are_unsupported(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="has format nemo") as caught:
        list(rows.read(Dataset(str(tmp_path), "nemo")))
    assert caught.value.exit_code == 3
