"""Unsloth jobs: by Unsloth's own kernels where they can run, else by the hf recipe with a warning.

The kernels need a GPU and the package, and change how fast a run is and how
much memory it takes, not what it learns. So a machine without them trains the
job all the same, unless `extra.unsloth_kernels` says that they are required.
Written for a GPU and not yet run on one.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from trainer.config import Run
from trainer.failure import Failure
from trainer.job import Job, Outcome

_GPU_FILES = ("/dev/nvidiactl", "/dev/kfd")
_FOUR_BITS = ("bnb-nf4", "bnb-fp4", "nf4", "fp4", "4bit")
_EIGHT_BITS = ("bnb-int8", "int8", "8bit")


def missing() -> str | None:
    """What the kernels lack here, looked at without importing torch."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1")
    if hidden or not any(Path(each).exists() for each in _GPU_FILES):
        return "a GPU, and none is here"
    if importlib.util.find_spec("unsloth") is None:
        return "the package unsloth, which is not installed here (trainer/environment unsloth)"
    return None


def require(run: Run) -> None:
    lacking = missing()
    if run.extra.unsloth_kernels == "required" and lacking:
        raise Failure(
            "unsupported",
            f"unsloth's own kernels need {lacking}; run it where there is one, or leave out extra.unsloth_kernels to"
            " train the same by the hf recipe",
        )
    quantization = run.extra.quantization
    if quantization not in (None, "none", *_FOUR_BITS, *_EIGHT_BITS):
        known = ", ".join(("none", *_FOUR_BITS, *_EIGHT_BITS))
        raise Failure("config", f"extra.quantization must be one of {known}, not {quantization!r}")


def warnings(run: Run) -> list[str]:
    """How the run differs from what was asked."""
    if run.extra.unsloth_kernels == "off":
        return []
    lacking = missing()
    if lacking is None:
        return []
    found = [f"unsloth's own kernels need {lacking}: the run is trained by the hf recipe, with the same result"]
    if run.extra.quantization not in (None, "none") and run.method.kind != "qlora":
        found.append(
            f"quantization {run.extra.quantization} is left out with the kernels: the base model is held whole;"
            " method qlora quantizes it here too"
        )
    return found


def run(job: Job) -> Outcome:
    from trainer.recipes import hf

    if job.run.extra.unsloth_kernels == "off" or missing():
        return hf.run(job)
    import unsloth  # noqa: F401 # before transformers, which it changes as it loads

    return hf.run(job, load=_load)


def _load(job: Job, seed: int) -> Any:
    """The model by Unsloth; its adapter is an ordinary one of peft."""
    from peft import PeftModel
    from unsloth import FastLanguageModel

    run, wanted = job.run, job.run.extra.quantization
    full = run.method.kind == "full"
    checkpointing: Any = run.method.gradient_checkpointing
    if checkpointing and run.extra.optimize_long_context is not False:
        checkpointing = "unsloth"
    model, _ = FastLanguageModel.from_pretrained(
        model_name=str(job.saved.directory) if job.saved and full else job.place.name,
        max_seq_length=run.hyperparameters.max_sequence_length,
        load_in_4bit=not full and (run.method.kind == "qlora" or wanted in _FOUR_BITS),
        load_in_8bit=not full and wanted in _EIGHT_BITS,
        full_finetuning=full,
        use_gradient_checkpointing=checkpointing,
        random_state=seed,
        revision=None if job.place.local else run.model.revision,
    )
    if full:
        return model
    if job.saved is not None:
        return PeftModel.from_pretrained(model, str(job.saved.directory), is_trainable=True)
    named = {"target_modules": list(run.method.lora.target_modules)} if run.method.lora.target_modules else {}
    return FastLanguageModel.get_peft_model(
        model,
        r=run.method.lora.rank,
        lora_alpha=run.method.lora.alpha,
        lora_dropout=run.method.lora.dropout,
        use_gradient_checkpointing=checkpointing,
        random_state=seed,
        **named,
    )
