"""The five ways in which a job is started, each turned into the one `Run`.

In order: a run.json; the flags and environment of the unified PyTorchJob
contract; the TRAINING_*_JSON environment of the three trainer APIs; and before
all of these the flags of the studio or of the vision contract, where they are
given. All but the first only rename: the result passes the same checks as a run.json.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trainer import config, vision_flags
from trainer import flags as studio
from trainer.failure import Failure

UNIFIED_REQUIRED = {
    "framework": "FRAMEWORK",
    "run_id": "RUN_ID",
    "checkpoint_base_uri": "CHECKPOINT_BASE_URI",
    "checkpoint_prefix": "CHECKPOINT_PREFIX",
    "dataset_uri": "DATASET_URI",
    "logs_uri": "LOGS_URI",
    "config_uri": "CONFIG_URI",
    "model_id": "MODEL_ID",
}


@dataclass(frozen=True)
class Launch:
    run: config.Run
    check_only: bool


def read(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Launch:
    if studio.meant(arguments):
        return Launch(
            studio.read([each for each in arguments if each != "--check"], environment), "--check" in arguments
        )
    if vision_flags.meant(arguments):
        kept = [each for each in arguments if each != "--check"]
        return Launch(vision_flags.read(kept, environment), "--check" in arguments)
    flags, rest = _parse_flags(arguments)
    unified_flags = [name for name in UNIFIED_REQUIRED if getattr(flags, name) is not None]
    file = flags.config or environment.get("TRAINER_CONFIG")
    if file and not unified_flags:
        if rest:
            raise Failure("config", f"unknown flags: {' '.join(rest)}")
        return Launch(config.load(file), flags.check)
    # MODEL_ID or FRAMEWORK alone prove nothing: images set such names for themselves.
    if unified_flags or "CHECKPOINT_PREFIX" in environment or "RUN_ID" in environment:
        return Launch(_unified(flags, _overrides(rest), environment), flags.check)
    if "TRAINING_JOB_ID" in environment or "TRAINING_BASE_MODEL_JSON" in environment:
        return Launch(_trainer_api(environment), flags.check)
    return Launch(_unified(flags, _overrides(rest), environment), flags.check)


def _parse_flags(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    # Without allow_abbrev=False an override such as `--model x` would be taken
    # for --model-id.
    parser = argparse.ArgumentParser(prog="train.py", allow_abbrev=False, description=__doc__)
    parser.add_argument("--config", help="path of a run.json")
    parser.add_argument("--check", action="store_true", help="validate the configuration and stop")
    parser.add_argument("--resume", action="store_true", help="go on from the newest whole checkpoint")
    parser.add_argument("--extra-args-json", help="knobs as one JSON object; wins over flags")
    for name, variable in UNIFIED_REQUIRED.items():
        parser.add_argument("--" + name.replace("_", "-"), help=f"or environment variable {variable}")
    return parser.parse_known_args(arguments)


def _overrides(rest: Sequence[str]) -> dict[str, Any]:
    """Unknown `--key value`, `--key=value` and bare `--key`; the last of a repeated flag counts."""
    found: dict[str, Any] = {}
    index = 0
    while index < len(rest):
        word = rest[index]
        index += 1
        if not word.startswith("--"):
            raise Failure("config", f"unexpected argument {word!r}")
        key, equals, value = word[2:].partition("=")
        if not equals and index < len(rest) and not rest[index].startswith("--"):
            value, equals = rest[index], "="
            index += 1
        found[key.replace("-", "_")] = value if equals else True
    return found


def _unified(flags: argparse.Namespace, overrides: dict[str, Any], environment: Mapping[str, str]) -> config.Run:
    given = {name: getattr(flags, name) or environment.get(variable) for name, variable in UNIFIED_REQUIRED.items()}
    missing = [UNIFIED_REQUIRED[name] for name, value in given.items() if not value]
    if missing:
        raise Failure("config", f"Missing required flags or env vars: {', '.join(missing)}")
    warnings: list[str] = []
    framework = str(given["framework"])
    if framework not in ("nemo", "hf", "meta"):
        raise Failure("config", f"Unsupported framework {framework!r}; known: nemo, hf, meta")
    text = flags.extra_args_json or environment.get("TRAINING_EXTRA_ARGS_JSON")
    if text:
        try:
            from_json = json.loads(text)
            if not isinstance(from_json, dict):
                raise ValueError("not an object")
            overrides = {**overrides, **from_json}
        except ValueError as error:
            warnings.append(f"the extra arguments are not a JSON object and are ignored: {error}")
    if flags.config or environment.get("CONFIG_PATH"):
        warnings.append("CONFIG_PATH is accepted and not read; give knobs as flags or in extra_args")
    prefix = str(given["checkpoint_prefix"]).rstrip("/")
    knobs = {key: value for key, value in overrides.items() if value is not None}
    processes = int(environment.get("WORLD_SIZE", "1") or "1")
    run = config.parse(_from_knobs(given, prefix, knobs, flags.resume or _resume_asked(environment), processes))
    return replace(run, layout_uri=prefix, warnings=tuple(warnings))


def _resume_asked(environment: Mapping[str, str]) -> bool:
    return environment.get("RESUME_FROM_CHECKPOINT") in ("1", "true", "True")


def _from_knobs(
    given: Mapping[str, str | None], prefix: str, knobs: dict[str, Any], resume: bool, processes: int
) -> dict[str, Any]:
    # This contract counts a batch as one process sees it in one forward pass.
    per_process = knobs.pop("batch_size", 2 if given["framework"] == "hf" else 1)
    accumulation = knobs.pop("gradient_accumulation", 1)
    try:
        whole_batch = int(per_process) * int(accumulation) * processes
    except (TypeError, ValueError) as error:
        raise Failure("config", f"batch_size and gradient_accumulation must be whole numbers: {error}") from error
    lora = {
        name: knobs.pop(knob)
        for name, knob in (
            ("rank", "lora_r"),
            ("rank", "lora_rank"),
            ("alpha", "lora_alpha"),
            ("dropout", "lora_dropout"),
            ("target_modules", "target_modules"),
        )
        if knob in knobs
    }
    return {
        "run_id": given["run_id"],
        "framework": given["framework"],
        "model": {"name": given["model_id"], "revision": knobs.pop("revision", None)},
        "datasets": [{"source": given["dataset_uri"]}],
        "method": {
            "kind": knobs.pop("method", "full"),
            "precision": knobs.pop("precision", "bf16"),
            "gradient_checkpointing": knobs.pop("gradient_checkpointing", False),
            "lora": lora,
        },
        "hyperparameters": {
            "learning_rate": knobs.pop("lr", knobs.pop("learning_rate", 5e-5 if given["framework"] == "hf" else 2e-5)),
            "batch_size": whole_batch,
            "micro_batch_size": per_process,
            "epochs": knobs.pop("num_epochs", 1),
            "max_steps": knobs.pop("max_steps", None),
            "warmup_ratio": knobs.pop("warmup_ratio", 0.0),
            "max_sequence_length": knobs.pop("max_seq_len", 2048),
            "weight_decay": knobs.pop("weight_decay", 0.0),
            "seed": knobs.pop("seed", None),
        },
        "checkpoints": {"uri": f"{prefix}/checkpoints", "resume": resume},
        "outputs": {"uri": f"{prefix}/checkpoints/full-run", "log_uri": given["logs_uri"]},
        "extra": knobs,
    }


_FRAMEWORK_OF_BACKEND = {"nemo": "nemo", "meta": "meta", "hf-unsloth": "unsloth"}


def _trainer_api(environment: Mapping[str, str]) -> config.Run:
    missing = [
        name
        for name in ("TRAINING_JOB_ID", "TRAINING_BASE_MODEL_JSON", "TRAINING_DATASETS_JSON", "TRAINING_OUTPUT_URI")
        if not environment.get(name)
    ]
    if missing:
        raise Failure("config", f"Missing required flags or env vars: {', '.join(missing)}")
    model = _json(environment, "TRAINING_BASE_MODEL_JSON", dict)
    tuning = _json(environment, "TRAINING_TUNING_PARAMETERS_JSON", dict)
    customization = _json(environment, "TRAINING_CUSTOMIZATION_JSON", dict)
    unsloth = _json(environment, "UNSLOTH_OPTIONS_JSON", dict)
    minutes = _json(environment, "TRAINING_RESOURCES_JSON", dict).get("max_duration_minutes")
    output = environment["TRAINING_OUTPUT_URI"].rstrip("/")
    method_names = ("precision", "gradient_checkpointing", "trainable_layers", "lora", "qlora", "peft")
    number_names = (
        "learning_rate",
        "batch_size",
        "micro_batch_size",
        "warmup_ratio",
        "max_sequence_length",
        "weight_decay",
    )
    return config.parse(
        {
            "run_id": environment["TRAINING_JOB_ID"],
            "framework": _FRAMEWORK_OF_BACKEND.get(environment.get("TRAINING_BACKEND", ""), "hf"),
            "model": {
                "provider": model.get("provider"),
                "name": model.get("model_name"),
                "revision": model.get("revision"),
                "weights_uri": model.get("weights_url"),
            },
            "datasets": [
                {name: each.get(name) for name in ("source", "format", "split", "streaming")}
                for each in _json(environment, "TRAINING_DATASETS_JSON", list)
                if isinstance(each, dict)
            ],
            "method": {"kind": customization.get("method"), **{name: customization.get(name) for name in method_names}},
            "hyperparameters": {
                "epochs": tuning.get("num_epochs"),
                **{name: tuning.get(name) for name in number_names},
            },
            # A TrainJob's pod is started again with the same environment, so
            # going on is the only reading of it that loses nothing.
            "checkpoints": {"uri": f"{output}/checkpoints", "resume": True},
            "outputs": {"uri": output, "log_uri": environment.get("TRAINING_LOG_URI")},
            "extra": unsloth,
            "max_duration_seconds": minutes * 60 if isinstance(minutes, int) else None,
        }
    )


def _json(environment: Mapping[str, str], name: str, kind: type) -> Any:
    text = environment.get(name)
    if not text:
        return kind()
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise Failure("config", f"{name} is not JSON: {error}") from error
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise Failure("config", f"{name} must hold {'an object' if kind is dict else 'a list'}")
    return value
