"""What a job does before its slow imports: parse, validate, resolve storage, say `started`, however it is started."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from report import Line, limited
from servers import ROOT

MOST_BEFORE_IMPORTS_MS = 200.0


def run(starts: int) -> list[Line]:
    made = subprocess.run([ROOT / "trainer" / "environment", "hf"], check=True, stdout=subprocess.PIPE, text=True)
    with tempfile.TemporaryDirectory(prefix="trainyard-bench-") as folder:
        place = Path(folder)
        (place / "rows.jsonl").write_text("".join(json.dumps({"text": f"train {row}"}) + "\n" for row in range(40)))
        model = place / "model"
        subprocess.run(
            [made.stdout.strip(), "-m", "trainer.demo", "make-base", str(model), "--hidden-size", "32"],
            cwd=ROOT / "trainer",
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ways = {
            "environment of the trainer contract": ([], _trainer(place, model)),
            "flags of the unified contract": (_unified(place, model), {}),
            "flags of the studio contract": (_studio(place, model), {}),
        }
        lines = []
        for way, (arguments, environment) in ways.items():
            _milliseconds(made.stdout.strip(), arguments, environment)  # what is read from disk the first time
            took = [_milliseconds(made.stdout.strip(), arguments, environment) for _ in range(starts)]
            lines.append(
                limited(f"start of the process to its slow imports, {way}", took, MOST_BEFORE_IMPORTS_MS, "ms", 0)
            )
        return lines


def _milliseconds(python: str, arguments: list[str], environment: dict[str, str]) -> float:
    """The job's own word, counted from when the kernel started it; the job is ended there."""
    command = [python, "train.py", *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRAIN", "PET_"))}
    with subprocess.Popen(
        command, cwd=ROOT / "trainer", env=kept | environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as job:
        assert job.stdout is not None
        seen = []
        try:
            for line in job.stdout:
                event = json.loads(line)
                seen.append(event["event"])
                if event.get("phase") == "importing":
                    assert "started" in seen, seen
                    return 1000 * float(event["elapsed_seconds"])
        finally:
            job.kill()
    raise AssertionError(f"{' '.join(arguments)}: ended after {seen}")


def _trainer(place: Path, model: Path) -> dict[str, str]:
    return {
        "TRAINING_JOB_ID": "early",
        "TRAINING_BACKEND": "hf-unsloth",
        "TRAINING_BASE_MODEL_JSON": json.dumps({"provider": "custom", "model_name": str(model)}),
        "TRAINING_CUSTOMIZATION_JSON": json.dumps({"method": "lora", "precision": "fp32"}),
        "TRAINING_TUNING_PARAMETERS_JSON": json.dumps({"batch_size": 4, "num_epochs": 1}),
        "TRAINING_DATASETS_JSON": json.dumps([{"source": str(place / "rows.jsonl"), "format": "jsonl"}]),
        "TRAINING_OUTPUT_URI": str(place / "trainer"),
    }


def _unified(place: Path, model: Path) -> list[str]:
    flags = {
        "framework": "hf",
        "run-id": "early",
        "checkpoint-base-uri": str(place / "unified"),
        "checkpoint-prefix": str(place / "unified" / "early"),
        "dataset-uri": str(place / "rows.jsonl"),
        "logs-uri": str(place / "unified" / "early" / "logs"),
        "config-uri": str(place / "unified" / "early" / "config"),
        "model-id": str(model),
    }
    return [word for name, value in flags.items() for word in (f"--{name}", value)]


def _studio(place: Path, model: Path) -> list[str]:
    return [
        f"--dataset_file={place / 'rows.jsonl'}", f"--output_dir={place / 'studio'}", f"--model_id={model}",
        "--method=lora", "--num_train_epochs=1",
    ]  # fmt: skip
