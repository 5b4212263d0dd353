from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest

from trainer import data
from trainer.config import Dataset
from trainer.failure import Failure
from trainer.schedule import learning_rate


def loaded(path: Path, eval_every: int = 10) -> data.Texts:
    return data.load((Dataset(str(path)),), "text", eval_every, None)


def refused(path: Path, **options: int) -> str:
    with pytest.raises(Failure) as caught:
        loaded(path, **options)
    assert caught.value.kind == "data"
    return caught.value.message


def test_every_tenth_row_is_held_out(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("".join(f'{{"text": "{row}"}}\n' for row in range(1, 31)))
    assert loaded(file).held_out == ("10", "20", "30")
    assert len(loaded(file).training) == 27
    assert loaded(file, eval_every=0).held_out == ()


def test_bad_rows_are_named_by_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'{"text": "good"}\n{"text": "caf\xe9"}\n')
    assert f"{file} line 2, byte 14: not UTF-8" in refused(file)
    file.write_bytes(b'{"text": "good"}\n\n{"words": "none"}\n')
    assert refused(file) == f"{file} line 3: no text in field 'text'"
    file.write_bytes(b'{"text": "good"\n')
    assert f"{file} line 1, column 16: not JSON" in refused(file)


def test_too_few_rows_and_absent_files_are_named(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "one"}\n')
    assert "at least 10" in refused(file)
    assert "does not exist" in refused(tmp_path / "none.jsonl")


def test_csv_and_directories_are_read(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text('id,text\n1,"one, with comma"\n2,two\n')
    (tmp_path / "a.csv").write_text("id,text\n0,zero\n")
    texts = data.read_texts(Dataset(str(tmp_path), "csv"), "text")
    assert texts == ["zero", "one, with comma", "two"]


def test_other_formats_are_unsupported(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="has format nemo") as caught:
        data.read_texts(Dataset(str(tmp_path), "nemo"), "text")
    assert caught.value.exit_code == 3


def test_the_rows_of_a_step_depend_on_nothing_but_seed_and_step() -> None:
    forward = data.Order(7, 3, seed=1)
    batches = [forward.batch(step) for step in range(1, 8)]
    assert [data.Order(7, 3, seed=1).batch(step) for step in range(7, 0, -1)] == batches[::-1]
    assert [data.Order(7, 3, seed=2).batch(step) for step in range(1, 8)] != batches
    assert Counter(row for batch in batches for row in batch) == Counter(list(range(7)) * 3)


def test_steps_cover_every_epoch() -> None:
    assert data.total_steps(rows=10, batch_size=4, epochs=3, max_steps=None) == 8
    assert data.total_steps(rows=10, batch_size=4, epochs=3, max_steps=5) == 5


@pytest.mark.parametrize("kind", ["linear", "cosine", "constant"])
def test_the_learning_rate_rises_to_its_peak_and_falls(kind: str) -> None:
    rates = [learning_rate(kind, 1.0, 4, 20, step) for step in range(1, 21)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert all(later <= earlier for earlier, later in itertools.pairwise(rates[3:]))
    assert 0 < rates[-1] <= 1
    assert learning_rate(kind, 1.0, 4, 20, 30) in (0.0, 1.0)
