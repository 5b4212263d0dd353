from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from conftest import ROOT

from trainer import launch, recipes
from trainer.failure import Failure

UNIFIED = {
    "FRAMEWORK": "hf",
    "RUN_ID": "u-1",
    "CHECKPOINT_BASE_URI": "/base",
    "CHECKPOINT_PREFIX": "/base/u-1/framework=hf",
    "DATASET_URI": "/data/a.jsonl",
    "LOGS_URI": "/base/u-1/framework=hf/logs",
    "CONFIG_URI": "/base/u-1/framework=hf/config",
    "MODEL_ID": "/models/a",
}
TRAINER_API = {
    "TRAINING_JOB_ID": "t-1",
    "TRAINING_BACKEND": "hf-unsloth",
    "TRAINING_BASE_MODEL_JSON": json.dumps(
        {
            "provider": "huggingface",
            "model_name": "/models/a",
            "revision": "main",
            "weights_url": None,
            "auth_token": None,
        }
    ),
    "TRAINING_CUSTOMIZATION_JSON": json.dumps(
        {
            "method": "lora",
            "precision": "bf16",
            "gradient_checkpointing": True,
            "trainable_layers": [],
            "lora": {"rank": 4, "target_modules": ["q_proj"], "alpha": 8, "dropout": 0.1},
            "qlora": None,
            "peft": None,
        }
    ),
    "TRAINING_TUNING_PARAMETERS_JSON": json.dumps(
        {"learning_rate": 5e-5, "batch_size": 8, "micro_batch_size": None, "num_epochs": 2, "warmup_ratio": 0.1}
    ),
    "TRAINING_DATASETS_JSON": json.dumps(
        [{"source": "/data/a.jsonl", "format": "jsonl", "split": None, "auth": None, "streaming": False}]
    ),
    "TRAINING_RESOURCES_JSON": json.dumps({"gpus": 1}),
    "TRAINING_OUTPUT_URI": "/out",
    "TRAINING_LOG_URI": "/logs",
    "UNSLOTH_OPTIONS_JSON": json.dumps(
        {"optimize_long_context": True, "quantization": "bnb-nf4", "gradient_accumulation": 4}
    ),
}


def test_the_unified_environment_makes_a_run() -> None:
    run = launch.read([], {**UNIFIED, "RESUME_FROM_CHECKPOINT": "1", "WORLD_SIZE": "2"}).run
    assert (run.run_id, run.framework, run.model.name) == ("u-1", "hf", "/models/a")
    assert run.checkpoints.uri == "/base/u-1/framework=hf/checkpoints"
    assert run.outputs.uri == "/base/u-1/framework=hf/checkpoints/full-run"
    assert run.checkpoints.resume
    assert run.method.kind == "full"
    assert (run.hyperparameters.batch_size, run.hyperparameters.micro_batch_size) == (4, 2)
    assert run.layout_uri == "/base/u-1/framework=hf"


def test_unified_flags_win_over_the_environment_and_json_over_flags() -> None:
    arguments = ["--run-id", "u-2", "--lr", "1e-3", "--max-steps", "7", "--num-epochs=5", "--save-steps", "3"]
    run = launch.read([*arguments, "--extra-args-json", '{"lr": 0.5, "method": "lora"}'], UNIFIED).run
    assert run.run_id == "u-2"
    assert (run.hyperparameters.learning_rate, run.hyperparameters.max_steps, run.hyperparameters.epochs) == (0.5, 7, 5)
    assert run.method.kind == "lora"
    assert run.checkpoint_every == 3


def test_an_override_is_not_taken_for_the_flag_that_it_abbreviates() -> None:
    run = launch.read(["--model", "other", "--run", "other", "--packing"], UNIFIED).run
    assert (run.model.name, run.run_id) == ("/models/a", "u-1")
    assert run.extra.ignored == ("model", "run")
    assert run.extra.packing


def test_unified_names_all_that_is_missing() -> None:
    environment = {name: value for name, value in UNIFIED.items() if name not in ("MODEL_ID", "LOGS_URI")}
    with pytest.raises(Failure, match=r"^Missing required flags or env vars: LOGS_URI, MODEL_ID$"):
        launch.read([], environment)


def test_broken_extra_arguments_are_a_warning() -> None:
    run = launch.read([], {**UNIFIED, "TRAINING_EXTRA_ARGS_JSON": "{not json"}).run
    assert "not a JSON object" in run.warnings[0]


def test_the_trainer_api_environment_makes_a_run() -> None:
    run = launch.read([], TRAINER_API).run
    assert (run.run_id, run.framework) == ("t-1", "unsloth")
    assert (run.method.lora.rank, run.method.lora.target_modules) == (4, ("q_proj",))
    assert (run.hyperparameters.batch_size, run.hyperparameters.epochs) == (8, 2)
    assert run.checkpoints.uri == "/out/checkpoints"
    assert (run.outputs.uri, run.outputs.log_uri) == ("/out", "/logs")
    assert (run.extra.gradient_accumulation, run.extra.quantization, run.extra.ignored) == (4, "bnb-nf4", ())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"TRAINING_BASE_MODEL_JSON": "{"}, "TRAINING_BASE_MODEL_JSON is not JSON"),
        ({"TRAINING_DATASETS_JSON": "{}"}, "TRAINING_DATASETS_JSON must hold a list"),
        ({"TRAINING_OUTPUT_URI": ""}, "Missing required flags or env vars: TRAINING_OUTPUT_URI"),
    ],
)
def test_a_bad_trainer_api_variable_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(Failure, match=re.escape(named)):
        launch.read([], {**TRAINER_API, **change})


def test_a_run_json_comes_first() -> None:
    document = {
        "run_id": "own",
        "model": {"name": "/m"},
        "datasets": [{"source": "/d"}],
        "checkpoints": {"uri": "/c"},
        "outputs": {"uri": "/o"},
    }
    run = launch.read([], {**TRAINER_API, **UNIFIED, "TRAINER_CONFIG": json.dumps(document)}).run
    assert run.run_id == "own"


def test_nothing_slow_is_imported_before_a_job_has_said_that_it_started() -> None:
    slow = ["torch", "transformers", "numpy", "pyarrow", "obstore", "urllib.request", "ssl"]
    code = f"import sys, trainer.cli; print([name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"


@pytest.mark.parametrize(
    ("framework", "knobs"),
    [
        ("meta", {"batch_size": 1, "num_epochs": 1, "lr": 2e-5, "max_seq_len": 1024, "save_steps": 50}),
        ("nemo", {"batch_size": 1, "num_epochs": 1, "lr": 2e-5, "dataloader_workers": 2, "log_every_n_steps": 10}),
        ("nemo", {"precision": "bf16", "gradient_accumulation": 4, "max_steps": 100}),
    ],
)
def test_the_published_knobs_of_meta_and_nemo_are_taken(framework: str, knobs: dict[str, Any]) -> None:
    environment = {**UNIFIED, "FRAMEWORK": framework, "TRAINING_EXTRA_ARGS_JSON": json.dumps(knobs)}
    run = launch.read([], environment).run
    recipes.require(run)
    assert run.framework == framework
    assert not run.warnings
