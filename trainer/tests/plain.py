"""What somebody would write without us: python plain.py RUN_JSON [DIRECTORY [CHECKPOINT]]

Reads the run.json of a job and trains the same with Transformers and PEFT as
their manuals show them. Prints a line of JSON after each step, and leaves the
weights in the directory, where one is named. Goes on from a checkpoint, where
one is named.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainerCallback, TrainingArguments, set_seed


class Told(TrainerCallback):  # type: ignore[misc]
    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **rest: Any) -> None:
        if "loss" in logs:
            os.write(1, (json.dumps({"step": state.global_step, **logs}) + "\n").encode())


def main() -> None:
    run = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(run["extra"]["threads"])
    set_seed(run["hyperparameters"]["seed"])
    tokenizer = AutoTokenizer.from_pretrained(run["model"]["name"])
    model = AutoModelForCausalLM.from_pretrained(run["model"]["name"], dtype=torch.float32)
    if run["method"]["kind"] == "lora":
        model = with_adapter(model, run["method"]["lora"])
    arguments = training_arguments(run["hyperparameters"], run["extra"])
    rows = read(run, tokenizer)
    trainer = Trainer(model=model, args=arguments, train_dataset=rows, data_collator=collate, callbacks=[Told()])
    trainer.train(resume_from_checkpoint=sys.argv[3] if len(sys.argv) > 3 else None)
    if len(sys.argv) > 2:
        trainer.model.save_pretrained(sys.argv[2])


def with_adapter(model: Any, lora: dict[str, Any]) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=lora["rank"],
        lora_alpha=lora["alpha"],
        lora_dropout=lora["dropout"],
        target_modules="all-linear",
    )
    return get_peft_model(model, config)


def read(run: dict[str, Any], tokenizer: Any) -> list[dict[str, list[int]]]:
    texts = [json.loads(line)["text"] for line in Path(run["datasets"][0]["source"]).read_text().splitlines()]
    rows = [{"input_ids": tokenizer(text)["input_ids"] + [tokenizer.eos_token_id]} for text in texts]
    every = run["extra"].get("eval_every", 10)
    return [row for index, row in enumerate(rows, start=1) if not every or index % every]


def collate(batch: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    longest = max(len(row["input_ids"]) for row in batch)
    filled: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "labels": []}
    for row in batch:
        missing = longest - len(row["input_ids"])
        filled["input_ids"].append(row["input_ids"] + [0] * missing)
        filled["attention_mask"].append([1] * len(row["input_ids"]) + [0] * missing)
        filled["labels"].append(row["input_ids"] + [-100] * missing)
    return {name: torch.tensor(value) for name, value in filled.items()}


def training_arguments(numbers: dict[str, Any], extra: dict[str, Any]) -> TrainingArguments:
    return TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=numbers["batch_size"],
        max_steps=numbers["max_steps"],
        learning_rate=numbers["learning_rate"],
        lr_scheduler_type=extra.get("lr_scheduler_type", "linear"),
        warmup_steps=round(numbers.get("warmup_ratio", 0.1) * numbers["max_steps"]),
        weight_decay=numbers.get("weight_decay", 0.01),
        seed=numbers["seed"],
        logging_steps=1,
        disable_tqdm=True,
        save_strategy="no",
        use_cpu=True,
        report_to="none",
    )


if __name__ == "__main__":
    main()
