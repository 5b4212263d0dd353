"""A real server for all tests, started from the built artifact, its runs simulated."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
JAR = ROOT / "server" / "target" / "trainyard-server.jar"
START_SECONDS = 60.0


def until(done: Callable[[], bool], story: Callable[[], str], seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not within {seconds} s:\n{story()}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not JAR.exists():
        pytest.fail(f"{JAR} is not built: run ./dev java package")
    folder = tmp_path_factory.mktemp("server")
    log = folder / "server.log"
    java = Path(os.environ["JAVA_HOME"]) / "bin" / "java"
    command = [
        str(java), "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-jar", str(JAR), "serve",
        "--home", str(folder / "home"), "--host", "127.0.0.1", "--port", "0",
    ]  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRAIN", "PORT"))}
    environment = {**kept, "TRAINER_JOB_RUNNER": "mock", "INTERNAL_AUTH_TOKEN": "of-the-tests"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
    until(lambda: "listens on" in log.read_text() or process.poll() is not None, log.read_text)
    found = re.search(r"listens on (http://[^,]+),", log.read_text())
    assert found is not None, log.read_text()
    yield found.group(1)
    process.send_signal(signal.SIGTERM)
    process.wait()
