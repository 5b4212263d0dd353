"""What somebody would write without us: python plain.py MODEL DATA METHOD DIRECTORY"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"


def main() -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments, set_seed

    model_name, data, method, directory = sys.argv[1:]
    torch.set_num_threads(1)
    set_seed(3)
    tokenizer = AutoTokenizer.from_pretrained(model_name)
    model = AutoModelForCausalLM.from_pretrained(model_name, dtype=torch.float32)
    if method == "lora":
        from peft import LoraConfig, get_peft_model

        config = LoraConfig(task_type="CAUSAL_LM", r=8, lora_alpha=16, lora_dropout=0.1, target_modules="all-linear")
        model = get_peft_model(model, config)
    texts = [json.loads(line)["text"] for line in Path(data).read_text().splitlines()]
    rows = [tokenizer(text)["input_ids"] + [tokenizer.eos_token_id] for text in texts]
    training = [{"input_ids": row} for index, row in enumerate(rows, start=1) if index % 10]

    def collate(batch: list[dict[str, list[int]]]) -> dict[str, Any]:
        longest = max(len(row["input_ids"]) for row in batch)
        filled: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "labels": []}
        for row in batch:
            missing = longest - len(row["input_ids"])
            filled["input_ids"].append(row["input_ids"] + [0] * missing)
            filled["attention_mask"].append([1] * len(row["input_ids"]) + [0] * missing)
            filled["labels"].append(row["input_ids"] + [-100] * missing)
        return {name: torch.tensor(value) for name, value in filled.items()}

    arguments = TrainingArguments(
        output_dir=directory,
        per_device_train_batch_size=4,
        max_steps=60,
        learning_rate=0.01,
        lr_scheduler_type="cosine",
        warmup_steps=6,
        weight_decay=0.01,
        seed=3,
        logging_steps=1,
        save_strategy="no",
        use_cpu=True,
        report_to="none",
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=training, data_collator=collate)
    trainer.train()
    steps = [entry for entry in trainer.state.log_history if "loss" in entry]
    log = {name: [entry[name] for entry in steps] for name in ("loss", "learning_rate", "grad_norm")}
    (Path(directory) / "log.json").write_text(json.dumps(log))
    trainer.model.save_pretrained(directory)


if __name__ == "__main__":
    main()
