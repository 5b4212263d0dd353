"""A real server per test, started from the built artifact, with the real trainer behind it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["browser", "bucket", "cluster"]

ROOT = Path(__file__).resolve().parent.parent
JAR = ROOT / "server" / "target" / "trainyard-server.jar"
START_SECONDS = 60.0


class Server:
    """The server as an operator runs it; it can be killed and started again on the same home folder."""

    def __init__(self, home: Path, *options: str, token: str = "") -> None:
        self.home = home
        self.options = options
        self.token = token
        self.log = home.parent / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> None:
        java = Path(os.environ["JAVA_HOME"]) / "bin" / "java"
        self.log.write_bytes(b"")
        command = [
            str(java), "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-jar", str(JAR), "serve",
            "--home", str(self.home), "--host", "127.0.0.1", "--port", "0",
            "--local-python", sys.executable, "--local-trainer", str(ROOT / "trainer"), "--local-cpus", "4",
            *self.options,
        ]  # fmt: skip
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("TRAIN", "PORT"))}
        if self.token:
            environment["TRAINER_API_TOKEN"] = self.token
        self.process = subprocess.Popen(command, stdout=self.log.open("ab"), stderr=subprocess.STDOUT, env=environment)
        until(lambda: "listens on" in self.log.read_text(), START_SECONDS, lambda: self.log.read_text())
        found = re.search(r"listens on (http://[^,]+),", self.log.read_text())
        assert found is not None
        self.url = found.group(1)

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | ({"X-TRAINER-TOKEN": self.token} if self.token else {})
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{method} {path}: {refused.code} {refused.read().decode()}") from refused

    def job(self, name: str) -> Any:
        return self.call("GET", f"/api/v1/jobs/{name}")

    def wait(self, name: str, seconds: float = 300.0) -> Any:
        ended = ("succeeded", "failed", "cancelled")
        until(lambda: self.job(name)["state"] in ended, seconds, lambda: json.dumps(self.job(name), indent=1))
        return self.job(name)


def until(done: Callable[[], bool], seconds: float, story: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not within {seconds} s:\n{story()}"
        time.sleep(0.25)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "home")
    running.home.mkdir()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Llama-architecture model with random weights and a tokenizer of its own."""
    folder = tmp_path_factory.mktemp("models") / "base"
    subprocess.run(
        [sys.executable, "-m", "trainer.demo", "make-base", str(folder)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "trainer")},
    )
    return folder
