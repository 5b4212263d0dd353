"""The studio contract's flags become the run that they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainer import launch
from trainer.failure import Failure

LEAST = ["--dataset_file", "/d/train.jsonl", "--output_dir", "/o/"]


def test_the_published_defaults_hold() -> None:
    run = launch.read(LEAST, {}).run
    assert run.model.name == "meta-llama/Llama-3.2-3B-Instruct"
    assert (run.method.kind, run.method.precision, run.method.gradient_checkpointing) == ("qlora", "fp32", True)
    assert (run.method.lora.rank, run.method.lora.alpha, run.method.lora.dropout) == (32, 16, 0.05)
    numbers = run.hyperparameters
    assert (numbers.batch_size, numbers.micro_batch_size, numbers.epochs) == (16, 1, 2)
    assert (numbers.learning_rate, numbers.warmup_ratio, numbers.max_sequence_length) == (2e-4, 0.03, 512)
    assert (run.extra.eval_every, run.extra.eval_steps, run.checkpoint_every) == (10, 500, 500)
    assert run.extra.lr_scheduler_type == "cosine"
    assert (run.outputs.uri, run.outputs.copy_uri) == ("/o", None)
    assert run.warnings == ()


def test_f10_underscores_and_dashes_are_the_same_flags() -> None:
    underscores = ["--learning_rate", "1e-3", "--no_gradient_checkpointing", "--bf16", "--method", "lora"]
    dashes = [each.replace("_", "-") if each.startswith("--") else each for each in [*LEAST, *underscores]]
    assert launch.read([*LEAST, *underscores], {}).run == launch.read(dashes, {}).run
    assert not launch.read(dashes, {}).run.method.gradient_checkpointing


def test_the_control_plane_says_which_run_it_is_and_where_its_checkpoints_lie(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    told = {
        "run_id": "r-1",
        "attempt": 2,
        "framework": "custom",
        "checkpoints": {"uri": "/c", "keep": 3, "resume": True},
    }
    file.write_text(json.dumps(told))
    run = launch.read([*LEAST, "--save_steps", "7"], {"TRAINER_CONFIG": str(file)}).run
    assert (run.run_id, run.attempt, run.framework) == ("r-1", 2, "hf")
    assert (run.checkpoints.uri, run.checkpoints.keep, run.checkpoints.resume) == ("/c", 3, True)
    assert run.checkpoint_every == 7


def test_a_run_that_nobody_named_begins_anew() -> None:
    run = launch.read(LEAST, {}).run
    assert (run.checkpoints.uri, run.checkpoints.resume) == ("/o/checkpoints", False)


def test_unknown_flags_are_named_with_the_nearest_one_and_ignored() -> None:
    run = launch.read([*LEAST, "--colour", "2", "--lora_ranks=4", "--packing"], {}).run
    assert run.warnings == (
        "flag --colour is not known to this trainer and is ignored",
        "flag --lora_ranks is not known to this trainer and is ignored; did you mean --lora_rank?",
    )
    assert run.extra.packing


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--dataset_file"], "--dataset_file"),
        ([*LEAST, "--method", "new"], "invalid choice"),
        ([*LEAST, "--lora_rank", "many"], "lora_rank"),
        ([*LEAST, "--num_train_epochs", "0.5"], "whole epochs"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(arguments: list[str], text: str) -> None:
    with pytest.raises(Failure, match=text):
        launch.read(arguments, {})
