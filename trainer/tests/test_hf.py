"""What only hf jobs do: conversations, exports, a hub that asks for a token, leaving when the machine will go."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import Jobs
from test_hf_rows import TEMPLATE
from test_resume import WEIGHTS, goes_on_as
from test_train import failed

TOKEN = "of-somebody-with-access"


def test_an_adapter_of_conversations_is_exported_merged_and_alone(jobs: Jobs) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    words = ["north", "east", "yard", "track", "crew", "engine"]
    asked = [f"which {words[index % 6]} for the {words[(index * 5 + 1) % 6]}" for index in range(40)]
    rows = [
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": text.split()[1]}]}
        for text in asked
    ]
    data = jobs.directory / "conversations.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    document = jobs.document("lora", "conversations", datasets=[{"source": str(data)}])
    document["extra"] |= {"chat_template": TEMPLATE, "packing": True, "export": "both", "adam_beta2": "0.95"}
    job = jobs.run(document)
    assert job.process.returncode == 0, job.explained()
    assert job.of("step")[-1]["loss"] < job.of("step")[0]["loss"]
    out = Path(job.events[-1]["artifacts"])
    merged = AutoModelForCausalLM.from_pretrained(out / "merged").eval()
    base = AutoModelForCausalLM.from_pretrained(str(jobs.model))
    adapted = PeftModel.from_pretrained(base, str(out)).eval()
    tokens = AutoTokenizer.from_pretrained(out)("which yard for the crew", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        assert torch.allclose(merged(tokens).logits, adapted(tokens).logits, atol=1e-4)


ADAPTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "IA3": ("peft", {"target_modules": ["k_proj", "v_proj", "down_proj"], "feedforward_modules": ["down_proj"]}),
    "PREFIX_TUNING": ("peft", {"num_virtual_tokens": 4}),
    "ADAPTION_PROMPT": ("adapter", {}),
}


@pytest.mark.parametrize("kind", ADAPTERS)
def test_any_adapter_of_peft_trains_and_goes_on_bit_identically_and_peft_loads_it(jobs: Jobs, kind: str) -> None:
    from peft import PeftModel
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    method, config = ADAPTERS[kind]
    given = {"use": True, "config": {"peft_type": kind, **config}}
    document = jobs.document(method, f"peft-{kind}", method__peft=given, hyperparameters__max_steps=20)
    calm = {"uri": str(jobs.directory / f"calm-{kind}"), "every_steps": 10}
    whole = jobs.run({**document, "run_id": f"calm-{kind}", "checkpoints": calm, "outputs": {"uri": calm["uri"]}})
    assert whole.process.returncode == 0, whole.explained()
    halfway, end = (load_file(Path(each["uri"]) / WEIGHTS["lora"]) for each in whole.of("checkpoint"))
    assert not any(halfway[name].equal(end[name]) for name in end)
    resumed = goes_on_as(whole, jobs, document)
    made = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(jobs.model), resumed.events[-1]["artifacts"])
    assert made.active_peft_config.peft_type == kind


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"peft_type": "LOHAA"}, 'method.peft.config.peft_type "LOHAA" is unknown; did you mean LOHA?'),
        ({"lora_alpa": 3}, "unknown key method.peft.config.lora_alpa of LORA; did you mean lora_alpha?"),
    ],
)
def test_what_peft_does_not_have_is_refused_with_the_nearest(jobs: Jobs, config: dict[str, Any], said: str) -> None:
    job = jobs.run(jobs.document("peft", "odd-peft", method__peft={"config": config}))
    assert job.process.returncode == 2
    assert failed(job)["message"] == said


def test_a_run_leaves_saved_when_a_notice_says_that_its_machine_will_go(jobs: Jobs, tmp_path: Path) -> None:
    notice = tmp_path / "notice"
    document = jobs.document("lora", "preempted", hyperparameters__max_steps=5000)
    job = jobs.start(document, environment={"TRAINER_PREEMPTION_FILE": str(notice)})
    job.until(lambda event: event["event"] == "step" and event["step"] == 5)
    notice.touch()
    assert job.finish() == 143, job.explained()
    last = job.events[-1]
    assert (last["event"], last["reason"]) == ("interrupted", "preempted")
    assert last["checkpoint_step"] == last["step"] == job.of("step")[-1]["step"]


def test_a_gated_model_is_fetched_with_the_token_of_the_environment(jobs: Jobs, tmp_path: Path) -> None:
    with hub(jobs.model) as address:
        environment = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hub"), "HF_HUB_DISABLE_XET": "1"}
        document = jobs.document("lora", "gated", hyperparameters__max_steps=2, model__name="somebody/gated")
        job = jobs.run(document, environment={**environment, "HUGGING_FACE_HUB_TOKEN": TOKEN})
        assert job.process.returncode == 0, job.explained()
        refused = jobs.run(
            {**document, "run_id": "refused"}, environment={**environment, "HF_HOME": str(tmp_path / "b")}
        )
    assert refused.process.returncode == 1
    assert failed(refused)["kind"] == "storage"
    assert "HF_TOKEN" in failed(refused)["message"]
    assert TOKEN not in json.dumps(job.events)


@contextmanager
def hub(model: Path) -> Iterator[str]:
    """The part of the hub's protocol that fetching a model needs, for those who show the token."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def log_message(self, *words: object) -> None:
            pass

        def _answer(self) -> None:
            path = self.path.partition("?")[0]
            file = model / path.rpartition("/")[2]
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._send(401, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."})
            if "/resolve/" in path and file.is_file():
                content = file.read_bytes()
                headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": "a" * 40}
                return self._send(200, content, headers)
            if path.startswith("/api/models/") and "/tree/" not in path:
                files = [{"rfilename": each.name} for each in model.iterdir()]
                body = {"id": "somebody/gated", "sha": "a" * 40, "siblings": files}
                return self._send(200, json.dumps(body).encode(), {"Content-Type": "application/json"})
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": "a" * 40})

        def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
