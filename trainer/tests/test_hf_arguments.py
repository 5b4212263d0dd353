"""Every argument of transformers' Trainer may be given; names and types are those of the installed version."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from trainer import config
from trainer.checkpoint import Checkpoints
from trainer.events import Events
from trainer.failure import Failure
from trainer.job import Job
from trainer.stop import Stop
from trainer.storage import Folder
from trainer.world import World


class Made:
    def __init__(self, arguments: Any, warnings: list[str]) -> None:
        self.arguments = arguments
        self.warnings = warnings


def make(tmp_path: Path, extra: dict[str, Any], streaming: bool = False, **numbers: Any) -> Made:
    from trainer.recipes import hf_arguments

    job, told = described(tmp_path, extra, 1, numbers, streaming)
    return Made(hf_arguments.make(job, str(tmp_path), 100, 10), [each["message"] for each in told])


def described(
    tmp_path: Path, extra: dict[str, Any], size: int, numbers: dict[str, Any], streaming: bool = False
) -> tuple[Job, list[dict[str, Any]]]:
    run = config.parse(
        {
            "run_id": "r1",
            "model": {"name": "m"},
            "datasets": [{"source": "d", "streaming": streaming}],
            "method": {"precision": "fp32", "gradient_checkpointing": False},
            "hyperparameters": numbers,
            "checkpoints": {"uri": str(tmp_path)},
            "outputs": {"uri": str(tmp_path)},
            "extra": extra,
        }
    )
    told: list[dict[str, Any]] = []
    said = Events("r1", 1, World(), os.open(os.devnull, os.O_WRONLY))
    said.observe(told.append)
    folder = Folder(tmp_path, str(tmp_path))
    world = World(size=size)
    return Job(run, world, said, Stop(world), Checkpoints(folder, said, "hf", 2), None, folder), told


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("adam_beta1", "0.8", 0.8),
        ("optim", "adafactor", "adafactor"),
        ("neftune_noise_alpha", 5, 5.0),
        ("label_smoothing_factor", 0.1, 0.1),
        ("dataloader_num_workers", "2", 2),
        ("dataloader_drop_last", "true", True),
        ("lr_scheduler_kwargs", {"num_cycles": 2}, {"num_cycles": 2}),
        ("optim_target_modules", ["attn", "mlp"], ["attn", "mlp"]),
        ("eval_strategy", "epoch", "epoch"),
        ("data_seed", 7, 7),
        ("torch_empty_cache_steps", 4, 4),
    ],
)
def test_an_argument_passes_through_with_its_type(tmp_path: Path, name: str, given: Any, taken: Any) -> None:
    assert getattr(make(tmp_path, {name: given}).arguments, name) == taken


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"adam_beta_1": 0.8}, "unknown argument extra.adam_beta_1; did you mean adam_beta1?"),
        ({"evaluation_strategy": "no"}, "did you mean eval_strategy?"),
        ({"zzz": 1}, "unknown argument extra.zzz"),
        ({"adam_beta1": "high"}, 'extra.adam_beta1 must be a number, not "high"'),
        ({"dataloader_num_workers": 1.5}, "extra.dataloader_num_workers must be a whole number, not 1.5"),
        ({"dataloader_drop_last": "perhaps"}, "extra.dataloader_drop_last must be true or false"),
        ({"optim": "adamw_torch_fuse"}, "did you mean adamw_torch_fused?"),
        ({"lr_scheduler_type": "cosin"}, "did you mean cosine?"),
        ({"output_dir": "/elsewhere"}, "extra.output_dir cannot be given: what is made goes to outputs.uri"),
        ({"save_total_limit": 3}, "say checkpoints.keep"),
        ({"push_to_hub": True}, "nowhere else"),
        ({"deepspeed": {"stage": 3}}, "framework meta"),
    ],
)
def test_what_cannot_be_given_is_refused_with_what_to_do(tmp_path: Path, extra: dict[str, Any], said: str) -> None:
    with pytest.raises(Failure) as caught:
        make(tmp_path, extra)
    assert caught.value.kind == "config"
    assert said in caught.value.message


def test_a_secret_that_is_refused_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        make(tmp_path, {"hub_token": "of-somebody"})
    assert "of-somebody" not in caught.value.message


def test_what_transformers_itself_refuses_is_a_configuration_failure(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="transformers refuses the arguments"):
        make(tmp_path, {"dataloader_prefetch_factor": 2})


def test_streamed_rows_are_not_read_by_workers(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="each worker would stream all of the rows"):
        make(tmp_path, {"dataloader_num_workers": 2}, streaming=True)


def test_an_argument_of_transformers_wins_over_our_words_and_says_so(tmp_path: Path) -> None:
    made = make(tmp_path, {"num_train_epochs": 1.5}, epochs=3)
    assert made.arguments.num_train_epochs == 1.5
    assert made.warnings == ["extra.num_train_epochs 1.5 is used in place of 3.0"]


@pytest.mark.parametrize(
    ("batch", "micro", "processes", "each", "accumulated", "warned"),
    [
        (32, None, 1, 32, 1, 0),
        (32, 4, 1, 4, 8, 0),
        (32, 4, 2, 4, 4, 0),
        (32, 5, 1, 4, 8, 1),
        (10, 4, 3, 4, 1, 1),
    ],
)
def test_a_batch_is_shared_by_processes_and_passes(
    tmp_path: Path, batch: int, micro: int | None, processes: int, each: int, accumulated: int, warned: int
) -> None:
    from trainer.recipes import hf_arguments

    job, told = described(tmp_path, {}, processes, {"batch_size": batch, "micro_batch_size": micro})
    assert hf_arguments._batch(job) == (each, accumulated)
    assert len(told) == warned
