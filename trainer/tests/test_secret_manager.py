"""Secrets by name. The two services are stand-ins: they answer as Google documents it."""

from __future__ import annotations

import base64
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from trainer import secret_manager
from trainer.failure import Failure

NAME = "projects/p/secrets/hf/versions/latest"
ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Google:
    address: str = ""
    secrets: dict[str, bytes] = field(default_factory=dict)
    refusals: list[int] = field(default_factory=list)
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def environment(self, **named: str) -> dict[str, str]:
        here = {
            "GCE_METADATA_HOST": self.address,
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": f"http://{self.address}/",
        }
        return here | named

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        if path.startswith("/computeMetadata/"):
            return 200, {"access_token": "of-the-job", "expires_in": 3599, "token_type": "Bearer"}
        if self.refusals:
            return self.refusals.pop(0), {}
        name = path.removeprefix("/v1/").removesuffix(":access")
        if name not in self.secrets:
            return 404, {"error": {"code": 404, "status": "NOT_FOUND"}}
        return 200, {"name": name, "payload": {"data": base64.b64encode(self.secrets[name]).decode()}}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_manager, "_PAUSES", (0.0, 0.0))


@pytest.fixture
def google() -> Iterator[Google]:
    made = Google(secrets={NAME: b"hf_opened"})

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append((self.path, self.headers["Authorization"], self.headers["Metadata-Flavor"]))
            status, body = made.answer(self.path)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.address = f"127.0.0.1:{server.server_address[1]}"
        yield made
        server.shutdown()


def test_a_secret_is_opened_with_the_account_of_the_job_and_put_into_its_variable(google: Google) -> None:
    environment = google.environment(HF_TOKEN_SECRET_NAME="projects/p/secrets/hf")
    secret_manager.open_named(environment)
    assert environment["HF_TOKEN"] == "hf_opened"
    assert google.asked == [
        ("/computeMetadata/v1/instance/service-accounts/default/token", None, "Google"),
        (f"/v1/{NAME}:access", "Bearer of-the-job", None),
    ]


def test_a_variable_that_has_a_value_keeps_it_and_other_names_are_left_alone(google: Google) -> None:
    environment = google.environment(
        HF_TOKEN_SECRET_NAME=NAME, HF_TOKEN="given", AWS_SECRET_NAME="a bucket's", DB_SECRET_NAME="vault:x"
    )
    before = dict(environment)
    secret_manager.open_named(environment)
    assert environment == before
    assert google.asked == []


def test_a_service_that_is_busy_is_asked_again(google: Google) -> None:
    google.refusals = [503, 429]
    environment = google.environment(HF_TOKEN_SECRET_NAME=NAME)
    secret_manager.open_named(environment)
    assert environment["HF_TOKEN"] == "hf_opened"


@pytest.mark.parametrize(
    ("refusals", "said", "again"),
    [
        ([403], "grant roles/secretmanager.secretAccessor", False),
        ([404], "create it, or name one that exists", False),
        ([503, 503, 503], "try again", True),
    ],
)
def test_a_secret_that_is_not_given_out_is_named_with_the_remedy(
    google: Google, refusals: list[int], said: str, again: bool
) -> None:
    google.refusals = refusals
    with pytest.raises(Failure) as failed:
        secret_manager.open_named(google.environment(HF_TOKEN_SECRET_NAME=NAME))
    assert failed.value.message.startswith(f"HF_TOKEN_SECRET_NAME: the secret {NAME} ")
    assert said in failed.value.message
    assert (failed.value.kind, failed.value.retryable) == ("config", again)


def test_a_job_without_an_account_ends_with_what_to_do() -> None:
    nobody = {"GCE_METADATA_HOST": "127.0.0.1:1", "HF_TOKEN_SECRET_NAME": NAME}
    with pytest.raises(Failure, match="run the job on Google Cloud under a service account, or give HF_TOKEN itself"):
        secret_manager.open_named(nobody)


def test_a_whole_job_says_so_in_its_last_event_and_shows_no_secret(google: Google) -> None:
    environment = {
        **os.environ,
        **google.environment(HF_TOKEN_SECRET_NAME=NAME, KEY_SECRET_NAME="projects/p/secrets/no"),
    }
    ran = subprocess.run(
        [sys.executable, str(ROOT / "train.py"), "--config", "{}"], env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 2
    event = json.loads(ran.stdout.splitlines()[-1])
    assert (event["event"], event["kind"]) == ("failed", "config")
    assert "KEY_SECRET_NAME: the secret projects/p/secrets/no/versions/latest is not given out" in event["message"]
    assert "hf_opened" not in ran.stdout + ran.stderr
