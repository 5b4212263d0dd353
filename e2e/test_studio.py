"""The studio contract's client, whose flags the first implementation's trainer never got to read."""

from __future__ import annotations

import json
from pathlib import Path

from conftest import Server, until


def test_f10_the_real_trainer_runs_by_the_flags_of_a_studio_job(server: Server, base: Path, tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"the {word} of the {word} is a {word}"}) for word in ("cat", "dog", "tree", "sea")]
    data = tmp_path / "train.jsonl"
    data.write_text("\n".join(rows * 8))
    asked = {
        "backend": "local",
        "job_name": "studio e2e",
        "dataset_file": str(data),
        "output_dir": str(tmp_path / "out"),
        "model": str(base),
        "trainer_args": {"method": "lora", "max_steps": 4, "per_device_train_batch_size": 2, "max_length": 32},
        "gradient_accumulation_steps": 1,
        "no_gradient_checkpointing": True,
        "lora_rank": 4,
        "unknown_flag": "reported",
    }
    job = server.call("POST", "/studio/train", asked)["job"]
    assert job["status"] == "queued"

    def seen() -> dict[str, object]:
        found: dict[str, object] = server.call("GET", f"/studio/jobs/{job['id']}")["job"]
        return found

    until(lambda: seen()["finishedAt"] is not None, 300, lambda: json.dumps(seen(), indent=1))
    done = seen()
    assert (done["status"], done["exitCode"]) == ("succeeded", 0), json.dumps(done, indent=1)
    messages = [entry["message"] for entry in done["logs"]]  # type: ignore[attr-defined]
    events = [json.loads(message) for message in messages if message.startswith("{")]
    assert [event["step"] for event in events if event["event"] == "step"] == [1, 2, 3, 4]
    assert any("--unknown_flag" in event["message"] for event in events if event["event"] == "warning")
    assert list((tmp_path / "out").rglob("adapter_config.json"))
