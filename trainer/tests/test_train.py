"""Whole jobs, as a control plane starts them."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Jobs, Started
from test_progress import Server
from test_resume import goes_on_as


# Around a frozen base of random weights an adapter cannot learn much; the
# demo's base, which has been trained, is where it shows what it can do.
@pytest.mark.parametrize(("method", "left"), [("lora", 0.97), ("full", 0.7)])
def test_a_run_overfits_and_tells_every_step(undisturbed: dict[str, Started], method: str, left: float) -> None:
    job = undisturbed[method]
    steps = job.of("step")
    assert [event["step"] for event in steps] == list(range(1, 61))
    assert steps[-1]["loss"] < left * steps[0]["loss"]
    told = ("learning_rate", "grad_norm", "tokens_per_second", "samples_per_second", "peak_memory_bytes")
    assert all(event[name] > 0 for event in steps[1:] for name in told)
    assert steps[-1]["eta_seconds"] == 0
    assert [event["seq"] for event in job.events] == list(range(1, len(job.events) + 1))
    assert job.events[0]["event"] == "started"
    assert [event["phase"] for event in job.of("phase")] == [
        "loading_data",
        "importing",
        "loading_model",
        "training",
        "finalizing",
    ]
    assert [event["step"] for event in job.of("checkpoint")] == [10, 20, 30, 40, 50, 60]
    finished = job.events[-1]
    assert (finished["event"], finished["step"], finished["final_loss"]) == ("finished", 60, steps[-1]["loss"])
    assert json.loads(job.termination_log.read_text()) == finished


def test_the_libraries_load_what_was_made(jobs: Jobs, undisturbed: dict[str, Started]) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from trainer import evaluation
    from trainer.config import Dataset
    from trainer.data import load

    full = AutoModelForCausalLM.from_pretrained(undisturbed["full"].events[-1]["artifacts"])
    base = AutoModelForCausalLM.from_pretrained(str(jobs.model))
    adapter = PeftModel.from_pretrained(base, undisturbed["lora"].events[-1]["artifacts"]).eval()
    texts = load((Dataset(str(jobs.data)),), "text", 10, None)
    for name, model in (("full", full), ("lora", adapter)):
        tokenizer = AutoTokenizer.from_pretrained(undisturbed[name].events[-1]["artifacts"])
        rows = [evaluation.encode(tokenizer, text, 2048) for text in texts.held_out]
        summed, tokens = evaluation.loss_and_tokens(model, rows, 3, torch.device("cpu"))
        (told,) = undisturbed[name].of("eval")
        assert summed / tokens == pytest.approx(told["eval_loss"], abs=1e-4)


def test_the_trainer_api_environment_trains_and_unsloth_without_its_kernels_warns(jobs: Jobs) -> None:
    output = jobs.directory / "trainer-api"
    output.mkdir()
    environment = {
        "TRAINING_JOB_ID": "t-1",
        "TRAINING_BACKEND": "hf-unsloth",
        "TRAINING_BASE_MODEL_JSON": json.dumps({"provider": "custom", "model_name": str(jobs.model)}),
        "TRAINING_CUSTOMIZATION_JSON": json.dumps({"method": "lora", "precision": "bf16", "lora": {"rank": 4}}),
        "TRAINING_TUNING_PARAMETERS_JSON": json.dumps({"batch_size": 16, "micro_batch_size": 4, "num_epochs": 1}),
        "TRAINING_DATASETS_JSON": json.dumps([{"source": jobs.data.as_uri(), "format": "jsonl"}]),
        "TRAINING_OUTPUT_URI": output.as_uri(),
        "TRAINING_LOG_URI": (output / "logs").as_uri(),
    }
    job = Started(["train.py"], environment, output)
    assert job.finish() == 0, job.explained()
    messages = " ".join(event["message"] for event in job.of("warning"))
    assert "unsloth" in messages
    assert "bf16" in messages
    assert job.events[-1]["step"] == 3  # 36 rows in batches of 16
    assert (output / "adapter_model.safetensors").is_file()
    mirrored = [json.loads(line) for line in (output / "logs" / "events-1.jsonl").read_text().splitlines()]
    assert mirrored == job.events


@pytest.mark.parametrize("by", ["environment", "flags"])
def test_the_unified_payload_trains_and_leaves_the_layout(jobs: Jobs, by: str) -> None:
    prefix = jobs.directory / f"unified-{by}" / "u-1" / "framework=hf"
    fields = {
        "framework": "hf",
        "run-id": "u-1",
        "checkpoint-base-uri": str(jobs.directory / f"unified-{by}"),
        "checkpoint-prefix": str(prefix),
        "dataset-uri": str(jobs.data),
        "logs-uri": str(prefix / "logs"),
        "config-uri": str(prefix / "config"),
        "model-id": str(jobs.model),
    }
    extra = {"max_steps": 4, "lr": 3e-5, "batch_size": 4, "save_steps": 2}
    words = [word for name, value in fields.items() for word in (f"--{name}", value)]
    rendered = [f"--{name.replace('_', '-')}={value}" for name, value in extra.items()]
    arguments = [*words, "--resume", *rendered] if by == "flags" else []
    environment = {name.upper().replace("-", "_"): value for name, value in fields.items()}
    environment |= {"TRAINING_EXTRA_ARGS_JSON": json.dumps(extra), "RESUME_FROM_CHECKPOINT": "1"}
    job = Started(["train.py", *arguments], {} if by == "flags" else environment, jobs.directory)
    assert job.finish() == 0, job.explained()
    assert job.of("step")[-1]["step"] == 4
    written = json.loads((prefix / "config" / "run.json").read_text())
    assert (written["framework"], written["model"]) == ("hf", str(jobs.model))
    assert written["overrides"]["learning_rate"] == 3e-5
    assert (prefix / "logs" / ".keep").is_file()
    assert (prefix / "checkpoints" / "step-000004.json").is_file()
    assert (prefix / "checkpoints" / "full-run" / "model.safetensors").is_file()


def failed(job: Started) -> dict[str, Any]:
    event = job.events[-1]
    assert event["event"] == "failed", job.explained()
    assert json.loads(job.termination_log.read_text()) == event
    return event


def test_qlora_trains_on_four_bits_and_goes_on_bit_identically(jobs: Jobs) -> None:
    if importlib.util.find_spec("bitsandbytes") is None:
        pytest.skip("bitsandbytes is not installed here: qlora is not tested")
    # Evaluated on the way, and killed after it: that must leave the quantized weights as they are.
    document = jobs.document("qlora", "qlora", hyperparameters__max_steps=20, extra__eval_steps=5)
    calm = {"checkpoints": {"uri": str(jobs.directory / "calm-q")}, "outputs": {"uri": str(jobs.directory / "calm-q")}}
    whole = jobs.run({**document, **calm})
    assert whole.process.returncode == 0, whole.explained()
    assert whole.of("step")[-1]["loss"] < whole.of("step")[0]["loss"]
    goes_on_as(whole, jobs, document)


def test_qlora_where_bitsandbytes_is_missing_is_unsupported(jobs: Jobs, tmp_path: Path) -> None:
    # A package that cannot be found is told from one that is absent by nothing; so it is hidden.
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text("import sys\nsys.modules['bitsandbytes'] = None\n")
    job = jobs.run(jobs.document("qlora", "no-qlora"), environment={"PYTHONPATH": str(tmp_path)})
    assert job.process.returncode == 3
    assert failed(job)["kind"] == "unsupported"
    assert "bitsandbytes" in failed(job)["message"]


@pytest.mark.parametrize("framework", ["jax"])
def test_a_framework_that_is_not_built_in_is_unsupported(jobs: Jobs, framework: str) -> None:
    job = jobs.run(jobs.document("lora", framework, framework=framework))
    assert job.process.returncode == 3
    assert failed(job)["kind"] == "unsupported"


def test_text_that_is_not_utf8_names_file_and_line(jobs: Jobs) -> None:
    bad = jobs.directory / "bad.jsonl"
    bad.write_bytes(b'{"text": "fine"}\n{"text": "\xff"}\n')
    job = jobs.run(jobs.document("lora", "bad-data", datasets=[{"source": str(bad)}]))
    assert job.process.returncode == 1
    assert failed(job)["kind"] == "data"
    assert f"{bad} line 2" in failed(job)["message"]


def test_a_model_directory_that_is_not_there_is_a_config_failure(jobs: Jobs) -> None:
    job = jobs.run(jobs.document("lora", "no-model", model__name="/nowhere/model"))
    assert job.process.returncode == 2
    assert "/nowhere/model" in failed(job)["message"]


def test_trainable_layers_leave_the_rest_as_it_was_and_progress_reaches_a_real_server(
    jobs: Jobs, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    document = jobs.document("full", "layers", hyperparameters__max_steps=2, method__trainable_layers=["mlp"])
    server = Server()
    token = tmp_path / "token"
    token.write_text("of-this-job")
    environment = {"KUBEFLOW_TRAINER_SERVER_URL": server.url, "KUBEFLOW_TRAINER_SERVER_TOKEN": str(token)}
    job = jobs.run(document, environment=environment)
    server.close()
    assert job.process.returncode == 0, job.explained()
    percentages = [body["progressPercentage"] for body in server.bodies]
    assert (percentages[0], percentages[-1]) == (0, 100)
    assert percentages == sorted(percentages)
    assert set(server.tokens) == {"Bearer of-this-job"}
    before = load_file(jobs.model / "model.safetensors")
    after = load_file(Path(job.events[-1]["artifacts"]) / "model.safetensors")
    changed = {name for name in before if not before[name].equal(after[name])}
    assert changed
    assert all("mlp" in name for name in changed)
