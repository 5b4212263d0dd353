"""A real S3 server on this machine."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import tools
from conftest import ROOT, until

DATA = ROOT / "trainer" / "examples" / "dispatch.jsonl"


@dataclass
class Bucket:
    """The bucket `runs`, with what the jobs of the tests learn from."""

    endpoint: str

    def environment(self) -> dict[str, str]:
        keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}
        return {"AWS_ENDPOINT_URL": self.endpoint, **keys}

    def put(self, name: str, content: bytes = b"") -> None:
        # Without a type it would be taken for a form, and its content dropped.
        plain = {"Content-Type": "application/octet-stream"}
        request = urllib.request.Request(f"{self.endpoint}/{name}", content, plain, method="PUT")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def names(self, prefix: str) -> list[str]:
        with urllib.request.urlopen(f"{self.endpoint}/runs?list-type=2&prefix={prefix}", timeout=10) as answer:
            return [part.split("</Key>")[0] for part in answer.read().decode().split("<Key>")[1:]]

    def checkpoints(self, folder: str) -> list[str]:
        return [name for name in self.names(f"{folder}/") if name.rpartition("/")[2].startswith("step-")]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    python = tools.python(Path(__file__).parent / "s3-requirements.txt")
    port = free_port()
    log = tmp_path_factory.mktemp("s3") / "log"
    command = [str(python), "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        made = Bucket(f"http://127.0.0.1:{port}")

        def answers() -> bool:
            try:
                made.put("runs")
                return True
            except urllib.error.URLError:
                return False

        until(answers, 60, log.read_text)
        made.put("runs/dispatch.jsonl", DATA.read_bytes())
        rows = [json.dumps({"text": f"the {word} of the {word} is a {word}"}) for word in ("cat", "dog", "tree", "sea")]
        made.put("runs/text.jsonl", "\n".join(rows * 8).encode())
        yield made
        process.kill()
