"""The plain script that a job is measured beside: python plain.py run.json, with the run.json of the job.

Transformers and PEFT as their manuals show them. It prints a line after each
step, and nothing else of what a job does: no checkpoints, no events.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainerCallback, TrainingArguments, set_seed


class Told(TrainerCallback):
    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **rest: Any) -> None:
        os.write(1, f"step {state.global_step} {logs.get('loss')}\n".encode())


def main() -> None:
    run = json.loads(Path(sys.argv[1]).read_text())
    numbers, method = run["hyperparameters"], run["method"]
    torch.set_num_threads(run["extra"]["threads"])
    set_seed(numbers["seed"])
    tokenizer = AutoTokenizer.from_pretrained(run["model"]["name"])
    model = AutoModelForCausalLM.from_pretrained(run["model"]["name"], dtype=torch.float32)
    if method["kind"] == "lora":
        from peft import LoraConfig, get_peft_model

        lora = method["lora"]
        model = get_peft_model(
            model,
            LoraConfig(
                task_type="CAUSAL_LM",
                r=lora["rank"],
                lora_alpha=lora["alpha"],
                lora_dropout=lora["dropout"],
                target_modules="all-linear",
            ),
        )
    lines = Path(run["datasets"][0]["source"]).read_text().splitlines()
    length = numbers["max_sequence_length"]
    rows = [(tokenizer(json.loads(line)["text"])["input_ids"] + [tokenizer.eos_token_id])[:length] for line in lines]

    def collate(batch: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        longest = max(len(row["input_ids"]) for row in batch)
        tokens = torch.zeros(len(batch), longest, dtype=torch.long)
        labels = torch.full_like(tokens, -100)
        mask = torch.zeros_like(tokens)
        for index, row in enumerate(batch):
            size = len(row["input_ids"])
            tokens[index, :size] = labels[index, :size] = torch.tensor(row["input_ids"])
            mask[index, :size] = 1
        return {"input_ids": tokens, "labels": labels, "attention_mask": mask}

    arguments = TrainingArguments(
        output_dir=str(Path(sys.argv[1]).parent / "plain"),
        per_device_train_batch_size=numbers["batch_size"],
        max_steps=numbers["max_steps"],
        learning_rate=numbers["learning_rate"],
        warmup_steps=round(numbers["warmup_ratio"] * numbers["max_steps"]),
        weight_decay=numbers["weight_decay"],
        seed=numbers["seed"],
        logging_steps=1,
        disable_tqdm=True,
        save_strategy="no",
        use_cpu=True,
        report_to="none",
    )
    training = [{"input_ids": row} for row in rows]
    Trainer(model=model, args=arguments, train_dataset=training, data_collator=collate, callbacks=[Told()]).train()


main()
