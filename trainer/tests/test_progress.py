"""Progress against a real server on this machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from trainer import progress


class Server:
    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.bodies.append(json.loads(body)["trainerStatus"])
                outer.tokens.append(self.headers["Authorization"])
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/some/path/status"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def step(number: int, total: int) -> dict[str, Any]:
    return {
        "event": "step",
        "step": number,
        "total_steps": total,
        "epoch": 0.5,
        "loss": 2.0,
        "learning_rate": 0.1,
        "grad_norm": 1.0,
        "tokens_per_second": 10.0,
        "eta_seconds": 12.4,
    }


def test_begin_and_end_are_sent_at_once_and_steps_seldom(server: Server, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    pusher = progress.Progress(server.url, str(tmp_path / "token"), None, lambda _: None)
    pusher.observe({"event": "started"})
    deadline = time.monotonic() + 5
    while not server.bodies and time.monotonic() < deadline:
        time.sleep(0.01)
    for number in range(1, 101):
        pusher.observe(step(number, 100))
    pusher.observe({"event": "finished", "step": 100, "final_loss": 1.25})
    pusher.close()
    assert [body["progressPercentage"] for body in server.bodies] == [0, 100]
    assert set(server.tokens) == {"Bearer secret"}
    assert {"name": "loss", "value": "1.25"} in server.bodies[-1]["metrics"]


def test_the_last_step_before_an_interruption_is_sent_and_never_says_100(server: Server) -> None:
    pusher = progress.Progress(server.url, None, None, lambda _: None)
    pusher.observe(step(100, 100))
    pusher.close()
    (body,) = server.bodies
    assert (body["progressPercentage"], body["estimatedRemainingSeconds"]) == (99, 12)
    assert {metric["name"] for metric in body["metrics"]} >= {"loss", "learning_rate", "current_step", "total_steps"}
    assert all(isinstance(metric["value"], str) for metric in body["metrics"])


def test_a_refusing_server_is_a_warning_said_once(server: Server) -> None:
    server.status = 401
    warnings: list[str] = []
    pusher = progress.Progress(server.url, None, None, warnings.append)
    pusher.observe({"event": "started"})
    pusher.observe({"event": "finished", "step": 1, "final_loss": 1.0})
    pusher.close()
    assert len(warnings) == 1
    assert "401" in warnings[0]


def test_it_runs_only_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBEFLOW_TRAINER_SERVER_URL", raising=False)
    assert progress.start(lambda _: None) is None
    monkeypatch.setenv("KUBEFLOW_TRAINER_SERVER_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("DISABLE_KUBEFLOW_INTEGRATION", "TRUE")
    assert progress.start(lambda _: None) is None
