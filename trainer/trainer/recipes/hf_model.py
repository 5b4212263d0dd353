"""A Hugging Face model for training: loaded, given its method, and saved."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from trainer.checkpoint import Saved
from trainer.config import Method, Run
from trainer.document import nearest, shown
from trainer.failure import Failure
from trainer.model_place import Place

PROMPT_FILE = "prompt.safetensors"


def load(run: Run, place: Place, saved: Saved | None, device: torch.device, seed: int | None = None) -> Any:
    """The model ready to train; from a checkpoint, exactly as it was saved."""
    if saved is not None and run.method.kind == "full":
        return _trainable(_pretrained(run, Place(str(saved.directory), local=True), device), run.method)
    # The adapter's first weights are drawn at random: from the run's seed.
    torch.manual_seed(run.hyperparameters.chosen_seed if seed is None else seed)
    base = _pretrained(run, place, device)
    if run.method.kind == "full":
        return _trainable(base, run.method)
    import peft

    if run.method.kind == "qlora":
        base = peft.prepare_model_for_kbit_training(base, use_gradient_checkpointing=False)
    try:
        if saved is not None and not (saved.directory / PROMPT_FILE).is_file():
            return peft.PeftModel.from_pretrained(base, str(saved.directory), is_trainable=True)
        model = peft.get_peft_model(base, adapter_config(run.method))
        return model if saved is None else _with_prompt(model, saved)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure("config", f"the adapter does not fit model {place.name}: {error}") from error


def load_tokenizer(run: Run, place: Place) -> Any:
    from transformers import AutoTokenizer

    name = run.extra.tokenizer_name or place.name
    with _LoadErrors(name, local=os.path.isdir(name)):
        return AutoTokenizer.from_pretrained(name, revision=run.model.revision)


def adapter_config(method: Method) -> Any:
    import peft

    if method.kind == "peft" and method.peft.config:
        return _of_peft({"peft_type": "LORA", **method.peft.config})
    if method.kind == "adapter":
        defaults = {"peft_type": "ADAPTION_PROMPT", "adapter_len": 10, "adapter_layers": 2}
        return _of_peft({**defaults, **method.peft.config})
    layers = [int(layer) for layer in method.trainable_layers if layer.isdigit()]
    return peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=method.lora.rank,
        lora_alpha=method.lora.alpha,
        lora_dropout=method.lora.dropout,
        target_modules=list(method.lora.target_modules) or "all-linear",
        layers_to_transform=layers or None,
    )


def _of_peft(given: dict[str, Any]) -> Any:
    """The types of adapters and the names of their numbers are those of the installed version."""
    import peft

    configs = {kind.value: config for kind, config in peft.PEFT_TYPE_TO_CONFIG_MAPPING.items()}
    kind = given["peft_type"]
    if kind not in configs:
        known = nearest(str(kind), configs) or f"; known: {', '.join(sorted(configs))}"
        raise Failure("config", f"method.peft.config.peft_type {shown(kind)} is unknown{known}")
    names = [each.name for each in dataclasses.fields(configs[kind]) if each.init]
    for name in given:
        if name not in names:
            raise Failure("config", f"unknown key method.peft.config.{name} of {kind}{nearest(name, names)}")
    return peft.get_peft_config({"task_type": "CAUSAL_LM", **given})


def save(model: Any, directory: Path, state_dict: dict[str, Any] | None = None) -> None:
    """Files that transformers (full) or peft (adapters) load by themselves."""
    # "auto" would ask the hub whether the base model's vocabulary has grown.
    options: dict[str, Any] = {"save_embedding_layers": False} if hasattr(model, "peft_config") else {}
    if state_dict is not None:
        options["state_dict"] = state_dict  # gathered from many processes, of which each has a part
    model.save_pretrained(str(directory), **options)
    (directory / "README.md").unlink(missing_ok=True)  # an empty model card


def save_to_go_on(model: Any, directory: Path) -> None:
    """As `save`; of a prompt that is learnt peft keeps what it has come to, from which it trains no further."""
    save(model, directory)
    if hasattr(model, "peft_config") and model.active_peft_config.is_prompt_learning:
        trained = {name: each.detach().contiguous() for name, each in model.named_parameters() if each.requires_grad}
        safetensors.torch.save_file(trained, directory / PROMPT_FILE)


def _with_prompt(model: Any, saved: Saved) -> Any:
    model.load_state_dict(safetensors.torch.load_file(saved.directory / PROMPT_FILE), strict=False)
    return model


def rest(model: Any) -> None:
    """For an evaluation in the middle of training: no dropout, and no weight changes."""
    model.eval()
    for each in model.modules():
        # At rest bitsandbytes packs its weights anew for some CPUs and rounds their
        # scales as it does so; after that a run would not be what it was.
        if type(each).__module__.startswith("bitsandbytes"):
            each.training = True


def export(model: Any, run: Run, directory: Path) -> None:
    """What was trained, in the shape that the run asks for; an adapter merged into its base loads without peft."""
    wanted = run.extra.export
    if wanted != "merged":
        save(model, directory)
    if wanted != "adapter":
        into = directory / "merged" if wanted == "both" else directory
        model.merge_and_unload().save_pretrained(str(into))


def _pretrained(run: Run, place: Place, device: torch.device) -> Any:
    from transformers import AutoModelForCausalLM

    on_gpu = device.type == "cuda"
    # What is trained is held in fp32. A frozen base may be shorter, on a GPU.
    frozen = run.method.kind != "full"
    dtype = torch.bfloat16 if on_gpu and frozen and run.method.precision != "fp32" else torch.float32
    options: dict[str, Any] = {"dtype": dtype}
    if run.method.kind == "qlora" or run.method.precision == "int8":
        options["quantization_config"] = _quantization(run.method)
    if not place.local:
        options["revision"] = run.model.revision
    if "quantization_config" in options and on_gpu:
        options["device_map"] = {"": device}
    with _LoadErrors(place.name, local=place.local):
        model = AutoModelForCausalLM.from_pretrained(place.name, **options)
    if "quantization_config" not in options:
        model = model.to(device)
    return model


def _quantization(method: Method) -> Any:
    from transformers import BitsAndBytesConfig

    if method.kind == "qlora":
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_use_double_quant=method.qlora.use_double_quant,
            bnb_4bit_compute_dtype=getattr(torch, method.qlora.bnb_4bit_compute_dtype),
            bnb_4bit_quant_type=method.qlora.bnb_4bit_quant_type,
        )
    if method.kind == "full":
        raise Failure("config", "precision int8 holds weights that cannot be trained whole; use method lora")
    return BitsAndBytesConfig(load_in_8bit=True)


def _trainable(model: Any, method: Method) -> Any:
    """All parameters, or those whose name contains one of trainable_layers."""
    if method.trainable_layers:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(any(layer in name for layer in method.trainable_layers))
        if not any(parameter.requires_grad for parameter in model.parameters()):
            named = ", ".join(method.trainable_layers)
            raise Failure("config", f"method.trainable_layers names no parameter of the model: {named}")
    return model


class _LoadErrors:
    """Turns what the libraries raise into a failure that names the model and what to do."""

    def __init__(self, name: str, *, local: bool) -> None:
        self._name = name
        self._local = local

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Failure) or not isinstance(error, Exception):
            return
        reason = str(error).strip().split("\n")[0][:300]
        if "out of memory" in reason.lower():
            return
        if self._local:
            raise Failure("config", f"model directory {self._name} cannot be loaded: {reason}") from error
        raise Failure(
            "storage",
            f"model {self._name} could not be fetched from the Hugging Face hub: {reason} Check the name and the"
            " network, set HF_TOKEN for a gated model, or give a local directory as model.name or weights_uri.",
        ) from error


def save_tokenizer(tokenizer: Any, place: Place, directory: Path) -> None:
    tokenizer.save_pretrained(str(directory))
    template = Path(place.name) / "chat_template.jinja"
    if template.is_file() and not (directory / template.name).exists():
        shutil.copy(template, directory)
