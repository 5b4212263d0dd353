from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trainer import config
from trainer.failure import Failure

ROOT = Path(__file__).resolve().parent.parent


def smallest(**changes: Any) -> dict[str, Any]:
    return {
        "run_id": "r1",
        "model": {"name": "/models/a"},
        "datasets": [{"source": "/data/a.jsonl"}],
        "checkpoints": {"uri": "/c"},
        "outputs": {"uri": "/o"},
        **changes,
    }


def refused(document: dict[str, Any]) -> str:
    with pytest.raises(Failure) as caught:
        config.parse(document)
    assert caught.value.kind == "config"
    assert caught.value.exit_code == 2
    return caught.value.message


def test_absent_and_null_mean_the_default() -> None:
    nulls = smallest(method=None, hyperparameters={"seed": None, "epochs": None}, extra=None)
    assert config.parse(nulls) == config.parse(smallest())
    run = config.parse(smallest())
    assert run.method.lora == config.Lora(16, 32, 0.05, ())
    assert run.checkpoint_every == 100
    assert run.hyperparameters.epochs == 3


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"colour": 1}, "unknown key colour"),
        ({"method": {"kind": "lora", "lora": {"rnak": 4}}}, "unknown key method.lora.rnak"),
        ({"datasets": [{"source": "a", "fromat": "x"}]}, "unknown key datasets[0].fromat"),
        ({"warnings": []}, "unknown key warnings"),
        ({"layout_uri": "x"}, "unknown key layout_uri"),
        ({"model": {}}, "model.name is required"),
        ({"model": "gpt"}, "model must be an object"),
        ({"method": {"kind": "magic"}}, "method.kind must be one of full, lora, qlora, peft, adapter"),
        ({"hyperparameters": {"epochs": 1.5}}, "hyperparameters.epochs must be a whole number"),
        ({"hyperparameters": {"learning_rate": 0}}, "hyperparameters.learning_rate must be above 0"),
        ({"hyperparameters": {"learning_rate": "NaN"}}, "hyperparameters.learning_rate must be a number"),
        ({"hyperparameters": {"batch_size": True}}, "hyperparameters.batch_size must be a whole number"),
        ({"checkpoints": {"uri": "/c", "keep": 1}}, "checkpoints.keep must be at least 2"),
        ({"datasets": []}, "datasets must name at least one source"),
        ({"attempt": 0}, "attempt must be at least 1"),
        ({"max_duration_seconds": 0}, "max_duration_seconds must be above 0, not 0.0"),
        ({"hyperparameters": {"micro_batch_size": 0}}, "hyperparameters.micro_batch_size must be at least 1, not 0"),
        ({"extra": {"threads": 0}}, "extra.threads must be at least 1, not 0"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], named: str) -> None:
    assert named in refused(smallest(**change))


def test_numbers_given_as_text_are_read_when_nothing_is_lost() -> None:
    run = config.parse(smallest(hyperparameters={"learning_rate": "1e-4", "epochs": "2", "max_steps": 8.0}))
    assert (run.hyperparameters.learning_rate, run.hyperparameters.epochs, run.hyperparameters.max_steps) == (
        1e-4,
        2,
        8,
    )


def test_unknown_extra_knobs_are_named_and_not_refused() -> None:
    assert config.parse(smallest(extra={"adam_beta1": 0.8, "eval_every": 5})).extra.other == {"adam_beta1": 0.8}


def test_the_numbers_of_an_adapter_are_taken_by_the_names_that_others_give_them() -> None:
    run = config.parse(smallest(method={"lora": {"rank": 32, "alpha": 8}}, extra={"lora_r": 16, "lora_dropout": 0.2}))
    assert (run.method.lora.rank, run.method.lora.alpha, run.method.lora.dropout) == (16, 8, 0.2)
    assert run.extra.other == {}


def test_a_run_cannot_be_changed() -> None:
    run = config.parse(smallest())
    with pytest.raises(AttributeError):
        run.run_id = "other"  # type: ignore[misc]


def test_every_example_configuration_is_valid() -> None:
    for document in json.loads((ROOT / "examples" / "demo.json").read_text()).values():
        config.parse(document)


def test_check_reads_the_configuration_and_does_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps(smallest(checkpoints={"uri": str(tmp_path / "c")})))
    done = subprocess.run([sys.executable, "train.py", "--config", str(file), "--check"], cwd=ROOT, capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"run r1 is valid" in done.stderr
    assert not (tmp_path / "c").exists()


def test_an_unknown_key_ends_the_job_with_2_and_says_so() -> None:
    environment = {"TRAINER_CONFIG": json.dumps(smallest(colour="red"))}
    done = subprocess.run([sys.executable, "train.py"], cwd=ROOT, capture_output=True, env=environment)
    assert done.returncode == 2
    assert b"unknown key colour" in done.stderr
    event = json.loads(done.stdout)
    assert (event["event"], event["kind"], event["retryable"]) == ("failed", "config", False)
