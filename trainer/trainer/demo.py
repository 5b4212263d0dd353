"""The demo's own tools: a small base model, and an honest comparison before and after.

python -m trainer.demo make-base DIR
python -m trainer.demo evaluate --model DIR [--adapter DIR | --untrained-adapter] --data FILE [--json]
python -m trainer.demo report --base DIR --adapter DIR --data FILE --json
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from trainer.config import Dataset, Lora, Method
from trainer.data import read_texts

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PROMPTS = ("06:40 North desk. Train 412 from", "14:05 Hump desk. Car 3871 on", "In the morning the")
VOCABULARY = 1024
MAX_POSITIONS = 512
SEED = 1


def main() -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"
    parser = argparse.ArgumentParser(prog="trainer.demo", allow_abbrev=False, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("make-base", help="write a small Llama model with random weights")
    command.add_argument("directory", type=Path)
    command.add_argument("--text", type=Path, default=EXAMPLES / "base.jsonl", help="trains the tokenizer")
    command.add_argument("--hidden-size", type=int, default=96)
    command.add_argument("--layers", type=int, default=2)
    command.add_argument("--json", action="store_true")
    command = commands.add_parser("evaluate", help="loss per token over the lines of a file")
    command.add_argument("--model", type=Path, required=True)
    choice = command.add_mutually_exclusive_group()
    choice.add_argument("--adapter", type=Path)
    choice.add_argument("--untrained-adapter", action="store_true")
    _add_data(command)
    command = commands.add_parser("report", help="base, adapter and untrained adapter in one process")
    command.add_argument("--base", type=Path, required=True)
    command.add_argument("--adapter", type=Path, required=True)
    command.add_argument("--prompt", action="append", help="text to go on from; may be repeated")
    command.add_argument("--new-tokens", type=int, default=40)
    _add_data(command)
    arguments = parser.parse_args()
    run = {"make-base": make_base, "evaluate": evaluate, "report": report}[arguments.command]
    result = run(arguments)
    if getattr(arguments, "json", False):
        print(json.dumps(result, ensure_ascii=False))
    else:
        for name, value in result.items():
            print(f"{name}: {value}")
    sys.stdout.flush()


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", required=True)
    command.add_argument("--max-sequence-length", type=int, default=MAX_POSITIONS)
    command.add_argument("--json", action="store_true")


def make_base(arguments: argparse.Namespace) -> dict[str, Any]:
    """A Llama architecture small enough to learn on two cores in seconds; the same seed, the same weights."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.set_num_threads(1)  # the weights must not depend on the machine
    tokenizer = Tokenizer(models.BPE())
    # Digits one by one, as the large models have them: numbers are not words.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    texts = read_texts(Dataset(str(arguments.text)), "text")
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    specials = ["<s>", "</s>"]
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
        ),
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    torch.manual_seed(SEED)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(fast),
            hidden_size=arguments.hidden_size,
            intermediate_size=arguments.hidden_size * 8 // 3,
            num_hidden_layers=arguments.layers,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=MAX_POSITIONS,
            bos_token_id=0,
            eos_token_id=1,
            tie_word_embeddings=True,
        )
    )
    arguments.directory.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(arguments.directory)
    fast.save_pretrained(arguments.directory)
    return {"directory": str(arguments.directory), "parameters": model.num_parameters(), "vocabulary": len(fast)}


def evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    model, tokenizer = _load(arguments.model)
    if arguments.adapter is not None:
        model = _with_adapter(model, arguments.adapter)
    elif arguments.untrained_adapter:
        model = _with_untrained_adapter(model)
    return {"loss": _loss(model, tokenizer, arguments)}


def report(arguments: argparse.Namespace) -> dict[str, Any]:
    """Three losses over the same lines, and what the base writes without and with the adapter."""
    base, tokenizer = _load(arguments.base)
    prompts = arguments.prompt or list(PROMPTS)
    base_loss = _loss(base, tokenizer, arguments)
    before = [_generate(base, tokenizer, prompt, arguments.new_tokens) for prompt in prompts]
    untrained = _with_untrained_adapter(base)
    untrained_loss = _loss(untrained, tokenizer, arguments)
    adapted = _with_adapter(untrained.unload(), arguments.adapter)
    adapter_loss = _loss(adapted, tokenizer, arguments)
    after = [_generate(adapted, tokenizer, prompt, arguments.new_tokens) for prompt in prompts]
    return {
        "base_loss": base_loss,
        "adapter_loss": adapter_loss,
        "untrained_adapter_loss": untrained_loss,
        "improvement_percent": round(100 * (1 - adapter_loss / base_loss), 2),
        "untrained_improvement_percent": round(100 * (1 - untrained_loss / base_loss), 2),
        "generations": [
            {"prompt": prompt, "before": first, "after": second}
            for prompt, first, second in zip(prompts, before, after, strict=True)
        ],
    }


def _load(directory: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)  # threads that wait for each other cost this small a model more than they save
    model = AutoModelForCausalLM.from_pretrained(str(directory), dtype=torch.float32)
    return model.eval(), AutoTokenizer.from_pretrained(str(directory))


def _with_adapter(model: Any, directory: Path) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(model, str(directory)).eval()


def _with_untrained_adapter(model: Any) -> Any:
    """What training started from. By design it changes nothing, so it must not look like a gain."""
    import torch
    from peft import get_peft_model

    from trainer.recipes.hf_model import adapter_config

    torch.manual_seed(SEED)
    return get_peft_model(model, adapter_config(Method(kind="lora", lora=Lora()))).eval()


def _loss(model: Any, tokenizer: Any, arguments: argparse.Namespace) -> float:
    import torch

    from trainer import evaluation

    texts = read_texts(Dataset(arguments.data), "text")
    rows = [evaluation.encode(tokenizer, text, arguments.max_sequence_length) for text in texts]
    summed, tokens = evaluation.loss_and_tokens(model, rows, 8, torch.device("cpu"))
    return summed / max(1, tokens)


def _generate(model: Any, tokenizer: Any, prompt: str, new_tokens: int) -> str:
    """Always the likeliest next token: nothing in the comparison is left to chance."""
    tokens = tokenizer(prompt, return_tensors="pt", return_token_type_ids=False)
    written = model.generate(**tokens, max_new_tokens=new_tokens, do_sample=False, pad_token_id=tokenizer.eos_token_id)
    return str(tokenizer.decode(written[0], skip_special_tokens=True))


if __name__ == "__main__":
    main()
