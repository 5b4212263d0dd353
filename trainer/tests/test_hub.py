"""Models that are not on this machine: what is asked of the hub, and what a job says when it does not get them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import Jobs
from test_train import failed

from trainer.recipes.hub import TOKEN_NAMES

TOKEN = "hf_that_nobody_may_see"
# What the hub's library would find of the machine's own.
NONE = dict.fromkeys(TOKEN_NAMES, "")


class Gate(ThreadingHTTPServer):
    """A hub on this machine with one gated model, which it gives nobody."""

    def __init__(self) -> None:
        self.authorizations: set[str | None] = set()
        super().__init__(("127.0.0.1", 0), Asked)
        self.url = f"http://127.0.0.1:{self.server_port}"


class Asked(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Gate)
        self.server.authorizations.add(self.headers["Authorization"])
        self.send_response(401)
        self.send_header("X-Error-Code", "GatedRepo")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Gate]:
    gate = Gate()
    threading.Thread(target=gate.serve_forever, daemon=True).start()
    yield gate
    gate.shutdown()
    gate.server_close()


def nobody() -> str:
    """An address where nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize(
    "offline",
    [
        pytest.param("", marks=pytest.mark.drawn),  # the hub's library tries for 50 seconds
        "1",
    ],
)
def test_a_hub_that_cannot_be_reached_is_the_worlds_fault_and_said_with_the_remedy(jobs: Jobs, offline: str) -> None:
    place = f"no-hub-{offline}"
    environment = {**NONE, "HF_ENDPOINT": nobody(), "HF_HOME": str(jobs.directory / f"{place}-cache")}
    document = jobs.document("lora", place, model__name="somebody/llama-small")
    job = jobs.run(document, environment={**environment, "HF_HUB_OFFLINE": offline})
    assert job.process.returncode == 1, job.explained()
    event = failed(job)
    assert (event["kind"], event["retryable"]) == ("storage", True)
    assert "somebody/llama-small could not be fetched from the Hugging Face hub" in event["message"]
    assert "give a local directory as model.name or weights_uri" in event["message"]


def test_a_gated_model_is_asked_for_with_the_token_and_nobody_is_told_it(jobs: Jobs, hub: Gate) -> None:
    last = TOKEN_NAMES[-1]  # the one that the hub's own library does not know
    environment = {**NONE, last: TOKEN, "HF_ENDPOINT": hub.url, "HF_HOME": str(jobs.directory / "gated-cache")}
    job = jobs.run(jobs.document("lora", "gated", model__name="somebody/gated"), environment=environment)
    assert f"Bearer {TOKEN}" in hub.authorizations, job.explained()
    event = failed(job)
    assert event["kind"] == "storage"
    assert "HF_TOKEN for a gated model" in event["message"]
    assert TOKEN not in job.explained() + str(job.events)


def test_a_nemo_archive_is_refused_with_what_to_do_before_it_is_fetched(jobs: Jobs) -> None:
    for number, model in enumerate(
        ({"name": "/models/llama.nemo"}, {"name": "x", "weights_uri": "s3://far/llama.nemo"})
    ):
        job = jobs.run(jobs.document("lora", f"archive-{number}", model={"provider": "nemo", **model}))
        assert job.process.returncode == 3, job.explained()
        event = failed(job)
        assert (event["kind"], event["retryable"]) == ("unsupported", False)
        assert "llama.nemo is a NeMo archive" in event["message"]
        assert "Hugging Face format" in event["message"]
